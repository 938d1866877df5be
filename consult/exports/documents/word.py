"""The Word document: prose by pandoc, then the finish that pandoc does not give (faces, right-to-left tables, the landscape annex)."""

import io
import tempfile
import zipfile
from pathlib import Path

import docx
import pypandoc
from docx.enum.section import WD_ORIENT, WD_SECTION
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor

from consult.core.markup import excerpt
from consult.exports.documents.pandoc import LIMITS, block, tree
from consult.exports.documents.parts import CODE, QUIET, STRONG, Annex, Paragraph, Report, Table, runs

# Faces that office suites have or replace well; Arabic needs a larger size beside Latin.
LATIN, ARABIC = "Cambria", "Noto Naskh Arabic"
OTHERWISE = {LATIN: "Noto Serif", ARABIC: "Sakkal Majalla"}
ARABIC_GROWS = 1.12
GREEN, INK, GREY, OCHRE = "0B5B49", "1E2428", "575C5F", "845600"
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
PAGE, MARGIN, FOOT = (Mm(210), Mm(297)), Mm(22), Mm(10)
TWIPS = 635
MAX_PROPERTY = 250  # characters: the format takes 255
# Style: size, colour, bold, points before and after.
STYLES = {
    "Normal": (10.5, INK, False, 0, 4), "Body Text": (10.5, INK, False, 0, 6), "First Paragraph": (10.5, INK, False, 0, 6),
    "Compact": (9.5, INK, False, 1, 1), "Block Text": (10.5, INK, False, 2, 8), "Over": (10.5, GREY, False, 0, 2),
    "Title": (22, GREEN, True, 0, 2), "Subtitle": (14, INK, False, 0, 12), "Mark": (10, OCHRE, True, 0, 6),
    "Label": (10, INK, False, 8, 2), "Answer": (10.5, INK, False, 0, 4),
    "Heading 1": (15, GREEN, True, 20, 6), "Heading 2": (12, INK, True, 16, 4),
}
CHARACTER_STYLES = {"Quiet": GREY, "Reference": INK}


def word(report: Report) -> bytes:
    """The same report gives the same bytes, whatever the day."""
    titles = [titled(report.over, "Over"), titled(report.title, "Title"), titled(report.under, "Subtitle")]
    blocks = titles + [block(part, styled=True) for part in report.parts]
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        path = Path(folder) / "report.docx"
        pypandoc.convert_text(tree(report, blocks), "docx", format="json", outputfile=str(path), extra_args=LIMITS)
        document = docx.Document(str(path))
    dress(document, report)
    for table, part in zip(document.tables, [part for part in report.parts if isinstance(part, Table)], strict=True):
        finish_table(table._tbl, part, report, line=line_width(document.sections[0]))
    if report.annex is not None:
        add_annex(document, report.annex, report)
    return packed(document)


def titled(text: str, style: str) -> dict:
    para = {"t": "Para", "c": [{"t": "Str", "c": text}]}
    return {"t": "Div", "c": [["", [], [["custom-style", style]]], [para]]}


def dress(document, report: Report) -> None:
    """Page, faces, sizes, foot; pandoc's metadata replaced by ours, which bear no date of making."""
    properties = document.core_properties
    properties.title, properties.author = excerpt(f"{report.title} — {report.under}", MAX_PROPERTY), excerpt(report.over, MAX_PROPERTY)
    properties.language = report.language
    properties.created = properties.modified = report.moment.replace(tzinfo=None)
    section = document.sections[0]
    section.page_width, section.page_height = PAGE
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = MARGIN
    section.footer_distance = FOOT
    for name, (size, colour, bold, before, after) in STYLES.items():
        dress_style(paragraph_style(document, name), size, colour, bold, before, after)
    for name, colour in CHARACTER_STYLES.items():
        style = document.styles[name] if name in document.styles else document.styles.add_style(name, WD_STYLE_TYPE.CHARACTER)
        style.font.color.rgb = RGBColor.from_string(colour)
    add_foot(section, report)
    name_faces(document)


def name_faces(document) -> None:
    """Say which face to take where ours is not installed."""
    for part in document.part.package.iter_parts():
        if part.partname == "/word/fontTable.xml":
            others = "".join(f'<w:font w:name="{face}"><w:altName w:val="{other}"/></w:font>' for face, other in OTHERWISE.items())
            part._blob = part.blob.replace(b"</w:fonts>", others.encode() + b"</w:fonts>")


def paragraph_style(document, name: str):
    return document.styles[name] if name in document.styles else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)


def dress_style(style, size: float, colour: str, bold: bool, before: float, after: float) -> None:
    old = style.element.find(qn("w:rPr"))
    if old is not None:
        style.element.remove(old)
    properties = style.element.get_or_add_rPr()
    put(properties, "w:rFonts", ascii=LATIN, hAnsi=LATIN, eastAsia=LATIN, cs=ARABIC)
    if bold:
        put(properties, "w:b")
        put(properties, "w:bCs")
    put(properties, "w:color", val=colour)
    put(properties, "w:sz", val=str(round(2 * size)))
    put(properties, "w:szCs", val=str(round(2 * size * ARABIC_GROWS)))
    style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
    style.paragraph_format.alignment = None
    if style.name == "Mark":
        put(style.element.get_or_add_pPr(), "w:shd", val="clear", color="auto", fill="F8EDD3")
    style.paragraph_format.keep_with_next = style.name.startswith("Heading") or style.name in ("Label", "Answer")


def put(parent, tag: str, **attributes: str):
    child = OxmlElement(tag)
    for name, value in attributes.items():
        child.set(qn(f"w:{name}"), value)
    parent.append(child)
    return child


def add_foot(section, report: Report) -> None:
    """The running title, then “Page 2 of 9” with Word's own fields."""
    paragraph = section.footer.paragraphs[0]
    if report.direction == "rtl":
        put(paragraph._p.get_or_add_pPr(), "w:bidi")
    foot_run(paragraph._p, report.running + " — ", report)
    before, _page, rest = report.page_words.partition("{page}")
    between, _pages, after = rest.partition("{pages}")
    foot_run(paragraph._p, before, report)
    put(paragraph._p, "w:fldSimple", instr="PAGE").append(foot_text("1", report))
    foot_run(paragraph._p, between, report)
    put(paragraph._p, "w:fldSimple", instr="NUMPAGES").append(foot_text("1", report))
    foot_run(paragraph._p, after, report)


def foot_run(parent, words: str, report: Report) -> None:
    if words:
        parent.append(foot_text(words, report))


def foot_text(words: str, report: Report):
    run = OxmlElement("w:r")
    properties = put(run, "w:rPr")
    put(properties, "w:color", val=GREY)
    put(properties, "w:sz", val="16")
    put(properties, "w:szCs", val="19")
    if report.direction == "rtl":
        put(properties, "w:rtl")
    add_text(run, words)
    return run


def add_text(run, words: str) -> None:
    text = OxmlElement("w:t")
    text.text = words
    text.set(qn("xml:space"), "preserve")
    run.append(text)


def line_width(section) -> int:
    """Twentieths of a point between the margins."""
    return (section.page_width - section.left_margin - section.right_margin) // TWIPS


def finish_table(table, part: Table, report: Report, *, line: int) -> None:
    """Our lines and widths; in Arabic the columns flow from right to left, which pandoc does not write."""
    widths = [line * share // sum(part.widths) for share in part.widths]
    old = table.tblPr
    table.replace(old, table_properties(report, line))
    for column, width in zip(table.tblGrid.iterchildren(), widths, strict=True):
        column.set(qn("w:w"), str(width))
    for number, row in enumerate(table.tr_lst):
        for cell, width in zip(row.tc_lst, widths, strict=True):
            properties = cell.get_or_add_tcPr()
            for child in properties.findall(qn("w:tcW")) + properties.findall(qn("w:tcBorders")):
                properties.remove(child)
            properties.insert(0, cell_width(width))
            if part.head and number == 0:
                shade(properties)
        put(row.get_or_add_trPr(), "w:cantSplit")
        if part.head and number == 0:
            embolden(row)


def table_properties(report: Report, line: int):
    properties = OxmlElement("w:tblPr")
    put(properties, "w:tblStyle", val="Table")
    if report.direction == "rtl":
        put(properties, "w:bidiVisual")
    put(properties, "w:tblW", w=str(line), type="dxa")
    borders = put(properties, "w:tblBorders")
    for side, weight, colour in (("top", "6", "827D72"), ("bottom", "6", "827D72"), ("insideH", "4", "DAD6CC")):
        put(borders, f"w:{side}", val="single", sz=weight, space="0", color=colour)
    put(properties, "w:tblLayout", type="fixed")
    margins = put(properties, "w:tblCellMar")
    for side in ("top", "left", "bottom", "right"):
        put(margins, f"w:{side}", w="60" if side in ("left", "right") else "30", type="dxa")
    return properties


def cell_width(width: int):
    element = OxmlElement("w:tcW")
    element.set(qn("w:w"), str(width))
    element.set(qn("w:type"), "dxa")
    return element


def shade(properties) -> None:
    put(properties, "w:shd", val="clear", color="auto", fill="E2EEE8")
    put(properties, "w:vAlign", val="bottom")


def embolden(row) -> None:
    for run in row.iter(qn("w:r")):
        properties = run.get_or_add_rPr()
        for tag in ("w:b", "w:bCs"):
            if properties.find(qn(tag)) is None:
                properties.insert(0, OxmlElement(tag))


def add_annex(document, annex: Annex, report: Report) -> None:
    """The matrix on landscape pages. Rows are written straight as elements: python-docx's own way takes a second for each hundred."""
    section = document.add_section(WD_SECTION.NEW_PAGE)
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_height, section.page_width = PAGE
    section.left_margin = section.right_margin = Mm(14)
    body = document.element.body
    final = body.find(qn("w:sectPr"))
    heading = document.add_paragraph(style="Heading 1")._p
    fill(heading, Paragraph(runs(annex.title), report.direction), report)
    for note in annex.notes:
        fill(document.add_paragraph(style="Compact")._p, note, report)
    document.add_paragraph(style="Compact")
    line = line_width(section)
    widths = [line * share // sum(annex.table.widths) for share in annex.table.widths]
    table = OxmlElement("w:tbl")
    table.append(table_properties(report, line))
    grid = put(table, "w:tblGrid")
    for width in widths:
        put(grid, "w:gridCol", w=str(width))
    head = [[Paragraph([(STRONG, title)], report.direction)] for title in annex.table.head]
    table.append(row_element(head, widths, report, is_head=True))
    for cells in annex.table.rows:
        table.append(row_element(cells, widths, report, is_head=False))
    final.addprevious(table)


def row_element(cells: list[list[Paragraph]], widths: list[int], report: Report, *, is_head: bool):
    row = OxmlElement("w:tr")
    if is_head:
        put(put(row, "w:trPr"), "w:tblHeader")
    for content, width in zip(cells, widths, strict=True):
        cell = put(row, "w:tc")
        properties = put(cell, "w:tcPr")
        properties.append(cell_width(width))
        if is_head:
            shade(properties)
        for part in content or [Paragraph([], report.direction)]:
            element = put(cell, "w:p")
            put(put(element, "w:pPr"), "w:pStyle", val="Compact")
            fill(element, part, report, size=16)
    return row


def fill(element, part: Paragraph, report: Report, *, size: int | None = None) -> None:
    """Give a paragraph its direction and its runs."""
    if part.dir == "rtl":
        put(element.get_or_add_pPr(), "w:bidi")
    elif report.direction == "rtl":
        put(element.get_or_add_pPr(), "w:bidi", val="0")
    for mark, words in part.runs:
        run = put(element, "w:r")
        properties = put(run, "w:rPr")
        if mark == STRONG:
            put(properties, "w:b")
            put(properties, "w:bCs")
        if mark == QUIET:
            put(properties, "w:color", val=GREY)
        if size:
            put(properties, "w:sz", val=str(size))
            put(properties, "w:szCs", val=str(round(size * ARABIC_GROWS)))
        if part.dir == "rtl" and mark != CODE:
            put(properties, "w:rtl")
        for number, piece in enumerate(words.split("\n")):
            if number:
                put(run, "w:br")
            add_text(run, piece)


def packed(document) -> bytes:
    """Saved with sorted names and one date for every member, so that the same words are the same bytes."""
    first, second = io.BytesIO(), io.BytesIO()
    document.save(first)
    with zipfile.ZipFile(first) as source, zipfile.ZipFile(second, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            info = zipfile.ZipInfo(name, FIRST_DAY)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(name))
    return second.getvalue()
