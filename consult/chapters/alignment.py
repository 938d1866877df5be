"""What became of each block of a text in its next revision: the algorithm that is the point of this room.

Equal wordings come first (alone on both sides, then beside what is paired already), the rest by similarity (see ``similarity.py``) and by
place: between paired neighbours, beside them, under the same number, of the same kind. A heading or lead-in may have other words where
what it introduces is the same. Blocks outside of the heaviest increasing run of pairs have moved (Schensted 1961, weighted by length).
What is left is looked for inside of other blocks: split and merged. Each link carries a confidence from 0 to 1; under :data:`SURE` a
person decides, so also where a block is gone and another stands in its place.
"""

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from consult.chapters.models import BlockFate, BlockKind
from consult.chapters.parsing import STRUCTURE, wording_of
from consult.chapters.similarity import FEWEST_WORDS, PROSE, Side, Similarity, Unit

SURE = 0.8
NEAR = 4  # blocks: how far from one part the other parts of a split block are looked for
PART = 0.5  # of its words: so much of a part must stand in the whole
TITLES = frozenset({BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT})
TRACE = 0.1  # similarity: too little alone, not where place and function agree
LEAD_IN = 30  # words, at most
MANY = 50  # blocks: a word that stands in more of them does not lead to any
MAX_CANDIDATES = 8  # blocks that are measured against one
LEAST = 0.2  # similarity: below, it is chance
RARE = 12  # words of a block by which blocks like it are looked for
ROUNDS = (0.62, 0.5, 0.42, 0.36)  # least scores: each pair that is found says more about where its neighbours are


@dataclass(frozen=True)
class Link:
    """``old`` and ``new`` are places in their sequences; None on the side where there is nothing."""

    old: int | None
    new: int | None
    change: BlockFate
    confidence: float
    has_moved: bool = False


@dataclass(frozen=True)
class Pair:
    """Two blocks that are one: how alike (1 is the same words) and how sure."""

    old: int
    new: int
    similarity: float
    confidence: float


def align(
    old: Sequence[Unit], new: Sequence[Unit], *, given: Mapping[int, int | None] | None = None, dropped: Collection[int] = (),
) -> list[Link]:
    """What became of every block: one link at least for each of ``old`` and each of ``new``, in the order of the new text.

    ``given`` holds what is known before, by a key that the author wrote or by a person's decision: place in ``new`` to place in
    ``old``, or None for a block that continues none; ``dropped`` are the places in ``old`` that nothing continues.
    """
    return Aligner(Side(old), Side(new), given or {}, dropped).links()


class Aligner:
    def __init__(self, old: Side, new: Side, given: Mapping[int, int | None], dropped: Collection[int] = ()) -> None:
        self.old, self.new, self.similarity = old, new, Similarity(old, new)
        self.pairs: dict[int, Pair] = {}  # by place in old
        self.ranked: dict[int, list[int]] = {}
        self.of_new: dict[int, int] = {}
        self.barred = {place for place, at in given.items() if at is None}
        self.dropped = frozenset(dropped)
        for place, at in given.items():
            if at is not None and at not in self.pairs:
                self.put(at, place, self.similarity.between(at, place), 1.0)

    def links(self) -> list[Link]:
        self.pair_equal()
        self.pair_alike()
        self.pair_titles()
        parts = self.parts()
        return self.told(parts)

    # Equal wordings

    def put(self, old: int, new: int, similarity: float, confidence: float) -> None:
        self.pairs[old] = Pair(old, new, similarity, confidence)
        self.of_new[new] = old

    def is_free(self, old: int, new: int) -> bool:
        return self.is_open(old) and new not in self.of_new and new not in self.barred

    def is_open(self, old: int) -> bool:
        return old not in self.pairs and old not in self.dropped

    def is_equal(self, old: int, new: int) -> bool:
        return 0 <= old < len(self.old) and 0 <= new < len(self.new) and self.old.wordings[old] == self.new.wordings[new]

    def pair_equal(self) -> None:
        for wording, olds in self.old.places.items():
            news = self.new.places.get(wording, ())
            if len(olds) == len(news) == 1 and self.is_free(olds[0], news[0]):
                self.put(olds[0], news[0], 1.0, 1.0 if len(self.old.words[olds[0]]) >= FEWEST_WORDS else 0.97)
        self.spread()
        self.take_bearings()
        for wording, olds in self.old.places.items():
            if news := self.new.places.get(wording):
                self.pair_repeated(olds, news)

    def spread(self) -> None:
        """Equal blocks beside a pair, or at either end, are a pair too: what is repeated goes with what precedes it, else what follows."""
        for step, end in ((1, (-1, -1)), (-1, (len(self.old), len(self.new)))):
            waiting = [end, *((pair.old, pair.new) for pair in self.pairs.values())]
            while waiting:
                old, new = waiting.pop()
                beside = (old + step, new + step)
                if self.is_equal(*beside) and self.is_free(*beside):
                    self.put(*beside, 1.0, 0.97)
                    waiting.append(beside)

    def pair_repeated(self, olds: list[int], news: list[int]) -> None:
        """The same words at several places, without equal neighbours: by what stands around, then by order."""
        left = [old for old in olds if self.is_open(old)]
        free = [new for new in news if new not in self.of_new and new not in self.barred]
        as_many = len(left) == len(free)
        if len(left) * len(free) > MANY**2:
            for old, new in zip(left, free, strict=False):
                self.put(old, new, 1.0, 0.7)
            return
        rated = sorted(((self.surroundings(o, n), -abs(x - y), o, n) for x, o in enumerate(left) for y, n in enumerate(free)), reverse=True)
        for around, _order, old, new in rated:
            if self.is_free(old, new):
                self.put(old, new, 1.0, 0.9 if around >= 2 else 0.82 if as_many and around else 0.7)

    def surroundings(self, old: int, new: int) -> int:
        """How much the two places have in common: their number, their section, a neighbour."""
        same_label = self.old.blocks[old].label == self.new.blocks[new].label
        return same_label + self.beside(old, new) + self.anchors.is_between(old, new)

    # Wordings that are alike

    def take_bearings(self) -> None:
        """Look again where the neighbours of each block are; after each round, since it is not cheap."""
        self.anchors = Anchors(self.pairs, run_of(self.pairs, self.old), len(self.new))

    def pair_alike(self) -> None:
        """The best first; each round sees more, since each pair that was found says where its neighbours are."""
        for least in ROUNDS:
            self.take_bearings()
            rated = self.rated()
            scores: dict[tuple[str, int], list[float]] = defaultdict(list)
            for score, _alike, old, new in rated:
                scores["old", old].append(score)
                scores["new", new].append(score)
            for score, alike, old, new in rated:
                if score >= least and self.is_free(old, new):
                    rival = max(second(scores["old", old]), second(scores["new", new]))
                    self.put(old, new, alike, self.confidence(old, new, alike, score - rival))
        self.take_bearings()

    def rated(self) -> list[tuple[float, float, int, int]]:
        """(score, similarity, old, new) of what may be a pair, best first."""
        found = []
        for old in range(len(self.old)):
            if self.is_open(old):
                for new in self.candidates(old):
                    alike = self.similarity.between(old, new)
                    if alike >= LEAST:
                        found.append((alike + self.bonus(old, new), alike, old, new))
        return sorted(found, key=lambda row: (-row[0], row[2], row[3]))

    def candidates(self, old: int) -> set[int]:
        """Free new blocks that share its rarer words most, and whatever stands in its place."""
        free = [new for new in self.sharing(old) if self.is_free(old, new)]
        near = [new for new in self.anchors.gap(old) if self.is_free(old, new)]
        return {*free[:MAX_CANDIDATES], *near}

    @cached_property
    def holders(self) -> dict[str, list[int]]:
        held: dict[str, list[int]] = defaultdict(list)
        for new, bag in enumerate(self.new.bags):
            for word in bag:
                held[word].append(new)
        return held

    def sharing(self, old: int) -> list[int]:
        """All new blocks that share rarer words with this one, those first that have most of them for their length."""
        if old not in self.ranked:
            weights, sums = self.similarity.weights, defaultdict(float)
            rare = [word for word in self.old.bags[old] if 0 < len(self.holders.get(word, ())) <= MANY]
            for word in sorted(rare, key=lambda word: (-weights[word], word))[:RARE]:
                for new in self.holders[word]:
                    sums[new] += weights[word]
            whole = self.similarity.whole[1]
            self.ranked[old] = sorted(sums, key=lambda new: (-sums[new] / (30 + whole[new]), new))[:MANY]
        return self.ranked[old]

    def bonus(self, old: int, new: int) -> float:
        """What speaks for a pair, or against it, beside the words: place, neighbours, number, kind."""
        mine, theirs = self.old.blocks[old], self.new.blocks[new]
        same_kind = mine.kind == theirs.kind
        same_number = same_kind and mine.kind in STRUCTURE and mine.label == theirs.label
        unlike = 0.0 if same_kind else 0.04 if mine.kind in PROSE and theirs.kind in PROSE else 0.15
        is_between = self.anchors.is_between(old, new)
        if not is_between and min(len(self.old.words[old]), len(self.new.words[new])) < 2 * FEWEST_WORDS:
            unlike += 0.15  # so few words, elsewhere, and not even the same
        return 0.12 * is_between + 0.03 * self.beside(old, new) + 0.08 * same_number - unlike

    def beside(self, old: int, new: int) -> int:
        """How many of the two neighbours are paired with its neighbours."""
        return sum(1 for step in (-1, 1) if (pair := self.pairs.get(old + step)) and pair.new == new + step)

    def confidence(self, old: int, new: int, alike: float, margin: float) -> float:
        whole = self.similarity.carried(old, new) if {self.old.blocks[old].kind, self.new.blocks[new].kind} <= PROSE else 0.0
        sure = 0.34 + 0.64 * max(alike, 0.9 * whole) + max(-0.05, self.bonus(old, new))
        if margin < 0.12:
            sure = min(sure, 0.72)
        return round(max(0.2, min(0.98, sure)), 3)

    def pair_titles(self) -> None:
        """What stands in the same place and introduces the same block is the same heading, or lead-in, whatever its words."""
        for old in range(len(self.old) - 1):
            below = self.pairs.get(old + 1)
            new = below.new - 1 if below and below.similarity >= PART else -1
            if new >= 0 and self.is_free(old, new) and self.anchors.is_between(old, new) and self.introduce(old, new):
                self.put(old, new, self.similarity.between(old, new), 0.7)

    def introduce(self, old: int, new: int) -> bool:
        """Whether both are headings of one sort, or short paragraphs that lead in what follows with a colon."""
        mine, theirs = self.old.blocks[old], self.new.blocks[new]
        if mine.kind != theirs.kind or mine.kind in TITLES:
            return mine.kind == theirs.kind
        is_short = max(len(self.old.words[old]), len(self.new.words[new])) <= LEAD_IN
        colons = [block.text.endswith(":") for block in (mine, theirs)]
        return is_short and (all(colons) or any(colons) and (self.is_equal(old + 1, new + 1) or self.similarity.between(old, new) >= TRACE))

    # Parts

    def parts(self) -> list[tuple[int, int, BlockFate, float]]:
        """(old, new, split or merged, confidence) beside the pairs: blocks whose words stand in a block that is paired already."""
        found = []
        for new in range(len(self.new)):
            if new not in self.of_new and new not in self.barred and (at := self.whole_of_new(new)):
                found.append((at[0], new, BlockFate.SPLIT, at[1]))
        for old in range(len(self.old)):
            if self.is_open(old) and (at := self.whole_of_old(old)):
                found.append((old, at[0], BlockFate.MERGED, at[1]))
        return found

    def whole_of_old(self, old: int) -> tuple[int, float] | None:
        """The new block that holds the words of this one beside those of the one it is paired with, and how sure that is."""
        near = [pair.new for step in range(-NEAR, NEAR + 1) if (pair := self.pairs.get(old + step))]
        if self.old.blocks[old].kind in TITLES:
            return None
        if self.old.bags[old].total() < FEWEST_WORDS:
            return self.whole_of_few(old)
        wholes = {new for new in [*near, *self.sharing(old)[:MAX_CANDIDATES]] if new in self.of_new}
        return surest([(self.gained(old, new), new) for new in sorted(wholes)])

    def whole_of_few(self, old: int) -> tuple[int, float] | None:
        """A few words that stand in what has become of the very next block, or of the one before, and grew."""
        beside = [pair.new for step in (1, -1) if (pair := self.pairs.get(old + step))]
        new = max(beside, key=lambda new: self.trace(old, new), default=-1)
        return (new, 0.5) if new >= 0 and self.trace(old, new) >= PART else None

    def whole_of_new(self, new: int) -> tuple[int, float] | None:
        """The old block that holds the words of this one, beside those that live on in the block it is paired with."""
        if self.new.blocks[new].kind in TITLES:
            return None
        near = {self.of_new[new + step] for step in range(-NEAR, NEAR + 1) if new + step in self.of_new}
        return surest([(self.given_up(old, new), old) for old in sorted(near)])

    def gained(self, old: int, new: int) -> float:
        """How much of an old block stands in a new one, among the words that this one had not before."""
        return self.similarity.held(self.old, old, self.new, new, self.new.bags[new] - self.old.bags[self.of_new[new]])

    def given_up(self, old: int, new: int) -> float:
        """How much of a new block stands in an old one, among the words that this one has no more."""
        return self.similarity.held(self.new, new, self.old, old, self.old.bags[old] - self.new.bags[self.pairs[old].new])

    # The answer

    def told(self, parts: list[tuple[int, int, BlockFate, float]]) -> list[Link]:
        in_order = run_of(self.pairs, self.old)
        split, merged = {old for old, _new, change, _c in parts if change == BlockFate.SPLIT}, {
            new for _old, new, change, _c in parts if change == BlockFate.MERGED}
        links = [self.of_pair(pair, pair.old not in in_order, split, merged) for pair in self.pairs.values()]
        links += [Link(old, new, change, confidence) for old, new, change, confidence in parts]
        held = {link.old for link in links}
        links += [Link(old, None, BlockFate.DELETED, self.loss(old)) for old in range(len(self.old)) if old not in held]
        made = {link.new for link in links}
        links += [Link(None, new, BlockFate.NEW, 1.0) for new in range(len(self.new)) if new not in made]
        last = len(self.new)
        return sorted(links, key=lambda link: (link.new if link.new is not None else last, link.old if link.old is not None else -1))

    def of_pair(self, pair: Pair, has_moved: bool, split: set[int], merged: set[int]) -> Link:
        change, sure = BlockFate.MOVED if has_moved else BlockFate.KEPT, pair.confidence
        if pair.old in split or pair.new in merged:
            change = BlockFate.SPLIT if pair.old in split else BlockFate.MERGED
            sure = max(sure, sure_of(self.similarity.carried(pair.old, pair.new)))  # the other part was no rival
        elif wording_of(self.old.blocks[pair.old]) != wording_of(self.new.blocks[pair.new]):
            change = BlockFate.CHANGED
        return Link(pair.old, pair.new, change, sure, has_moved)

    def loss(self, old: int) -> float:
        """How sure it is that a block is gone: the less, the more its words stand elsewhere, and not if another took its place."""
        if old in self.dropped:
            return 1.0
        nearest = max((self.trace(old, new) for new in self.sharing(old) if new not in self.barred), default=0.0)
        before, after = self.anchors.bounds(old)
        around = range(max(0, before - 1), min(len(self.new), after + 2, before + MANY))
        took_place = any(self.is_free(old, new) for new in around)
        return round(max(0.4, min(1.0 - 1.3 * nearest, 0.75 if took_place else 1.0)), 3)

    def trace(self, old: int, new: int) -> float:
        """0 to 1: how much of an old block might live on in a new one, in any order."""
        if new not in self.of_new:
            return self.similarity.between(old, new)
        rest = self.new.bags[new] - self.old.bags[self.of_new[new]]
        return self.similarity.shared(self.old.bags[old], rest) / self.similarity.whole[0][old]


def second(scores: list[float]) -> float:
    """The next best of several, 0 when there is no other."""
    return sorted(scores)[-2] if len(scores) > 1 else 0.0


def surest(rated: list[tuple[float, int]]) -> tuple[int, float] | None:
    """(place, confidence) of the best of several, if enough of the words are there."""
    best, place = max(rated, default=(0.0, 0))
    return (place, sure_of(best)) if best >= PART else None


def sure_of(held: float) -> float:
    """The confidence in a part of whose words so much is held by the whole."""
    return round(min(0.97, 0.25 + 0.72 * held), 3)


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


def run_of(pairs: Mapping[int, Pair], old: Side) -> set[int]:
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
