"""The blocks of one of the two texts that are aligned, with their words as similarity measures them."""

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from consult.chapters.models import BlockKind
from consult.chapters.parsing import STRUCTURE, wording_of
from consult.text.similarity import Side

PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE})
TITLES = frozenset({BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT})
APART = frozenset({BlockKind.ROW, BlockKind.CODE, BlockKind.FOOTNOTE})  # each takes the place of its like alone
# "5.", "(b)", "3.2 —", "Article 12 :", "المادة 4 -": the number under which an item stands, whatever it says.
STATED = re.compile(r"\W{0,2}(?:[^\W\d_]{3,10}\s)?(?:\d{1,4}(?:[.-]\d{1,4})*|[ivx]{1,5}|[^\W\d_])\s?[.):\]°—–-]", re.IGNORECASE)


class Unit(Protocol):
    """What is aligned: a block that is stored, or one that has only been read."""

    key: str
    kind: BlockKind
    label: str
    text: str


class BlockSide(Side):
    """One of the two texts, with its blocks by their places."""

    def __init__(self, blocks: Sequence[Unit]) -> None:
        self.blocks = blocks
        self.written = [wording_of(block) for block in blocks]
        super().__init__(self.written, [block.kind in PROSE for block in blocks])

    @cached_property
    def places_as_written(self) -> dict[str, list[int]]:
        """The same as ``places``, of words with their capitals, signs and marks."""
        found: dict[str, list[int]] = defaultdict(list)
        for place, wording in enumerate(self.written):
            found[wording].append(place)
        return found

    def is_title(self, place: int) -> bool:
        return self.blocks[place].kind in TITLES

    def sort(self, place: int) -> str:
        """Blocks of one sort may take each other's place: titles, rows, notes and code their like, what is said any of it."""
        kind = self.blocks[place].kind
        return "title" if kind in TITLES else kind if kind in APART else "said"

    def number(self, place: int) -> str:
        """The number under which a block stands in its enumeration, nothing when it states none."""
        block = self.blocks[place]
        if block.kind in STRUCTURE:
            return block.label
        found = STATED.match(block.text)
        return found.group().casefold() if found else ""

    def section(self, place: int) -> range:
        """What a title stands over, up to the next one; that one, where nothing stands between."""
        end = place + 1
        while end < len(self) and not self.is_title(end):
            end += 1
        return range(place + 1, max(end, min(place + 2, len(self))))
