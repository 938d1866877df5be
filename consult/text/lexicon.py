"""Which words of two languages stand for each other, learnt from passages that say the same in both.

IBM model 1 (Brown et al., The Mathematics of Statistical Machine Translation, 1993) in both directions, over stems; a pair is worth the
geometric mean of its two probabilities, so that a word that goes with everything goes with nothing. The same passages give the same pairs.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from consult.text.normalising import normalised
from consult.text.stems import stems

ROUNDS = 5
LEAST_CHANCE = 0.01  # below, a pair is dropped on the way
LEAST_WORTH = 0.2
FEWEST_PASSAGES = 2  # a word that stands in one passage alone goes with every word of its twin
MOST_WORDS = 300  # of a passage that are looked at

Lexicon = Mapping[str, Mapping[str, float]]


def learn(twins: Iterable[tuple[str, str]]) -> dict[str, dict[str, float]]:
    """For each stem those that stand for it in the other language, with what each pair is worth (0.2 to 1); in both directions."""
    passages = [(_bag(one), _bag(other)) for one, other in twins]
    there, back = _chances(passages), _chances([(other, one) for one, other in passages])
    known: dict[str, dict[str, float]] = defaultdict(dict)
    for word, chances in there.items():
        for other, chance in chances.items():
            worth = round(math.sqrt(chance * back.get(other, {}).get(word, 0.0)), 3)
            if worth >= LEAST_WORTH and word != other:
                known[word][other] = known[other][word] = worth
    return {word: dict(sorted(known[word].items())) for word in sorted(known)}


def _bag(text: str) -> list[str]:
    return list(dict.fromkeys(stems(normalised(text))))[:MOST_WORDS]


def _chances(passages: Sequence[tuple[list[str], list[str]]]) -> dict[str, dict[str, float]]:
    """How likely each word is said by each of the other language: the expectation maximised, round after round."""
    often = [Counter(word for passage in passages for word in passage[side]) for side in (0, 1)]
    kept = [([word for word in one if often[0][word] >= FEWEST_PASSAGES], [word for word in other if often[1][word] >= FEWEST_PASSAGES])
            for one, other in passages]
    chances: dict[str, dict[str, float]] = {}
    for round_ in range(ROUNDS):
        counts: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for sources, targets in kept:
            tables = [(counts[word], chances.get(word, {})) for word in sources]
            for target in targets:
                shares = [1.0 if round_ == 0 else table.get(target, 0.0) for _count, table in tables]
                if not (whole := sum(shares)):
                    continue
                for (count, _table), share in zip(tables, shares, strict=True):
                    if share:
                        count[target] += share / whole
        chances = {word: _shared_out(count) for word, count in counts.items()}
    return chances


def _shared_out(counts: Mapping[str, float]) -> dict[str, float]:
    whole = sum(counts.values())
    return {word: count / whole for word, count in counts.items() if count / whole > LEAST_CHANCE}
