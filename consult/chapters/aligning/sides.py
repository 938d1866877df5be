"""The blocks of one of the two texts that are aligned, with their words as similarity measures them."""

from collections.abc import Sequence
from typing import Protocol

from consult.chapters.models import BlockKind
from consult.chapters.parsing import wording_of
from consult.text.similarity import Side

PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE})
TITLES = frozenset({BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT})


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
        super().__init__([wording_of(block) for block in blocks], [block.kind in PROSE for block in blocks])
