"""Blocks that are the same in both texts: equal wordings first, then those that are alike, then titles by what they introduce."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import cached_property

from consult.chapters.aligning.bearings import MAX_CANDIDATES, Anchors, Pair, run_of
from consult.chapters.aligning.sides import PROSE, TITLES, BlockSide
from consult.chapters.parsing import STRUCTURE
from consult.text.similarity import FEWEST_WORDS, Similarity

PART = 0.5  # of its words: so much of a part must stand in the whole
TRACE = 0.1  # similarity: too little alone, not where place and function agree
LEAD_IN = 30  # words, at most
MANY = 50  # blocks: a word that stands in more of them does not lead to any
LEAST = 0.2  # similarity: below, it is chance
RARE = 12  # words of a block by which blocks like it are looked for
ROUNDS = (0.62, 0.5, 0.42, 0.36)  # least scores: each pair that is found says more about where its neighbours are


class Pairing:
    """Which blocks of the old text are which of the new one; what is left over belongs to none, or is a part of another."""

    def __init__(self, old: BlockSide, new: BlockSide, given: Mapping[int, int | None], dropped: Collection[int] = ()) -> None:
        self.old, self.new, self.similarity = old, new, Similarity(old, new)
        self.pairs: dict[int, Pair] = {}  # by place in old
        self.ranked: dict[int, list[int]] = {}
        self.of_new: dict[int, int] = {}
        self.given = given
        self.barred = {place for place, at in given.items() if at is None}
        self.dropped = frozenset(dropped)
        for place, at in given.items():
            if at is not None and at not in self.pairs:
                self.put(at, place, self.similarity.between(at, place), 1.0)

    # Equal wordings

    def put(self, old: int, new: int, similarity: float, confidence: float) -> None:
        self.pairs[old] = Pair(old, new, similarity, confidence)
        self.of_new[new] = old

    def is_free(self, old: int, new: int) -> bool:
        return self.is_open(old) and self.is_free_new(new)

    def is_free_new(self, new: int) -> bool:
        return new not in self.of_new and new not in self.barred

    def is_open(self, old: int) -> bool:
        return old not in self.pairs and old not in self.dropped

    def is_equal(self, old: int, new: int) -> bool:
        return 0 <= old < len(self.old) and 0 <= new < len(self.new) and self.old.wordings[old] == self.new.wordings[new]

    def is_as_written(self, old: int, new: int) -> bool:
        return self.is_equal(old, new) and self.old.written[old] == self.new.written[new]

    def pair_equal(self) -> None:
        """Letter for letter before nearly so: what nobody touched is never taken by what had its capitals or accents mended."""
        as_written = self.old.places_as_written, self.new.places_as_written
        folded = self.old.places, self.new.places
        self.pair_alone(*as_written)
        self.pair_alone(*folded)
        for is_same, (olds, news) in ((self.is_as_written, as_written), (self.is_equal, folded)):
            self.spread(is_same)
            self.take_bearings()
            for wording, places in olds.items():
                if again := news.get(wording):
                    self.pair_repeated(places, again)

    def pair_alone(self, olds: Mapping[str, list[int]], news: Mapping[str, list[int]]) -> None:
        """Wordings that stand once on either side."""
        for wording, places in olds.items():
            again = news.get(wording, ())
            if len(places) == len(again) == 1 and self.is_free(places[0], again[0]):
                self.put(places[0], again[0], 1.0, 1.0 if len(self.old.words[places[0]]) >= FEWEST_WORDS else 0.97)

    def spread(self, is_same: Callable[[int, int], bool]) -> None:
        """Equal blocks beside a pair, or at either end, are a pair too: what is repeated goes with what precedes it, else what follows."""
        for step, end in ((1, (-1, -1)), (-1, (len(self.old), len(self.new)))):
            waiting = [end, *((pair.old, pair.new) for pair in self.pairs.values())]
            while waiting:
                old, new = waiting.pop()
                beside = (old + step, new + step)
                if is_same(*beside) and self.is_free(*beside):
                    self.put(*beside, 1.0, 0.97)
                    waiting.append(beside)

    def pair_repeated(self, olds: list[int], news: list[int]) -> None:
        """The same words at several places, without equal neighbours: by what stands around, then by order."""
        left = [old for old in olds if self.is_open(old)]
        free = [new for new in news if self.is_free_new(new)]
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
            weights = self.similarity.weights
            sums: dict[int, float] = defaultdict(float)
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
            is_here = new >= 0 and (self.anchors.is_between(old, new) or self.beside(old, new) == 2)
            if is_here and self.is_free(old, new) and self.introduce(old, new):
                self.put(old, new, self.similarity.between(old, new), 0.7)

    def introduce(self, old: int, new: int) -> bool:
        """Whether both are headings of one sort, or short paragraphs that lead in what follows with a colon."""
        mine, theirs = self.old.blocks[old], self.new.blocks[new]
        if mine.kind != theirs.kind or mine.kind in TITLES:
            return mine.kind == theirs.kind
        is_short = max(len(self.old.words[old]), len(self.new.words[new])) <= LEAD_IN
        colons = [block.text.endswith(":") for block in (mine, theirs)]
        return is_short and (all(colons) or any(colons) and (self.is_equal(old + 1, new + 1) or self.similarity.between(old, new) >= TRACE))


def second(scores: list[float]) -> float:
    """The next best of several, 0 when there is no other."""
    return sorted(scores)[-2] if len(scores) > 1 else 0.0
