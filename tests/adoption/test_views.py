import csv
import io

import pytest
import sqlalchemy as sa

from consult.adoption import service
from consult.adoption.models import CouncilOutcome, Export, ExportFormat, ExportKind
from consult.consultations.models import Phase, Role
from consult.core.db import session
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.adoption import cases
from tests.adoption.test_service import settled, today
from tests.counting import queries


def test_the_page_of_exports_is_for_those_in_charge(client, consultation, chapter, participant, rapporteur, secretary):
    assert client.get("/fr/adoption/exports").status_code == 403
    assert client.sign_in(participant).get("/fr/adoption/exports").status_code == 403
    page = client.sign_in(rapporteur).get("/fr/adoption/exports")
    assert page.status_code == 200
    assert "request-export/dossier" not in page.text
    assert "request-export/dossier" in client.sign_in(secretary).get("/ar/adoption/exports").text


def ask(client, kind, **values):
    return client.post(f"/fr/adoption/request-export/{kind}", data={f"{kind}-{name}": value for name, value in values.items()})


def test_asking_following_and_downloading(client, consultation, secretary):
    chapter = cases.a_discussed_chapter(consultation)
    client.sign_in(secretary)
    answer = ask(client, "synthesis", chapter=chapter.number, format="pdf", language="ar")
    assert (answer.status_code, answer.location) == (303, "/fr/adoption/exports")
    waiting = client.get("/fr/adoption/exports").text
    assert waiting.count("data-under-way") == waiting.count("progress.js") == 1
    assert '<a href="/fr/adoption/exports">' in waiting.split("data-under-way")[1].split("</p>")[0], "to look again without JavaScript"
    export = session.scalars(sa.select(Export)).one()
    assert client.get(f"/fr/adoption/download/{export.id}", buffered=True).status_code == 404
    settled()
    page = client.get("/fr/adoption/exports").text
    assert "data-under-way" not in page
    assert "progress.js" not in page
    assert f"/fr/adoption/download/{export.id}" in page
    file = client.get(f"/fr/adoption/download/{export.id}", buffered=True)
    assert file.data.startswith(b"%PDF")
    assert file.mimetype == "application/pdf"
    assert "attachment" in file.headers["Content-Disposition"]
    assert ".pdf" in file.headers["Content-Disposition"]


def test_a_file_name_in_arabic_follows_rfc_5987(client, consultation, secretary, monkeypatch):
    cases.a_discussed_chapter(consultation)
    service.request_export(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    settled()
    monkeypatch.setattr("consult.adoption.views.name_of", lambda export: "المساهمات.csv")
    export = session.scalars(sa.select(Export)).one()
    said = client.sign_in(secretary).get(f"/ar/adoption/download/{export.id}", buffered=True).headers["Content-Disposition"]
    assert "filename*=UTF-8''%D8%A7" in said


def test_somebody_elses_document_is_not_given(client, consultation, chapter, rapporteur, participant):
    export = service.request_export(rapporteur, chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.MARKDOWN, language="fr")
    settled()
    assert client.sign_in(participant).get(f"/fr/adoption/download/{export.id}", buffered=True).status_code == 403
    assert client.sign_in(rapporteur).get(f"/fr/adoption/download/{export.id}", buffered=True).status_code == 200
    assert client.get("/fr/adoption/download/999999", buffered=True).status_code == 404


@pytest.mark.parametrize(("kind", "values"), [
    ("synthesis", {"chapter": "99", "format": "pdf", "language": "fr"}), ("synthesis", {"format": "exe", "language": "fr", "chapter": "1"}),
    ("contributions", {"format": "pdf", "language": "fr"}), ("contributions", {"format": "csv", "language": "xx"}),
])
def test_a_request_that_makes_no_sense_comes_back_with_its_reason(client, consultation, chapter, secretary, kind, values):
    answer = ask(client.sign_in(secretary), kind, **values)
    assert answer.status_code == 422
    assert "error-summary" in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == 0


def test_an_unknown_kind_is_not_found(client, consultation, secretary):
    assert ask(client.sign_in(secretary), "everything").status_code == 404


@pytest.mark.parametrize("who", [None, "participant", "secretary"])
def test_open_data_are_everybodys(client, consultation, request, who):
    cases.a_discussed_chapter(consultation)
    if who:
        client.sign_in(request.getfixturevalue(who))
    page = client.get("/ar/adoption/open-data")
    assert page.status_code == 200
    assert "open-data/contributions" in page.text
    file = client.get("/fr/adoption/open-data/contributions", buffered=True)
    assert file.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    assert "Secret Anonyme" not in file.text
    again = client.get("/fr/adoption/open-data/contributions", headers={"If-None-Match": file.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


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
    assert session.get(type(consultation), consultation.id).phase == Phase.SUBMITTED


@pytest.fixture
def submission(consultation, secretary):
    cases.ready_to_submit(consultation)
    return service.submit(secretary, consultation)


def test_the_submission_is_public_and_its_archive_is_not(client, submission, participant, secretary):
    assert client.get("/fr/adoption/document/1/fr/pdf").status_code == 404
    assert "data-under-way" in client.get("/fr/adoption/submission").text
    settled()
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
    values = {"outcome": "returned", "words": "", "decided_on": today().isoformat()}
    refused = client.post(address, data=values)
    assert refused.status_code == 422
    assert "error-summary" in refused.text
    assert client.post(address, data={**values, "words": "À compléter."}).status_code == 303
    page = client.get("/fr/adoption/submission").text
    assert "À compléter." in page
    assert page.count("/fr/adoption/decide/") == 1
    assert client.post(address, data={**values, "words": "Encore."}).status_code == 409
    assert [decision.outcome for decision in service.list_decisions(submission)] == [CouncilOutcome.RETURNED]


def test_the_number_of_queries_of_the_page_of_exports_does_not_grow(client, consultation, chapter, secretary):
    def ask_for(count):
        for _ in range(count):
            factories.saved(Export(consultation=consultation, chapter=chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.PDF,
                                   language="fr", requested_by_id=secretary.id))

    def asked() -> int:
        with queries() as sent:
            assert client.get("/fr/adoption/exports").status_code == 200
        return len(sent)

    client.sign_in(secretary)
    ask_for(3)
    few = asked()
    ask_for(57)
    assert asked() == few <= 12
    listed = service.list_exports(secretary, consultation)
    assert len(listed) == service.PAGE + 1
    assert client.get(f"/fr/adoption/exports?before={listed[-2].id}").status_code == 200


def test_a_rapporteur_sees_their_own_exports_alone(client, consultation, chapter, rapporteur):
    other = factories.a_user(role=Role.SECRETARIAT)
    service.request_export(other, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    assert service.list_exports(rapporteur, consultation) == []
