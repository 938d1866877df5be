import html
import json
import re

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import CommentType, ContributionDraft, ContributionState, Kind, Position
from consult.core.db import session
from consult.text import normalising
from tests import factories
from tests.contributions.browsing import address, send, text_of
from tests.counting import queries
from tests.material import material_or_skip

# Reading


def test_pages_of_ones_own_ask_to_sign_in(client, contribution):
    for path in ("mine", f"receipt/{contribution.ref}", f"withdraw/{contribution.ref}"):
        answer = client.get(f"/en/contributions/{path}")
        assert answer.status_code == 303
        assert answer.location.startswith("/en/accounts/login?next=")


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_line_is_signed_alike_beside_the_present_text_and_an_earlier_one(block, language):
    body = factories.an_organisation(name_fr="Laboratoire", name_ar="مختبر", name_en="Laboratory")
    for author in (factories.a_user(organisation=body), factories.a_user(name="Salma", name_ar="سلمى"),
                   factories.a_user(name="Nemo", is_name_public=False)):
        factories.a_published_contribution(block=block, author=author)
    present = service.list_margin_lines(block.chapter, language, [block.id])[block.key]
    earlier = service.list_earlier_lines(block.revision, language, [block.id])[block.key]
    shown = [[(line.ref, line.position, line.language, line.signature, line.excerpt) for line in lines] for lines in (present, earlier)]
    assert shown[0] == shown[1]
    signed = {"fr": ["Laboratoire", "Salma", ""], "ar": ["مختبر", "سلمى", ""], "en": ["Laboratory", "Salma", ""]}
    assert [line.signature for line in reversed(present)] == signed[language]


def test_what_belongs_to_somebody_else_is_refused(client, citizen, contribution):
    client.sign_in(citizen)
    for path in (f"receipt/{contribution.ref}", f"withdraw/{contribution.ref}", contribution.ref):
        page = client.get(f"/en/contributions/{path}")
        assert page.status_code == 403
        assert contribution.body not in text_of(page)
    assert client.post(f"/en/contributions/withdraw/{contribution.ref}").status_code == 403
    draft = service.keep_draft(factories.a_user(), contribution.block, token="t" * 32, fields={"body": "secret"})
    assert client.post(f"/en/contributions/drop-draft/{draft.id}").status_code == 404
    assert client.post("/en/contributions/drop-draft/999999").status_code == 404
    assert client.get("/en/contributions/PNQ-C1-9999").status_code == 404


def test_the_public_page_names_the_person_only_when_they_agreed(client, block):
    silent = factories.a_published_contribution(block=block, author=factories.a_user(is_name_public=False, name="Nom Tu"))
    spoken = factories.a_published_contribution(block=block, author=factories.a_user(name="Nom Dit"))
    assert "Nom Tu" not in text_of(client.get(f"/en/contributions/{silent.ref}"))
    assert "Nom Dit" in text_of(client.get(f"/en/contributions/{spoken.ref}"))
    discussion = text_of(client.get(f"/en/contributions/discussion/1/{block.key}"))
    assert "Nom Tu" not in discussion
    assert "Nom Dit" in discussion
    assert "Nom Tu" in text_of(client.sign_in(silent.author).get(f"/en/contributions/{silent.ref}"))


def test_withdrawing_leaves_a_trace_without_text(client, participant, block):
    contribution = factories.a_published_contribution(block=block, author=participant, body="Mots retirés", replacement="Autre")
    client.sign_in(participant)
    assert client.get(f"/en/contributions/withdraw/{contribution.ref}").status_code == 200
    assert contribution.state == ContributionState.PUBLISHED
    answer = client.post(f"/en/contributions/withdraw/{contribution.ref}")
    assert (answer.status_code, answer.location) == (303, f"/en/contributions/{contribution.ref}")
    assert "Mots retirés" in text_of(client.get(answer.location))
    assert client.post(f"/en/contributions/withdraw/{contribution.ref}").status_code == 409
    with client.session_transaction() as cookies:
        cookies.clear()
    for path in (contribution.ref, f"discussion/1/{block.key}"):
        page = client.get(f"/en/contributions/{path}")
        assert page.status_code == 200
        assert "Withdrawn by its author on" in text_of(page)
        assert "Mots retirés" not in text_of(page)


def test_a_withheld_one_shows_its_trace(client, block):
    contribution = factories.a_contribution(block=block, state=ContributionState.WITHHELD, body="Mots retenus")
    for path in (contribution.ref, f"discussion/1/{block.key}"):
        page = text_of(client.get(f"/en/contributions/{path}"))
        assert "Withheld by the moderators" in page
        assert "Mots retenus" not in page


def test_my_page_shows_what_i_wrote_and_what_i_write(client, participant, contribution):
    send(client.sign_in(participant), contribution.block, "draft", body="Brouillon en cours")
    page = text_of(client.get("/en/contributions/mine"))
    assert contribution.ref in page
    assert "Brouillon en cours" in page
    draft = session.scalars(sa.select(ContributionDraft)).one()
    for digest in ({}, {"expected_digest": ""}, {"expected_digest": "x" * 64}):
        assert client.post(f"/en/contributions/drop-draft/{draft.id}", data=digest).status_code == 409, "not what the page showed"
    assert "Brouillon en cours" in text_of(client.get("/en/contributions/mine"))
    assert client.post(f"/en/contributions/drop-draft/{draft.id}", data={"expected_digest": draft.digest}).status_code == 303
    assert "Brouillon en cours" not in text_of(client.get("/en/contributions/mine"))


def test_empty_lists_say_what_to_do(client, citizen, block):
    assert "Nobody has spoken" in text_of(client.get(f"/en/contributions/discussion/1/{block.key}"))
    assert "Go to the chapters" in text_of(client.sign_in(citizen).get("/en/contributions/mine"))
    assert client.get("/en/contributions/mine?after=1").status_code == 200
    assert client.get(f"/en/contributions/discussion/1/{block.key}?after=x").status_code == 200


def test_long_lists_are_paged(client, participant, block):
    for _ in range(25):
        factories.a_published_contribution(block=block, author=participant)
    client.sign_in(participant)
    for path in (f"discussion/1/{block.key}", "mine"):
        first = text_of(client.get(f"/en/contributions/{path}"))
        older = re.search(r'rel="next" href="([^"]+)"', first)[1]
        assert first.count("<article") == 20
        assert text_of(client.get(older)).count("<article") == 5


@pytest.mark.parametrize("path", ["discussion", "mine", "show"])
def test_the_number_of_queries_does_not_grow(app, client, participant, block, path):
    counts = []
    for more in (3, 57):
        made = [factories.a_published_contribution(block=block, author=participant, replacement=f"Autre {n}") for n in range(more)]
        target = {"discussion": f"discussion/1/{block.key}", "mine": "mine", "show": made[0].ref}[path]
        client.sign_in(participant)
        session.commit()
        session.expire_all()
        with queries() as asked:
            assert client.get(f"/en/contributions/{target}").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1], counts
    assert counts[1] <= 12, asked


def test_the_margin_of_a_chapter_shows_the_newest(client, block):
    contribution = factories.a_published_contribution(block=block, body="Trois mots seulement")
    page = text_of(client.get("/en/chapters/1"))
    assert "Trois mots seulement" in page
    assert contribution.ref in page
    assert contribution.organisation.name_fr in page


# Hostile input


def payloads():
    hostile = material_or_skip("hostile-input")
    strings = json.loads((hostile / "blns.json").read_text(encoding="utf-8"))
    return [*strings, *(hostile / "payloadbox_xss.txt").read_text(encoding="utf-8", errors="replace").splitlines()]


WRITTEN = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "{{ 7 * 7 }}", "<!--", "]]>", "javascript:alert(1)", "%s%n%(x)s"]


@pytest.mark.parametrize("payload", WRITTEN)
def test_markup_is_shown_as_words_everywhere(client, participant, block, payload):
    contribution = factories.a_published_contribution(
        block=block, author=participant, body=payload, justification=payload, replacement=payload)
    client.sign_in(participant)
    send(client, block, "draft", body=payload, justification=payload, replacement=payload)
    pages = [client.get(f"/en/contributions/{path}").get_data(as_text=True) for path in (
        contribution.ref, f"receipt/{contribution.ref}", f"discussion/1/{block.key}", "mine", f"withdraw/{contribution.ref}")]
    pages.append(client.get(address(block)).get_data(as_text=True))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert payload in html.unescape(page)


@pytest.mark.slow
def test_known_hostile_strings_are_kept_or_refused_and_always_escaped(client, participant, block):
    strings = payloads()
    client.sign_in(participant)
    tags = ("<script", "<img", "<svg", "<iframe", "<object", "<a ")
    clean = None
    for number, body in enumerate(["inoffensif", *parcels(strings)]):
        contribution = service.lodge(
            participant, block, form_key=f"hostile-{number}", kind=Kind.COMMENT, comment_type=CommentType.GENERAL,
            position=Position.NEUTRAL, body=body, justification=body, replacement=body[:4_900])
        assert contribution.body == body
        page = client.get(f"/en/contributions/{contribution.ref}").get_data(as_text=True)
        counted = [page.count(tag) for tag in tags]
        clean = clean or counted
        assert counted == clean


def parcels(strings):
    """As many strings in each contribution as it takes, without the characters that are refused or not kept as they came."""
    parcel, odd = "", (normalising.UNKEPT, normalising.HINTS, normalising.BREAKS)
    for string in strings:
        kept = "".join(c for c in string if not any(signs.match(c) for signs in odd))[:9_000]
        if len(parcel) + len(kept) > 9_900:
            yield parcel
            parcel = ""
        parcel += kept + "\n"
    yield parcel
