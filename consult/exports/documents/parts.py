"""The parts of a document, as plain data: every writer walks the same list, and people's words are data in all of them."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Marks of a run: its look, or what it is.
PLAIN, STRONG, QUIET, INSERT, DELETE, CODE = "", "strong", "quiet", "insert", "delete", "code"
# XML 1.0 has no place for these, and no reader misses them.
UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")

Run = tuple[str, str]


def printable(text: Any) -> str:
    """What every format can hold: one sign for the end of a line, and no control that is no text."""
    return UNPRINTABLE.sub("", LINE_END.sub("\n", str(text)))


def way(text: str, otherwise: str = "ltr") -> str:
    """Which way a text runs: its first letter decides, as a browser's ``dir=auto`` does."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "L":
            return "ltr"
        if kind in ("R", "AL"):
            return "rtl"
    return otherwise


def ref(text: str) -> Run:
    """A reference or a key: each writer sees to it that it reads from left to right wherever it stands."""
    return CODE, printable(text)


def runs(*parts: str | Run) -> list[Run]:
    return [(PLAIN, printable(part)) if isinstance(part, str) else (part[0], printable(part[1])) for part in parts if part]


@dataclass(frozen=True)
class Paragraph:
    """``style``: "" | "mark" (set apart) | "quote" | "label" | "answer" (both stay with what follows)."""

    runs: list[Run]
    dir: str
    style: str = ""
    kind: str = "paragraph"


@dataclass(frozen=True)
class Heading:
    level: int
    runs: list[Run]
    dir: str
    kind: str = "heading"


@dataclass(frozen=True)
class Table:
    """``widths`` are shares of the line, ``numbers`` the columns that hold figures; a cell is a list of paragraphs."""

    head: list[str]
    rows: list[list[list[Paragraph]]]
    widths: list[int]
    numbers: list[int] = field(default_factory=list)
    kind: str = "table"


Part = Paragraph | Heading | Table


@dataclass(frozen=True)
class Annex:
    """The landscape pages at the end."""

    title: str
    notes: list[Paragraph]
    table: Table


@dataclass(frozen=True)
class Report:
    """A whole document in one language, ready to be written."""

    title: str
    over: str
    under: str
    language: str
    direction: str
    running: str
    page_words: str
    moment: datetime
    parts: list[Part]
    annex: Annex | None


class Composer:
    """Adds parts in the document's direction; people's words keep their own."""

    def __init__(self, direction: str) -> None:
        self.direction = direction
        self.parts: list[Part] = []

    def heading(self, level: int, text: str) -> None:
        self.parts.append(Heading(level, runs(text), way(text, self.direction)))

    def say(self, *parts: str | Run, style: str = "") -> None:
        """Our own words: they run as the document does."""
        self.parts.append(Paragraph(runs(*parts), self.direction, style))

    def quote(self, text: str, style: str = "") -> None:
        self.parts.extend(self.words(text, style))

    def redline(self, segments: Iterable[tuple[str, str]]) -> None:
        marks = {"equal": PLAIN, "insert": INSERT, "delete": DELETE}
        marked = [(marks[op], words) for op, words in segments]
        self.parts.append(Paragraph(runs(*marked), way("".join(words for _op, words in marked), self.direction), "quote"))

    def words(self, text: str, style: str = "") -> list[Paragraph]:
        """People's words as paragraphs, each in its own direction."""
        pieces = [piece.strip() for piece in re.split(r"\n\s*\n", printable(text)) if piece.strip()]
        return [Paragraph(runs(piece), way(piece, self.direction), style) for piece in pieces]

    def cell(self, *parts: str | Run) -> list[Paragraph]:
        """One paragraph of our own words in a table."""
        return [Paragraph(runs(*parts), self.direction)] if any(parts) else []

    def table(self, head: list[str], rows: list, widths: list[int], numbers: Iterable[int] = ()) -> Table:
        made = Table(head, [[self.cell(c) if isinstance(c, str | tuple) else c for c in row] for row in rows], widths, list(numbers))
        self.parts.append(made)
        return made
