"""Which of many texts speak of what one speaks of: words that few others use, in the same language or, by a lexicon, in another.

Okapi BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009) over stems. A word that is found through the lexicon is
worth as much of one's own as the pair of both is worth.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from consult.text.lexicon import Lexicon
from consult.text.normalising import normalised
from consult.text.stems import stem
from consult.text.words import words

SATURATION, LENGTH_SHARE = 1.2, 0.5  # k1 and b
SHORTEST_WORD = 3  # letters; shorter ones join the others, but for figures
MOST_WORDS = 2_000  # of a text that are looked at
FEWEST_TEXTS = 50
# Of English, in which the chapters are not written, so that nothing is learnt of its words.
ENGLISH = (
    "about above after again against all also and any are because been before being below between both but can could did does doing down "
    "during each few for from further had has have having her here him his how into its itself just may might more most must not now off "
    "once one only other our out over own per same shall she should some such than that the their them then there these they this those "
    "through too two under until upon very was well were what when where which while who whom why will with within without would you your"
).split()


def bag(text: str) -> Counter[str]:
    """How often each stem stands in a text."""
    return Counter(one for one in map(stem, words(normalised(text))[:MOST_WORDS]) if len(one) >= SHORTEST_WORD or one.isdigit())


class Sought:
    """A text whose like is looked for: its ``own`` words, what each word is ``worth`` that may stand in another, and for which of its own
    each of another language stands. ``common`` words tell nothing.
    """

    def __init__(self, text: str, lexicon: Lexicon, language: str, common: Collection[str] = ()) -> None:
        self.text, self.language = text, language
        self.own = Counter({word: times for word, times in bag(text).items() if word not in common})
        self.worth = {word: 1 + math.log(times) for word, times in self.own.items()}
        self.stands_for: dict[str, str] = {}
        for word in self.own:
            for other, pair in lexicon.get(word, {}).items():
                if other not in self.own and pair > self.worth.get(other, 0.0):
                    self.worth[other], self.stands_for[other] = pair, word

    def words_shared(self, others: Collection[str], weights: Mapping[str, float]) -> list["SharedWord"]:
        """Those that others say as well, those that tell most first."""
        shared = {self.stands_for.get(word, word): weights.get(word, 0.0) for word in others if word in self.worth}
        written: dict[str, str] = {}
        for word in words(self.text):
            written.setdefault(stem(normalised(word)), word)
        found = [SharedWord(written[word], weight) for word, weight in shared.items() if word in written]
        return sorted(found, key=lambda one: (-one.weight, one.written))


class SharedWord(NamedTuple):
    """As it is written in the text whose like is looked for, and what it weighs."""

    written: str
    weight: float


def weigh(texts: Iterable[Collection[str]], count: int, known: Mapping[str, int]) -> dict[str, float]:
    """What each word weighs among ``count`` texts: the fewer have it, the more. ``known`` says of some words that more texts have them.
    Few texts are taken for a part of :data:`FEWEST_TEXTS`: of three, a word that two have is not on that account a common one.
    """
    found = Counter(word for text in texts for word in text)
    weights = {}
    for word, times in found.items():
        often = max(times, known.get(word, 0))
        weights[word] = math.log(1 + (max(count, often, FEWEST_TEXTS) - often + 0.5) / (often + 0.5))
    return weights


def score(sought: Sought, text: Mapping[str, int], weights: Mapping[str, float], mean_length: float) -> float:
    """How much of what is sought stands in the text; 0 for nothing, without an upper bound."""
    length = LENGTH_SHARE * sum(text.values()) / max(1.0, mean_length) + 1 - LENGTH_SHARE
    return sum(
        sought.worth[word] * weights.get(word, 0.0) * times * (SATURATION + 1) / (times + SATURATION * length)
        for word, times in text.items() if word in sought.worth)
