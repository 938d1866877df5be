import csv
import io

import pytest
import sqlalchemy as sa

from consult.consultations.models import Role
from consult.core.db import session
from consult.exports import service
from consult.exports.models import Export, ExportFormat, ExportKind
from tests import factories
from tests.counting import queries
from tests.exports import cases


def test_the_page_of_exports_is_for_those_in_charge(client, consultation, chapter, participant, rapporteur, secretary):
    assert client.get("/fr/exports").status_code == 403
    assert client.sign_in(participant).get("/fr/exports").status_code == 403
    page = client.sign_in(rapporteur).get("/fr/exports")
    assert page.status_code == 200
    assert "request/dossier" not in page.text
    assert "request/dossier" in client.sign_in(secretary).get("/ar/exports").text


def ask(client, kind, **values):
    return client.post(f"/fr/exports/request/{kind}", data={f"{kind}-{name}": value for name, value in values.items()})


def test_asking_following_and_downloading(client, consultation, secretary):
    chapter = cases.a_discussed_chapter(consultation)
    client.sign_in(secretary)
    answer = ask(client, "synthesis", chapter=chapter.number, format="pdf", language="ar")
    assert (answer.status_code, answer.location) == (303, "/fr/exports")
    waiting = client.get("/fr/exports").text
    assert waiting.count("data-under-way") == waiting.count("progress.js") == 1
    assert '<a href="/fr/exports">' in waiting.split("data-under-way")[1].split("</p>")[0], "to look again without JavaScript"
    export = session.scalars(sa.select(Export)).one()
    assert client.get(f"/fr/exports/download/{export.id}", buffered=True).status_code == 404
    cases.settled()
    page = client.get("/fr/exports").text
    assert "data-under-way" not in page
    assert "progress.js" not in page
    assert f"/fr/exports/download/{export.id}" in page
    file = client.get(f"/fr/exports/download/{export.id}", buffered=True)
    assert file.data.startswith(b"%PDF")
    assert file.mimetype == "application/pdf"
    assert "attachment" in file.headers["Content-Disposition"]
    assert ".pdf" in file.headers["Content-Disposition"]


def test_a_file_name_in_arabic_follows_rfc_5987(client, consultation, secretary, monkeypatch):
    cases.a_discussed_chapter(consultation)
    service.request(secretary, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    cases.settled()
    monkeypatch.setattr("consult.exports.views.name_of", lambda export: "المساهمات.csv")
    export = session.scalars(sa.select(Export)).one()
    said = client.sign_in(secretary).get(f"/ar/exports/download/{export.id}", buffered=True).headers["Content-Disposition"]
    assert "filename*=UTF-8''%D8%A7" in said


def test_somebody_elses_document_is_not_given(client, consultation, chapter, rapporteur, participant):
    export = service.request(rapporteur, chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.MARKDOWN, language="fr")
    cases.settled()
    assert client.sign_in(participant).get(f"/fr/exports/download/{export.id}", buffered=True).status_code == 403
    assert client.sign_in(rapporteur).get(f"/fr/exports/download/{export.id}", buffered=True).status_code == 200
    assert client.get("/fr/exports/download/999999", buffered=True).status_code == 404


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
    page = client.get("/ar/exports/open-data")
    assert page.status_code == 200
    assert "open-data/contributions" in page.text
    file = client.get("/fr/exports/open-data/contributions", buffered=True)
    assert file.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(file.data.decode("utf-8-sig"), newline="")))
    assert len(rows) == 2
    assert "Secret Anonyme" not in file.text
    again = client.get("/fr/exports/open-data/contributions", headers={"If-None-Match": file.headers["ETag"]}, buffered=True)
    assert again.status_code == 304


def test_the_number_of_queries_of_the_page_of_exports_does_not_grow(client, consultation, chapter, secretary):
    def ask_for(count):
        for _ in range(count):
            factories.saved(Export(consultation=consultation, chapter=chapter, kind=ExportKind.SYNTHESIS, format=ExportFormat.PDF,
                                   language="fr", requested_by_id=secretary.id))

    def asked() -> int:
        with queries() as sent:
            assert client.get("/fr/exports").status_code == 200
        return len(sent)

    client.sign_in(secretary)
    ask_for(3)
    few = asked()
    ask_for(57)
    assert asked() == few <= 12


def test_a_rapporteur_sees_their_own_exports_alone(client, consultation, chapter, rapporteur):
    other = factories.a_user(role=Role.SECRETARIAT)
    service.request(other, consultation, kind=ExportKind.CONTRIBUTIONS, format=ExportFormat.CSV, language="fr")
    assert service.list_exports(rapporteur, consultation).rows == []
