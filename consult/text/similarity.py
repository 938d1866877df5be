"""How alike two passages are, in any language: the stems they share, weighted by how rare each is in both texts, and their order."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from consult.text.normalising import normalised
from consult.text.stems import stems

FEWEST_WORDS = 4  # of a part: fewer words stand in any long text by chance
CHANCE_WORDS = 0.1  # of the weight of the words: less in common is chance, their order need not be measured
CARRIED = 0.75  # what the whole of one block within another is worth, beside the same words alone
FEW_WORDS = 12  # up to here the letters say more than the words
CHANCE = 0.4  # of the letters of two short texts that have nothing in common, so many are the same in order


class Side:
    """One of the two texts: the wording of each of its passages, without its number, and its words as stems.

    ``is_prose`` says which passages are running text, of which one may have been carried whole into another.
    """

    def __init__(self, wordings: Sequence[str], is_prose: Sequence[bool]) -> None:
        self.is_prose = is_prose
        self.wordings = [normalised(wording) for wording in wordings]
        self.words = [stems(wording) or [wording] for wording in self.wordings]
        self.bags = [Counter(words) for words in self.words]
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, wording in enumerate(self.wordings):
            self.places[wording].append(place)

    def __len__(self) -> int:
        return len(self.wordings)


class Similarity:
    """Of the passages of two texts, by their places; each pair is measured once."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.known: dict[tuple[int, int], float] = {}

    @cached_property
    def weights(self) -> dict[str, float]:
        """The rarer a word, the more it says about which block this is."""
        counts = Counter(word for side in (self.old, self.new) for bag in side.bags for word in bag)
        total = len(self.old) + len(self.new)
        return {word: math.log(1 + total / count) for word, count in counts.items()}

    def weight(self, bag: Mapping[str, int]) -> float:
        return sum(self.weights[word] * count for word, count in bag.items())

    @cached_property
    def whole(self) -> tuple[list[float], list[float]]:
        return [self.weight(bag) for bag in self.old.bags], [self.weight(bag) for bag in self.new.bags]

    def shared(self, one: Mapping[str, int], other: Mapping[str, int]) -> float:
        if len(other) < len(one):
            one, other = other, one
        return sum(self.weights[word] * min(count, other[word]) for word, count in one.items() if word in other)

    def between(self, old: int, new: int) -> float:
        """0 to 1; 1 is the same words."""
        if (old, new) not in self.known:
            self.known[old, new] = self.measured(old, new)
        return self.known[old, new]

    def measured(self, old: int, new: int) -> float:
        if self.old.wordings[old] == self.new.wordings[new]:
            return 1.0
        both = self.shared(self.old.bags[old], self.new.bags[new])
        dice = 2 * both / (self.whole[0][old] + self.whole[1][new])
        alike = dice
        if dice >= CHANCE_WORDS:
            order = 2 * self.in_order(self.old.words[old], self.new.words[new]) / (self.whole[0][old] + self.whole[1][new])
            alike = 0.6 * dice + 0.4 * order
        if max(len(self.old.words[old]), len(self.new.words[new])) <= FEW_WORDS:
            letters = fuzz.ratio(self.old.wordings[old], self.new.wordings[new]) / 100
            alike = max(alike, (letters - CHANCE) / (1 - CHANCE))
        if self.old.is_prose[old] and self.new.is_prose[new]:
            alike = max(alike, CARRIED * self.carried(old, new))
        return min(0.99, alike)

    def in_order(self, one: Sequence[str], other: Sequence[str]) -> float:
        """What the words weigh that stand in both in the same order."""
        blocks = LCSseq.editops(one, other).as_matching_blocks()
        return sum(self.weights[word] for block in blocks for word in one[block.a:block.a + block.size])

    def carried(self, old: int, new: int) -> float:
        """How much of the shorter block stands in the longer one: a sentence that grew into a list, a list of which one item is left."""
        if len(self.old.words[old]) <= len(self.new.words[new]):
            return self.held(self.old, old, self.new, new, self.new.bags[new])
        return self.held(self.new, new, self.old, old, self.old.bags[old])

    def held(self, side: Side, part: int, other: Side, whole: int, within: Mapping[str, int]) -> float:
        """0 to 1: how much of the block ``part`` stands in ``whole`` of the other text, among its words ``within`` and in their order."""
        bag = side.bags[part]
        if bag.total() < FEWEST_WORDS:
            return 0.0
        share = self.shared(bag, within) / self.weight(bag)
        if share < CHANCE_WORDS:
            return share
        return min(share, self.in_order(side.words[part], other.words[whole]) / self.weight(bag))
