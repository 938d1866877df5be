"""What is told of a block."""

from dataclasses import dataclass

from consult.chapters.models import BlockFate

SURE = 0.8  # confidence: under it a person decides


@dataclass(frozen=True)
class Link:
    """``old`` and ``new`` are places in their sequences; None on the side where there is nothing."""

    old: int | None
    new: int | None
    change: BlockFate
    confidence: float
    has_moved: bool = False
