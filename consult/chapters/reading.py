"""A chapter as it is read: two languages laid together, a tree of contents, and where the debate is.

Blocks that have no twin in the reader's language stand in French, in their place, and say so by their own ``lang``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from consult.chapters.models import Block, BlockKind
from consult.chapters.translations import side_by_side
from consult.core.i18n import direction
from consult.core.markup import Markup, trusted

CONTENTS_LEVELS = (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT)
WARMEST = 5
OPENING = re.compile(r"<([a-z0-9][^<>]*)>")
TAG = re.compile(r"</?([a-z0-9]+)")


@dataclass
class ReadBlock:
    """One block on the page. ``margin`` holds at most three lines of what was said; ``count`` all that was published.

    ``stale`` says since when, and after which language, these words wait to be checked against their twin; None where both agree.
    """

    key: str
    kind: str
    level: int
    label: str
    html: Markup
    opens: Markup
    closes: Markup
    language: str
    direction: str
    count: int
    url_permalink: str
    margin: list[Any] = field(default_factory=list)
    url_contribute: str = ""
    url_discussion: str = ""
    stale: Any = None


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


def read_block(block: Block, language: str, frame: tuple[str, str] | None, count: int, margin: list) -> ReadBlock:
    """``frame`` holds the tags around it; None where all blocks are of one text, which holds its own."""
    opens, closes = frame or (block.opens, block.closes)
    return ReadBlock(
        key=block.key, kind=block.kind.value, level=block.level, label=block.label, html=trusted(block.html), opens=trusted(opens),
        closes=trusted(closes), language=language, direction=direction(language), count=count, margin=margin,
        url_permalink=f"#{block.key}",
    )


def heat(count: int, most: int) -> int:
    """0 for silence, else 1 to 5 by the share of the liveliest place."""
    return 0 if not count or not most else max(1, round(WARMEST * count / most))


def contents(blocks: list[ReadBlock]) -> list[tuple]:
    """The tree of headings: (key, number, title, heat, children), the heat of a heading including all below it."""
    rows = [b for b in blocks if b.kind in CONTENTS_LEVELS and b.level > 1]
    sums = {b.key: sum(x.count for x in blocks if x.key == b.key or x.key.startswith(b.key + "-")) for b in rows}
    most = {level: max((sums[b.key] for b in rows if b.level == level), default=0) for level in {b.level for b in rows}}
    tree: list[tuple] = []
    for b in rows:
        entry: tuple = (b.key, b.label if b.kind != BlockKind.HEADING else "", title_of(b), heat(sums[b.key], most[b.level]), [])
        (tree if b.level <= 2 or not tree else tree[-1][4]).append(entry)
    return tree


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
