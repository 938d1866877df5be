"""What became of each block of a text in its next revision: the algorithm that is the point of this room.

Equal wordings come first (alone on both sides, then beside what is paired already), the rest by likeness: words weighted by their
rarity (inverse document frequency), their order (Indel distance), and the place between paired neighbours. Blocks outside of the
heaviest increasing run of pairs have moved (Schensted 1961, weighted by length). What is left is looked for inside of its neighbours:
split and merged. Each pair carries a confidence from 0 to 1; under :data:`SURE` a person decides.
"""

import math
import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel, LCSseq

from consult.core.words import folded
from consult.drafts.models import BlockKind, Change
from consult.drafts.parsing import STRUCTURE, wording_of

SURE = 0.8
WORD = re.compile(r"[^\W_]+")
NEAR = 4  # blocks: how far from one part the other parts of a split block are looked for
FEWEST_WORDS = 4  # of a part: fewer words stand in any long text by chance


class Unit(Protocol):
    """What is aligned: a block that is stored, or one that has only been read."""

    key: str
    kind: BlockKind
    label: str
    text: str


@dataclass(frozen=True)
class Link:
    """``old`` and ``new`` are places in their sequences; None on the side where there is nothing."""

    old: int | None
    new: int | None
    change: Change
    confidence: float
    has_moved: bool = False


@dataclass(frozen=True)
class Pair:
    """Two blocks that are one: how alike (1 is the same words) and how sure."""

    old: int
    new: int
    likeness: float
    confidence: float


class Side:
    """One of the two texts: the wording of each block without its number, its words, and what they weigh."""

    def __init__(self, blocks: Sequence[Unit]) -> None:
        self.blocks = blocks
        self.wordings = [folded(wording_of(block)) for block in blocks]
        self.words = [WORD.findall(wording) or [wording] for wording in self.wordings]
        self.bags = [Counter(words) for words in self.words]
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, wording in enumerate(self.wordings):
            self.places[wording].append(place)

    def __len__(self) -> int:
        return len(self.blocks)


def align(old: Sequence[Unit], new: Sequence[Unit], *, given: Mapping[int, int | None] | None = None) -> list[Link]:
    """What became of every block: one link at least for each of ``old`` and each of ``new``, in the order of the new text.

    ``given`` holds what is known before, by a key that the author wrote or by a person's decision: place in ``new`` to place in
    ``old``, or None for a block that continues none.
    """
    return Aligner(Side(old), Side(new), given or {}).links()


class Aligner:
    def __init__(self, old: Side, new: Side, given: Mapping[int, int | None]) -> None:
        self.old, self.new = old, new
        self.pairs: dict[int, Pair] = {}  # by place in old
        self.of_new: dict[int, int] = {}
        self.barred = {place for place, at in given.items() if at is None}
        for place, at in given.items():
            if at is not None and at not in self.pairs:
                self.put(at, place, self.likeness(at, place), 1.0)

    def links(self) -> list[Link]:
        self.pair_equal()
        self.pair_alike()
        parts = self.parts()
        return self.told(parts)

    # Equal wordings

    def put(self, old: int, new: int, likeness: float, confidence: float) -> None:
        self.pairs[old] = Pair(old, new, likeness, confidence)
        self.of_new[new] = old

    def is_free(self, old: int, new: int) -> bool:
        return old not in self.pairs and new not in self.of_new and new not in self.barred

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
        """Equal blocks beside a pair are a pair too: what is repeated follows its neighbours."""
        waiting = [(pair.old, pair.new) for pair in self.pairs.values()]
        while waiting:
            old, new = waiting.pop()
            for step in (1, -1):
                beside = (old + step, new + step)
                if self.is_equal(*beside) and self.is_free(*beside):
                    self.put(*beside, 1.0, 0.97)
                    waiting.append(beside)

    def pair_repeated(self, olds: list[int], news: list[int]) -> None:
        """The same words at several places, without equal neighbours: by what stands around, then by order."""
        left = [old for old in olds if old not in self.pairs]
        free = [new for new in news if new not in self.of_new and new not in self.barred]
        as_many = len(left) == len(free)
        rated = sorted(((self.surroundings(o, n), -abs(x - y), o, n) for x, o in enumerate(left) for y, n in enumerate(free)), reverse=True)
        for around, _order, old, new in rated:
            if self.is_free(old, new):
                self.put(old, new, 1.0, 0.9 if around >= 2 else 0.82 if as_many and around else 0.7)

    def surroundings(self, old: int, new: int) -> int:
        """How much the two places have in common: their number, their section, a neighbour."""
        same_label = self.old.blocks[old].label == self.new.blocks[new].label
        beside = sum(1 for step in (-1, 1) if self.pairs.get(old + step) and self.pairs[old + step].new == new + step)
        return same_label + beside + (self.anchors.is_between(old, new))

    # Wordings that are alike

    @cached_property
    def weights(self) -> dict[str, float]:
        """The rarer a word, the more it says about which block this is."""
        counts = Counter(word for side in (self.old, self.new) for bag in side.bags for word in bag)
        total = len(self.old) + len(self.new)
        return {word: math.log(1 + total / count) for word, count in counts.items()}

    def weight(self, bag: Mapping[str, int]) -> float:
        return sum(self.weights[word] * count for word, count in bag.items())

    def shared(self, one: Counter, other: Counter) -> float:
        if len(other) < len(one):
            one, other = other, one
        return sum(self.weights[word] * min(count, other[word]) for word, count in one.items() if word in other)

    def likeness(self, old: int, new: int) -> float:
        """0 to 1: rare words in common and in the same order; of short texts, letters too."""
        mine, theirs = self.old.bags[old], self.new.bags[new]
        if self.old.wordings[old] == self.new.wordings[new]:
            return 1.0
        dice = 2 * self.shared(mine, theirs) / (self.weight(mine) + self.weight(theirs))
        order = Indel.normalized_similarity(self.old.words[old], self.new.words[new])
        alike = 0.6 * dice + 0.4 * order
        if max(len(self.old.words[old]), len(self.new.words[new])) <= 12:
            alike = max(alike, 0.95 * fuzz.ratio(self.old.wordings[old], self.new.wordings[new]) / 100)
        return alike

    def take_bearings(self) -> None:
        """Look again where the neighbours of each block are; after each round, since it is not cheap."""
        self.anchors = Anchors(self.pairs, run_of(self.pairs, self.old))

    def pair_alike(self) -> None:
        """The best first; each pair that is found says more about where its neighbours are, so that a second round sees more."""
        for least in (0.62, 0.5, 0.42):
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

    def rated(self) -> list[tuple[float, float, int, int]]:
        """(score, likeness, old, new) of what may be a pair, best first."""
        found = []
        for old, news in self.candidates().items():
            for new in news:
                alike = self.likeness(old, new)
                if alike >= 0.22:
                    found.append((alike + self.bonus(old, new), alike, old, new))
        return sorted(found, key=lambda row: (-row[0], row[2], row[3]))

    def candidates(self) -> dict[int, set[int]]:
        """For each free old block: new ones that share its rarer words most, and whatever stands in its place."""
        holders: dict[str, list[int]] = defaultdict(list)
        free = {new for new in range(len(self.new)) if new not in self.of_new and new not in self.barred}
        for new in sorted(free):
            for word in self.new.bags[new]:
                holders[word].append(new)
        found = {}
        for old in range(len(self.old)):
            if old in self.pairs:
                continue
            sums: dict[int, float] = defaultdict(float)
            for word in self.old.bags[old]:
                for new in holders.get(word, ()):
                    sums[new] += self.weights[word]
            near = [new for new in self.anchors.gap(old) if new in free]
            top = sorted(sums, key=lambda new: (-sums[new] / (1 + self.weight(self.new.bags[new])), new))[:8]
            found[old] = {*top, *near[:8]}
        return found

    def bonus(self, old: int, new: int) -> float:
        mine, theirs = self.old.blocks[old], self.new.blocks[new]
        same_kind = mine.kind == theirs.kind
        same_number = same_kind and mine.kind in STRUCTURE and mine.label == theirs.label
        return 0.12 * self.anchors.is_between(old, new) + 0.1 * same_number - 0.12 * (not same_kind)

    def confidence(self, old: int, new: int, alike: float, margin: float) -> float:
        sure = 0.34 + 0.64 * alike + max(-0.05, self.bonus(old, new))
        if margin < 0.12:
            sure = min(sure, 0.72)
        return round(max(0.2, min(0.98, sure)), 3)

    # Parts

    def parts(self) -> list[tuple[int, int, Change, float]]:
        """(old, new, split or merged, confidence) beside the pairs: blocks whose words stand in a neighbour of their pair."""
        found = []
        to_new = {pair.old: pair.new for pair in self.pairs.values()}
        for new in range(len(self.new)):
            if new not in self.of_new and new not in self.barred and (at := self.whole_of(new, self.new, self.old, self.of_new)):
                found.append((at[0], new, Change.SPLIT, at[1]))
        for old in range(len(self.old)):
            if old not in self.pairs and (at := self.whole_of(old, self.old, self.new, to_new)):
                found.append((old, at[0], Change.MERGED, at[1]))
        return found

    def whole_of(self, part: int, side: Side, others: Side, paired: Mapping[int, int]) -> tuple[int, float] | None:
        """The block of the other text that holds the words of this one beside those of a neighbour of it, and how sure that is."""
        words = side.words[part]
        if len(words) < FEWEST_WORDS:
            return None
        best = (0.0, 0)
        for near in sorted({part + step for step in range(-NEAR, NEAR + 1) if step}):
            whole = paired.get(near)
            if whole is None or len(others.words[whole]) < len(words):
                continue
            rest = others.bags[whole] - side.bags[near]
            held = self.shared(side.bags[part], rest) / self.weight(side.bags[part])
            order = LCSseq.similarity(words, others.words[whole]) / len(words)
            best = max(best, (min(held, order), whole))
        return (best[1], round(min(0.97, 0.25 + 0.72 * best[0]), 3)) if best[0] >= 0.6 else None

    # The answer

    def told(self, parts: list[tuple[int, int, Change, float]]) -> list[Link]:
        in_order = run_of(self.pairs, self.old)
        split, merged = {old for old, _new, change, _c in parts if change == Change.SPLIT}, {
            new for _old, new, change, _c in parts if change == Change.MERGED}
        links = [self.of_pair(pair, pair.old not in in_order, split, merged) for pair in self.pairs.values()]
        links += [Link(old, new, change, confidence) for old, new, change, confidence in parts]
        held = {link.old for link in links}
        links += [Link(old, None, Change.DELETED, self.loss(old)) for old in range(len(self.old)) if old not in held]
        made = {link.new for link in links}
        links += [Link(None, new, Change.NEW, 1.0) for new in range(len(self.new)) if new not in made]
        last = len(self.new)
        return sorted(links, key=lambda link: (link.new if link.new is not None else last, link.old if link.old is not None else -1))

    def of_pair(self, pair: Pair, has_moved: bool, split: set[int], merged: set[int]) -> Link:
        change = Change.MOVED if has_moved else Change.KEPT
        if pair.old in split:
            change = Change.SPLIT
        elif pair.new in merged:
            change = Change.MERGED
        elif wording_of(self.old.blocks[pair.old]) != wording_of(self.new.blocks[pair.new]):
            change = Change.CHANGED
        return Link(pair.old, pair.new, change, pair.confidence, has_moved)

    def loss(self, old: int) -> float:
        """How sure it is that a block is gone: the less, the more some new block resembles it."""
        nearest = max((self.likeness(old, new) for new in self.candidates_of_lost.get(old, ())), default=0.0)
        return round(max(0.4, 1.0 - 0.9 * nearest), 3)

    @cached_property
    def candidates_of_lost(self) -> dict[int, set[int]]:
        return self.candidates()


def second(scores: list[float]) -> float:
    """The next best of several, 0 when there is no other."""
    return sorted(scores)[-2] if len(scores) > 1 else 0.0


class Anchors:
    """Where a block would be if nothing had moved: between the new places of its paired neighbours."""

    def __init__(self, pairs: Mapping[int, Pair], in_order: set[int]) -> None:
        self.olds = sorted(in_order)
        self.news = [pairs[old].new for old in self.olds]

    def bounds(self, old: int) -> tuple[int, int]:
        at = bisect_left(self.olds, old)
        before = self.news[at - 1] if at else -1
        after = self.news[at] if at < len(self.news) else before + 10**6
        return before, after

    def gap(self, old: int) -> range:
        before, after = self.bounds(old)
        return range(before + 1, min(after, before + 40))

    def is_between(self, old: int, new: int) -> bool:
        before, after = self.bounds(old)
        return before < new < after


def run_of(pairs: Mapping[int, Pair], old: Side) -> set[int]:
    """Old places of the heaviest run of pairs whose order is the same on both sides: who is not in it has moved."""
    rows = sorted(pairs.values(), key=lambda pair: pair.old)
    best: list[tuple[float, int]] = []  # weight of the heaviest run that ends at each row, and the row before it
    for at, pair in enumerate(rows):
        own = 1.0 + math.log1p(len(old.words[pair.old])) * pair.likeness
        before = max(((best[k][0], k) for k in range(at) if rows[k].new < pair.new), default=(0.0, -1))
        best.append((before[0] + own, before[1]))
    at = max(range(len(rows)), key=lambda k: best[k][0], default=-1)
    chosen = set()
    while at >= 0:
        chosen.add(rows[at].old)
        at = best[at][1]
    return chosen

