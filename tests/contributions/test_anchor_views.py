import re
from dataclasses import replace

import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Phase, Role
from consult.contributions import service
from consult.contributions.models import Anchor, AnchorState, ContributionState
from consult.contributions.service import anchoring
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from tests import factories
from tests.contributions.browsing import text_of
from tests.contributions.revising import A1, A2, DROP, ELSEWHERE, LISTED, REWORDED, TRAIN, last_of, quoting, revise

LEDGER = "/en/contributions/anchors/1"


@pytest.fixture
def said(block):
    return factories.a_published_contribution(block=block, body="Une liste, mais publique.")


def ledger_of(client, path=LEDGER):
    page = client.get(path)
    assert page.status_code == 200
    return text_of(page)


def act(client, verb, anchor, **data):
    return client.post(f"/en/contributions/{verb}/{anchor.id}?next={anchor.id}&state=proposed",
                       data={"expected_counter": anchor.row_counter, **data})


# The ledger


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_both_wordings_stand_side_by_side(client, chapter, said, block, rapporteur, language):
    quoting(block, "chaque année", body="Sur le rythme.")
    factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revise(chapter, REWORDED)
    page = client.sign_in(rapporteur).get(f"/{language}/contributions/anchors/1")
    html = page.get_data(as_text=True)
    assert page.status_code == 200
    assert f"/{language}/chapters/1/revisions/fr/1#{A1}" in html
    assert f"/{language}/chapters/1/revisions/fr/2#{A1}" in html
    assert "<del>" in html
    assert "Une liste, mais publique." in html
    assert html.count('class="anchor"') == 3


def test_who_may_read_and_decide(client, chapter, said, chair, secretary, citizen):
    revise(chapter, REWORDED)
    anchor = last_of(said)
    elsewhere = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.consultation.commissions[1])
    assert client.get(LEDGER).status_code in (302, 303, 403)
    for person, status in ((citizen, 403), (elsewhere, 403), (chair, 200), (secretary, 200)):
        client.sign_in(person)
        assert client.get(LEDGER).status_code == status
        assert client.get(f"/en/contributions/anchor/{anchor.id}").status_code == status
        if status == 403:
            assert act(client, "confirm-anchor", anchor).status_code == 403
            assert client.post(f"{LEDGER}/confirm-certain", data={"text": "fr", "version": 2}).status_code == 403
    assert client.get("/en/contributions/anchors/9").status_code == 404
    assert client.get("/en/contributions/anchor/99999").status_code == 404


def test_a_decision_goes_on_to_the_next(client, chapter, said, block, rapporteur):
    other = factories.a_published_contribution(block=block)
    revise(chapter, REWORDED)
    client.sign_in(rapporteur)
    first, second = last_of(said), last_of(other)
    answer = client.post(f"/en/contributions/confirm-anchor/{first.id}?next={second.id}&class=changed",
                         data={"expected_counter": first.row_counter})
    assert (answer.status_code, answer.location) == (303, f"{LEDGER}?text=fr&class=changed#a{second.id}")
    assert last_of(said).state == AnchorState.CONFIRMED
    assert "The place of" in ledger_of(client)
    assert act(client, "leave", second).status_code == 303
    assert (last_of(other).state, other.current_key) == (AnchorState.LEFT, None)
    page = client.get(f"/en/contributions/anchor/{second.id}")
    assert "Publier chaque semestre" in text_of(page)
    assert act(client, "reattach", last_of(other), key="1.1.2").status_code == 303
    assert other.current_key == A2


def test_likely_passages_come_first_and_a_wrong_one_is_refused(client, chapter, said, rapporteur):
    revise(chapter, DROP, ("But du projet.", "But du projet : publier chaque année une liste des étalons, nationaux ou non."))
    client.sign_in(rapporteur)
    anchor = last_of(said)
    html = client.get(f"/en/contributions/anchor/{anchor.id}").get_data(as_text=True)
    assert 'name="likely"' in html
    key = html.split('name="likely" id="likely-1" value="')[1].split('"')[0]
    refused = act(client, "reattach", anchor, key="C1-nowhere")
    assert refused.status_code == 422
    assert "There is no passage \u2068C1-nowhere\u2069" in text_of(refused)
    assert last_of(said).state == AnchorState.PROPOSED
    assert act(client, "reattach", anchor, likely=key, key=A2).status_code == 303
    assert said.current_key == key


def test_the_second_who_decides_is_told(client, chapter, said, rapporteur, chair):
    revise(chapter, REWORDED)
    anchor = last_of(said)
    expected_counter = anchor.row_counter
    service.confirm_anchor(chair, anchor)
    answer = client.sign_in(rapporteur).post(f"/en/contributions/leave/{anchor.id}", data={"expected_counter": expected_counter})
    assert answer.status_code == 409
    assert client.post(f"/en/contributions/leave/{anchor.id}").status_code == 409
    assert last_of(said).state == AnchorState.CONFIRMED


def test_certain_ones_are_confirmed_together(client, chapter, said, rapporteur):
    for _n in range(3):
        factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revise(chapter, REWORDED)
    client.sign_in(rapporteur)
    assert "Confirm the 3 that are certain" in ledger_of(client)
    answer = client.post(f"{LEDGER}/confirm-certain", data={"text": "fr", "version": 2})
    assert (answer.status_code, answer.location) == (303, f"{LEDGER}?text=fr")
    page = ledger_of(client)
    assert "3 places are confirmed" in page
    assert "that are certain" not in page
    client.post(f"{LEDGER}/confirm-certain", data={"text": "fr", "version": 2})
    assert "Nothing was changed." in ledger_of(client)
    assert session.scalar(sa.select(sa.func.count()).where(Anchor.state == AnchorState.PROPOSED)) == 1


def test_filters_texts_and_empty_states(client, chapter, said, rapporteur):
    client.sign_in(rapporteur)
    assert "one version only" in ledger_of(client)
    factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revise(chapter, DROP)
    assert "Une liste, mais publique." in ledger_of(client, f"{LEDGER}?class=deleted&state=proposed")
    assert "Une liste, mais publique." not in ledger_of(client, f"{LEDGER}?class=kept")
    assert "No place is in this state" in ledger_of(client, f"{LEDGER}?state=left")
    assert "Nothing more" in ledger_of(client, f"{LEDGER}?after=2-999999")
    for odd in ("?after=x", "?after=1", "?class=x&state=y", "?text=xx", f"?after={10**30}-1"):
        assert "Une liste, mais publique." in ledger_of(client, LEDGER + odd)
    chapters.import_chapter(SYSTEM, chapter.consultation, data=factories.markdown(1, "ar").replace("Un par", "Le par").encode())
    assert "had spoken about this text yet" in ledger_of(client, f"{LEDGER}?text=ar")


def test_after_the_submission_it_is_read_only_and_says_why(client, chapter, said, rapporteur):
    revise(chapter, REWORDED)
    chapter.consultation.phase = Phase.SUBMITTED
    client.sign_in(rapporteur)
    page = client.get(LEDGER)
    assert "Read only:" in text_of(page)
    assert "/confirm-anchor/" not in page.get_data(as_text=True)
    one = client.get(f"/en/contributions/anchor/{last_of(said).id}")
    assert "Read only:" in text_of(one)
    assert "/reattach/" not in one.get_data(as_text=True)


def test_an_entry_of_an_older_version_is_read_only(client, chapter, said, rapporteur):
    revise(chapter, REWORDED)
    old = last_of(said)
    revise(chapter, REWORDED, ELSEWHERE)
    client.sign_in(rapporteur)
    assert "A newer version of the text was published." in text_of(client.get(f"/en/contributions/anchor/{old.id}"))
    assert act(client, "confirm-anchor", old).status_code == 409


def test_the_ledger_asks_little_of_the_database(client, chapter, block, rapporteur, count_queries):
    def publish(count):
        for n in range(count):
            quoting(block, "chaque année") if n % 2 else factories.a_published_contribution(block=factories.block_of(chapter, A2))
    publish(40)
    revise(chapter, REWORDED)
    client.sign_in(rapporteur)
    client.get(LEDGER)
    pages = []
    assert count_queries(lambda: pages.append(client.get(LEDGER))) <= 12
    assert pages[0].get_data(as_text=True).count('class="anchor"') == 30
    anchor = session.scalars(sa.select(Anchor)).first()
    assert count_queries(lambda: client.get(f"/en/contributions/anchor/{anchor.id}")) <= 12
    assert "Next page" in text_of(pages[0])


def test_the_dashboard_says_what_waits(client, chapter, said, secretary):
    client.sign_in(secretary)
    assert "Places to confirm" not in text_of(client.get("/en/consultations/dashboard"))
    revise(chapter, REWORDED)
    assert "Places to confirm" in text_of(client.get("/en/consultations/dashboard"))
    assert "/en/contributions/anchors/1" in client.get("/en/consultations/dashboard").text


# Readers


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_contribution_says_on_which_version_it_was_written(client, chapter, said, block, language):
    quote = quoting(block, "chaque année")
    path = f"/{language}/contributions/{said.ref}"
    assert "chapters/1/revisions/fr/1" not in client.get(path).get_data(as_text=True)
    revise(chapter, REWORDED)
    html = client.get(path).get_data(as_text=True)
    assert f"/{language}/chapters/1/revisions/fr/1#{A1}" in html
    assert "<del>" in html
    assert client.get(f"/{language}/contributions/{quote.ref}").status_code == 200


def since(client, contribution):
    return text_of(client.get(f"/en/contributions/{contribution.ref}"))


def test_what_became_of_the_passage_is_said(client, chapter, said, block, rapporteur):
    lost, found = quoting(block, "chaque année"), quoting(block, "étalons nationaux")
    same = factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revise(chapter, REWORDED)
    assert "The text has changed since. In version 2:" in since(client, said)
    assert "Written on version 1 of" in since(client, said)
    assert "The passage reads the same in version 2." in since(client, same)
    assert "The quoted words are still in it." in since(client, found)
    assert "quoted words" in since(client, lost)
    service.reattach(rapporteur, last_of(said), key=A2)
    assert "has attached it to this passage of version 2" in since(client, said)
    service.leave(rapporteur, last_of(said))
    assert "stays with the version that it was written on" in since(client, said)
    revise(chapter, DROP)
    assert "no longer in the text" in since(client, found)


def test_an_unsure_place_is_told_as_such(client, chapter, said, monkeypatch):
    real = anchoring.Finder.row
    monkeypatch.setattr(anchoring.Finder, "row", lambda self, standing: real(self, replace(standing, confidence=0.5)))
    revise(chapter, REWORDED)
    assert "Until the rapporteur has said where it belongs" in since(client, said)


def test_a_moved_passage_is_found_from_its_contribution(client, chapter, block):
    said = factories.a_published_contribution(block=block)
    revise(chapter, REWORDED)
    revise(chapter)
    assert "The passage reads the same in version 3." in since(client, said)


def discussion(client, key=A1, more=""):
    page = client.get(f"/en/contributions/discussion/1/{key}{more}")
    assert page.status_code == 200
    return text_of(page)


def test_the_discussion_marks_versions_and_keeps_what_was_left_apart(client, chapter, said, block, rapporteur):
    left = factories.a_published_contribution(block=block, body="Sur l’ancien texte.")
    withdrawn = factories.a_contribution(block=block, state=ContributionState.WITHDRAWN, withdrawn_at=utcnow())
    assert "On earlier versions" not in discussion(client)
    revise(chapter, REWORDED)
    service.leave(rapporteur, last_of(left))
    service.leave(rapporteur, last_of(withdrawn))
    factories.a_published_contribution(block=last_of(said).block, body="Sur le nouveau texte.")
    page = discussion(client)
    assert page.index("Sur le nouveau texte.") < page.index("Une liste, mais publique.") < page.index("On earlier versions")
    assert page.index("On earlier versions") < page.index("Sur l’ancien texte.")
    assert page.count("on version 1") == 2
    assert withdrawn.ref in page


def test_a_dropped_passage_keeps_its_discussion(client, chapter, said, participant):
    revise(chapter, DROP)
    page = client.sign_in(participant).get(f"/en/contributions/discussion/1/{A1}")
    text = text_of(page)
    assert "This passage is no longer in the text. You read it as it stood in version 1." in text
    assert "Une liste, mais publique." in text
    assert LISTED in text
    assert "/en/contributions/lodge/" not in page.get_data(as_text=True)


def test_a_passage_whose_words_were_all_left_invites_to_speak(client, chapter, said, rapporteur):
    revise(chapter, REWORDED)
    service.leave(rapporteur, last_of(said))
    assert "Nobody has spoken about the passage as it reads now." in discussion(client)


def test_both_lists_of_a_discussion_have_their_pages(client, chapter, block, rapporteur, monkeypatch):
    monkeypatch.setattr("consult.contributions.service.reading.PAGE_SIZE", 2)
    made = [factories.a_published_contribution(block=block) for _n in range(5)]
    revise(chapter, DROP)
    shown, more = [], ""
    for _turn in range(3):
        html = client.get(f"/en/contributions/discussion/1/{A1}{more}").get_data(as_text=True)
        shown += [c.ref for c in made if f'id="{c.ref}"' in html]
        older = re.search(r'rel="next" href="[^"?]*([^"#]*)', html)
        more = older[1] if older else ""
    assert sorted(shown) == sorted(c.ref for c in made)
    assert "On earlier versions" in discussion(client, more="?left_after=1")


def test_a_discussion_asks_little(client, chapter, block, count_queries):
    for _n in range(25):
        factories.a_published_contribution(block=block)
        factories.a_published_contribution(block=factories.block_of(chapter, A2))
    revise(chapter, DROP)
    assert count_queries(lambda: discussion(client)) <= 12
    assert count_queries(lambda: discussion(client, A2)) <= 12


def test_the_margin_marks_what_was_written_on_other_words(client, chapter, said):
    kept = factories.a_published_contribution(block=factories.block_of(chapter, A2))
    blocks = [factories.block_of(chapter, key).id for key in (A1, A2)]
    revise(chapter, REWORDED)
    lines = service.list_margin_lines(chapter, "fr", blocks)
    assert (lines[A1][0].ref, lines[A1][0].version) == (said.ref, 1)
    assert (lines[A2][0].ref, lines[A2][0].version) == (kept.ref, None)
    assert "on version 1" in text_of(client.get("/en/chapters/1"))


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_public_page_says_which_places_wait(client, chapter, rapporteur, language):
    said = factories.a_published_contribution(block=factories.block_of(chapter, A1))
    factories.a_contribution(block=factories.block_of(chapter, A2))  # nobody reads it yet
    waits = f'href="/{language}/chapters/1/provisions/{A1}"><bdi dir="ltr">'
    address = f"/{language}/chapters/1"
    assert '<details class="notice notice-info small">' not in client.get(address).text
    revise(chapter, REWORDED, (TRAIN, TRAIN.replace("Former", "Mieux former")))
    shown = client.get(address).text.partition('<details class="notice notice-info small">')[2].partition("</details>")[0]
    if language == "ar":  # its text did not change
        assert shown == ""
        return
    assert waits in shown
    assert A2 not in shown
    service.confirm_anchor(rapporteur, last_of(said))
    assert '<details class="notice notice-info small">' not in client.get(address).text
