"""A chapter as it is read: two languages laid together, a tree of contents, and where the debate is.

Blocks that have no twin in the reader's language stand in French, in their place, and say so by their own ``lang``.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from consult.chapters.events import MARGIN_LINES
from consult.chapters.models import Block, BlockKind
from consult.chapters.translations import side_by_side
from consult.core.i18n import direction
from consult.core.markup import Markup, frame, kept

CONTENTS_LEVELS = (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT)
APART = (BlockKind.ROW.value, BlockKind.FOOTNOTE.value)  # they stand in no list
WARMEST = 5
PART = 20  # blocks whose lines are asked for at once
OPENING = re.compile(r"<([a-z0-9][^<>]*)>")
TAG = re.compile(r"</?([a-z0-9]+)")


@dataclass(frozen=True)
class ReadBlock:
    """One block on the page; ``count`` is all that was said about it. ``margin`` holds the first lines of that, or None where the page does
    not bring them: they are asked for with those of the same ``part``.

    ``stale`` says since when, and after which language, these words wait to be checked against their twin; None where both agree.
    """

    id: int
    key: str
    kind: str
    level: int
    label: str
    html: Markup
    opens: Markup
    closes: Markup
    element: str
    language: str
    direction: str
    part: int
    url_contribute: str
    url_discussion: str
    count: int = 0
    margin: tuple[Any, ...] | None = None
    stale: Any = None

    @property
    def line_count(self) -> int:
        """Lines that stand beside it, or will."""
        return min(self.count, MARGIN_LINES)

    @property
    def url_permalink(self) -> str:
        return f"#{self.key}"


@dataclass(frozen=True)
class Addresses:
    """Where somebody speaks about a passage, empty while nobody may; and where what was said about it is read."""

    contribute: Callable[[str], str]
    discussion: Callable[[str], str]


@dataclass(frozen=True)
class Text:
    """A chapter as it is read in one language, whatever is said about it; ``coverage`` is None where it is all in that language."""

    blocks: list[ReadBlock]
    coverage: float | None


def text_of(french: list[Block], other: list[Block], urls: Addresses) -> Text:
    """``other`` is empty, or the text of the reader's language."""
    laid = together(french, other)
    around = frames([block for block, _at in laid], french, other or french)
    return Text(list(read_blocks(laid, urls, around)), coverage(french, other) if other else None)


def together(french: list[Block], other: list[Block]) -> list[tuple[Block, str]]:
    """(block, language) in the order of the other language's own revision; French blocks that have no twin there follow those they follow.

    The order is that of the text whose version and date the page shows, were the French one rearranged since.
    """
    if not other:
        return [(block, "fr") for block in french]
    language = other[0].revision.language
    laid = []
    for own, translation in side_by_side(other, french):
        if own is not None and (translation is None or own.kind == translation.kind):
            laid.append((own, language))
        elif translation is not None:
            laid.append((translation, "fr"))
    return laid


def frames(laid: list[Block], *texts: list[Block]) -> list[tuple[str, str]]:
    """The tags of lists and tables to open before each block and to close after it, whichever texts the blocks come from.

    A block stands in the list or table where it stands in its own text; two texts share one when they share a passage of it.
    """
    around, written = surroundings(texts)
    paths = [around[id(block)] for block in laid]
    framed = []
    for block, before, here, after in zip(laid, [(), *paths], paths, [*paths[1:], ()], strict=False):
        opened = "".join(f"<{tag}>" for tag in written[id(block)][common(before, here):])
        framed.append((opened, "".join(f"</{tag}>" for tag, _place in reversed(here[common(here, after):]))))
    return framed


def common(one: tuple, two: tuple) -> int:
    """How many first steps two paths share."""
    return next((depth for depth, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def surroundings(texts: tuple[list[Block], ...]) -> tuple[dict[int, tuple[tuple[str, str], ...]], dict[int, tuple[str, ...]]]:
    """By block: the tags that are open around it, each with the passage by which its list or table is known in all texts; and the same
    tags as its own text writes them, with their direction."""
    around: dict[int, tuple[tuple[str, str], ...]] = {}
    written: dict[int, tuple[str, ...]] = {}
    known: dict[tuple[str, str], str] = {}
    for text in texts:
        for run in runs(text):
            first, tags = run[0][0], run[0][1]
            place = next((known[at] for block, path in run if (at := (block.key, name_of(path[0]))) in known), first.key) if tags else ""
            for block, path in run:
                if path:
                    known.setdefault((block.key, name_of(path[0])), place)
                around[id(block)] = tuple((name_of(tag), place) for tag in path)
                written[id(block)] = path
    return around, written


def name_of(tag: str) -> str:
    return tag.split(" ")[0]


def runs(text: list[Block]) -> Iterator[list[tuple[Block, tuple[str, ...]]]]:
    """Each list or table as its blocks with the tags that are open around them; a block of neither is a run of its own."""
    path: tuple[str, ...] = ()
    run: list[tuple[Block, tuple[str, ...]]] = []
    for block in text:
        path += tuple(OPENING.findall(block.opens))
        run.append((block, path))
        path = path[:len(path) - len(TAG.findall(block.closes))]
        if not path:
            yield run
            run = []
    if run:
        yield run


def coverage(french: list[Block], other: list[Block]) -> float:
    """Share of the French blocks that stand in the other language too, 0 to 1."""
    here = {(block.key, block.kind) for block in french}
    translations = {(block.key, block.kind) for block in other if block.revision.language != "fr"}
    return len(here & translations) / max(1, len(here))


def read_blocks(
    laid: list[tuple[Block, str]], urls: Addresses, around: list[tuple[str, str]] | None = None,
) -> Iterator[ReadBlock]:
    """Blocks with their language; ``around`` holds the tags of lists and tables to open before each and to close after it, where they are
    not all of one text, which has its own."""
    is_listed = False
    around = around or [(block.opens, block.closes) for block, _at in laid]
    for place, ((block, language), (opens, closes)) in enumerate(zip(laid, around, strict=True)):
        kind = block.kind.value
        is_listed = is_listed or (kind not in APART and bool(opens))
        yield ReadBlock(
            id=block.id, key=block.key, kind=kind, level=block.level, label=block.label, html=kept(block.html), opens=frame(opens),
            closes=frame(closes), element="li" if is_listed else "div", language=language, direction=direction(language),
            part=place // PART, url_contribute=urls.contribute(block.key), url_discussion=urls.discussion(block.key),
        )
        is_listed = is_listed and not (kind not in APART and closes)


def heat(count: int, most: int) -> int:
    """0 for silence, else 1 to 5 by the share of the liveliest place."""
    return 0 if not count or not most else max(1, round(WARMEST * count / most))


def contents(blocks: Sequence[ReadBlock]) -> list[tuple]:
    """The tree of headings: (key, number, title, heat, children), the heat of a heading including all below it."""
    rows = [b for b in blocks if b.kind in CONTENTS_LEVELS and b.level > 1]
    sums = counted_above(blocks)
    most = {level: max((sums[b.key] for b in rows if b.level == level), default=0) for level in {b.level for b in rows}}
    tree: list[tuple] = []
    for b in rows:
        entry: tuple = (b.key, b.label if b.kind != BlockKind.HEADING else "", title_of(b), heat(sums[b.key], most[b.level]), [])
        (tree if b.level <= 2 or not tree else tree[-1][4]).append(entry)
    return tree


def counted_above(blocks: Sequence[ReadBlock]) -> Counter[str]:
    """By key: what was said about a block and all below it, whose keys begin with its own."""
    sums: Counter[str] = Counter()
    for b in blocks:
        for end in (at for at, sign in enumerate(f"{b.key}-") if b.count and sign == "-"):
            sums[b.key[:end]] += b.count
    return sums


def title_of(block: ReadBlock) -> str:
    """A heading without its “Axe 14 — ”, since the contents show its number."""
    words = block.html.striptags()
    number, dash, title = words.partition(" — ")
    return title if dash and block.kind in (BlockKind.AXIS, BlockKind.PROJECT) else words


def strip(tallies: dict[str, int], keys: list[str], cells: int = 24) -> list[int]:
    """The heat of a chapter from its beginning to its end, in at most ``cells`` cells of 0 to 5."""
    if not keys:
        return []
    cells = min(cells, len(keys))
    sums = [0] * cells
    for place, key in enumerate(keys):
        sums[place * cells // len(keys)] += tallies.get(key, 0)
    return [heat(count, max(sums)) for count in sums]
