"""What was said of a block against what became of it, and the rows of tables that count such verdicts."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from consult.chapters.aligning import SURE, Link
from consult.chapters.models import BlockFate

GOING_ON = frozenset({BlockFate.CHANGED, BlockFate.SPLIT, BlockFate.MERGED})  # an anchor on any of these is shown as changed
HEAD = ["", "rows", "class right", "place right", "block class right", "wrong, confidence ≥ 0.8", "right, confidence ≥ 0.8"]


@dataclass(frozen=True)
class Verdict:
    """What was said of one block of the old text; ``expected`` holds the classes that are true of it."""

    expected: frozenset[BlockFate]
    said: BlockFate
    is_placed: bool  # where it was said to live on, it does; or it was rightly said to be gone
    confidence: float
    name: str = ""
    told: str = ""

    @property
    def is_class_right(self) -> bool:
        return anchor_class(self.said) in {anchor_class(change) for change in self.expected}

    @property
    def is_right(self) -> bool:
        return self.is_class_right and self.is_placed

    @property
    def is_wrong_and_sure(self) -> bool:
        return not self.is_right and self.confidence >= SURE


def anchor_class(change: BlockFate) -> BlockFate:
    return BlockFate.CHANGED if change in GOING_ON else change


def verdict(expected: Iterable[BlockFate], places: Collection[int], links: list[Link], name: str = "") -> Verdict:
    """``places`` are the new blocks where the passage may be said to live on, ``links`` all that was said of this old block."""
    expected = frozenset(expected)
    first = max(links, key=lambda link: link.confidence)
    placed = first.new is None if BlockFate.DELETED in expected else first.new in places
    said = next((link.change for link in links if link.change == BlockFate.SPLIT), first.change)
    told = " ".join(f"{link.change}→{'' if link.new is None else link.new + 1} {link.confidence}" for link in links)
    told = f"{'/'.join(expected)} → {','.join(str(place + 1) for place in sorted(places))}; said {told}"
    return Verdict(expected, said, placed, first.confidence, name, told)


def by_old(links: Iterable[Link]) -> dict[int, list[Link]]:
    found: dict[int, list[Link]] = defaultdict(list)
    for link in links:
        if link.old is not None:
            found[link.old].append(link)
    return found


def of_all(count: int, whole: int) -> str:
    return f"{count} ({100 * count / whole:.1f} %)" if whole else "–"


def row(name: str, verdicts: list[Verdict]) -> list[str]:
    right = [one for one in verdicts if one.is_right]
    whole = len(verdicts)
    return [
        name, str(whole), of_all(sum(one.is_class_right for one in verdicts), whole), of_all(sum(one.is_placed for one in verdicts), whole),
        of_all(sum(one.said in one.expected for one in verdicts), whole), str(sum(one.is_wrong_and_sure for one in verdicts)),
        of_all(sum(one.confidence >= SURE for one in right), len(right)),
    ]
