"""A chapter as it is read: two languages laid together, a tree of contents, and where the debate is.

Blocks that have no twin in the reader's language stand in French, in their place, and say so by their own ``lang``.
"""

from dataclasses import dataclass, field
from typing import Any

from consult.core.i18n import direction
from consult.core.markup import Markup, trusted
from consult.drafts.models import Block, BlockKind

CONTENTS_LEVELS = (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT)
WARMEST = 5


@dataclass
class ReadBlock:
    """One block on the page. ``margin`` holds at most three lines of what was said; ``count`` all that was published."""

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


def together(french: list[Block], other: list[Block]) -> list[tuple[Block, str]]:
    """(block, language) in French order, each in the other language where it has a twin; blocks of that language alone follow theirs."""
    if not other:
        return [(block, "fr") for block in french]
    language = other[0].revision.language
    twins = {block.key: block for block in other}
    french_keys = {block.key for block in french}
    alone: dict[str | None, list[Block]] = {}
    previous = None
    for block in other:
        if block.key in french_keys:
            previous = block.key
        else:
            alone.setdefault(previous, []).append(block)
    laid = [(block, language) for block in alone.get(None, [])]
    for block in french:
        twin = twins.get(block.key)
        laid.append((twin, language) if twin and twin.kind == block.kind else (block, "fr"))
        laid.extend((extra, language) for extra in alone.get(block.key, []))
    return laid


def coverage(french: list[Block], other: list[Block]) -> float:
    """Share of the French blocks that stand in the other language too, 0 to 1."""
    keys = {block.key for block in french}
    twins = {block.key for block in other if block.revision.language != "fr"}
    return len(keys & twins) / max(1, len(keys))


def read_block(block: Block, language: str, french: Block | None, count: int, margin: list) -> ReadBlock:
    frame = french or block
    return ReadBlock(
        key=block.key, kind=block.kind.value, level=block.level, label=block.label, html=trusted(block.html), opens=trusted(frame.opens),
        closes=trusted(frame.closes), language=language, direction=direction(language), count=count, margin=margin,
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
        entry = (b.key, b.label if b.kind != BlockKind.HEADING else "", title_of(b), heat(sums[b.key], most[b.level]), [])
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
