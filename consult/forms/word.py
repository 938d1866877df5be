"""The tables of a Word document, and the headings that it prints above them on every page."""

import io
import zipfile
from collections.abc import Iterator

from lxml import etree

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.forms.tables import MAX_CELL, MAX_COLUMNS, MAX_LINES, MAX_PREFACE, Document, Line, Table, carry
from consult.text.archives import damaged
from consult.text.workbook import Bounded

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT = "http://purl.oclc.org/ooxml/wordprocessingml/main"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
LEFT = frozenset((WORD + "del", WORD + "moveFrom", FALLBACK, WORD + "instrText"))  # what its author took out, or stands twice


def read(data: bytes) -> Document:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        body = part_of(archive, "word/document.xml")
        headers = [part_of(archive, name) for name in sorted(archive.namelist())
                   if name.startswith("word/header") and name.endswith(".xml")][:20]
    document = Document("docx")
    above = [table for header in headers for table in tables_of(header)]
    document.preface = [said for root in (*headers, body) for said in loose_words(root)][:MAX_PREFACE]
    document.preface += [" ".join(cell for line in table.lines for cell in line.cells if cell) for table in above]
    for element in top_tables(body):
        table = table_of(element)
        table.headings = [line for other in above if abs(other.width - table.width) <= 1 for line in other.lines]
        document.tables.append(table)
    if sum(len(table.lines) for table in document.tables) > MAX_LINES:
        raise Invalid("file", _("The form has more than %(count)s rows.", count=MAX_LINES), _("Split it into several files."))
    return document


def part_of(archive: zipfile.ZipFile, name: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    with archive.open(name) as part:
        content = Bounded(part)
        pieces = []
        while piece := content.read(1 << 16):
            pieces.append(piece)
    source = b"".join(pieces)
    if STRICT.encode() in source[:8192]:
        source = source.replace(STRICT.encode(), WORD.strip("{}").encode())
    root = etree.fromstring(source, parser)
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # of a tree that has a root
        raise damaged()
    return root


def top_tables(root: etree._Element) -> Iterator[etree._Element]:
    for table in root.iter(WORD + "tbl"):
        if not any(above.tag == WORD + "tbl" for above in table.iterancestors()):
            yield table


def tables_of(root: etree._Element) -> list[Table]:
    return [table_of(element) for element in top_tables(root)]


def loose_words(root: etree._Element) -> Iterator[str]:
    """The paragraphs outside of tables."""
    for paragraph in root.iter(WORD + "p"):
        if not any(above.tag in (WORD + "tbl", FALLBACK) for above in paragraph.iterancestors()) and (said := words_of(paragraph).strip()):
            yield said[:MAX_CELL]


def own(element: etree._Element, tag: str, holder: etree._Element) -> Iterator[etree._Element]:
    """The elements of this name whose nearest table (or row) is this one: they may be wrapped in fields and marks."""
    for child in element:
        if child.tag == WORD + tag:
            yield child
        elif child.tag in (WORD + "sdt", WORD + "sdtContent", WORD + "ins", WORD + "customXml", WORD + "smartTag", WORD + "moveTo"):
            yield from own(child, tag, holder)


def table_of(element: etree._Element) -> Table:
    table = Table()
    reaching: dict[int, int] = {}  # column: the line in which the cell that reaches down begins
    for row in own(element, "tr", element):
        if row.find(f"{WORD}trPr/{WORD}del") is not None:
            continue
        line = Line(len(table.lines) + 1, [])
        before = number_of(row.find(f"{WORD}trPr/{WORD}gridBefore"))
        line.cells += [""] * min(before, MAX_COLUMNS)
        widest = filled = 0
        for cell in own(row, "tc", row):
            place, properties = len(line.cells), cell.find(WORD + "tcPr")
            span = max(1, number_of(properties.find(WORD + "gridSpan"))) if properties is not None else 1
            merge = properties.find(WORD + "vMerge") if properties is not None else None
            text = cell_words(cell)
            line.cells += [text, *[""] * (min(span, MAX_COLUMNS) - 1)]
            widest, filled = (span if text else widest), filled + bool(text)
            if merge is not None and merge.get(WORD + "val") != "restart" and place in reaching:
                carry(table.lines[reaching[place]].cell(place), line, place)
            elif merge is not None:
                reaching[place] = len(table.lines)
            else:
                reaching.pop(place, None)
        line.cells = line.cells[:MAX_COLUMNS]
        line.is_across = filled == 1 and (widest >= 3 or (len(line.cells) == 1 and widest == 1))
        table.lines.append(line)
    return table


def number_of(element: etree._Element | None) -> int:
    value = element.get(WORD + "val") if element is not None else None
    return min(int(value), MAX_COLUMNS) if value and value.isdecimal() else 0


def cell_words(cell: etree._Element) -> str:
    """Its paragraphs, each on a line of its own; those of a table within it too."""
    said = (words_of(paragraph) for paragraph in cell.iter(WORD + "p") if not any(above.tag in LEFT for above in paragraph.iterancestors()))
    return "\n".join(said).strip()[:MAX_CELL]


def words_of(element: etree._Element) -> str:
    parts: list[str] = []
    gather(element, parts)
    return "".join(parts)


def gather(element: etree._Element, parts: list[str]) -> None:
    for child in element:
        if child.tag in LEFT or not isinstance(child.tag, str):
            continue
        if child.tag == WORD + "t":
            parts.append(child.text or "")
        elif child.tag in (WORD + "br", WORD + "cr"):
            parts.append("\n")
        elif child.tag == WORD + "tab":
            parts.append("\t")
        elif child.tag == WORD + "noBreakHyphen":
            parts.append("-")
        elif child.tag != WORD + "p":
            gather(child, parts)
