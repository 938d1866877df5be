import html
import re

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.chapters import service as chapters
from consult.consultations.models import Phase
from consult.contributions import service
from consult.contributions.models import ContributionDraft, ContributionState
from consult.core.audit import AuditEvent
from consult.core.db import session
from tests import factories
from tests.contributions.browsing import FILLED, address, count, form_of, send, text_of

# The form


def test_the_form_quotes_the_passage_and_gives_its_words_to_change(client, participant, block):
    page = client.sign_in(participant).get(address(block))
    assert page.status_code == 200
    assert text_of(page).count(block.lead) == 3, "the passage, the sentence to choose, the words to change"
    values = form_of(page)
    assert (values["replacement"], values["block_id"], values["speak_as"]) == (block.lead, str(block.id), "organisation")
    assert participant.organisation.name_fr in text_of(page)
    assert "D-000/2026" in text_of(page)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_it_is_read_in_each_language(client, participant, block, language):
    page = client.sign_in(participant).get(address(block, language))
    assert page.status_code == 200
    assert f'<html lang="{language}"' in text_of(page)


def test_a_whole_lodging(client, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    answer = client.post(address(block), data={**values, **FILLED, "replacement": "Publier chaque mois la liste.", "act": "submit"})
    assert answer.status_code == 303
    assert answer.location == "/en/contributions/receipt/PNQ-C1-0001"
    page = text_of(client.get(answer.location))
    contribution = service.get_contribution(participant, "PNQ-C1-0001")
    assert contribution.digest in page
    assert "PNQ-C1-0001" in page
    assert contribution.organisation_id == participant.organisation_id
    assert contribution.amendment.replacement == "Publier chaque mois la liste."
    shown = text_of(client.get("/en/contributions/PNQ-C1-0001"))
    assert "<ins>" in shown
    assert "<del>" in shown


def test_the_form_as_it_stands_proposes_no_change(client, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    client.post(address(block), data={**values, **FILLED, "act": "submit"})
    assert service.get_contribution(participant, "PNQ-C1-0001").amendment is None


def test_a_preview_lodges_nothing(client, participant, block):
    page = send(client.sign_in(participant), block, "preview", replacement="Publier chaque mois la liste.")
    assert page.status_code == 200
    assert "<ins>" in text_of(page)
    assert form_of(page)["form_key"] == "form-key-1"
    assert count() == 0


def test_a_double_click_and_a_reload_are_one(client, participant, block):
    client.sign_in(participant)
    answers = {(a.status_code, a.location) for a in (send(client, block) for _ in range(3))}
    assert answers == {(303, "/en/contributions/receipt/PNQ-C1-0001")}
    assert count() == 1
    assert len(session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.lodge")).all()) == 1


def test_words_changed_after_going_back_are_not_lost(client, participant, block):
    send(client.sign_in(participant), block)
    page = send(client, block, body="Et autre chose.")
    assert page.status_code == 409
    assert "PNQ-C1-0001" in text_of(page)
    values = form_of(page)
    assert values["body"] == "Et autre chose."
    assert values["form_key"] != "form-key-1"
    assert client.post(address(block), data={**values, "act": "submit"}).location.endswith("PNQ-C1-0002")


def test_a_form_of_somebody_else_is_refused(client, participant, citizen, block):
    send(client.sign_in(participant), block)
    assert send(client.sign_in(citizen), block, speak_as="self").status_code == 409
    assert count() == 1


def test_a_contribution_stays_with_the_words_that_were_read(client, consultation, participant, block):
    values = form_of(client.sign_in(participant).get(address(block)))
    chapters.import_chapter(factories.SYSTEM, consultation, data=factories.markdown().replace("chaque année", "chaque mois").encode())
    client.post(address(block), data={**values, **FILLED, "act": "submit"})
    contribution = service.get_contribution(participant, "PNQ-C1-0001")
    assert contribution.block_id == block.id
    assert contribution.amendment is None


# Refused


@pytest.mark.parametrize(("over", "sentence"), [
    ({"body": ""}, "Write what you have to say"), ({"body": "  \n "}, "The contribution is empty"),
    ({"body": "x" * 1_048_576}, "1,048,576 characters"), ({"body": "un\ndeux\x00"}, "Line 2, character 5"),
    ({"replacement": "a\u202eb"}, "U+202E"), ({"position": None}, "Choose your position"), ({"position": "nobody"}, "has-error"),
    ({"kind": "x"}, "has-error"), ({"form_key": "é" * 80}, "This form is damaged"),
])
@pytest.mark.parametrize("act", ["submit", "preview"])
def test_what_is_refused_is_shown_again_with_its_reason(client, participant, block, over, sentence, act):
    page = send(client.sign_in(participant), block, act, **over)
    if act == "preview" and ("form_key" in over or over.get("body") == "  \n "):
        assert page.status_code == 200
        return
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert over.get("body", FILLED["body"])[:50] in text_of(page)
    assert count() == 0


@pytest.mark.parametrize(("number", "key"), [(1, "C1-nowhere"), (9, "C9"), (1, "\u202e"), (1, "x" * 500)])
def test_an_unknown_passage_is_not_found(client, participant, chapter, number, key):
    assert client.sign_in(participant).get(f"/en/contributions/lodge/{number}/{key}").status_code == 404
    assert client.get(f"/en/contributions/discussion/{number}/{key}").status_code == 404


@pytest.mark.parametrize("phase", [Phase.PREPARATION, Phase.CLOSED, Phase.SYNTHESIS, Phase.SUBMITTED, Phase.ADOPTED])
def test_a_consultation_that_is_not_open_gives_the_text_back(client, consultation, participant, block, phase):
    consultation.phase = phase
    consultation.round.confirmed_at = None
    page = client.sign_in(participant).get(address(block))
    assert page.status_code == 403
    assert "<textarea" not in text_of(page)
    page = send(client, block)
    assert page.status_code == 403
    assert FILLED["body"] in text_of(page)
    assert count() == 0


def test_no_consultation_at_all(client):
    assert client.get("/en/contributions/lodge/1/C1").status_code == 404


# Sessions


def test_a_visitors_text_waits_for_the_sign_in(client, citizen, block):
    page = send(client, block, justification="Chiffres à l’appui.")
    assert page.status_code == 200
    assert FILLED["body"] in text_of(page)
    assert "/en/accounts/login?next=" in text_of(page)
    assert count() == 0
    values = form_of(client.sign_in(citizen).get(address(block)))
    assert (values["body"], values["justification"], values["position"]) == (FILLED["body"], "Chiffres à l’appui.", "opposed")
    assert values["form_key"] == "form-key-1"
    assert client.post(address(block), data={**values, "act": "submit"}).status_code == 303
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_signing_in_by_password_brings_back_to_the_filled_form(client, block):
    accounts.add(factories.SYSTEM, None, email="salma@example.org", name="Salma", password="une phrase assez longue")
    page = send(client, block)
    enter = html.unescape(re.search(r'href="(/en/accounts/login[^"]*)"', page.text.partition("<main")[2])[1])
    values = {**form_of(client.get(enter)), "identity": "salma@example.org", "passcode": "une phrase assez longue", "submit": "1"}
    answer = client.post(enter, data=values)
    assert answer.location == address(block)
    assert form_of(client.get(answer.location))["body"] == FILLED["body"]


def test_a_form_lodged_before_the_session_ended_is_not_lodged_twice(client, participant, block):
    send(client.sign_in(participant), block)
    with client.session_transaction() as cookies:
        cookies.clear()
    assert send(client, block).status_code == 200
    values = form_of(client.sign_in(participant).get(address(block)))
    assert client.post(address(block), data={**values, "act": "submit"}).location.endswith("PNQ-C1-0001")
    assert count() == 1
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_a_draft_is_saved_and_comes_back(client, participant, block):
    answer = send(client.sign_in(participant), block, "draft", position=None, body="À moitié")
    assert (answer.status_code, answer.location) == (303, address(block))
    page = client.get(answer.location)
    assert form_of(page)["body"] == "À moitié"
    assert "Draft saved on" in text_of(page)
    send(client, block, "draft", body="Aux trois quarts")
    assert session.scalars(sa.select(ContributionDraft)).one().fields["body"] == "Aux trois quarts"
    assert send(client, block, "draft", body="a\x00").status_code == 422


def test_a_draft_stays_with_the_words_it_was_written_on(client, consultation, participant, block):
    send(client.sign_in(participant), block, "draft", replacement=block.lead)
    values = form_of(client.get(address(block, "ar")))
    assert (values["block_id"], values["replacement"]) == (str(block.id), block.lead)
    chapters.import_chapter(factories.SYSTEM, consultation, data=factories.markdown().replace("chaque année", "chaque mois").encode())
    page = client.get(address(block))
    assert form_of(page)["block_id"] == str(block.id)
    assert "The text was revised since you began" in text_of(page)


def test_a_draft_seen_by_its_author_is_not_shown_to_the_next_at_that_browser(client, participant, citizen, block):
    send(client, block, body="Écrit avant de se connecter")
    assert "Écrit avant" in text_of(client.sign_in(participant).get(address(block)))
    assert "Écrit avant" not in text_of(client.sign_in(citizen).get(address(block)))
    assert "Écrit avant" not in text_of(client.get("/en/contributions/mine"))
    with client.session_transaction() as cookies:
        cookies.pop("_user_id")
    assert "Écrit avant" not in text_of(client.get(address(block)))


def test_a_lost_token_gives_the_form_back_with_the_text(app, client, participant, block, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    page = send(client.sign_in(participant), block, replacement="Autre rédaction.")
    assert page.status_code == 422
    assert "Your session had ended" in text_of(page)
    values = form_of(page)
    assert (values["body"], values["replacement"]) == (FILLED["body"], "Autre rédaction.")
    assert count() == 0
    assert client.post(address(block), data={**values, "act": "submit"}).status_code == 303


def test_a_visitors_text_is_kept_without_token_too(app, client, block, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert send(client, block).status_code == 200
    assert session.scalars(sa.select(ContributionDraft)).one().fields["body"] == FILLED["body"]


@pytest.mark.parametrize("act", ["draft", "submit"])
def test_what_another_site_sends_is_kept_nowhere(app, client, participant, block, monkeypatch, act):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for browser in (client, app.test_client().sign_in(participant)):
        page = browser.post(address(block), data={**FILLED, "act": act}, headers={"Origin": "https://evil.example"})
        assert page.status_code == 422
        assert session.scalars(sa.select(ContributionDraft)).all() == []
    assert browser.post(address(block), data={**FILLED, "act": act}).status_code == 422, "nor where no site is named"
    assert session.scalars(sa.select(ContributionDraft)).all() == []


def test_withdrawing_and_dropping_need_their_token(app, client, participant, contribution, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert client.sign_in(participant).post(f"/en/contributions/withdraw/{contribution.ref}").status_code == 400
    assert contribution.state == ContributionState.SUBMITTED


def test_what_waits_for_a_moderator_stands_beside_the_text_for_its_author_alone(client, block, participant, citizen):
    own = factories.a_contribution(block=block, author=participant)
    factories.a_contribution(block=block, author=citizen)
    factories.a_published_contribution(block=block, author=participant)
    address = f"/en/contributions/own-lines/{block.chapter.number}"
    assert "data-mine" not in client.get(address).get_data(as_text=True)
    client.sign_in(participant)
    told = client.get(address).get_data(as_text=True)
    assert told.count("data-mine") == 1
    assert f'data-ref="{own.ref}" data-at="{block.key}"' in told
