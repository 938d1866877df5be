"""A synthesis is read axis by axis: nothing is left out, every address leads to its item, no page is heavier for more of anything."""

import re

import lxml.html
import pytest

from consult.chapters import service as chapters
from consult.consultations.models import COMMISSION_ROLES, Phase, Role
from consult.contributions.models import ContributionState
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from consult.synthesis import service
from consult.synthesis.models import Disposition, SynthesisState
from tests import factories
from tests.contributions.revising import revise
from tests.counting import queries
from tests.synthesis import large
from tests.synthesis.conftest import DECIDED
from tests.synthesis.large import AFTER, CONTEXT, FIRST, SECOND

MAX_BYTES = 300_000
READ, OVERVIEW = "/ar/synthesis/read/1", "/ar/synthesis/overview/1"
ACCEPTED = {**DECIDED, "disposition": Disposition.ACCEPTED}
KEYS = ["before", "C1-A1", "C1-A2", "C1-suivi", "gone"]


@pytest.fixture
def spread(chapter):
    """One item that begins in each division, the last on no passage; that of the first axis goes on in the second."""
    synthesis = factories.a_synthesis(large.with_two_axes(chapter))
    said = {key: factories.a_published_contribution(block=large.block_of(chapter, key)) for key in (CONTEXT, FIRST, SECOND, AFTER)}
    for key, others in ((AFTER, []), (FIRST, [factories.a_published_contribution(block=said[SECOND].block)]), (CONTEXT, []), (SECOND, [])):
        factories.an_item(synthesis, said[key], *others, title=f"Sur {key}")
    factories.an_item(synthesis, title="Sur rien")
    return synthesis


@pytest.fixture
def public(spread):
    spread.state, spread.validated_at = SynthesisState.SUBMITTED, utcnow()
    session.flush()
    return spread


def page_of(answer):
    assert answer.status_code == 200
    return lxml.html.fromstring(answer.text)


def shown(page) -> list[int]:
    return [int(one.get("id").removeprefix("item-")) for one in page.xpath("//article[starts-with(@id, 'item-')]")]


def axes(page) -> list:
    return page.xpath("//ol[@class='axes']/li/a")


def pages(client, address: str):
    """The page at an address and those that its pager leads on to."""
    while address:
        page = page_of(client.get(address))
        yield page
        address = next(iter(page.xpath("//nav[@class='pager']/a[@rel='next']/@href")), None)


# Size


def test_no_page_is_heavy_for_a_thousand_items_and_twenty_thousand_contributions(client, chair, chapter):
    large.a_large_synthesis(chapter, items=1000, contributions=20_000)
    session.commit()
    client.sign_in(chair)
    addresses = [link.get("href") for link in axes(page_of(client.get(READ)))]
    assert len(addresses) == 4
    addresses += [f"{READ}?item=1", f"{READ}?item=999", OVERVIEW, f"{OVERVIEW}?show=contested", "/ar/synthesis/gathered/1/1"]
    sizes = {address: len(client.get(address).data) for address in addresses}
    assert {address: size for address, size in sizes.items() if not 20_000 < size < MAX_BYTES} == {}


def test_all_items_are_on_the_pages_of_the_axes_each_once(client, chair, chapter):
    large.a_large_synthesis(chapter, items=130, contributions=1500)
    client.sign_in(chair)
    links = axes(page_of(client.get(READ)))
    seen = [[number for page in pages(client, link.get("href")) for number in shown(page)] for link in links]
    assert sorted(sum(seen, [])) == list(range(1, 131))
    assert [int(re.search(r"\d+", link[1].text)[0]) for link in links] == [len(numbers) for numbers in seen]
    changing = [page.xpath("count(//section[@aria-labelledby='changes-title']/article)") for link in axes(page_of(client.get(OVERVIEW)))
                for page in pages(client, link.get("href"))]
    contested = [page.xpath("count(//section[@aria-labelledby='contested-title']/article)")
                 for page in pages(client, f"{OVERVIEW}?show=contested")]
    assert (sum(changing), sum(contested)) == (65, 130)


def test_what_an_item_gathers_is_listed_to_the_last(client, chair, chapter):
    large.a_large_synthesis(chapter, items=4, contributions=200)
    page = page_of(client.sign_in(chair).get("/fr/synthesis/read/1?item=1"))
    first = page.xpath("//article[@id='item-1']//div[contains(@class, 'references')] | //article[@id='item-1']/details")[0]
    assert len(first.xpath(".//a[contains(@href, '/contributions/')]")) == 30
    [others] = first.xpath(".//a[contains(@href, '/gathered/')]/@href")
    listed = [ref for page in pages(client, others) for ref in page.xpath("//article/@id")]
    assert len(listed) == len(set(listed)) == 65


def test_the_whole_is_sent_while_it_is_made(client, chair, chapter):
    large.a_large_synthesis(chapter, items=150, contributions=2000)
    session.commit()
    answer = client.sign_in(chair).get("/fr/synthesis/read/1/whole", headers={"Accept-Encoding": "identity"}, buffered=False)
    assert answer.is_streamed
    pieces = list(answer.iter_encoded())
    text = b"".join(pieces).decode()
    assert (len(pieces) > 10, max(map(len, pieces)) < MAX_BYTES) == (True, True)
    assert (text.count('<article class="synthesis-item"'), len(re.findall(r'href="/fr/contributions/PNQ-C1-L\d+"', text))) == (150, 2000)
    assert text.rstrip().endswith("</html>")


@pytest.mark.parametrize("path", ["read/1", "read/1?axis=C1-A1", "read/1?item=7", "overview/1", "overview/1?axis=C1-A2",
                                  "overview/1?show=contested", "gathered/1/1"])
def test_as_often_for_many_as_for_few(client, rapporteur, chapter, path):
    synthesis, counts = large.a_large_synthesis(chapter, items=12, contributions=100), []
    client.sign_in(rapporteur)
    for _time in range(2):
        session.commit()
        with queries() as sent:
            assert client.get(f"/fr/synthesis/{path}").status_code == 200
        counts.append(len(sent))
        more = large.write_items(synthesis, 100)
        large.write_contributions(chapter, [(item_id, FIRST) for item_id in more for _n in range(4)])
        session.flush()
    assert counts[0] == counts[1] <= (14 if path.startswith("overview/1") else 12), "\n".join(sent)


# Where items stand


def test_each_item_stands_in_one_axis_where_it_begins(client, rapporteur, spread):
    client.sign_in(rapporteur)
    links = axes(page_of(client.get("/fr/synthesis/read/1")))
    assert [link.get("href").rpartition("axis=")[2] for link in links] == ["/fr/synthesis/read/1", *KEYS[1:]]
    assert [shown(page_of(client.get(link.get("href")))) for link in links] == [[3], [2], [4], [1], [5]]
    words = [" ".join(link.text_content().split()) for link in links]
    assert words == ["Avant le premier axe 1 point", "Axe 1 — Mesurer 1 point", "Axe 2 — Former 1 point", "Suivi 1 point",
                     "Sans passage dans le texte actuel 1 point"]


def test_a_passage_that_is_dropped_leaves_its_item_without_one(client, rapporteur, spread, chapter):
    session.commit()
    revise(chapter)  # the second axis, and what followed it, are no longer there
    assert [d.key for d in service.list_divisions(chapter, "fr", service.count_by_order(service.list_shares(
        spread, with_contributions=False)))] == ["before", "C1-A1", "gone"]
    assert [view.item.number for view in service.list_items(SYSTEM, spread).rows] == [3, 2, 1, 4, 5]


def test_a_text_without_axes_is_read_in_one(client, rapporteur, chapter):
    text = factories.markdown(1).replace("## Axe 1 —", "## Partie 1 —").replace("### Projet 1.1 —", "### Suite —")
    assert "Axe" not in text
    chapters.import_chapter(SYSTEM, chapter.consultation, data=text.encode())
    synthesis = factories.a_synthesis(chapter)
    factories.an_item(synthesis, factories.a_published_contribution(block=large.block_of(chapter, CONTEXT)))
    page = page_of(client.sign_in(rapporteur).get("/fr/synthesis/read/1"))
    assert (axes(page), shown(page)) == ([], [1])


def test_titles_are_in_the_readers_language_where_the_text_is(client, rapporteur, spread):
    links = axes(page_of(client.sign_in(rapporteur).get(READ)))
    assert [(link[0].get("lang"), link[0].text) for link in links[1:3]] == [("ar", "المحور 1 — Mesurer"), ("fr", "Axe 2 — Former")]


def test_the_axis_that_is_read_is_marked_and_leads_on_and_back(client, rapporteur, spread):
    page = page_of(client.sign_in(rapporteur).get("/fr/synthesis/read/1?axis=C1-A2"))
    assert [link.get("href") for link in axes(page) if link.get("aria-current") == "page"] == ["/fr/synthesis/read/1?axis=C1-A2"]
    turn = page.xpath("//nav[@class='turn-axes']/a")
    assert [(link.get("rel"), link.get("href")) for link in turn] == [
        ("prev", "/fr/synthesis/read/1?axis=C1-A1"), ("next", "/fr/synthesis/read/1?axis=C1-suivi")]
    assert page.xpath("//h2[@id='items-title']")[0].text_content() == "Axe 2 — Former"


@pytest.mark.parametrize("odd", ["axis=C9", "axis=", "after=x", "item=", "item=x", "axis=%00"])
def test_what_an_address_does_not_know_is_the_first_axis(client, rapporteur, spread, odd):
    assert shown(page_of(client.sign_in(rapporteur).get(f"/fr/synthesis/read/1?{odd}"))) == [3]
    assert client.get(f"/fr/synthesis/overview/1?{odd}").status_code == 200


def test_the_first_page_alone_tells_of_the_whole_chapter(client, rapporteur, spread):
    for key in (FIRST, SECOND):
        service.edit_item(rapporteur, at(spread, key), expected_counter=1, **ACCEPTED, changes={key: "Autrement."})
    client.sign_in(rapporteur)
    for path, fact in (("read", "figures-title"), ("overview", "decision-title")):
        assert fact in client.get(f"/fr/synthesis/{path}/1").text
        assert fact not in client.get(f"/fr/synthesis/{path}/1?axis=C1-A2").text
    assert "Autrement" in client.get("/fr/synthesis/overview/1?axis=C1-A2").text


def test_a_refused_form_of_the_chair_shows_the_first_page(client, chair, spread):
    spread.consultation.phase = Phase.SYNTHESIS
    session.commit()
    answer = client.sign_in(chair).post("/fr/synthesis/validate/1")
    assert (answer.status_code, "decision-title" in answer.text, "left-title" in answer.text) == (409, True, True)


# Addresses


def test_every_link_to_an_item_lands_where_it_stands(client, public):
    for item in public.items[:4]:
        said = item.links[0].contribution
        for path in (f"contributions/{said.ref}", f"chapters/1/provisions/{said.block_key}"):
            links = page_of(client.get(f"/fr/{path}")).xpath("//a[contains(@href, '/synthesis/read/1')]/@href")
            assert f"/fr/synthesis/read/1?item={item.number}#item-{item.number}" in links, path
        assert item.number in shown(page_of(client.get(f"/fr/synthesis/read/1?item={item.number}")))


def test_a_link_lands_on_the_page_of_a_long_axis_that_has_the_item(client, chair, chapter):
    large.a_large_synthesis(chapter, items=130, contributions=400)
    client.sign_in(chair)
    for number in (1, 77, 128, 130):
        page = page_of(client.get(f"/fr/synthesis/read/1?item={number}"))
        assert shown(page)[0] == number
        assert page.xpath("//ol[@class='axes']/li/a[@aria-current='page']")


def test_an_item_that_is_not_there_is_not_found(client, public):
    for path in ("read/1?item=9", "gathered/1/9"):
        answer = client.get(f"/fr/synthesis/{path}")
        assert (answer.status_code, "9" in answer.text) == (404, True)


# All that an item gathers


@pytest.mark.parametrize("path", ["gathered/1/2", "read/1/whole"])
def test_who_may_open_it_before_and_after_the_submission(client, spread, chapter, path):
    roles = {role: factories.a_user(role=role, commission=chapter.commission if role in COMMISSION_ROLES else None) for role in Role}
    roles |= {"participant": factories.a_user(organisation=factories.an_organisation()),
              "elsewhere": factories.a_user(role=Role.RAPPORTEUR, commission=chapter.consultation.commissions[1])}
    session.commit()

    def allowed() -> set:
        seen = {who for who, person in roles.items() if client.sign_in(person).get(f"/fr/synthesis/{path}").status_code == 200}
        client.post("/fr/accounts/logout")
        return seen
    assert allowed() == {Role.RAPPORTEUR, Role.CHAIR, Role.SECRETARIAT}
    spread.state, spread.validated_at = SynthesisState.SUBMITTED, utcnow()
    session.commit()
    assert allowed() == set(roles)


def test_everybody_opens_it_once_it_is_public(client, spread, app):
    visitor = app.test_client()
    assert {visitor.get(f"/fr/synthesis/{path}").status_code for path in ("gathered/1/2", "read/1/whole", "read/1")} == {403}
    spread.state, spread.validated_at = SynthesisState.SUBMITTED, utcnow()
    session.commit()
    assert {visitor.get(f"/fr/synthesis/{path}").status_code for path in ("gathered/1/2", "read/1/whole", "read/1")} == {200}


@pytest.mark.parametrize("state", [state for state in ContributionState if not state.is_public])
def test_of_what_is_not_public_its_state_alone_is_shown(client, public, chapter, state):
    block = large.block_of(chapter, FIRST)
    author = factories.a_user(name="Zineb Nommée", organisation=factories.an_organisation(name_fr="Maison Nommée"))
    hidden = factories.a_contribution(block=block, author=author, body="Mots retenus.", state=state,
                                      withdrawn_at=utcnow() if state.is_taken_back else None)
    factories.gather(at(public, FIRST), hidden)
    text = client.get("/en/synthesis/gathered/1/2").text
    assert (hidden.ref in text, str(state.label) in text) == (True, True)
    assert [words for words in ("Mots retenus", "Nommée") if words in text] == []
    assert "Précisez ce point" in text


def at(synthesis, key):
    """The item on that passage."""
    return next(item for item in synthesis.items if item.title == f"Sur {key}")
