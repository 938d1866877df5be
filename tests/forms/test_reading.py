"""Filled forms: what is read of them, and what is refused before it is opened."""

import csv
import io
import zipfile

import pytest
from lxml import etree

from consult.core.errors import Invalid
from consult.forms import columns, word
from consult.forms.packages import kind_of
from consult.forms.reading import read_form
from consult.forms.references import composed_of, is_whole, references
from consult.forms.spreadsheets import join
from consult.forms.tables import Line, Table
from tests.benchmarks.form_files import Sheet, as_csv, as_docx, as_ods, as_xlsx
from tests.growing import grows_as_its_text
from tests.material import material_or_skip

HEADS = ["MB/NC1", "Line number\n(e.g. 17)", "Clause/ Subclause\n(e.g. 3.1)", "Paragraph/ Figure/ Table/ (e.g. Table 1)",
    "Type of comment2",
         "Comments", "Proposed change", "Observations of the secretariat"]
ROW = ["MA", "", "Action 1.2.1", "", "te", "Trop vague.", "Préciser la date.", ""]
WRITERS = {"docx": as_docx, "xlsx": as_xlsx, "ods": as_ods, "csv": as_csv}


def refusal(data: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        read_form(data)
    return str(refused.value.message)


@pytest.mark.parametrize("kind", WRITERS)
def test_each_format_gives_the_same_row(kind):
    row, = read_form(WRITERS[kind]([Sheet([HEADS, ROW], 8)])).rows
    assert (row.commenter, row.clause, row.comment_type, row.comment, row.change) == (
        "MA", "Action 1.2.1", "technical", "Trop vague.", "Préciser la date.")


@pytest.mark.parametrize("kind", ["docx", "xlsx", "ods"])
def test_cells_that_are_joined_downwards_say_the_same_of_each_row(kind):
    rows = read_form(WRITERS[kind]([Sheet([HEADS, ROW, ["MA", "", None, "", "ed", "Une faute.", "", ""], ROW], 8)])).rows
    assert [row.clause for row in rows] == ["Action 1.2.1"] * 3
    assert [row.comment for row in rows] == ["Trop vague.", "Une faute.", "Trop vague."]


def test_a_row_that_was_torn_apart_is_one_and_a_remark_without_a_place_stays_its_own():
    rows = read_form(as_docx([Sheet([HEADS, [*ROW[:5], "Ce délai est trop court pour les", "", ""], ["", "", "", "", "",
        "petites entreprises.", "", ""],
                                     ["", "", "", "", "", "Le chapitre est bon.", "", ""]], 8)])).rows
    assert [(row.comment, row.joined) for row in rows] == [
        ("Ce délai est trop court pour les petites entreprises.", [3]), ("Le chapitre est bon.", [])]


def test_headings_that_word_keeps_in_the_header_of_the_page_are_those_of_the_table():
    moved = [HEADS[place] for place in (5, 6, 2, 0, 4, 1, 3, 7)]
    row, = read_form(as_docx([Sheet([["Trop vague.", "Préciser.", "1.2.1", "MA", "te", "", "", ""]], 8, in_header=moved)])).rows
    assert (row.clause, row.comment, row.change, row.commenter) == ("1.2.1", "Trop vague.", "Préciser.", "MA")


def test_several_organisations_in_one_file_keep_their_rows():
    sheet = Sheet([HEADS, ["Organisme : CGEM"], ["", *ROW[1:]], ["Commentaires de l'ONSSA"], ["", *ROW[1:5], "Autre avis.", "", ""]], 8)
    assert [row.commenter for row in read_form(as_xlsx([sheet])).rows] == ["CGEM", "ONSSA"]


@pytest.mark.parametrize(("separator", "encoding"), [(";", "cp1252"), (",", "utf-8-sig"), ("\t", "utf-16"), ("|", "utf-8")])
def test_a_csv_file_of_any_usual_kind_is_read(separator, encoding):
    row, = read_form(as_csv([Sheet([HEADS, [*ROW[:5], "Délai ; trop court, « à revoir »", "", ""]], 8)], separator=separator,
        encoding=encoding)).rows
    assert row.comment == "Délai ; trop court, « à revoir »"


PLAIN_HEADS = "Organisme;N° ligne;Article;Alinéa;Type;Commentaires;Proposition de modification;Observations du secrétariat"


def test_a_quotation_mark_that_is_never_closed_is_told_with_its_row_and_swallows_none():
    text = f'{PLAIN_HEADS}\nMA;;1.2.1;;te;Trop vague.;;\nMA;;1.2.2;;te;"Délai trop court;;\nMA;;1.2.3;;te;Une faute.;;\n'
    with pytest.raises(Invalid, match="MA 1.2.2 te Délai trop court") as refused:
        read_form(text.encode())
    assert refused.value.field == "file"


def test_one_mark_within_words_is_no_reason_to_refuse():
    text = f'{PLAIN_HEADS}\nMA;;1.2.1;;te;Un tube de 3" est trop court.;;\nMA;;1.2.3;;te;"Une faute\net une autre.";;\n'
    assert [row.comment for row in read_form(text.encode()).rows] == ['Un tube de 3" est trop court.', "Une faute\net une autre."]


def test_a_formula_of_which_no_value_is_kept_is_read_as_it_is_written():
    data = as_xlsx([Sheet([HEADS, [*ROW[:5], "=B2&C2", "", ""], [*ROW[:5], "Une faute.", "", ""]], 8)])
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"<f>B2&amp;C2</f>" in book.read("xl/worksheets/sheet1.xml"), "a formula, and no words"
    assert [row.comment for row in read_form(data).rows] == ["=B2&C2", "Une faute."]


def test_arabic_of_windows_is_read():
    heads = ["الهيئة", "رقم السطر", "البند/المادة", "الفقرة/الشكل/الجدول", "نوع التعليق", "التعليق (التعليل)", "التعديل المقترح",
        "ملاحظات كتابة المجلس"]
    row, = read_form(as_csv([Sheet([heads, ["الفدرالية", "", "الإجراء 1.2.1", "", "عام", "هذا الأجل قصير", "تمديده", ""]], 8)],
        encoding="cp1256")).rows
    assert (row.clause, row.comment_type, row.change) == ("الإجراء 1.2.1", "general", "تمديده")


@pytest.mark.parametrize(("heading", "name"), [
    ("MB/NC1", "commenter"), ("N° ligne", "line"), ("Article/Paragraphe (ex. 3.1)", "clause"), ("Alinéa/Figure/Tableau", "element"),
    ("Clause/Subclause/Annex/Figure/Table (e.g. 3.1, Table 2)", "clause"), ("Paragraph/List item/Note (e.g. Note 2)", "element"),
    ("Type of com-ment2", "type"), ("Comment (justification for change)", "comment"), ("Proposition de modification", "change"),
    ("Secretariat observations on each comment submitted", "observations"), ("Observations du secrétariat", "observations"),
    ("comment_id", "id"), ("الهيئة", "commenter"), ("التعديل المقترح", "change"), ("ملاحظات كتابة المجلس", "observations"), ("Référence",
    "clause"),
])
def test_a_column_is_known_by_its_heading(heading, name):
    assert columns.taken_for(heading) == name


@pytest.mark.parametrize(("text", "kind", "numbers"), [
    ("§ 3.2", "other", (3, 2)), ("Action 1.2.1", "action", (1, 2, 1)), ("projet n° 1.2", "project", (1, 2)), ("action 1-2-1", "action",
    (1, 2, 1)),
    ("المشروع ١.٢", "project", (1, 2)), ("Action 3 du projet 1.2", "action", (1, 2, 3)), ("Axe 1, projet 2", "project", (1, 2)),
    ("troisième axe", "axis", (3,)), ("المحور الثالث", "axis", (3,)), ("Axe III", "axis", (3,)), ("page 4", "page", (4,)), ("p. 4",
    "page", (4,)),
])
def test_a_place_is_read_as_people_write_it(text, kind, numbers):
    found = composed_of(references(columns.folded(text)))
    assert (kind, numbers) in [(one.kind, one.numbers) for one in found]


@pytest.mark.parametrize("text", ["C1-A1-P2-a1", "c1_a1_p2_a1", "C1 A1 P2 a1", "C1–A1–P2–a1"])
def test_a_key_is_read_however_its_parts_are_held_together(text):
    assert [one.key for one in references(columns.folded(text))] == ["c1a1p2a1"]


def test_a_remark_on_the_whole_is_known():
    assert all(is_whole(columns.folded(text)) for text in ("Général", "Whole document", "General", "Tout le document", "عام",
        "_whole document"))


# What is refused


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


WORD = as_docx([Sheet([HEADS, ROW], 8)])
LAUGHS = (b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "lol"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
          b'<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&b;</w:t></w:r></w:p></w:body></w:document>')


@pytest.mark.parametrize(("data", "said"), [
    (b"MZ" + bytes(4000), "programme"), (b"\x7fELF" + bytes(4000), "programme"), (b"%PDF-1.7\n", "PDF"), (b"", "empty"),
    (b"\xd0\xcf\x11\xe0" + bytes(4000), "password"), (b"x" * (10 * 1024 * 1024 + 1), "larger than 10 MB"),
    (zipped(word__document_xml=b"<x/>", word__vbaProject_bin=b"x").replace(b"vbaProject_bin", b"vbaProject.bin"), "macros"),
    (b"%!PS\n" + WORD, "Word document nor a table"), (WORD + b"<script>alert(1)</script>", "two things"),
    (WORD[:4] + b"junk" + WORD[4:], "two things"), (zipped(**{"hello.txt": b"hello"}), "neither a Word document"),
    (zipped(**{"word/document.xml": b" " * (90 * 1024 * 1024)}), "too large"), (zipped(**{"word/document.xml": LAUGHS}), "damaged"),
    (zipped(**{"word/document.xml": b"<w:document"}), "damaged"), (b"<html><body>x</body></html>", "XML"),
])
def test_what_is_no_form_is_refused_with_its_reason(data, said):
    assert said in refusal(data)


def test_what_stands_before_an_archive_is_found():
    with pytest.raises(Invalid) as refused:
        kind_of(b"PK\x03\x04" + b"MZ" * 40 + WORD)
    assert "damaged" in str(refused.value.message) or "two things" in str(refused.value.message)


def test_a_form_without_comments_is_refused():
    assert "No row with a comment" in refusal(as_xlsx([Sheet([HEADS], 8)]))


# Real ones


def test_the_real_template_has_no_row():
    assert "No row with a comment" in refusal(material_or_skip("iso-comments/iso_comment_template_2012-03.docx").read_bytes())


def test_real_comments_are_read_whole():
    path = material_or_skip("iso-comments/iso80000-2_comments.csv")
    rows = read_form(path.read_bytes()).rows
    with path.open(encoding="utf-8-sig") as file:
        real = list(csv.DictReader(file))
    assert [(row.commenter, row.id, row.clause, row.comment.split()) for row in rows] == [
        (one["MB/NC"], one["comment_id"], one["clause"], one["comment"].split()) for one in real]


def changed(data: bytes, part: str, before: bytes, after: bytes) -> bytes:
    """The same package with other words in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            if info.filename == part:
                assert before in content
                content = content.replace(before, after, 1)
            new.writestr(info.filename, content)
    return out.getvalue()


SHEET, CONTENT = "xl/worksheets/sheet1.xml", "content.xml"
FAR = "9" * 30


@pytest.mark.parametrize("number", ["0", "-1", "1048577", FAR])
def test_a_row_number_that_no_workbook_has_is_refused(number):
    book = as_xlsx([Sheet([HEADS, ROW], 8)])
    assert "damaged" in refusal(changed(book, SHEET, b'<row r="2"', f'<row r="{number}"'.encode()))
    assert read_form(changed(book, SHEET, b'<row r="2"', b'<row r="1048576"')).rows[0].number == 1_048_576


@pytest.mark.parametrize("said", [
    f'<table:table-row table:number-rows-repeated="{FAR}">', '<table:table-row table:number-rows-repeated="-4">',
    '<table:table-row table:number-rows-repeated="1048577">', '<table:table-row table:number-rows-repeated="1048576">',
    '<table:table-row table:number-rows-repeated="1000000"/>' * 2 + "<table:table-row>",
    '<table:table-row table:number-rows-repeated="1000000"/>' * 4000 + "<table:table-row>",
    f'<table:table-row><table:table-cell table:number-columns-repeated="{FAR}"/>',
    '<table:table-row><table:table-cell table:number-columns-repeated="-1"/>',
    f'<table:table-row><table:table-cell table:number-columns-spanned="{FAR}"/>',
    f'<table:table-row><table:table-cell table:number-rows-spanned="{FAR}"><text:p>a</text:p></table:table-cell>',
])
def test_a_number_that_no_opendocument_sheet_has_is_refused(said):
    sheet = as_ods([Sheet([HEADS, ROW], 8)])
    assert "damaged" in refusal(changed(sheet, CONTENT, b"<table:table-row>", said.encode()))


def test_empty_rows_behind_the_last_are_none():
    rows = b'<table:table-row table:number-rows-repeated="1048576"/>' * 3 + b"</table:table>"
    assert len(read_form(changed(as_ods([Sheet([HEADS, ROW], 8)]), CONTENT, b"</table:table>", rows)).rows) == 1


def test_joined_cells_take_no_longer_than_there_are_of_them():
    def make(length: int) -> Table:
        return Table(lines=[Line(number, ["x"]) for number in range(1, length + 1)])

    def act(length: int) -> None:
        join(make(length), [f"B{number}:B{number}" for number in range(1, length + 1)])

    assert grows_as_its_text(act, lambda length: length, 2_500)


def test_more_joined_cells_than_a_form_has_are_refused():
    table = Table(lines=[Line(number, ["x"]) for number in range(1, 5_001)])
    join(table, ["A1:A5000"] * 60)
    with pytest.raises(Invalid, match="too large"):
        join(table, ["A1:A5000"] * 61)


def test_a_joined_cell_far_to_the_right_makes_no_line_longer():
    table = Table(lines=[Line(number, ["x"]) for number in range(1, 4)])
    join(table, ["ZZZ1:ZZZ3"])
    assert table.width == 1


def test_joined_cells_reach_over_rows_that_are_empty_or_out_of_order():
    table = Table(lines=[Line(9, ["i", ""]), Line(2, ["b", "du projet"]), Line(5, ["e", ""]), Line(12, ["l", ""])])
    join(table, ["B2:B9", "B3:B12", "B12:B12"])
    assert [(line.number, line.cell(1)) for line in table.lines] == [(2, "du projet"), (5, "du projet"), (9, "du projet"), (12, "")]


def test_cells_joined_downwards_in_word_take_no_longer_than_there_are_of_them():
    def make(length: int) -> etree._Element:
        rows = "<w:tr><w:tc><w:tcPr><w:vMerge/></w:tcPr><w:p/></w:tc></w:tr>" * length
        return etree.fromstring(f'<w:tbl xmlns:w="{word.WORD[1:-1]}">{rows}</w:tbl>')

    assert grows_as_its_text(word.table_of, make, 1_500)
