"""Lists as spreadsheets write them."""

import io
import zipfile

import pytest
import xlsxwriter

from consult.core.confinement import confined
from consult.core.errors import Invalid
from consult.outreach.reading import read_list
from consult.outreach.service.lists import LIMITS
from consult.text import workbook
from tests.outreach.material import HEADINGS, book_of, csv_of

FRENCH = ("ÉCOLE DES MINES", "Éducation", "ecole@example.org", "fr", "1", "Énergie", "Fès", "Mme Alaoui")
ARABIC = ("المختبر الوطني للمعايرة", "مختبر", "labo@example.org", "العربية", "", "", "الرباط", "")


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_french_in_every_writing(separator, encoding):
    text = csv_of(FRENCH, separator=separator).decode()
    (row,) = read_list(text.encode(encoding), "liste.csv").rows
    assert row.typed == dict(zip(("organisation", "category", "address", "language", "chapters", "sector", "region", "contact"), FRENCH,
                                 strict=True))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1256"])
def test_arabic_in_every_writing(encoding):
    headings = ("الهيئة", "الفئة", "البريد الإلكتروني", "اللغة", "الأبواب", "القطاع", "الجهة", "المسؤول")
    (row,) = read_list(csv_of(ARABIC, headings=headings).decode().encode(encoding), "قائمة.csv").rows
    assert (row.typed["organisation"], row.typed["category"], row.typed["region"]) == (ARABIC[0], ARABIC[1], ARABIC[6])


@pytest.mark.parametrize("headings", [
    ("E-MAIL", "ORGANISME"), ("courriel", "Dénomination"), ("Adresse électronique", "Raison sociale"), ("e‑mail address", "Organization"),
    ("  Email ", "Nom de l’organisme"), ("البريد الالكتروني", "المؤسسة"),
])
def test_headings_are_known_however_they_are_written(headings):
    (row,) = read_list(csv_of(("a@example.org", "LPEE"), headings=headings), "a.csv").rows
    assert row.typed == {"address": "a@example.org", "organisation": "LPEE"}


def test_other_columns_are_told_and_left_out():
    extra = tuple(f"Colonne {n}" for n in range(50))
    read = read_list(csv_of((*FRENCH, *extra), headings=(*HEADINGS, *extra)), "a.csv")
    assert [heading for heading, name in read.columns if not name] == list(extra)
    with pytest.raises(Invalid, match="more than 60 columns"):
        read_list(csv_of((*FRENCH, *extra, *"abc"), headings=(*HEADINGS, *extra, *"abc")), "a.csv")


def test_a_title_above_the_headings_and_what_excel_says_of_separators():
    (row,) = read_list(b"Liste du 3 mars\n\n" + csv_of(FRENCH), "a.csv").rows
    assert row.number == 4
    (row,) = read_list(b"sep=;\r\n" + csv_of(FRENCH), "a.csv").rows
    assert row.typed["organisation"] == FRENCH[0]


def test_merged_cells_numbers_and_formulas_of_a_workbook():
    def fill(sheet):
        sheet.append(["Parties prenantes"])
        sheet.merge_cells("A1:D1")
        sheet.append(["Catégorie", "Organisme", "E-mail", "Contact"])
        sheet.append(["Laboratoire", "LPEE", "a@example.org", 661234567])
        sheet.append([None, "LNM", '=CONCATENATE("b","@example.org")', 6.61e8])
        sheet.merge_cells("A3:A4")
    first, second = read_list(book_of(fill), "a.xlsx").rows
    assert (first.typed["category"], second.typed["category"]) == ("Laboratoire", "Laboratoire")
    assert (first.typed["contact"], second.typed["contact"]) == ("661234567", "661000000")
    assert (first.has_formula, second.has_formula) == (False, True)
    assert second.typed["address"] == ""


def test_a_formula_of_a_csv_file_is_one_too():
    (row,) = read_list(csv_of(("=HYPERLINK(1)", "Laboratoire", "a@example.org")), "a.csv").rows
    assert row.has_formula


def test_the_first_sheet_that_is_shown_is_read():
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        hidden, shown = book.add_worksheet("a"), book.add_worksheet("b")
        shown.activate()
        hidden.hide()
        shown.write_row(0, 0, HEADINGS)
        shown.write_row(1, 0, FRENCH)
    (row,) = read_list(out.getvalue(), "a.xlsx").rows
    assert row.typed["organisation"] == FRENCH[0]


def test_signs_that_cannot_be_kept_are_left_out_and_told():
    (row,) = read_list(csv_of(("LP\x00EE\u202e", "Laboratoire", "\u200ea@example.org\u200f")), "a.csv").rows
    assert (row.typed["organisation"], row.has_signs, row.address) == ("LPEE", True, "a@example.org")


def test_a_cell_that_is_too_long_is_told():
    (row,) = read_list(csv_of(("a" * 5000, "Laboratoire", "a@example.org")), "a.csv").rows
    assert (len(row.typed["organisation"]), row.is_too_long) == (workbook.MAX_CELL, True)


# What is no list


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"<worksheet><sheetData>" + b" " * (workbook.LARGEST_UNPACKED + 1))
    return out.getvalue()


def lying_bomb() -> bytes:
    """It states another size than it has."""
    data = bytearray(bomb())
    size = (workbook.LARGEST_UNPACKED + 1 + 22).to_bytes(4, "little")
    while (place := data.find(size)) >= 0:
        data[place:place + 4] = (1000).to_bytes(4, "little")
    return bytes(data)


def entities() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", '<!DOCTYPE x [<!ENTITY a "aaaa">]>'
                         '<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr">'
                         "<is><t>&a;</t></is></c></row></sheetData></worksheet>")
    return out.getvalue()


def numbered(number: str) -> bytes:
    """A workbook whose second row says that it is another."""
    head, row = ("".join(f'<c t="inlineStr"><is><t>{words}</t></is></c>' for words in cells) for cells in (
        ("Organisation", "E-mail"), ("Coopérative", "a@example.org")))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", f'<worksheet><sheetData><row r="1">{head}</row><row r="{number}">{row}</row>'
                         "</sheetData></worksheet>")
    return out.getvalue()


def test_a_row_keeps_the_number_that_its_sheet_gives():
    (row,) = read_list(numbered("1048576"), "a.xlsx").rows
    assert (row.number, row.address) == (1_048_576, "a@example.org")


@pytest.mark.parametrize(("data", "name", "words"), [
    *((numbered(number), "a.xlsx", "damaged") for number in ("99999999999999999999", "-5", "0", "1048577", "deux")),
    (b"Organisation;E-mail" + b"\n" * 1_100_000 + b"a;a@example.org", "a.csv", r"more than 20.000 rows"),
    (b"", "a.csv", "empty"), (b"  \n", "a.csv", "empty"), (b"PK\x03\x04 nothing", "a.xlsx", "damaged"), (b"", "a.xlsx", "empty"),
    (b"\xd0\xcf\x11\xe0rest", "a.xls", "neither a CSV"), (b"%PDF-1.7", "a.pdf", "neither a CSV"),
    (b"a;b\n1;2\n", "a.csv", "No row of headings"),
    (csv_of(), "a.csv", "no row under"), (b"x" * (8 * 1024 * 1024 + 1), "a.csv", "larger than 8 MB"), (entities(), "a.xlsx", "damaged"),
    (b"Organisation;E-mail\n" + b"a;a@example.org\n" * 20_100, "a.csv", r"more than 20.000 rows"),
])
def test_what_is_no_list_is_refused_with_a_reason(data, name, words):
    with pytest.raises(Invalid, match=words) as refusal:
        read_list(data, name)
    assert refusal.value.field == "file"
    assert str(refusal.value.remedy)


@pytest.mark.parametrize("make", [bomb, lying_bomb])
def test_what_unpacks_without_end_is_refused_in_a_process_of_its_own(app, make):
    with pytest.raises(Invalid) as refusal:
        confined(read_list, make(), "a.xlsx", limits=LIMITS)
    assert refusal.value.field == "file"
