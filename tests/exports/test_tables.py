import csv
import io
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from consult.contributions.models import Contribution, ContributionState, Interest
from consult.core.db import session
from consult.core.i18n import MOROCCO, force_locale, utcnow
from consult.core.permissions import SYSTEM
from consult.exports import matrix, tables
from consult.exports.matrix import Audience
from consult.exports.models import ExportFormat
from consult.exports.writers import CONTRIBUTIONS, OPEN_DATA
from consult.organisations import service as organisations
from tests import factories
from tests.contributions import revising
from tests.contributions.test_service import lodge
from tests.counting import queries
from tests.exports import cases


@pytest.fixture
def discussed(consultation):
    factories.a_published_contribution(block=factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1"))
    return cases.a_discussed_chapter(consultation)


def made(definition, consultation, format=ExportFormat.CSV, language="fr") -> bytes:
    out = io.BytesIO()
    session.commit()
    definition.write(consultation.id, out, format=format, language=language)
    return out.getvalue()


def read(data: bytes) -> list[dict]:
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_holds_every_contribution_of_the_consultation_and_no_other(consultation, discussed):
    rows = read(made(CONTRIBUTIONS, consultation, format=ExportFormat.CSV, language="en"))
    refs = set(session.scalars(sa.select(Contribution.ref).where(Contribution.chapter_id == discussed.id)))
    assert {row["Reference"] for row in rows} == refs
    assert len(rows) == 4


def test_formulas_are_defused_and_words_kept(consultation, discussed):
    data = made(CONTRIBUTIONS, consultation, format=ExportFormat.CSV, language="en")
    row = next(row for row in read(data) if row["Author who agreed to be named"] == "Zineb Nommée")
    assert row["Contribution"] == f"'{cases.HOSTILE}"
    assert row["Proposed change"] == cases.NEW
    assert (row["Disposition"], row["Rationale"], row["Type of comment"]) == ("Accepted", "Utile.", "te")
    assert row["Submitted at (Morocco time)"][-6:] in ("+01:00", "+00:00")


@pytest.mark.parametrize("start", list("=+-@\t\r\n"))
def test_every_start_of_a_formula_is_defused(start):
    assert tables.defused(f"{start}1") == f"'{start}1"
    assert tables.defused("1=") == "1="


def test_no_hidden_text_and_no_hidden_name_leave(consultation, discussed):
    for format_ in (ExportFormat.CSV, ExportFormat.XLSX):
        data = made(CONTRIBUTIONS, consultation, format=format_, language="fr")
        text = data.decode() if format_ == ExportFormat.CSV else str(list(sheet_of(data).values))
        for secret in ("Secret Anonyme", "Texte injurieux", "retiré caché", "@example.org"):
            assert secret not in text
    rows = read(made(CONTRIBUTIONS, consultation, format=ExportFormat.CSV, language="en"))
    withheld = next(row for row in rows if row["State"] == "Withheld")
    assert withheld["Reason for withholding"] == "Insulting or hateful words"
    assert withheld["Organisation"] == ""


def sheet_of(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data)).active


def test_xlsx_is_a_sheet_to_work_with(consultation, discussed):
    sheet = sheet_of(made(CONTRIBUTIONS, consultation, format=ExportFormat.XLSX, language="ar"))
    assert sheet.sheet_view.rightToLeft
    assert sheet.freeze_panes == "B2"
    assert sheet.auto_filter.ref == f"A1:AP{sheet.max_row}"
    assert sheet.max_row == 5
    assert all(cell.data_type in ("s", "n", "d") for row in sheet.iter_rows() for cell in row)
    assert any(cell.value == cases.HOSTILE for row in sheet.iter_rows() for cell in row)
    assert not sheet_of(made(CONTRIBUTIONS, consultation, format=ExportFormat.XLSX, language="fr")).sheet_view.rightToLeft


def test_a_csv_for_excel_in_french_holds_the_same_between_semicolons(consultation, discussed):
    factories.a_published_contribution(block=factories.block_of(discussed, "C1-A1-P1-a2"), body="un ; deux, trois\n« quatre » \"cinq\"")
    commas, semicolons = (made(CONTRIBUTIONS, consultation, format=format_) for format_ in (ExportFormat.CSV, ExportFormat.EXCEL_CSV))
    assert semicolons.startswith(b"\xef\xbb\xbf")
    rows = [list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator))
            for data, separator in ((commas, ","), (semicolons, ";"))]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 6
    assert semicolons.count(b";") >= len(rows[0]) * (len(tables.COLUMNS) - 1)
    assert ExportFormat.EXCEL_CSV in CONTRIBUTIONS.formats


def column(sheet, name: str) -> int:
    return next(number for number, column in enumerate(tables.COLUMNS, 1) if column.name == name)


def test_dates_of_a_sheet_are_dates_on_the_clocks_of_morocco(consultation, discussed):
    said = session.scalars(sa.select(Contribution).where(Contribution.chapter_id == discussed.id).order_by(Contribution.id)).first()
    sheet = sheet_of(made(CONTRIBUTIONS, consultation, format=ExportFormat.XLSX))
    (row,) = (row for row in sheet.iter_rows(min_row=2) if row[0].value == said.ref)
    cell = row[column(sheet, "submitted") - 1]
    assert cell.is_date
    assert cell.value == said.submitted_at.astimezone(MOROCCO).replace(tzinfo=None, microsecond=0)


@pytest.mark.parametrize(("body", "lines"), [
    ("court", 1), ("un\ndeux\ntrois\n" * 4, 13), ("mot " * 200, 8), ("中" * 196, 4), ("x" * 9_000, 99),
])
def test_rows_are_as_high_as_what_is_in_them(body, lines):
    cells = [body if column.name == "body" else "" for column in tables.COLUMNS]
    assert tables.lines_of(body, 100) >= min(lines, 91)
    assert tables.height_of(cells) == min(tables.MAX_HEIGHT, tables.LINE_HEIGHT * tables.lines_of(body, 100) + 3)


def test_no_row_of_a_sheet_clips_what_is_in_it(consultation, discussed):
    factories.a_published_contribution(block=factories.block_of(discussed, "C1-A1-P1-a2"), body="ligne\n" * 20)
    sheet = sheet_of(made(CONTRIBUTIONS, consultation, format=ExportFormat.XLSX))
    for number, row in enumerate(sheet.iter_rows(), 1):
        widths = [column.width for column in tables.COLUMNS]
        lines = max(tables.lines_of(cell.value, width) for cell, width in zip(row, widths, strict=True))
        assert sheet.row_dimensions[number].height >= 15 * lines
    assert sheet.row_dimensions[sheet.max_row].height >= 300


def test_the_same_data_give_the_same_bytes(consultation, discussed):
    first, second = (made(CONTRIBUTIONS, consultation, format=ExportFormat.XLSX, language="fr") for _ in range(2))
    assert first == second


def test_open_data_hold_published_contributions_alone_and_answers_once_public(consultation, discussed):
    rows = read(made(OPEN_DATA, consultation))
    assert len(rows) == 2
    assert {row["disposition"] for row in rows} == {""}
    assert rows[0]["position"] == "opposed"
    synthesis = cases.synthesis_of(discussed)
    synthesis.validated_at, synthesis.state = utcnow(), type(synthesis.state).SUBMITTED
    rows = read(made(OPEN_DATA, consultation))
    assert {row["disposition"] for row in rows} == {"accepted", "not_accepted"}


def test_rows_stand_in_the_order_of_the_text(consultation, discussed):
    keys = [row.key for row in matrix.rows(consultation, "fr", chapter=discussed)]
    assert keys == sorted(keys)


@pytest.mark.parametrize("audience", list(Audience))
def test_the_number_of_queries_does_not_grow(consultation, discussed, audience):
    def asked() -> int:
        session.flush()
        with queries() as sent:
            assert list(matrix.rows(consultation, "fr", audience=audience))
        return len(sent)

    consultation.id  # noqa: B018 - loaded before counting
    few = asked()
    for _ in range(60):
        factories.a_published_contribution(block=factories.block_of(discussed, "C1-A1-P1-a1"))
    consultation.id  # noqa: B018
    assert asked() == few <= 6


SIGNED = ["organisation_now", "signature", "mandate", "mandate_begins", "mandate_ends", "interest", "interests"]


def test_the_last_columns_say_with_what_mandate_it_was_signed(consultation, participant):
    block = factories.block_of(factories.a_chapter(consultation, number=1), revising.A1)
    body = participant.organisation
    organisations.accept(SYSTEM, organisations.join(signer := factories.a_user(), signer, organisation=body))
    ends_at = utcnow() + timedelta(days=9)
    given = organisations.mandate(SYSTEM, signer.membership, ends_at=ends_at)
    said = lodge(signer, block, as_organisation=body, interest=Interest.SOME, interests="=Un marché en cours")
    own = lodge(signer, block, "k2", body="En mon nom.")
    before = factories.a_published_contribution(block=block, author=participant, organisation=body)
    for one in (said, own):
        factories.change(one, state=ContributionState.PUBLISHED)
    rows = {row["ref"]: [row[name] for name in SIGNED] for row in read(made(OPEN_DATA, consultation))}
    term = [tables.moment(given.begins_at), tables.moment(ends_at)]
    assert rows == {
        said.ref: ["", "mandate", str(given.id), *term, "some", "'=Un marché en cours"],
        own.ref: ["", "own_name", "", "", "", "", ""], before.ref: ["", "before_mandates", "", "", "", "", ""]}
    factories.change(said, state=ContributionState.WITHHELD)
    (withheld,) = [row for row in matrix.rows(consultation, "fr") if row.ref == said.ref]
    assert (withheld.signature, withheld.mandate, withheld.interest, withheld.interests) == (None, None, None, "")


def test_the_last_columns_say_on_which_version_and_where_now(consultation):
    chapter = factories.a_chapter(consultation, number=1)
    block = factories.block_of(chapter, revising.A1)
    changed = revising.quoting(block, "chaque année")
    gone = factories.a_published_contribution(block=factories.block_of(chapter, revising.A2))

    def told(audience):
        return {row.ref: (row.version.value, row.quoted, row.present_key, row.anchor_class and row.anchor_class.value)
                for row in matrix.rows(consultation, "fr", audience=audience)}
    assert told(Audience.PUBLIC)[changed.ref] == ("fr-1", "chaque année", revising.A1, None)
    revision = revising.revise(chapter, revising.REWORDED, (revising.TRAIN, ""))
    late = factories.a_published_contribution(block=revision.blocks[-2])
    for audience in Audience:
        assert told(audience) == {
            changed.ref: ("fr-1", "chaque année", revising.A1, "changed"), gone.ref: ("fr-1", "", "", "deleted"),
            late.ref: ("fr-2", "", late.block_key, None)}
    rows = read(made(OPEN_DATA, consultation))
    assert list(rows[0])[-18:] == [
        "version", "quoted", "present_key", "passage_change", "supports_persons", "supports_organisations",
        "files", "annexes", *SIGNED, "origin", "received", "point"]


@pytest.mark.parametrize(("language", "names"), [
    ("fr", ("français", "arabe")), ("ar", ("الفرنسية", "العربية")), ("en", ("french", "arabic")),
])
def test_people_read_the_names_of_languages_and_machines_their_codes(consultation, language, names):
    chapter = factories.a_chapter(consultation, number=1)
    factories.a_published_contribution(block=factories.block_of(chapter, revising.A1), language="fr")
    factories.a_published_contribution(block=factories.block_of(chapter, revising.A1, "ar"), language="ar")
    with force_locale(language):
        heading, *rows = tables.worded(matrix.rows(consultation, language))
    at = [column.name for column in tables.COLUMNS]
    assert {row[at.index("language")].lower() for row in rows} == set(names)
    assert {row[at.index("version")].lower() for row in rows} == {f"{name} 1" for name in names}
    heading, *rows = tables.coded(matrix.rows(consultation, language))
    assert {row[heading.index("language")] for row in rows} == {"fr", "ar"}
    assert {row[heading.index("version")] for row in rows} == {"fr-1", "ar-1"}
