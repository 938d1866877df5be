"""What became of each block, told from the pairs: kept, moved, changed, split, merged, new or deleted, and how sure."""

from consult.chapters.aligning.bearings import MAX_CANDIDATES, Pair, run_of
from consult.chapters.aligning.links import Link
from consult.chapters.aligning.pairing import MANY, PART, Pairing
from consult.chapters.aligning.sides import TITLES
from consult.chapters.models import BlockFate
from consult.chapters.parsing import wording_of
from consult.text.similarity import FEWEST_WORDS

NEAR = 4  # blocks: how far from one part the other parts of a split block are looked for


class Aligner(Pairing):
    """The pairs, and beside them the parts of blocks that were split or merged."""

    def links(self) -> list[Link]:
        self.pair_equal()
        self.pair_alike()
        self.pair_titles()
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


def surest(rated: list[tuple[float, int]]) -> tuple[int, float] | None:
    """(place, confidence) of the best of several, if enough of the words are there."""
    best, place = max(rated, default=(0.0, 0))
    return (place, sure_of(best)) if best >= PART else None


def sure_of(held: float) -> float:
    """The confidence in a part of whose words so much is held by the whole."""
    return round(min(0.97, 0.25 + 0.72 * held), 3)
