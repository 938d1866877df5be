"""Pairs of blocks that are one, and where they put what lies between them."""

import math
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from consult.chapters.aligning.sides import BlockSide

MAX_CANDIDATES = 8  # blocks that are measured against one


@dataclass(frozen=True)
class Pair:
    """Two blocks that are one: how alike (1 is the same words) and how sure."""

    old: int
    new: int
    similarity: float
    confidence: float


class Anchors:
    """Where a block would be if nothing had moved: between the new places of its paired neighbours."""

    def __init__(self, pairs: Mapping[int, Pair], in_order: set[int], count: int) -> None:
        self.olds, self.count = sorted(in_order), count
        self.news = [pairs[old].new for old in self.olds]

    def bounds(self, old: int) -> tuple[int, int]:
        at = bisect_left(self.olds, old)
        return self.news[at - 1] if at else -1, self.news[at] if at < len(self.news) else self.count

    def gap(self, old: int) -> range:
        """The new places between those of its neighbours; of very many, those as far from the neighbour before as it is."""
        before, after = self.bounds(old)
        at = bisect_left(self.olds, old)
        since = old - (self.olds[at - 1] if at else -1)
        first = max(before + 1, min(before + since, after) - MAX_CANDIDATES)
        return range(first if after - before > 2 * MAX_CANDIDATES else before + 1, min(after, first + 2 * MAX_CANDIDATES))

    def is_between(self, old: int, new: int) -> bool:
        before, after = self.bounds(old)
        return before < new < after


def run_of(pairs: Mapping[int, Pair], old: BlockSide) -> set[int]:
    """Old places of the heaviest run of pairs whose order is the same on both sides: who is not in it has moved."""
    rows = sorted(pairs.values(), key=lambda pair: pair.old)
    ends: list[int] = []  # new places where a run may end, and the weight of the heaviest that ends there: both grow
    tops: list[tuple[float, int]] = []
    befores: list[int] = []
    for at, pair in enumerate(rows):
        cut = bisect_left(ends, pair.new)
        total, before = tops[cut - 1] if cut else (0.0, -1)
        total += 1.0 + math.log1p(len(old.words[pair.old])) * pair.similarity
        befores.append(before)
        beaten = cut
        while beaten < len(tops) and tops[beaten][0] <= total:
            beaten += 1
        ends[cut:beaten], tops[cut:beaten] = [pair.new], [(total, at)]
    at = tops[-1][1] if tops else -1
    chosen = set()
    while at >= 0:
        chosen.add(rows[at].old)
        at = befores[at]
    return chosen
