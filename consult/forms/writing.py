"""The form of ISO, IEC, CEN and CENELEC (2012-03) as a Word document and as a workbook: headed and worded as theirs, in our languages."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import IO, Any
from xml.sax.saxutils import escape

import docx
import xlsxwriter
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import nsdecls, qn
from docx.oxml.parser import OxmlElement, parse_xml
from docx.shared import Cm, Pt

from consult.core.i18n import N_, day, direction, gettext
from consult.forms.saying import Cells

TITLE = N_("Template for comments and secretariat observations")
HEADINGS = (
    N_("MB/NC1"), N_("Line number (e.g. 17)"), N_("Clause/ Subclause (e.g. 3.1)"), N_("Paragraph/ Figure/ Table/ (e.g. Table 1)"),
    N_("Type of comment2"), N_("Comments"), N_("Proposed change"), N_("Observations of the secretariat"),
)
NOTES = (
    N_("1 MB = Member body / NC = National Committee: here the organisation or the person who comments."),
    N_("2 Type of comment: ge = general, te = technical, ed = editorial."),
)
VERSION = N_("ISO/IEC/CEN/CENELEC electronic balloting commenting template/version 2012-03")
PASSAGES = N_("Passages of this text: copy their key or number into the column “Clause/ Subclause”.")
WIDTHS = (1.9, 1.6, 3.0, 2.6, 1.9, 7.0, 6.2, 3.5)  # centimetres
EMPTY_ROWS = 12
LINE_HEIGHT, LETTERS = 15, 4.5  # points; letters in a centimetre of a workbook
DATE, DOCUMENT, PROJECT = N_("Date:"), N_("Document:"), N_("Project:")
KEY, WORDS = N_("Key"), N_("Passage, as it begins")


@dataclass(frozen=True)
class Form:
    """What is to be written: ``document`` says which chapter, ``project`` which consultation; ``passages`` are (key, beginning)."""

    language: str
    document: str
    project: str
    today: date
    rows: Sequence[Cells] = ()
    passages: Sequence[tuple[str, str]] = field(default_factory=tuple)

    @property
    def lines(self) -> list[tuple[str, ...]]:
        filled = [(row.commenter, "", row.clause, row.element, row.type, row.comment, row.change, "") for row in self.rows]
        return filled + [("",) * len(HEADINGS)] * EMPTY_ROWS

    @property
    def is_rtl(self) -> bool:
        return direction(self.language) == "rtl"


def headings() -> list[str]:
    return [gettext(heading) for heading in HEADINGS]


# Word


def write_docx(form: Form, out: IO[bytes]) -> None:
    document = docx.Document()
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(1)
    section.top_margin, section.bottom_margin = Cm(1.6), Cm(1.4)
    document.styles["Normal"].font.size = Pt(9)
    document.core_properties.title = gettext(TITLE)
    document.core_properties.author = ""
    head(form, section.header)
    foot(form, section.footer)
    table(form, document.add_table(0, len(HEADINGS)), [headings(), *form.lines], WIDTHS)
    if form.passages:
        said = document.add_paragraph(gettext(PASSAGES))
        said.paragraph_format.space_before = Pt(14)
        said.paragraph_format.keep_with_next = True
        turn(form, said)
        table(form, document.add_table(0, 2), [[gettext(KEY), gettext(WORDS)], *form.passages], (5.0, 22.7))
    buffer = io.BytesIO()
    document.save(buffer)
    out.write(buffer.getvalue())


def head(form: Form, header: Any) -> None:
    title = header.paragraphs[0]
    title.add_run(gettext(TITLE)).bold = True
    turn(form, title)
    for label, words in ((DATE, day(form.today)), (DOCUMENT, form.document), (PROJECT, form.project)):
        turn(form, header.add_paragraph(f"{gettext(label)} {words}"))


def foot(form: Form, footer: Any) -> None:
    turn(form, footer.paragraphs[0])
    footer.paragraphs[0].add_run("   ".join(gettext(note) for note in NOTES)).font.size = Pt(7)
    last = footer.add_paragraph()
    before, between = gettext("page X of Y").split("X")[0], gettext("page X of Y").split("X")[1].split("Y")[0]
    for words, code in ((before, "PAGE"), (between, "NUMPAGES"), (f"      {gettext(VERSION)}", "")):
        run = last.add_run(words)
        run.font.size = Pt(7)
        if code:
            for kind, text in (("begin", ""), ("", code), ("end", "")):
                put_field(last.add_run(), kind, text)
    turn(form, last)


def put_field(run: Any, kind: str, code: str) -> None:
    run.font.size = Pt(7)
    element = OxmlElement("w:fldChar" if kind else "w:instrText")
    if kind:
        element.set(qn("w:fldCharType"), kind)
    else:
        element.text = code
    run._r.append(element)


def turn(form: Form, paragraph: Any) -> None:
    """From right to left, where the language runs so."""
    if form.is_rtl:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))
        for run in paragraph.runs:
            run._r.get_or_add_rPr().append(OxmlElement("w:rtl"))


def table(form: Form, element: Any, lines: Sequence[Sequence[str]], widths: Sequence[float]) -> None:
    """Rows are written as XML: a thousand of them take python-docx many seconds."""
    element.style, element.autofit = "Table Grid", False
    if form.is_rtl:
        element._tbl.tblPr.append(OxmlElement("w:bidiVisual"))
    for column, width in zip(element.columns, widths, strict=True):
        column.width = Cm(width)
    for number, line in enumerate(lines):
        cells = "".join(cell_xml(form, words, width, is_heading=number == 0) for words, width in zip(line, widths, strict=True))
        repeats = "<w:tblHeader/>" if number == 0 else ""
        element._tbl.append(parse_xml(f'<w:tr {nsdecls("w")}><w:trPr><w:cantSplit/>{repeats}</w:trPr>{cells}</w:tr>'))


def cell_xml(form: Form, words: str, width: float, *, is_heading: bool) -> str:
    turned = ("<w:bidi/>", "<w:rtl/>") if form.is_rtl else ("", "")
    bold = "<w:b/><w:bCs/>" if is_heading else ""
    said = "".join(
        f'<w:p><w:pPr>{turned[0]}<w:spacing w:after="0"/></w:pPr><w:r><w:rPr>{bold}<w:sz w:val="16"/><w:szCs w:val="16"/>{turned[1]}'
        f'</w:rPr>{run_xml(line)}</w:r></w:p>' for line in words.split("\n"))
    return f'<w:tc><w:tcPr><w:tcW w:w="{int(width * 567)}" w:type="dxa"/></w:tcPr>{said}</w:tc>'


def run_xml(line: str) -> str:
    return "<w:tab/>".join(f'<w:t xml:space="preserve">{escape(part)}</w:t>' for part in line.split("\t"))


# Workbooks


def write_xlsx(form: Form, out: IO[bytes]) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
        "strings_to_numbers": False})
    turned = {"reading_order": 2 if form.is_rtl else 1}
    plain = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "num_format": "@", **turned})
    bold = book.add_format({"text_wrap": True, "valign": "top", "border": 1, "bold": True, "bg_color": "#EEEEEE", **turned})
    title = book.add_format({"bold": True, **turned})
    page = book.add_worksheet(gettext("Comments")[:31])
    prepare(form, page)
    for number, words in enumerate((gettext(TITLE), f"{gettext(DATE)} {day(form.today)}", f"{gettext(DOCUMENT)} {form.document}",
                                    f"{gettext(PROJECT)} {form.project}")):
        page.write_string(number, 0, words, title)
    for number, line in enumerate([headings(), *form.lines], 5):
        page.set_row(number, min(409, LINE_HEIGHT * lines_of(line)))
        for place, words in enumerate(line):
            page.write_string(number, place, words[:32_767], bold if number == 5 else plain)
    page.data_validation(6, 4, 5 + len(form.lines), 4, {"validate": "list", "source": ["ge", "te", "ed"], "error_type": "warning"})
    page.freeze_panes(6, 0)
    page.repeat_rows(5)
    for place, width in enumerate(WIDTHS):
        page.set_column(place, place, width * 5)
    for number, note in enumerate((*NOTES, VERSION), 7 + len(form.lines)):
        page.merge_range(number, 0, number, len(HEADINGS) - 1, gettext(note), book.add_format(turned))
    if form.passages:
        list_passages(form, book, plain, bold)
    book.close()
    out.write(buffer.getvalue())


def lines_of(cells: Sequence[str]) -> int:
    """How many lines the highest of these cells takes, about: not every programme finds that out by itself."""
    return max(sum(1 + int(len(line) / (width * LETTERS)) for line in words.split("\n"))
               for words, width in zip(cells, WIDTHS, strict=True))


def prepare(form: Form, page: Any) -> None:
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    if form.is_rtl:
        page.right_to_left()


def list_passages(form: Form, book: Any, plain: Any, bold: Any) -> None:
    page = book.add_worksheet(gettext("Passages")[:31])
    prepare(form, page)
    for number, line in enumerate([(gettext(KEY), gettext(WORDS)), *form.passages]):
        for place, words in enumerate(line):
            page.write_string(number, place, words, plain if number else bold)
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 110)
