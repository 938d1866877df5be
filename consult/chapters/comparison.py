"""Two revisions of a text laid against each other: what stands in the new one, word by word, and what became of the rest.

Rows follow the new text; what was dropped, moved away or merged leaves a row where it stood. Blocks with the same lasting key are the
same; the others are aligned (:mod:`consult.chapters.aligning`), unless what was decided at publication is known.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from consult.chapters.aligning import Link, align, paired
from consult.chapters.models import Block, BlockFate, BlockKind
from consult.core.markup import Markup, kept, without_addresses
from consult.text.redline import Work, redline

Segments = tuple[tuple[str, str], ...]
GROUPS = (BlockKind.AXIS, BlockKind.PROJECT, BlockKind.ACTION, BlockKind.PARAGRAPH)  # the last stands for all else
TITLES = (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT)


class Shown(Protocol):
    """A block, or a version of it that was read without the rest."""

    @property
    def key(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def kind(self) -> BlockKind: ...

    @property
    def level(self) -> int: ...

    @property
    def text(self) -> str: ...

    @property
    def html(self) -> str: ...


@dataclass(frozen=True)
class Piece:
    """A block as one of the two revisions has it."""

    key: str
    label: str
    kind: BlockKind
    level: int
    text: str
    html: Markup

    @classmethod
    def of(cls, block: Shown) -> "Piece":
        return cls(block.key, block.label or block.key, block.kind, block.level, block.text, kept(block.html))

    @property
    def bare(self) -> Markup:
        """Without what other places link to: where the same passage stands twice on a page."""
        return without_addresses(self.html)


@dataclass(frozen=True)
class ComparisonRow:
    """One block: ``old``, ``new`` or both. ``kin`` are the old blocks that it was made of, or the new ones that it went to.

    ``segments`` are empty where no word differs. A ``trace`` stands where a block was that went elsewhere. ``after`` is the old
    block behind which a moved one stood, None where it came first.
    """

    key: str
    change: BlockFate
    old: Piece | None
    new: Piece | None
    segments: Segments = ()
    has_moved: bool = False
    is_trace: bool = False
    kin: tuple[Piece, ...] = ()
    after: Piece | None = None

    @property
    def piece(self) -> Piece:
        piece = self.new or self.old
        if piece is None:
            raise ValueError("a row of a comparison without either side")
        return piece

    @property
    def is_changed(self) -> bool:
        return bool(self.segments) or self.has_moved or not self.change.is_kept

    @property
    def is_renumbered(self) -> bool:
        """The words are the same, the number that they state is not."""
        return self.change.is_same_text and bool(self.segments) and not self.is_trace

    @property
    def before(self) -> Segments:
        return tuple(segment for segment in self.segments if segment[0] != "insert")

    @property
    def now(self) -> Segments:
        return tuple(segment for segment in self.segments if segment[0] != "delete")


@dataclass(frozen=True)
class Run:
    """Rows of one page: those in between that say nothing new are counted, with the titles under which the next change stands."""

    unchanged: int = 0
    titles: tuple[ComparisonRow, ...] = ()
    rows: tuple[ComparisonRow, ...] = ()


@dataclass
class Comparison:
    rows: list[ComparisonRow]
    counts: dict[BlockKind, Counter] = field(default_factory=dict)
    inserted: int = 0
    deleted: int = 0

    @property
    def is_same(self) -> bool:
        return not any(row.is_changed for row in self.rows)

    @property
    def totals(self) -> Counter:
        return sum(self.counts.values(), Counter())

    def runs(self) -> Iterator[Run]:
        """The changes alone, each below its titles; what stays the same between them is counted."""
        waiting: list[ComparisonRow] = []
        above: dict[int, ComparisonRow] = {}
        shown: set[str] = set()
        for row in self.rows:
            is_title = row.piece.kind in TITLES and not row.is_trace
            if is_title:
                above = {level: title for level, title in above.items() if level < row.piece.level}
            if row.is_changed:
                titles = tuple(title for _level, title in sorted(above.items()) if title.key not in shown)
                yield Run(len(waiting), titles, (row,))
                shown.update(title.key for title in titles)
                waiting = []
            else:
                waiting.append(row)
            if is_title:
                above[row.piece.level] = row
                shown.update({row.key} if row.is_changed else ())
        if waiting:
            yield Run(len(waiting))


def compare(old: Sequence[Block], new: Sequence[Block], links: Iterable[Link] | None = None) -> Comparison:
    """``links`` are what was decided about these very blocks, when it is known."""
    if links is None:
        at = {block.key: place for place, block in enumerate(old)}
        links = align(old, new, given={place: at[block.key] for place, block in enumerate(new) if block.key in at})
    rows = list(Weaver([Piece.of(block) for block in old], [Piece.of(block) for block in new], list(links)).rows())
    found = Comparison(rows)
    for row in rows:
        if not row.is_trace:
            kind = row.piece.kind if row.piece.kind in GROUPS else BlockKind.PARAGRAPH
            found.counts.setdefault(kind, Counter())[row.change] += 1
        for op, words in row.segments:
            found.inserted += len(words.split()) if op == "insert" else 0
            found.deleted += len(words.split()) if op == "delete" else 0
    return found


class Weaver:
    """Lays the rows: those of the new text in order, and between them what stood there in the old one."""

    def __init__(self, old: list[Piece], new: list[Piece], links: list[Link]) -> None:
        self.old, self.new, self.work = old, new, Work()
        # By place: the links that have both sides, with the place on the other one.
        self.to_new: dict[int, list[tuple[Link, int]]] = defaultdict(list)
        self.to_old: dict[int, list[tuple[Link, int]]] = defaultdict(list)
        for link, before, after in paired(links):
            self.to_new[before].append((link, after))
            self.to_old[after].append((link, before))

    def rows(self) -> Iterator[ComparisonRow]:
        left = self.left_behind()
        yield from left.get(-1, ())
        for place in range(len(self.new)):
            yield self.row(place)
            yield from left.get(place, ())

    def left_behind(self) -> dict[int, list[ComparisonRow]]:
        """By the place in the new text behind which they stood: what was dropped, and a trace of what went elsewhere."""
        left: dict[int, list[ComparisonRow]] = defaultdict(list)
        last = -1
        for place, piece in enumerate(self.old):
            heirs = self.to_new[place]
            main, at = next(((link, at) for link, at in heirs if self.main_old(at) == place), (None, last))
            if main is None and heirs:
                into = tuple(self.new[heir] for _link, heir in heirs)
                left[last].append(ComparisonRow(f"{piece.key}~", BlockFate.MERGED, piece, None, is_trace=True, kin=into))
            elif main is None:
                left[last].append(ComparisonRow(self.free_key(piece), BlockFate.DELETED, piece, None, (("delete", piece.text),)))
            elif main.has_moved:
                left[last].append(ComparisonRow(f"{piece.key}~", BlockFate.MOVED, piece, None, has_moved=True, is_trace=True,
                                                kin=(self.new[at],)))
            else:
                last = max(last, at)
        return left

    def free_key(self, piece: Piece) -> str:
        """Two blocks of one key are one, unless a person said otherwise."""
        return f"{piece.key}~" if any(piece.key == other.key for other in self.new) else piece.key

    def main_old(self, new: int) -> int | None:
        """Of the old blocks that a new one was made of, the one that it continues: by its key, else the first."""
        olds = [old for _link, old in self.to_old[new]]
        return min(olds, key=lambda old: (self.old[old].key != self.new[new].key, old), default=None)

    def row(self, place: int) -> ComparisonRow:
        piece, main = self.new[place], self.main_old(place)
        if main is None:
            return ComparisonRow(piece.key, BlockFate.NEW, None, piece, (("insert", piece.text),))
        link = next(link for link, old in self.to_old[place] if old == main)
        olds = sorted({old for _link, old in self.to_old[place]})
        kin = tuple(self.old[old] for old in olds) if len(olds) > 1 or link.change == BlockFate.SPLIT else ()
        after = self.old[main - 1] if link.has_moved and main else None
        return ComparisonRow(piece.key, link.change, self.old[main], piece, self.segments(place, olds), link.has_moved, kin=kin,
                             after=after)

    def segments(self, place: int, olds: list[int]) -> Segments:
        """Word by word; of a block that was split, the part of its words that this one took."""
        news = sorted(new for _link, new in self.to_new[olds[0]])
        before = " ".join(self.old[old].text for old in olds)
        if len(olds) > 1 or len(news) == 1:
            return differing(redline(before, self.new[place].text, self.work)) if before != self.new[place].text else ()
        return cut(redline(before, " ".join(self.new[new].text for new in news), self.work), [len(self.new[new].text) for new in news])[
            news.index(place)]


def differing(segments: Iterable[tuple[str, str]]) -> Segments:
    """Without marks on mere space."""
    return tuple(("equal" if op == "insert" and words.isspace() else op, words) for op, words in segments
                 if op != "delete" or not words.isspace())


def cut(segments: Iterable[tuple[str, str]], lengths: Sequence[int]) -> list[Segments]:
    """The redline of several texts that one space joins, as one for each; what was deleted goes where it stood."""
    ends = [0]
    for length in lengths:
        ends.append(ends[-1] + length + 1)
    parts: list[list[tuple[str, str]]] = [[] for _length in lengths]
    at = 0
    for op, words in segments:
        if op == "delete":
            parts[min(sum(end <= at for end in ends[1:]), len(parts) - 1)].append((op, words))
            continue
        for number, (start, end) in enumerate(pairwise(ends)):
            inside = words[max(0, start - at):max(0, end - 1 - at)]
            if inside:
                parts[number].append((op, inside))
        at += len(words)
    return [differing(part) for part in parts]
