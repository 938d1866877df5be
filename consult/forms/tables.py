"""What every reader of a filled form makes of it: its tables, line by line, and what is said around them."""

from dataclasses import dataclass, field

MAX_LINES = 10_000  # of all tables together
MAX_COLUMNS = 60
MAX_CELL = 20_000  # characters; the longest that a contribution may have is shorter
LONGEST_PLACE = 2_000  # characters of a cell that says where a row belongs; what stands beyond them is not looked at
MAX_PREFACE = 200  # sentences around the tables


@dataclass
class Line:
    """One row of a table. Of joined cells the first alone has the words; those that reach down from above are ``carried``."""

    number: int
    cells: list[str]
    carried: set[int] = field(default_factory=set)
    is_across: bool = False  # one cell over (nearly) all columns: a heading between the rows

    def cell(self, place: int) -> str:
        return self.cells[place] if 0 <= place < len(self.cells) else ""

    @property
    def filled(self) -> list[int]:
        """The places of what was written in this very row."""
        return [place for place, text in enumerate(self.cells) if text.strip() and place not in self.carried]


@dataclass
class Table:
    """``heading`` are rows that are printed above it on every page (Word keeps them in the header)."""

    name: str = ""
    lines: list[Line] = field(default_factory=list)
    headings: list[Line] = field(default_factory=list)

    @property
    def width(self) -> int:
        return max((len(line.cells) for line in self.lines), default=0)


@dataclass
class Document:
    kind: str
    tables: list[Table] = field(default_factory=list)
    preface: list[str] = field(default_factory=list)
    key_names: list[str] = field(default_factory=list)  # of chapters that the form says that it is about, where it is one of ours


def carry_down(lines: list[Line], top: int, bottom: int, place: int) -> None:
    """What stands in the first of cells that are joined downwards stands in all of them; lines by their place in the list."""
    words = lines[top].cell(place)
    for at in range(top + 1, bottom + 1):
        carry(words, lines[at], place)


def carry(words: str, line: Line, place: int) -> None:
    line.cells += [""] * (place + 1 - len(line.cells))
    if not line.cells[place].strip():
        line.cells[place] = words
        line.carried.add(place)
