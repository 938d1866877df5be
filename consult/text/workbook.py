"""The first sheet of an .xlsx workbook, cell by cell, with no library but the reader of XML: merged cells are filled, numbers become text,
formulas are noted and not calculated, and whatever is too large is refused before it is unpacked whole.
"""

import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import IO

from lxml import etree

from consult.core.errors import Invalid
from consult.core.i18n import _

MAX_ROWS, MAX_COLUMNS, MAX_CELL = 20_000, 60, 300
LAST_LINE = 1_048_576  # of a spreadsheet, empty ones counted
LARGEST_UNPACKED = 96 * 1024 * 1024  # of XML; twenty thousand rows take a tenth
MAX_PARTS = 2000
MAX_DIGITS = 40
PLACE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
SHEET, SHARED, BOOK, LINKS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
STRICT = "{http://purl.oclc.org/ooxml/officeDocument/relationships}id"


@dataclass
class Grid:
    """Rows by their number, as a spreadsheet counts; a cell that holds a formula is empty, and noted by row and column."""

    rows: dict[int, list[str]] = field(default_factory=dict)
    formulas: set[tuple[int, int]] = field(default_factory=set)

    def check_line(self, number: int) -> None:
        """That a list has so many lines, be they empty."""
        if number > LAST_LINE:
            raise Invalid("file", _("The list has more than %(count)s rows.", count=MAX_ROWS), _("Split it into several files."))

    def put_row(self, number: int, cells: list[str]) -> None:
        if len(self.rows) >= MAX_ROWS + 20:  # those of the headings
            raise Invalid("file", _("The list has more than %(count)s rows.", count=MAX_ROWS), _("Split it into several files."))
        if len(cells) > MAX_COLUMNS and any(cell.strip() for cell in cells[MAX_COLUMNS:]):
            raise Invalid("file", _("The list has more than %(count)s columns.", count=MAX_COLUMNS),
                          _("Delete those that are not needed, and choose the file again."))
        self.rows[number] = cells[:MAX_COLUMNS]


def read(data: bytes) -> Grid:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check(archive)
            return sheet(archive)
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError, KeyError,
            etree.XMLSyntaxError) as error:
        raise damaged() from error


def damaged() -> Invalid:
    return Invalid("file", _("The workbook is damaged, protected by a password, or no .xlsx file."),
                   _("Open it in Excel or LibreOffice, save it again without a password, and choose it again."))


def too_large() -> Invalid:
    return Invalid("file", _("What the workbook holds is too large."), _("Save the sheet of the list alone, and choose it again."))


def check(archive: zipfile.ZipFile) -> None:
    """What is stated of the sizes is not believed: each part is bounded again where it is read."""
    infos = archive.infolist()
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos if info.filename.endswith(".xml")) > LARGEST_UNPACKED:
        raise too_large()
    if any(info.flag_bits & 1 for info in infos):
        raise damaged()


class Bounded(io.RawIOBase):
    """A part of the archive, of which no more is unpacked than may be."""

    def __init__(self, part: IO[bytes]) -> None:
        self.part, self.left = part, LARGEST_UNPACKED

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self.part.read(65536 if size is None or size < 0 else min(size, 65536))
        self.left -= len(piece)
        if self.left < 0:
            raise too_large()
        return piece


def elements(archive: zipfile.ZipFile, name: str, *tags: str) -> Iterator[etree._Element]:
    """Each whole element of these names, one at a time: none is held once the next is asked for."""
    with archive.open(name) as part:
        for _event, element in etree.iterparse(Bounded(part), events=("end", "pi"), resolve_entities=False, no_network=True, load_dtd=False,
                                               tag=None, huge_tree=False):
            docinfo = element.getroottree().docinfo
            if docinfo.doctype:
                raise damaged()
            if isinstance(element.tag, str) and etree.QName(element).localname in tags:
                yield element
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]


def local(element: etree._Element | None) -> str:
    return etree.QName(element).localname if element is not None and isinstance(element.tag, str) else ""


def words_of(element: etree._Element) -> str:
    """Of a shared or inline string; how its signs are read aloud (in Japanese) is no part of it."""
    parts = [child for child in element.iter() if local(child) == "t" and local(child.getparent()) != "rPh"]
    return "".join(child.text or "" for child in parts)


def sheet(archive: zipfile.ZipFile) -> Grid:
    name, shared = sheet_name(archive), shared_words(archive)
    grid, merged, last = Grid(), [], 0
    for element in elements(archive, name, "row", "mergeCell"):
        if local(element) == "mergeCell":
            merged.append(element.get("ref") or "")
            continue
        number = int(element.get("r") or last + 1)
        if not 1 <= number <= LAST_LINE:  # no database holds what a forged file may say
            raise damaged()
        last = number
        cells = row_cells(element, shared, number, grid)
        if any(cell.strip() for cell in cells) or any((number, place) in grid.formulas for place in range(len(cells))):
            grid.put_row(number, cells)
    for ref in merged[:MAX_ROWS]:
        fill(grid, ref)
    return Grid(dict(sorted(grid.rows.items())), grid.formulas)


def sheet_name(archive: zipfile.ZipFile) -> str:
    """Of the first sheet that is shown."""
    names = set(archive.namelist())
    if BOOK not in names or LINKS not in names:
        return SHEET
    targets = {link.get("Id"): link.get("Target") or "" for link in elements(archive, LINKS, "Relationship")}
    shown = [one.get(RELATION) or one.get(STRICT) for one in elements(archive, BOOK, "sheet") if one.get("state") in (None, "visible")]
    for key in shown:
        target = targets.get(key, "")
        path = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        if path in names:
            return path
    return SHEET


def shared_words(archive: zipfile.ZipFile) -> list[str]:
    if SHARED not in archive.namelist():
        return []
    return [words_of(item) for item in elements(archive, SHARED, "si")]


def row_cells(element: etree._Element, shared: list[str], number: int, grid: Grid) -> list[str]:
    cells: list[str] = []
    for cell in (child for child in element if local(child) == "c"):
        found = PLACE.fullmatch(cell.get("r") or "")
        place = column_of(found[1]) if found else len(cells)
        if place > MAX_COLUMNS * 5:
            continue
        cells += [""] * (place + 1 - len(cells))
        if any(local(child) == "f" for child in cell) or cell.get("t") == "e":
            grid.formulas.add((number, place))
        else:
            cells[place] = text_of(cell, shared)
    return cells


def column_of(letters: str) -> int:
    place = 0
    for letter in letters:
        place = place * 26 + ord(letter) - ord("A") + 1
    return place - 1


def text_of(cell: etree._Element, shared: list[str]) -> str:
    kind = cell.get("t") or "n"
    if kind == "inlineStr":
        return words_of(cell)
    value = next((child.text or "" for child in cell if local(child) == "v"), "")
    if kind == "s":
        place = int(value)
        return shared[place] if 0 <= place < len(shared) else ""
    return number_text(value) if kind == "n" else value


def number_text(value: str) -> str:
    """Without an exponent, nor a point behind which nothing stands: 6.61E8 is a telephone number."""
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return value
    if not number.is_finite() or abs(number.adjusted()) > MAX_DIGITS:
        return value
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def fill(grid: Grid, ref: str) -> None:
    """What stands in the first of merged cells stands in all of them."""
    first, _colon, last = ref.partition(":")
    begin, end = PLACE.fullmatch(first), PLACE.fullmatch(last)
    if begin is None or end is None:
        return
    top, left, bottom, right = int(begin[2]), column_of(begin[1]), int(end[2]), column_of(end[1])
    words = grid.rows[top][left] if top in grid.rows and left < len(grid.rows[top]) else ""
    is_formula = (top, left) in grid.formulas
    if not words and not is_formula:
        return
    within = range(top, bottom + 1)
    for number in [one for one in (within if len(within) < len(grid.rows) else grid.rows) if one in grid.rows and one in within]:
        row = grid.rows[number]
        row += [""] * (min(right, MAX_COLUMNS - 1) + 1 - len(row))
        for place in range(left, min(right, MAX_COLUMNS - 1) + 1):
            row[place] = row[place] or words
            if is_formula:
                grid.formulas.add((number, place))
