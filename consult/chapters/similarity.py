"""How alike two blocks are, in any language: the words they share, weighted by how rare each is in both texts, and their order.

Words are compared by their stems, five letters without accents (McNamee and Mayfield 2004 found this about as good as the stemmer of
each language), Arabic ones without the article and what is joined to it, so that a word that took another ending is the same word.
"""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Protocol

from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from consult.chapters.models import BlockKind
from consult.chapters.parsing import wording_of
from consult.text.normalising import ARABIC, normalised

WORD = re.compile(r"[^\W_]+")
JOINED = re.compile("^[وف]?(?:[بك]?ال|لل)(?=..)")  # and, then, by, as, for, the: written as one word with the next
STEM_LENGTH = 5
FEWEST_WORDS = 4  # of a part: fewer words stand in any long text by chance
CHANCE_WORDS = 0.1  # of the weight of the words: less in common is chance, their order need not be measured
PROSE = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST, BlockKind.QUOTE})
CARRIED = 0.75  # what the whole of one block within another is worth, beside the same words alone
FEW_WORDS = 12  # up to here the letters say more than the words
CHANCE = 0.4  # of the letters of two short texts that have nothing in common, so many are the same in order


class Unit(Protocol):
    """What is aligned: a block that is stored, or one that has only been read."""

    key: str
    kind: BlockKind
    label: str
    text: str


@lru_cache(50_000)
def stem(word: str) -> str:
    if ARABIC.match(word):
        return JOINED.sub("", word)[:STEM_LENGTH]
    letters = unicodedata.normalize("NFD", word.replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))[:STEM_LENGTH]


class Side:
    """One of the two texts: the wording of each block without its number, and its words as stems."""

    def __init__(self, blocks: Sequence[Unit]) -> None:
        self.blocks = blocks
        self.wordings = [normalised(wording_of(block)) for block in blocks]
        self.words = [[stem(word) for word in WORD.findall(wording)] or [wording] for wording in self.wordings]
        self.bags = [Counter(words) for words in self.words]
        self.places: dict[str, list[int]] = defaultdict(list)
        for place, wording in enumerate(self.wordings):
            self.places[wording].append(place)

    def __len__(self) -> int:
        return len(self.blocks)


class Similarity:
    """Of the blocks of two texts, by their places; each pair is measured once."""

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
        if {self.old.blocks[old].kind, self.new.blocks[new].kind} <= PROSE:
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
