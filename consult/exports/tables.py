"""Contributions as tables: CSV for machines and any spreadsheet, XLSX for people who filter and sort."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import IO, Any

import xlsxwriter

from consult.contributions.statement import FURTHER_TEXTS, AuthorField
from consult.core.i18n import MOROCCO, N_, direction, gettext
from consult.core.markup import excerpt
from consult.exports.documents.parts import printable
from consult.exports.matrix import MatrixRow
from consult.synthesis.service import Rewording

# What a spreadsheet would take for a formula (OWASP, CSV injection), the full-width signs of Excel included.
FORMULA_SIGNS = "=+\\-@＝＋－﹣−＠﹦﹢﹫"  # noqa: RUF001 - the full-width signs are meant
# Where a cell begins: at its start, and behind whatever a spreadsheet may be told to part cells by, whichever separator the file has;
# spaces and quotation marks between are no words. The apostrophes before such a sign are counted, so that one more can be taken back.
# Whatever stands between words is taken once, whether or not such a sign follows: a line end is both, and would be tried again and again.
ENDS = r";,\t|\r\n\v\f\x1c-\x1f\x85\u2028\u2029"
END = re.compile(f"[{ENDS}]")
BETWEEN = rf"{ENDS}\s\"“”«»\u200b-\u200f\ufeff\u2060"
BEGINS = re.compile(rf"(^[{BETWEEN}]*+|[{BETWEEN}]++)('*+)([{FORMULA_SIGNS}]?)")
LEADING = re.compile(r"(?='*[\t\r\n])")  # of Excel too, in front of a formula
CELL_LIMIT = 32_767
NARROW = 13
A3 = 8  # the number of that paper in the file format
LINE_HEIGHT, MAX_HEIGHT = 15, 409  # points; no row of the format is higher
# Signs that take the place of two letters.
WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60\U0001f000-\U0001faff\U00020000-\U0003fffd]")
MAX_PROPERTY = 250  # characters: the format takes 255
MOMENT = "d mmm yyyy hh:mm"  # each office suite writes the month in its own language
STEP = 200
OF_EXCEL_IN_FRENCH = ";"  # where the comma is the sign of decimals, Excel parts columns by semicolons


@dataclass(frozen=True)
class Column:
    """One column: its lasting name, its heading, its width in a sheet, and its value (an enum shows its label, or its code).

    A moment is a text for machines, and a date that can be sorted and counted with in a sheet.
    """

    name: str
    heading: str
    width: int
    value: Callable[[Any], Any]  # of a row, be it of the matrix or of another table
    is_moment: bool = False


def of_point(name: str) -> Callable[[MatrixRow], Any]:
    return lambda row: getattr(row.point.item, name) if row.point else ""


def further_text(text: AuthorField) -> Column:
    return Column(text.column, text.heading, 60, lambda row: row.further_texts[text.name])


def point_title(row: MatrixRow) -> str:
    return f"{row.point.item.number}. {row.point.item.title}" if row.point else ""


def new_wording(row: MatrixRow) -> str:
    """Or why there is none: the point says that none is needed."""
    if row.point is None:
        return ""
    return "\n\n".join(wording_of(change) for change in row.point.changes) or str(row.point.item.note or "")


def wording_of(change: Rewording) -> str:
    version = gettext("on version %(number)s, changed since", number=change.version)
    return f"[{change.label} ({version})] {change.new}" if change.is_outdated else f"[{change.label}] {change.new}"


def moment(value: datetime) -> str:
    """ISO 8601 with Morocco's offset at that date."""
    return value.astimezone(MOROCCO).isoformat(timespec="seconds")


COLUMNS = (
    Column("ref", N_("Reference"), 14, lambda row: row.name),
    Column("chapter", N_("Chapter"), 9, lambda row: row.chapter),
    Column("key", N_("Key of the passage"), 16, lambda row: row.key),
    Column("passage", N_("Passage"), 60, lambda row: row.passage),
    Column("kind", N_("Kind"), 16, lambda row: row.kind),
    Column("type", N_("Type of comment"), 12, lambda row: row.type.iso),
    Column("position", N_("Position"), 16, lambda row: row.position),
    Column("organisation", N_("Organisation"), 28, lambda row: row.organisation),
    Column("author", N_("Author who agreed to be named"), 22, lambda row: row.author),
    Column("category", N_("Category"), 22, lambda row: row.category),
    Column("sector", N_("Sector"), 20, lambda row: row.sector),
    Column("region", N_("Region"), 22, lambda row: row.region),
    Column("language", N_("Language"), 10, lambda row: row.language),
    Column("body", N_("Contribution"), 100, lambda row: row.body),
    *(further_text(text) for text in FURTHER_TEXTS),
    Column("proposed_change", N_("Proposed change"), 60, lambda row: row.proposed),
    Column("submitted", N_("Submitted at (Morocco time)"), 18, lambda row: moment(row.submitted_at), is_moment=True),
    Column("state", N_("State"), 18, lambda row: row.state),
    Column("withheld_reason", N_("Reason for withholding"), 24, lambda row: row.reason),
    Column("item", N_("Point of the synthesis"), 32, point_title),
    Column("disposition", N_("Disposition"), 20, of_point("disposition")),
    Column("ground", N_("Ground of refusal"), 24, of_point("ground")),
    Column("rationale", N_("Rationale"), 70, of_point("rationale")),
    Column("new_wording", N_("New wording"), 70, new_wording),
    Column("version", N_("Version of the text that it was written on (language and number)"), 13, lambda row: row.version),
    Column("quoted", N_("Words of the passage that it quotes"), 32, lambda row: row.quoted),
    Column("present_key", N_("Key of the passage in the present version; empty when it stays on its own"), 16, lambda row: row.present_key),
    Column("passage_change", N_("What the present version did to the passage"), 18, lambda row: row.anchor_class),
    Column("supports_persons", N_("Persons who support it"), 10, lambda row: row.persons),
    Column("supports_organisations", N_("Organisations that support it"), 10, lambda row: row.organisations),
    Column("files", N_("Files that everybody may open, with their digests"), 40, lambda row: row.files),
    Column("annexes", N_("Confidential annexes"), 10, lambda row: row.annexes),
    Column("organisation_now", N_("Organisation for which it counts, where that of the signature was merged into another"), 28,
           lambda row: row.organisation_now),
    Column("signature", N_("How it was signed"), 20, lambda row: row.signature),
    Column("mandate", N_("Number of the mandate"), 10, lambda row: row.mandate.number if row.mandate else ""),
    Column("mandate_begins", N_("Beginning of the mandate (Morocco time)"), 18,
           lambda row: moment(row.mandate.begins_at) if row.mandate else ""),
    Column("mandate_ends", N_("End of the mandate as it was given (Morocco time); empty where it had none"), 18,
           lambda row: moment(row.mandate.ends_at) if row.mandate and row.mandate.ends_at else ""),
    Column("interest", N_("Declaration of interests"), 18, lambda row: row.interest),
    Column("interests", N_("Interest declared"), 40, lambda row: row.interests),
    Column("origin", N_("How it came"), 16, lambda row: row.origin),
    Column("received", N_("Received at, where it was typed for its author (Morocco time)"), 18,
           lambda row: moment(row.received_at) if row.received_at else ""),
    Column("point", N_("Number of the request, where the contribution was split into several"), 10, lambda row: row.number),
)
# What open data leaves out has no meaning there: only published contributions are in it. Machines join rows by the bare reference.
OPEN_COLUMNS = (
    replace(COLUMNS[0], value=lambda row: row.ref), *(column for column in COLUMNS[1:] if column.name not in ("state", "withheld_reason")))


def in_words(value: Any) -> str | int:
    """A cell for people: an enum's label in the language in force."""
    if value is None:
        return ""
    return value.label if hasattr(value, "label") else value


def in_codes(value: Any) -> str | int:
    """A cell for machines: an enum's lasting code, whatever the language."""
    return "" if value is None else getattr(value, "value", value)


def worded(rows: Iterable[MatrixRow]) -> Iterator[list]:
    """Rows as cells for people, the headings first."""
    yield [gettext(column.heading) for column in COLUMNS]
    for row in rows:
        yield [in_words(column.value(row)) for column in COLUMNS]


def coded(rows: Iterable[MatrixRow]) -> Iterator[list]:
    """Rows as cells for machines, the columns' names first."""
    yield [column.name for column in OPEN_COLUMNS]
    for row in rows:
        yield [in_codes(column.value(row)) for column in OPEN_COLUMNS]


class Spool:
    """Cells read in one go from one view of the database, and written afterwards while others work."""

    def __init__(self, lines: Iterable[list]) -> None:
        self.file = tempfile.TemporaryFile("w+", encoding="utf-8", prefix="consult-")  # noqa: SIM115 - closed by the context
        self.count = 0
        for line in lines:
            self.file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self.count += 1

    def __enter__(self) -> "Spool":
        return self

    def __exit__(self, *_failure) -> None:
        self.file.close()

    def lines(self, progress: Callable[[int], None]) -> Iterator[list]:
        """The cells again; ``progress`` hears the share already read, in per cent."""
        self.file.seek(0)
        for number, line in enumerate(self.file, 1):
            yield json.loads(line)
            if number % STEP == 0:
                progress(100 * number // self.count)


@dataclass(frozen=True)
class Table:
    """Cells ready to be written: ``lines(progress)`` yields them, the headings first."""

    lines: Callable[[Callable[[int], None]], Iterator[list]]


@dataclass(frozen=True)
class Sheet(Table):
    """A table for people, with what a sheet says of itself."""

    title: str
    language: str
    created: datetime


def defused(cell: Any) -> Any:
    """A cell of which no spreadsheet takes any part for a formula, wherever it is told that cells end: an apostrophe stands before each
    sign with which one could begin. :func:`as_written` takes them away again.
    """
    if not isinstance(cell, str):
        return cell
    cell = BEGINS.sub(lambda found: f"{found[1]}'{found[2]}{found[3]}" if begins_formula(found) else found[0], cell)
    return f"'{cell}" if LEADING.match(cell) else cell


def as_written(cell: str) -> str:
    """The words of a cell as they were before :func:`defused`, for whoever reads the file by a programme."""
    cell = cell[1:] if cell.startswith("'") and LEADING.match(cell) else cell
    return BEGINS.sub(lambda found: f"{found[1]}{found[2][1:]}{found[3]}" if begins_formula(found) else found[0], cell)


def begins_formula(found: re.Match) -> bool:
    return bool(found[3]) and (found.start() == 0 or END.search(found[1]) is not None)


def write_csv(lines: Iterable[list], out: IO[bytes], *, separator: str = ",") -> None:
    """RFC 4180 in UTF-8, with the mark that makes Excel read it as such."""
    text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="")
    writer = csv.writer(text, delimiter=separator)
    for line in lines:
        writer.writerow([defused(cell) for cell in line])
    text.flush()
    text.detach()


def write_xlsx(
    lines: Iterable[list], out: IO[bytes], *, language: str, title: str, created: datetime, columns: Sequence[Column] = COLUMNS,
    name: str = "",
) -> None:
    """One sheet of this ``name``, its headings frozen and filtered; nothing in it is a formula, a link or a number by accident."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with tempfile.TemporaryDirectory(prefix="consult-") as folder, xlsxwriter.Workbook(out, {**options, "tmpdir": folder}) as book:
        book.set_properties({"title": excerpt(title, MAX_PROPERTY), "created": created.replace(tzinfo=None)})
        sheet = book.add_worksheet((name or gettext("Contributions"))[:31])
        if direction(language) == "rtl":
            sheet.right_to_left()
        for number, column in enumerate(columns):
            sheet.set_column(number, number, column.width)
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(A3)
        sheet.fit_to_pages(3, 0)
        sheet.repeat_rows(0)
        sheet.repeat_columns(0)
        head, looks = looks_of(book, direction(language), columns)
        last = 0
        for last, line in enumerate(lines):
            cells = [printable(value)[:CELL_LIMIT] if isinstance(value, str) else value for value in line]
            sheet.set_row(last, height_of(cells, columns))
            for number, (column, value) in enumerate(zip(columns, cells, strict=True)):
                if last and column.is_moment:
                    sheet.write_datetime(last, number, datetime.fromisoformat(value).replace(tzinfo=None), looks[number])
                else:
                    sheet.write(last, number, value, looks[number] if last else head)
        sheet.autofilter(0, 0, last, len(columns) - 1)


def looks_of(book: Any, way: str, columns: Sequence[Column]) -> tuple[Any, list[Any]]:
    """Of the headings, and of each column's cells."""
    line = {"valign": "top", "border_color": "#DAD6CC", "bottom": 1}
    head = book.add_format({"bold": True, "bg_color": "#E2EEE8", "border_color": "#827D72", "bottom": 1, "text_wrap": True,
                            "valign": "vcenter", "reading_order": 2 if way == "rtl" else 1})
    long, short, dated = (book.add_format({**line, **more}) for more in (
        {"text_wrap": True}, {"align": "center"}, {"num_format": MOMENT, "align": "left"}))
    return head, [dated if column.is_moment else short if column.width < NARROW else long for column in columns]


def height_of(cells: list, columns: Sequence[Column] = COLUMNS) -> int:
    """Of a row, so that what stands in its cells is seen whole, as far as the format lets a row grow."""
    return min(MAX_HEIGHT, LINE_HEIGHT * max(lines_of(value, column.width) for column, value in zip(columns, cells, strict=True)) + 3)


def lines_of(value: Any, width: int) -> int:
    """How many lines a text takes in a cell: words are wrapped whole, so that the last letters of a line stay empty."""
    if not isinstance(value, str):
        return 1
    return sum(max(1, -(-(len(part) + len(WIDE.findall(part))) // (width - 2))) for part in value.split("\n"))
