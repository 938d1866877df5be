"""What is told of a block."""

from collections.abc import Iterable
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


def paired(links: Iterable[Link]) -> list[tuple[Link, int, int]]:
    """(link, old, new) of those that have both sides."""
    return [(link, link.old, link.new) for link in links if link.old is not None and link.new is not None]
