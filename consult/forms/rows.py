"""From the tables of a form to its lines: headings found and found again on each page, rows that were torn apart put together again,
and what stands once for many rows (an organisation, a chapter) given to each of them.
"""

import re
from dataclasses import dataclass, field

from consult.forms import columns
from consult.forms.columns import Mapping, folded
from consult.forms.tables import Document, Line, Table
from consult.text.quotes import fold

ENDED = re.compile(r"[.!?؟…:;؛»”\")\]]\s*$")
UNENDED = re.compile(r"(?:[,،(-]|\b(?:de|du|des|la|le|les|et|ou|à|au|aux|en|par|pour|que|qui|the|of|and|or|to|in|for|by|a|un|une))\s*$")
CONTINUED = re.compile(r"^\s*[\[(]?(suite|cont(inued|'?d)?|تابع|\.\.\.|…)\b", re.IGNORECASE)
SAME = frozenset(("idem", "id", "id.", "ibid", "ibid.", "same", "same as above", "as above", "dito", "ditto", "\"", "''", "\" \"", "-\"-",
                  "meme", "meme chose", "le meme", "voir ci-dessus", "cf. ci-dessus", "نفسه", "نفس المرجع", "المرجع نفسه", "كذلك", "//",
                  "↑"))
OF_SOMEBODY = re.compile(r"^(?:organisme|organisation|organization|membre|member body|mb/nc|mb|entite|comite membre|commenter|auteur|from|"
                         r"(?:commentaires?|observations?|remarques?|comments?) (?:de la |de l'|du |des |de |from (?:the )?|of (?:the"
                         r" )?|by (?:the )?)|"
                         r"(?:ال)?هييه|(?:ال)?جهه|(?:ال)?موسسه|ملاحظات|تعليقات|تعاليق)\s*:?\s*(?=\S)")
MAX_NAME = 200
AT_LEAST = 2  # letters of a row that says anything
PLACED = ("chapter", "clause", "element", "line", "page")


@dataclass
class FormRow:
    """One line of a form, as it was filled; ``number`` is its row in ``table``, ``section`` the heading between the rows above it."""

    table: int
    number: int
    commenter: str = ""
    id: str = ""
    line: str = ""
    chapter: str = ""
    clause: str = ""
    element: str = ""
    page: str = ""
    type: str = ""
    comment: str = ""
    change: str = ""
    observations: str = ""
    section: str = ""
    sheet: str = ""
    joined: list[int] = field(default_factory=list)  # the rows that were put to it
    is_inherited: bool = False  # its clause is the one above, as it says

    @property
    def comment_type(self) -> str:
        return columns.type_in(self.type)


@dataclass
class ReadForm:
    kind: str
    rows: list[FormRow] = field(default_factory=list)
    preface: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # words between the rows that are no row
    columns: list[tuple[str, str]] = field(default_factory=list)


def rows_of(document: Document) -> ReadForm:
    form = ReadForm(document.kind, preface=list(document.preface))
    last: Mapping = {}
    for number, table in enumerate(document.tables, 1):
        last = Reader(form, number, table, last).read()
    return form


class Reader:
    """Goes through one table; ``mapping`` is what its columns are by the last headings that were seen."""

    def __init__(self, form: ReadForm, number: int, table: Table, last: Mapping) -> None:
        self.form, self.number, self.table = form, number, table
        self.mapping: Mapping = {}
        self.section = self.commenter = self.asides = ""
        self.last: FormRow | None = None
        self.before = last

    def read(self) -> Mapping:
        if not self.prepared():
            self.form.preface += [cell for line in self.table.lines for cell in line.cells if cell.strip()][:100]
            return self.before
        lines, at = self.table.lines, 0
        while at < len(lines):
            mapping, length = columns.heading_at(lines, at)
            if mapping:
                self.take_headings(mapping, lines[at])
                at += length
                continue
            if columns.is_number_row(lines[at]):
                at += 1
                continue
            self.take(lines[at])
            at += 1
        return self.mapping

    def prepared(self) -> bool:
        """Whether this table is (or goes on with) a form: by its headings, by those of the page, by the table before, by its content."""
        lines = self.table.lines
        first = next((at for at in range(min(len(lines), 40)) if columns.heading_at(lines, at)[0]), None)
        if first is not None:
            for line in lines[:first]:
                self.form.preface += [cell for cell in line.cells if cell.strip()]
                self.take_across(" ".join(cell for cell in line.cells if cell.strip()))
            del lines[:first]
            return True
        for at in range(len(self.table.headings)):
            mapping, _length = columns.heading_at(self.table.headings, at)
            if mapping:
                self.take_headings(mapping, self.table.headings[at])
                return True
        if self.before and self.table.width == max(self.before) + 1:
            self.mapping = self.before
            return True
        if self.table.width >= 3 and (mapping := columns.guessed(self.table)):
            self.mapping = mapping
            return True
        return False

    def take_headings(self, mapping: Mapping, line: Line) -> None:
        self.mapping = mapping
        said = [(" ".join(text.split())[:120], mapping.get(place, "")) for place, text in enumerate(line.cells) if text.strip()]
        if said not in (self.form.columns, []):
            self.form.columns = self.form.columns or said

    def take(self, line: Line) -> None:
        filled = line.filled
        if not filled:
            return
        is_alone = len(filled) == 1 and not line.carried
        words = line.cells[filled[0]].strip()
        if line.is_across or (is_alone and self.mapping.get(filled[0]) in ("commenter", "id") and len(words) > 4):
            self.take_across(words)
            return
        row = self.row(line)
        if sum(map(str.isalnum, row.comment + row.change)) < AT_LEAST:
            self.leave(line, row)
            return
        if self.last is not None and self.goes_on(row, line):
            self.last.comment = joined(self.last.comment, row.comment)
            self.last.change = joined(self.last.change, row.change)
            self.last.observations = joined(self.last.observations, row.observations)
            self.last.joined.append(row.number)
            return
        self.inherit(row, line)
        self.last = row
        self.form.rows.append(row)

    def row(self, line: Line) -> FormRow:
        row = FormRow(self.number, line.number, section=self.section, sheet=self.table.name)
        for place, name in self.mapping.items():
            setattr(row, name, line.cell(place).strip())
        return row

    def leave(self, line: Line, row: FormRow) -> None:
        """A row without a comment: an example, a total, or what stands for the rows below it."""
        words = " ".join(line.cells[place].strip() for place in line.filled)
        if row.clause and not row.type and len(line.filled) == 1:
            self.take_across(words)
        elif sum(map(str.isalnum, words)) > AT_LEAST:
            self.form.left.append(words[:500])

    def take_across(self, words: str) -> None:
        """A heading between the rows names an organisation, or where the rows under it belong."""
        if found := OF_SOMEBODY.match(fold(words).text):
            self.commenter = words[fold(words).span(0, found.end())[1]:].strip(" :")[:MAX_NAME]
        elif len(words) <= 300:
            self.section = words
        self.form.left.append(words[:500])

    def goes_on(self, row: FormRow, line: Line) -> bool:
        """Whether this is the rest of the row above, torn from it by the end of a page."""
        own = {name for place, name in self.mapping.items() if place in line.filled}
        if self.last is None or own & {"id", "type", "line", "page", "chapter", "clause", "element"}:
            return False
        if "commenter" in own and row.commenter != self.last.commenter:
            return False
        if any(place in line.carried for place, name in self.mapping.items() if name in ("clause", "type", "id")):
            return False  # joined cells beside it: several remarks on one place
        if CONTINUED.match(row.comment) or CONTINUED.match(row.change):
            return True
        said = [(getattr(row, name), getattr(self.last, name)) for name in ("comment", "change") if getattr(row, name)]
        return any(is_torn(before, after) for after, before in said) or (not row.comment and bool(row.change) and not self.last.change)

    def inherit(self, row: FormRow, line: Line) -> None:
        """What is said to be the same as above, and the organisation that stands once."""
        if folded(row.clause) in SAME and self.last is not None:
            row.chapter, row.clause, row.is_inherited = self.last.chapter, self.last.clause, True
            row.element = row.element or self.last.element
        if folded(row.element) in SAME and self.last is not None:
            row.element = self.last.element
        if folded(row.type) in SAME and self.last is not None:
            row.type = self.last.type
        if row.commenter and folded(row.commenter) not in SAME:
            self.commenter = row.commenter
        row.commenter = self.commenter


def is_torn(before: str, after: str) -> bool:
    """Whether a sentence that had not ended goes on: with a small letter, or after a word that ends none; Arabic has no small letters."""
    first = next((character for character in after if character.isalnum()), "")
    if not before or ENDED.search(before):
        return bool(before) and first.islower() and before.rstrip()[-1] not in ".!?؟"
    return first.islower() or not (first.isupper() or first.isdigit()) or bool(UNENDED.search(before))


def joined(first: str, second: str) -> str:
    second = CONTINUED.sub("", second, count=1).lstrip(" )].:") if CONTINUED.match(second) else second
    return f"{first} {second}".strip() if first and second else first or second
