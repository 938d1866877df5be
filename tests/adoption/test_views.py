import pytest
import sqlalchemy as sa

from consult.adoption import archive, service
from consult.adoption.models import CouncilOutcome
from consult.consultations.models import Phase
from consult.contributions.models import Contribution
from consult.core.db import session
from consult.core.i18n import day, force_locale
from consult.core.mail import OutgoingMail
from consult.synthesis.models import SynthesisState
from tests.adoption import cases


def test_submitting_shows_what_is_missing_and_then_does_it(client, consultation, participant, secretary):
    chapters = cases.ready_to_submit(consultation)
    synthesis = cases.synthesis_of(chapters[0])
    synthesis.state = SynthesisState.DRAFT
    assert client.sign_in(participant).get("/fr/adoption/submit").status_code == 403
    client.sign_in(secretary)
    assert 'method="post"' not in client.get("/fr/adoption/submit").text.split("<main")[1]
    assert client.post("/fr/adoption/submit").status_code == 409
    cases.synthesis_of(chapters[0]).state = SynthesisState.VALIDATED
    assert 'method="post"' in client.get("/fr/adoption/submit").text.split("<main")[1]
    assert client.post("/fr/adoption/submit").location == "/fr/adoption/submission"
    assert session.get(type(consultation), consultation.id).phase == Phase.SYNTHESIS
    for address in ("submit", "submission"):
        page = client.get(f"/fr/adoption/{address}").text
        assert "data-under-way" in page
        assert 'method="post"' not in page.split("<main")[1]
    assert client.post("/fr/adoption/submit").status_code == 409
    assert client.sign_in(participant).get("/fr/adoption/submission").status_code == 404


def test_why_nothing_was_submitted_is_said_to_the_secretariat_alone(client, consultation, participant, secretary, monkeypatch):
    cases.ready_to_submit(consultation)
    client.sign_in(secretary).post("/fr/adoption/submit")
    monkeypatch.setattr(archive, "make", lambda *_: 1 / 0)
    cases.settled()
    for address in ("submit", "submission"):
        page = client.get(f"/fr/adoption/{address}").text
        assert "ZeroDivisionError" in page
        assert "data-under-way" not in page
    assert 'method="post"' in client.get("/fr/adoption/submit").text.split("<main")[1]
    assert client.sign_in(participant).get("/fr/adoption/submission").status_code == 404
    (letter,) = session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == secretary.email))
    assert "/fr/adoption/submit" in letter.body
    assert "ZeroDivisionError" in letter.body


@pytest.fixture
def submission(consultation, secretary):
    return cases.submitted(consultation, secretary)


def test_the_home_page_leads_to_what_was_submitted_with_its_day(client, consultation, submission):
    page = " ".join(client.get("/en/").text.split())
    assert "/en/adoption/submission" in page
    with force_locale("en"):
        assert f"on {day(submission.submitted_at)} · <strong>now</strong>" in page


def test_the_submission_is_public_and_its_archive_is_not(client, consultation, participant, secretary):
    cases.ready_to_submit(consultation)
    service.submit(secretary, consultation)
    assert client.get("/fr/adoption/document/1/fr/pdf").status_code == 404
    cases.settled()
    submission = service.get_submission(consultation)
    page = client.get("/ar/adoption/submission")
    assert page.status_code == 200
    assert submission.archive.sha256 in page.text
    assert "data-under-way" not in page.text
    assert "/ar/adoption/archive" not in page.text
    assert client.get("/fr/adoption/document/1/fr/pdf", buffered=True).data.startswith(b"%PDF")
    assert client.get("/fr/adoption/document/9/fr/pdf", buffered=True).status_code == 404
    assert client.get("/fr/adoption/document/1/fr/exe", buffered=True).status_code == 404
    assert client.sign_in(participant).get("/fr/adoption/archive", buffered=True).status_code == 403
    assert client.sign_in(secretary).get("/fr/adoption/archive", buffered=True).data.startswith(b"PK")


def test_nothing_submitted_yet_is_said(client, consultation):
    assert client.get("/fr/adoption/submission").status_code == 404


def test_recording_the_decision(client, submission, secretary, participant):
    address = "/fr/adoption/decide/1"
    assert client.sign_in(participant).get(address).status_code == 403
    client.sign_in(secretary)
    assert client.get(address).status_code == 200
    values = {"outcome": "returned", "words": "", "decided_on": cases.today().isoformat()}
    refused = client.post(address, data=values)
    assert refused.status_code == 422
    assert "error-summary" in refused.text
    assert client.post(address, data={**values, "words": "À compléter."}).status_code == 303
    page = client.get("/fr/adoption/submission").text
    assert "À compléter." in page
    assert page.count("/fr/adoption/decide/") == 1
    assert client.post(address, data={**values, "words": "Encore."}).status_code == 409
    assert [decision.outcome for decision in service.list_decisions(submission)] == [CouncilOutcome.RETURNED]


def test_the_page_of_a_contribution_says_what_the_council_decided(client, consultation, submission, secretary):
    chapter = next(chapter for chapter, _synthesis in service.list_syntheses(consultation) if chapter.number == 1)
    said = session.scalars(sa.select(Contribution).where(Contribution.chapter_id == chapter.id, Contribution.is_public)).first()
    assert "decided-title" not in client.get(f"/fr/contributions/{said.ref}").text
    service.decide(secretary, submission, chapter=chapter, outcome=CouncilOutcome.ADOPTED_WITH_CHANGES, words="Le délai est doublé.",
                   decided_on=cases.today())
    page = client.get(f"/fr/contributions/{said.ref}").text
    part = page[page.index("decided-title"):]
    assert "Le délai est doublé." in part
    assert "/fr/adoption/submission" in part
