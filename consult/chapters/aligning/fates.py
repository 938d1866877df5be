"""What became of each block, told from the pairs: kept, moved, changed, split, merged, new or deleted, and how sure."""

import re
from collections.abc import Iterator

from consult.chapters.aligning.bearings import MAX_CANDIDATES, Pair, run_of
from consult.chapters.aligning.in_place import DOUBTFUL, InPlace
from consult.chapters.aligning.links import SURE, Link
from consult.chapters.aligning.pairing import LEAST, MANY, PART
from consult.chapters.aligning.sides import TITLES
from consult.chapters.models import BlockFate
from consult.chapters.parsing import wording_of
from consult.text.similarity import FEWEST_WORDS

LEAD = re.compile(r":(?=\s)")
ALL_BUT_ALL = 0.9  # of the words of a short block: fewer of them stand together by chance
EQUAL_ELSEWHERE = 0.6  # confidence that a block lives on where its very words took the place of another
NEAR = 4  # blocks: how far from one part the other parts of a split block are looked for


class Aligner(InPlace):
    """The pairs, and beside them the parts of blocks that were split or merged."""

    def links(self) -> list[Link]:
        self.pair_equal()
        self.pair_alike()
        self.prefer_place()
        self.pair_titles()
        self.pair_in_place()
        parts = self.parts()
        return self.told(parts)

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
        for new in self.new.places.get(self.old.wordings[old], ()):
            if new in self.of_new and self.old.written[self.of_new[new]] != self.old.written[old]:
                return new, EQUAL_ELSEWHERE
        if self.old.blocks[old].kind in TITLES:
            return None
        if self.old.bags[old].total() < FEWEST_WORDS:
            return self.whole_of_few(old) or self.joined(old)
        wholes = {new for new in [*near, *self.sharing(old)[:MAX_CANDIDATES]] if new in self.of_new}
        whole = surest([(self.gained(old, new), new) for new in sorted(wholes)])
        if whole and len(self.old.words[old]) < 2 * FEWEST_WORDS and whole[1] < sure_of(ALL_BUT_ALL):
            return whole[0], min(whole[1], DOUBTFUL)
        return whole or self.joined(old)

    def joined(self, old: int) -> tuple[int, float] | None:
        """What its neighbour became, if both together resemble that more than the neighbour alone (Gale and Church 1993)."""
        if self.is_led_in(old):
            return self.pairs[old + 1].new, 0.5
        if self.has_new_block(old):
            return None
        for step in (-1, 1):
            pair = self.pairs.get(old + step)
            sorts = {self.old.sort(old), self.old.sort(old + step), self.new.sort(pair.new)} if pair else set()
            if pair and sorts == {"said"} and self.is_joint(old, pair):
                return pair.new, sure_of(self.trace(old, pair.new))
        return None

    def is_joint(self, old: int, pair: Pair) -> bool:
        """Whether a new block resembles an old one and its neighbour together more than the neighbour alone."""
        bag, neighbour, weigh = self.new.bags[pair.new], self.old.bags[pair.old], self.similarity.shared
        (olds, news), both = self.similarity.whole, neighbour + self.old.bags[old]
        alone = weigh(neighbour, bag) / (olds[pair.old] + news[pair.new])
        return self.trace(old, pair.new) >= LEAST and weigh(both, bag) / (olds[old] + olds[pair.old] + news[pair.new]) > alone

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
        split = {old for old, _new, change, _c in parts if change == BlockFate.SPLIT}
        merged = {new for old, new, change, _c in parts if change == BlockFate.MERGED and not self.is_equal(old, new)}
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
        doubt = max((self.doubt(old, new) for new in self.sharing(old) if new not in self.barred), default=0.0)
        return round(max(0.4, min(1.0 - 1.3 * doubt, 0.75 if self.has_successor(old) else 1.0)), 3)

    def doubt(self, old: int, new: int) -> float:
        """How much of an old block might live on in a new one: beside its place its words in any order, far away in theirs."""
        if self.is_free_new(new):
            return self.similarity.between(old, new)
        if self.old.is_title(old) and not self.new.is_title(new):
            return 0.0  # a title is not drawn into what stands elsewhere
        is_near = any(abs(new - edge) <= NEAR for edge in self.edges(old))
        return self.trace(old, new) if is_near or self.old.bags[old].total() < FEWEST_WORDS else self.gained(old, new)

    def is_led_in(self, old: int) -> bool:
        """Whether it led in the next block, which has a lead-in of its own now."""
        pair = self.pairs.get(old + 1)
        if pair is None or not self.old.blocks[old].text.endswith(":"):
            return False
        return LEAD.search(self.new.blocks[pair.new].text) is not None and LEAD.search(self.old.blocks[old + 1].text) is None

    def has_successor(self, old: int) -> bool:
        """Whether something new stands where it stood: a block of its sort, or words that one of its neighbours did not have."""
        grown = sum(self.growth(old + step, self.old.sort(old)) for step in (-1, 1))
        return grown >= PART * len(self.old.words[old]) or self.has_new_block(old)

    def has_new_block(self, old: int) -> bool:
        """Whether a block of its sort that was not surely there before stands between its sure neighbours, or beside one of them."""
        before, after = self.sure_edges(old)
        if before < after:
            places = list(range(before + 1, min(after, before + MANY)))
        else:
            places = [*self.unsure_run(before, 1), *self.unsure_run(after, -1)]
        first, last = self.anchors.bounds(old)
        places = [*places, *range(first + 1, min(last, first + MANY))]
        return any(self.is_unsure(new) and self.new.sort(new) == self.old.sort(old) for new in places)

    def sure_edges(self, old: int) -> tuple[int, int]:
        """The new places of the nearest sure pairs before and after it."""
        before = next((pair.new for place in range(old - 1, -1, -1) if (pair := self.pairs.get(place)) and pair.confidence >= SURE), -1)
        after = next((pair.new for place in range(old + 1, len(self.old)) if (pair := self.pairs.get(place)) and pair.confidence >= SURE),
                     len(self.new))
        return before, after

    def is_unsure(self, new: int) -> bool:
        return self.is_free_new(new) or new in self.of_new and self.pairs[self.of_new[new]].confidence < SURE

    def unsure_run(self, new: int, step: int) -> Iterator[int]:
        """The new blocks that follow one, or come before it, up to the next that was surely there before."""
        while 0 <= (new := new + step) < len(self.new) and self.is_unsure(new):
            yield new

    def growth(self, old: int, sort: str) -> int:
        """How many words what a block became has beside its own, if it is of this sort."""
        pair = self.pairs.get(old)
        return (self.new.bags[pair.new] - self.old.bags[old]).total() if pair and self.new.sort(pair.new) == sort else 0

    def trace(self, old: int, new: int) -> float:
        """0 to 1: how much of an old block might live on in a new one, in any order."""
        if new not in self.of_new:
            return self.similarity.between(old, new)
        rest = self.new.bags[new] - self.old.bags[self.of_new[new]]
        return self.similarity.shared(self.old.bags[old], rest) / self.similarity.whole[0][old]


def surest(rated: list[tuple[float, int]]) -> tuple[int, float] | None:
    """(place, confidence) of the best of several, if enough of the words are there."""
    best, place = max(rated, default=(0.0, 0))
    return (place, sure_of(best)) if best >= PART else None


def sure_of(held: float) -> float:
    """The confidence in a part of whose words so much is held by the whole."""
    return round(min(0.97, 0.25 + 0.72 * held), 3)
