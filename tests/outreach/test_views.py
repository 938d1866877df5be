"""Pages of stakeholders for the secretariat, and for nobody else."""

import csv
import io

import openpyxl
import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.core.db import session
from consult.organisations.models import Category, Region, Sector
from consult.outreach import service
from consult.outreach.models import RowState, Stakeholder, StakeholderList, StakeholderRow, StakeholderState
from consult.outreach.service import StakeholderFilter
from tests import factories
from tests.outreach.material import a_letter_to, a_list, a_stakeholder, bring, csv_of, go_through, tick

ROW = ("LPEE", "Laboratoire", "lpee@example.org", "fr", "1", "BTP", "Rabat", "Mme Alaoui")
PAGES = ("", "/import-list", "/by-category", "/radar", "/send", "/lists/{list}", "/lists/{list}/discard", "/rows/{row}",
         "/stakeholders/{person}", "/file/csv", "/file/xlsx")
BUTTONS = ("/lists/{list}/take", "/lists/{list}/leave-out-doubtful", "/rows/{row}/leave-out", "/stakeholders/{person}/returned", "/hold",
           "/send", "/lists/{list}/discard")


@pytest.fixture
def there(consultation, secretary) -> dict[str, int]:
    """Numbers of what the addresses speak of."""
    brought = bring(secretary, consultation, csv_of(ROW, ("Autre", "xyz", "autre@example.org")))
    of_list = StakeholderRow.list_id == brought.id, StakeholderRow.state == RowState.DOUBTFUL
    row = session.scalars(sa.select(StakeholderRow.id).where(*of_list)).one()
    person = a_letter_to(consultation, list=brought).stakeholder
    session.commit()
    return {"list": brought.id, "row": row, "person": person.id}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_secretariat_sees_every_page(client, there, secretary, path, language):
    answer = client.sign_in(secretary).get(f"/{language}/outreach{path.format(**there)}")
    assert answer.status_code == 200


@pytest.mark.parametrize("path", PAGES)
def test_nobody_else_sees_any(client, consultation, there, participant, path):
    address = f"/fr/outreach{path.format(**there)}"
    moderator = factories.a_user(role=Role.MODERATOR, commission=consultation.commissions[0])
    administrator = factories.a_user(role=Role.ADMINISTRATOR)
    for somebody in (None, participant, moderator, administrator):
        browser = client.application.test_client()
        if somebody is not None:
            browser.sign_in(somebody)
        answer = browser.get(address)
        assert answer.status_code in (403, 404)
        assert "example.org" not in answer.text.replace("contact@example.org", "")


@pytest.mark.parametrize("button", BUTTONS)
def test_nobody_else_presses_a_button(client, consultation, there, participant, button):
    before = session.execute(sa.select(Stakeholder.__table__)).all(), session.execute(sa.select(StakeholderRow.__table__)).all()
    for somebody in (participant, factories.a_user(role=Role.CHAIR, commission=consultation.commissions[0])):
        assert client.application.test_client().sign_in(somebody).post(f"/fr/outreach{button.format(**there)}").status_code == 403
    assert (session.execute(sa.select(Stakeholder.__table__)).all(), session.execute(sa.select(StakeholderRow.__table__)).all()) == before


def test_a_list_is_brought_corrected_kept_and_sent(client, consultation, secretary):
    client.sign_in(secretary)
    form = {"file": (io.BytesIO(csv_of(ROW, ("Autre", "xyz", "autre@example.org"))), "liste.csv"), "source": "Annuaire 2026"}
    sent = client.post("/en/outreach/import-list", data=form)
    assert sent.status_code == 303
    brought = session.scalars(sa.select(StakeholderList)).one()
    assert "Being looked at" in client.get(sent.location).text
    go_through(brought)
    page = client.get(sent.location).text
    assert "The category is missing or unknown." in page
    assert "Keep 1 understood row" in page
    row = session.scalars(sa.select(StakeholderRow).where(StakeholderRow.state == RowState.DOUBTFUL)).one()
    assert "The category is missing or unknown." in client.get(f"/en/outreach/rows/{row.id}").text
    wrong = client.post(f"/en/outreach/rows/{row.id}", data={"organisation": "Autre", "category": "", "address": "autre@example.org"})
    assert wrong.status_code == 422
    right = {"organisation": "Autre", "category": "company", "address": "autre@example.org", "language": "ar"}
    assert client.post(f"/en/outreach/rows/{row.id}", data=right).status_code == 303
    assert client.post(f"/en/outreach/lists/{brought.id}/take").status_code == 303
    go_through(brought)
    assert "2 invitations are about to leave" in client.get("/en/outreach/send").text
    assert client.post("/en/outreach/send").status_code == 303
    tick(2)
    page = client.get("/en/outreach").text
    assert "lpee@example.org" in page
    assert session.scalars(sa.select(Stakeholder.state).distinct()).all() == [StakeholderState.SENT]


@pytest.mark.parametrize(("data", "words"), [
    (b"", "The file is empty"), (b"a;b", "No row of headings"), (b"%PDF-1.7", "neither a CSV file")])
def test_what_is_no_list_is_said_at_its_field_and_the_source_stays(client, consultation, secretary, data, words):
    form = {"file": (io.BytesIO(data), "liste.csv"), "source": "Annuaire 2026"}
    answer = client.sign_in(secretary).post("/en/outreach/import-list", data=form)
    assert answer.status_code == 422
    assert words in answer.text
    assert "Annuaire 2026" in answer.text


def test_a_page_asks_little_however_many_there_are(client, consultation, secretary, count_queries):
    client.sign_in(secretary)
    brought = a_list(consultation)
    asked = {}
    for _round in range(2):
        for n in range(45):
            kinds = {"sector": list(Sector)[n % 16], "region": list(Region)[n % 13], "category": list(Category)[n % 11]}
            a_stakeholder(consultation, list=brought, **kinds)
        for page in ("", "/radar", "/by-category", f"/lists/{brought.id}"):
            now = count_queries(lambda page=page: client.get(f"/en/outreach{page}"))
            assert asked.setdefault(page, now) == now
            assert now <= 14, page  # with those of signing in


def test_the_list_is_filtered_and_paged(client, consultation, secretary):
    client.sign_in(secretary)
    brought = a_list(consultation)
    for n in range(50):
        a_stakeholder(consultation, list=brought, category="laboratory" if n % 2 else "company", address=f"n{n}@example.org")
    page = client.get("/en/outreach?category=laboratory&state=listed").text
    assert page.count("@example.org</bdi>") == 25
    first = client.get("/en/outreach").text
    assert first.count("@example.org</bdi>") == 40
    assert "after=" in first
    assert client.get("/en/outreach?category=nothing&chapter=x&after=zz").status_code == 200


def test_who_is_concerned_by_a_chapter_is_found(client, consultation, secretary):
    rows = ROW, ("B", "Entreprise", "b@example.org", "", "2"), ("C", "Entreprise", "c@example.org")
    brought = bring(secretary, consultation, csv_of(*rows))
    service.take(secretary, brought)
    go_through(brought)
    found = service.list_stakeholders(secretary, consultation, StakeholderFilter(chapter=2)).rows
    assert [one.address for one in found] == ["b@example.org", "c@example.org"]


def test_files_hold_no_formula(client, consultation, secretary):
    a_stakeholder(consultation, organisation="=HYPERLINK(\"http://x\")", contact="+212 6", address="a@example.org")
    client.sign_in(secretary)
    lines = list(csv.reader(io.StringIO(client.get("/en/outreach/file/csv").get_data().decode("utf-8-sig"))))
    assert lines[0][0] == "Organisation"
    assert (lines[1][0][0], lines[1][6][0], lines[1][2]) == ("'", "'", "a@example.org")
    sheet = openpyxl.load_workbook(io.BytesIO(client.get("/ar/outreach/file/xlsx").get_data())).active
    assert sheet.cell(2, 1).data_type == "s"
    assert sheet.cell(2, 1).value.startswith("=HYPERLINK")
    assert client.get("/en/outreach/file/docx").status_code == 404


def test_the_radar_tells_from_whom_nothing_came(client, chapter, block, secretary):
    consultation = chapter.consultation
    factories.a_contribution(block=block, author=factories.a_user(organisation=factories.an_organisation(
        category=Category.LABORATORY, sector=Sector.HEALTH, region=Region.FES)))
    a_stakeholder(consultation, category=Category.TRADE_UNION, region=Region.SOUSS)
    a_stakeholder(consultation, category=Category.TRADE_UNION, state=StakeholderState.SENT)
    seen = service.get_radar(secretary, consultation)
    by_name = {scan.name: {line.kind: line for line in scan.lines} for scan in seen.scans}
    assert [by_name["category"][one].lodged for one in (Category.LABORATORY, Category.TRADE_UNION)] == [1, 0]
    assert (by_name["sector"][Sector.HEALTH].is_silent, by_name["sector"][Sector.DIGITAL].is_silent) == (False, True)
    assert by_name["region"][Region.FES].by_chapter == [1]
    union = by_name["category"][Category.TRADE_UNION]
    assert (union.asked.total, union.asked.invited) == (2, 1)
    assert [scan.silent_count for scan in seen.scans] == [len(Category) - 1, len(Sector) - 1, len(Region) - 1]
    page = client.sign_in(secretary).get("/en/outreach/radar").text
    assert "/en/outreach?category=trade_union&amp;state=listed" in page or "state=listed&amp;category=trade_union" in page
    assert "Invite 1" in page


def test_the_radar_of_one_chapter(client, consultation, secretary):
    first, second = factories.a_chapter(consultation, number=1), factories.a_chapter(consultation, number=2)
    factories.a_contribution(block=factories.block_of(first, "C1-A1-P1-a1"))
    silent = {number: service.get_radar(secretary, consultation, number).scans[0].silent_count for number in (1, 2)}
    assert silent == {1: len(Category) - 1, 2: len(Category)}
    assert chapters.get_chapter(consultation, 2) is second
    assert client.sign_in(secretary).get("/fr/outreach/radar?chapter=2").status_code == 200


def test_a_withdrawn_contribution_is_still_counted_as_one_that_came(chapter, block, secretary):
    said = factories.a_contribution(block=block)
    before = service.get_radar(secretary, chapter.consultation).scans[0].silent_count
    contributions.withdraw(said.author, said)
    assert service.get_radar(secretary, chapter.consultation).scans[0].silent_count == before == len(Category) - 1
