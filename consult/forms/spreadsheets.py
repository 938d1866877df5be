"""The sheets of an .xlsx or .ods workbook, and the lines of a CSV file."""

import csv
import io
import zipfile
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator

from lxml import etree

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.forms.tables import MAX_CELL, MAX_COLUMNS, MAX_LINES, Document, Line, Table, carry_down
from consult.text import workbook
from consult.text.archives import damaged, too_large
from consult.text.decoding import decoded
from consult.text.workbook import LAST_LINE, PLACE, column_of, local, text_of

MAX_SHEETS = 40
MAX_JOINED = 300_000  # cells under the first of joined ones, of a sheet
LAST_COLUMN = 16_384  # of a spreadsheet, as its last line
ONE_MORE = "\x00"  # which no file that is read has
SEPARATORS = (";", ",", "\t", "|")
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def too_many() -> Invalid:
    return Invalid("file", _("The form has more than %(count)s rows.", count=MAX_LINES), _("Split it into several files."))


def counted(said: str | None, otherwise: int, most: int) -> int:
    """A number that the file states; one that no programme writes is refused, for no database holds it."""
    number = int(said) if said else otherwise
    if not 1 <= number <= most:
        raise damaged()
    return number


def finished(document: Document) -> Document:
    if sum(len(table.lines) for table in document.tables) > MAX_LINES:
        raise too_many()
    document.tables = [table for table in document.tables if table.lines]
    return document


def mark_across(line: Line, spans: dict[int, int]) -> None:
    """A cell over three columns or more, alone in its row."""
    filled = line.filled
    line.is_across = len(filled) == 1 and spans.get(filled[0], 1) >= 3


# .xlsx


def read_xlsx(data: bytes) -> Document:
    document = Document("xlsx")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        shared = workbook.shared_words(archive)
        for name, path in sheets_of(archive):
            document.tables.append(xlsx_sheet(archive, name, path, shared))
    return finished(document)


def sheets_of(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(name, part) of each sheet that is shown, in order."""
    names = set(archive.namelist())
    if workbook.BOOK not in names or workbook.LINKS not in names:
        yield "", workbook.SHEET
        return
    targets = {link.get("Id"): link.get("Target") or "" for link in workbook.elements(archive, workbook.LINKS, "Relationship")}
    shown = [(one.get("name") or "", one.get(workbook.RELATION) or one.get(workbook.STRICT))
             for one in workbook.elements(archive, workbook.BOOK, "sheet") if one.get("state") in (None, "visible")]
    for name, key in shown[:MAX_SHEETS]:
        target = targets.get(key, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in names:
            yield name, path


def xlsx_sheet(archive: zipfile.ZipFile, name: str, path: str, shared: list[str]) -> Table:
    table, merged, last = Table(name), [], 0
    for element in workbook.elements(archive, path, "row", "mergeCell"):
        if local(element) == "mergeCell":
            merged.append(element.get("ref") or "")
            continue
        last = counted(element.get("r"), last + 1, LAST_LINE)
        cells = xlsx_cells(element, shared)
        if any(cell.strip() for cell in cells):
            table.lines.append(Line(last, cells))
        if len(table.lines) > MAX_LINES:
            raise too_many()
    join(table, merged[:MAX_LINES])
    return table


def xlsx_cells(element: etree._Element, shared: list[str]) -> list[str]:
    """Of a formula the value that was last shown; nothing is calculated."""
    cells: list[str] = []
    for cell in (child for child in element if local(child) == "c"):
        found = PLACE.fullmatch(cell.get("r") or "")
        place = column_of(found[1]) if found else len(cells)
        if place >= MAX_COLUMNS:
            continue
        cells += [""] * (place + 1 - len(cells))
        cells[place] = "" if cell.get("t") == "e" else (text_of(cell, shared) or formula_of(cell))[:MAX_CELL].strip()
    return cells


def formula_of(cell: etree._Element) -> str:
    """As it is written, where no programme has kept a value of it: what somebody typed does not vanish."""
    formula = next((child.text for child in cell if local(child) == "f" and child.text), "")
    return f"={formula}" if formula else ""


def join(table: Table, merged: list[str]) -> None:
    table.lines.sort(key=lambda line: line.number)
    numbers = [line.number for line in table.lines]
    spans: dict[int, dict[int, int]] = {}
    cells = 0
    for ref in merged:
        first, _colon, last = ref.partition(":")
        begin, end = PLACE.fullmatch(first), PLACE.fullmatch(last)
        if begin is None or end is None or (left := column_of(begin[1])) >= MAX_COLUMNS:
            continue
        top, bottom = bisect_left(numbers, int(begin[2])), bisect_right(numbers, int(end[2])) - 1
        if top == len(numbers) or numbers[top] != int(begin[2]):
            continue
        spans.setdefault(top, {})[left] = column_of(end[1]) - left + 1
        cells += max(0, bottom - top)
        if cells > MAX_JOINED:
            raise too_large()
        carry_down(table.lines, top, bottom, left)
    for place, reach in spans.items():
        mark_across(table.lines[place], reach)


# .ods


def read_ods(data: bytes) -> Document:
    document = Document("ods")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheet: Table | None = None
        number, reaching = 0, dict[int, tuple[int, str]]()
        for element in workbook.elements(archive, "content.xml", "table-row", "table"):
            if local(element) == "table":
                sheet = None
                continue
            if sheet is None:
                above = next((one for one in element.iterancestors(TABLE + "table")), None)
                sheet = Table(above.get(TABLE + "name") or "" if above is not None else "")
                document.tables.append(sheet)
                number, reaching = 0, dict[int, tuple[int, str]]()
            number = min(number, LAST_LINE) + 1  # empty rows behind the last are none
            ods_row(element, sheet, number, reaching)
            number += counted(element.get(TABLE + "number-rows-repeated"), 1, LAST_LINE) - 1
            if len(sheet.lines) > MAX_LINES:
                raise too_many()
    return finished(document)


def ods_row(element: etree._Element, sheet: Table, number: int, reaching: dict[int, tuple[int, str]]) -> None:
    """``reaching``: by column the last row to which a joined cell reaches, and its words."""
    line, spans = Line(number, []), {}
    for cell in element:
        if cell.tag not in (TABLE + "table-cell", TABLE + "covered-table-cell"):
            continue
        text = ods_text(cell)[:MAX_CELL].strip() if cell.tag == TABLE + "table-cell" else ""
        times = counted(cell.get(TABLE + "number-columns-repeated"), 1, LAST_COLUMN)
        place = len(line.cells)
        if place >= MAX_COLUMNS:
            break
        line.cells += [text] * min(times, MAX_COLUMNS - place)
        spans[place] = counted(cell.get(TABLE + "number-columns-spanned"), 1, LAST_COLUMN)
        if text and (deep := counted(cell.get(TABLE + "number-rows-spanned"), 1, LAST_LINE)) > 1:
            reaching[place] = (number + deep - 1, text)
    for place, (until, text) in reaching.items():
        if number <= until and not line.cell(place).strip() and any(cell.strip() for cell in line.cells):
            line.cells += [""] * (place + 1 - len(line.cells))
            line.cells[place] = text
            line.carried.add(place)
    if line.filled:
        mark_across(line, spans)
        sheet.lines.append(line)
        counted(None, number, LAST_LINE)


def ods_text(cell: etree._Element) -> str:
    said = ["".join(ods_words(paragraph)) for paragraph in cell if paragraph.tag == TEXT + "p"]
    return "\n".join(said)


def ods_words(element: etree._Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag == TEXT + "s":
            yield " " * min(int(child.get(TEXT + "c") or 1), 50)
        elif child.tag == TEXT + "line-break":
            yield "\n"
        elif child.tag == TEXT + "tab":
            yield "\t"
        elif local(child) not in ("annotation", "note"):
            yield from ods_words(child)
        yield child.tail or ""


# CSV


def read_csv(data: bytes) -> Document:
    text = decoded(data)
    if "\x00" in text:
        raise damaged()
    first, _end, rest = text.partition("\n")
    told = first.strip("\r\ufeff ").removeprefix("sep=") if first.lower().startswith(("sep=", "\ufeffsep=")) else ""
    separators = (told,) if len(told) == 1 else SEPARATORS
    text = rest if told else text
    sheets = {separator: csv_lines(text, separator) for separator in separators}
    separator = max(sheets, key=lambda one: evenness(sheets[one]))
    chosen = sheets[separator]
    if chosen.lines and is_left_open(text, separator):
        raise Invalid("file", _("The row that begins with “%(words)s” opens a quotation mark and never closes it.",
                words=beginning(chosen.lines[-1])), _("Close it, or save the form as .xlsx, and choose it again."))
    return finished(Document("csv", [chosen]))


def is_left_open(text: str, separator: str) -> bool:
    """Whether a quotation mark is never closed: one row more would be no row, but words of the last one."""
    rows = csv.reader(io.StringIO(f"{text}\n{ONE_MORE}", newline=""), delimiter=separator)
    return deque(rows, maxlen=1).pop() != [ONE_MORE]


def beginning(line: Line) -> str:
    """So much of it that whoever typed it finds it again."""
    return " ".join(" ".join(line.cells).split())[:60]


def csv_lines(text: str, separator: str) -> Table:
    table = Table()
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=separator), 1):
            if any(cell.strip() for cell in row):
                table.lines.append(Line(number, [cell[:MAX_CELL].replace("\r\n", "\n").strip() for cell in row[:MAX_COLUMNS]]))
            if len(table.lines) > MAX_LINES:
                raise too_many()
    except csv.Error as error:
        raise Invalid("file", _("This file is no table that can be read."),
            _("Save it as .xlsx, or as CSV in UTF-8, and choose it again.")) from error
    return table


def evenness(table: Table) -> tuple[int, int]:
    """How many rows have the width that most have, where that is more than one column; then the width."""
    widths = [len(line.cells) for line in table.lines]
    common = max(set(widths), key=lambda width: (widths.count(width), width)) if widths else 0
    return (widths.count(common) * min(common, 9) if common > 2 else 0), common
