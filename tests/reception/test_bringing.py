"""Many at once: a table of slips, and what Decidim, CONSUL and regulations.gov export, entered row by row, each once."""

import io
import json

import pytest
import sqlalchemy as sa
import xlsxwriter

from consult.consultations.models import Role
from consult.contributions.models import Contribution, Origin
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import utcnow
from consult.reception import clock, service
from consult.reception.models import BroughtTable, Entry, TableState
from consult.reception.reading import ReadTable, read_table
from tests import factories
from tests.reception.typing import a_batch

CSV = ("Passage;Contribution;Nom;Organisme;Courriel\n"
       "C1-A1-P1-a1;Publier la liste en arabe.;Fatima Paper;;f@example.org\n"
       "C1-A1-P1-a2;Former plus tôt.;Ali Slip;Coopérative Argane;\n"
       "C1-A9;Nulle part.;Zineb Stub;;\n"
       "C1-A1-P1-a1;  ;Sans mots;;\n").encode()
# Proposals of Decidim: open data, semicolons between, one column for each language.
DECIDIM = ("id;author/name;title/fr;body/fr;published_at\n"
           '7;Youssef B.;Former;"<p>Former les techniciens,<br>dans chaque région.</p>";2024-05-02 10:00:00 UTC\n').encode()
# Comments of CONSUL Democracy: CSV with commas.
CONSUL = b"id,commentable_id,body,created_at,public_author_name\n3,9,Publier chaque mois.,2023-01-01,Leila\n"
# Comments of regulations.gov, API v4.
REGULATIONS = json.dumps({"data": [{"id": "EPA-1", "type": "comments", "attributes": {
    "comment": "Publish the list.<br/>Every year.", "firstName": "Ann", "lastName": "Lee", "organization": None, "email": "a@example.org",
    "postedDate": "2020-01-01T00:00:00Z"}}]}).encode()


@pytest.fixture
def clerk(chapter):
    return factories.a_user(role=Role.CLERK)


def bring(clerk, batch, data, name="table.csv") -> BroughtTable:
    return service.bring(clerk, batch, table=read_table(data, name), data=data, file_name=name)


def enter(clerk, brought, passage="", **over) -> BroughtTable:
    mapping = {**read_table_guesses(brought), **over}
    service.enter_table(clerk, brought, mapping=mapping, passage=passage, language="fr")
    return gone_through(brought)


def gone_through(brought) -> BroughtTable:
    """By the worker, which begins once all is written down."""
    session.commit()
    number = brought.id
    clock.enter_rows(number, lambda _percent: None)
    return session.get_one(BroughtTable, number)


def read_table_guesses(brought) -> dict[str, int]:
    return ReadTable(brought.columns, []).guesses()


def test_rows_are_entered_and_those_that_cannot_be_are_told(clerk, chapter):
    batch = a_batch(clerk, chapter.consultation)
    brought = enter(clerk, bring(clerk, batch, CSV))
    assert (brought.state, brought.done, [number for number, _why in brought.refused]) == (TableState.DONE, 4, [3, 4])
    said = session.scalars(sa.select(Contribution).order_by(Contribution.id)).all()
    assert [(one.body, one.author.name, one.block_key) for one in said] == [
        ("Publier la liste en arabe.", "Fatima Paper", "C1-A1-P1-a1"), ("Former plus tôt.", "Ali Slip", "C1-A1-P1-a2")]
    assert said[1].organisation.name_fr == "Coopérative Argane"
    batch = brought.batch
    assert (batch.last_number, len(session.scalars(sa.select(Entry)).all())) == (2, 2)


def test_what_was_begun_goes_on_and_nothing_stands_twice(clerk, chapter):
    batch = a_batch(clerk, chapter.consultation)
    brought = bring(clerk, batch, CSV)
    service.enter_table(clerk, brought, mapping=read_table_guesses(brought), passage="", language="fr")
    brought = gone_through(brought)
    brought.state, brought.done, brought.refused = TableState.ENTERING, 0, []  # as if the worker had died before it was written down
    brought = gone_through(brought)
    assert (brought.state, len(session.scalars(sa.select(Contribution)).all())) == (TableState.DONE, 2)


@pytest.mark.parametrize(("data", "name", "words", "author"), [
    (DECIDIM, "proposals.csv", "Former\n\nFormer les techniciens,\ndans chaque région.", "Youssef B."),
    (CONSUL, "comments.csv", "Publier chaque mois.", "Leila"),
    (REGULATIONS, "comments.json", "Publish the list.\nEvery year.", "Ann Lee"),
])
def test_an_older_consultation_comes_in_as_it_was_exported_elsewhere(clerk, chapter, data, name, words, author):
    consultation = chapter.consultation
    batch = a_batch(clerk, consultation, origin=Origin.IMPORT)
    brought = enter(clerk, bring(clerk, batch, data, name), passage="C1-A1")
    said = session.scalars(sa.select(Contribution)).one()
    assert brought.refused == []
    assert (said.body, said.author.name, said.origin, said.block_key) == (words, author, Origin.IMPORT, "C1-A1")


def test_an_older_decidim_export_in_json_and_a_workbook_are_read_too():
    nested = json.dumps([{"id": 1, "body": {"fr": "Un", "ar": "واحد"}, "author": {"name": "A"}}]).encode()
    table = read_table(nested, "x.json")
    assert (table.columns, table.rows) == (["id", "body/fr", "body/ar", "author/name"], [["1", "Un", "واحد", "A"]])

    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["Passage", "Contribution"])
        sheet.write_row(1, 0, ["C1-A1", "Un avis"])
    assert read_table(out.getvalue(), "x.xlsx").rows == [["C1-A1", "Un avis"]]


@pytest.mark.parametrize(("data", "name"), [
    (b"", "x.csv"), (b"   ", "x.csv"), (b"Passage;Contribution\n", "x.csv"), (b"{not json", "x.json"), (b"[]", "x.json"),
    (b"[" * 100_000, "x.json"), (b"PK\x03\x04rubbish", "x.xlsx"), (b"a\n" + b"b\n" * 5_001, "x.csv"), (b"{" + b'"a":{' * 900, "x.json"),
])
def test_what_is_no_table_is_refused(data, name):
    with pytest.raises(Invalid) as refusal:
        read_table(data, name)
    assert refusal.value.field == "file"


def test_a_table_larger_than_what_is_left_or_brought_twice_is_refused(clerk, chapter):
    small = a_batch(clerk, chapter.consultation, announced=3)
    with pytest.raises(Invalid, match="4 rows"):
        bring(clerk, small, CSV)
    batch = a_batch(clerk, chapter.consultation)
    bring(clerk, batch, CSV)
    with pytest.raises(Invalid, match="already"):
        bring(clerk, batch, CSV)


def test_a_column_that_says_what_people_said_is_needed_and_a_table_is_entered_once(clerk, chapter):
    brought = bring(clerk, a_batch(clerk, chapter.consultation), CSV)
    for mapping, passage, field in (({}, "C1-A1", "body"), ({"body": 99}, "C1-A1", "body"), ({"body": 1}, " ", "passage"),
                                    ({"body": 1}, "C1-A9", "passage")):
        with pytest.raises(Invalid) as refusal:
            service.enter_table(clerk, brought, mapping=mapping, passage=passage, language="fr")
        assert refusal.value.field == field
    brought = enter(clerk, brought)
    with pytest.raises(Conflict, match="already"):
        service.enter_table(clerk, brought, mapping={"body": 1}, passage="C1-A1", language="fr")


def test_it_is_brought_and_matched_on_its_pages(client, clerk, chapter):
    batch = a_batch(clerk, chapter.consultation)
    client.sign_in(clerk)
    answer = client.post(f"/en/reception/{batch.number}/bring", data={"file": (io.BytesIO(CSV), "bulletins.csv")})
    assert answer.status_code == 303
    page = client.get(answer.location).text
    assert '<option selected value="1">Contribution</option>' in page
    values = {"body": "1", "title": "-1", "passage": "0", "replacement": "-1", "justification": "-1", "name": "2", "last_name": "-1",
              "organisation": "3", "contact": "4", "written_in": "fr", "for_all": ""}
    assert client.post(answer.location, data={**values, "passage": "-1"}).status_code == 422
    assert client.post(answer.location, data=values).status_code == 303
    gone_through(session.scalars(sa.select(BroughtTable)).one())
    page = client.get(answer.location).text
    assert "Row 3" in page
    assert "bulletins.csv" in client.get(f"/en/reception/{batch.number}").text


def test_tables_go_in_their_time(clerk, chapter):
    brought = bring(clerk, a_batch(clerk, chapter.consultation), CSV)
    assert service.let_go_of_tables(brought.created_at, 50) == 0

    assert service.let_go_of_tables(utcnow(), 50) == 1


def test_nobody_takes_the_key_of_a_row_beforehand(clerk, chapter, block):
    brought = bring(clerk, a_batch(clerk, chapter.consultation), CSV)
    for number in range(1, 5):
        factories.a_contribution(block=block, form_key=f"table-{brought.id}-{number}")
    assert [number for number, _why in enter(clerk, brought).refused] == [3, 4]
    keys = session.scalars(sa.select(Entry.form_key)).all()
    assert {service.bringing.row_key(brought, number) for number in (1, 2)} == set(keys)


def test_the_same_words_of_different_people_are_different_rows(clerk, chapter):
    data = ("Passage;Contribution;Nom;Organisme\n"
            "C1-A1-P1-a1;Publier la liste.;Fatima Paper;\n"
            "C1-A1-P1-a1;Publier la liste.;Ali Slip;\n"
            "C1-A1-P1-a1;Publier la liste.;Fatima  Paper;\n"
            "C1-A1-P1-a1;Publier la liste.;;Coopérative Argane\n"
            "C1-A1-P1-a1;Publier la liste.;;COOPERATIVE ARGANE\n").encode()
    brought = enter(clerk, bring(clerk, a_batch(clerk, chapter.consultation), data))
    assert [number for number, _why in brought.refused] == [3, 5]
    assert brought.batch.last_number == 3
