"""What stands where a block stood, when its words say too little: rewritten in its place, between neighbours that are known.

What two pairs enclose on both sides is one replacement (Hunt and McIlroy 1976). In it a block goes on in one that has words of it; under
the same number; that it resembles, from both sides, as strangers around it do not (a rank test: no measure of likeness has the same zero
in a chapter of boilerplate and in one of prose); or, of titles, that stands over the same text. None of this is sure: a person decides.
"""

from collections.abc import Iterator, Mapping

from consult.chapters.aligning.bearings import Pair
from consult.chapters.aligning.pairing import LEAST, MANY, PART, ROUNDS, Pairing
from consult.chapters.parsing import STRUCTURE
from consult.text.similarity import FEWEST_WORDS

DOUBTFUL = 0.72  # confidence, at most, of what was told by its place
AROUND = 20  # blocks on each side to which two are compared
LITTLE = 0.05  # similarity: of less nothing is said
CHANCE = 0.01  # of one stranger in a hundred: two in the same place that are nearer than that have to do with each other
CHANCE_AT_NUMBER = 0.02  # under the same number less need be shown


class InPlace(Pairing):
    """The pairs that place tells, beside those that words do."""

    def pair_in_place(self) -> None:
        """Titles last: what stands under them tells them."""
        for is_title in (False, True):
            for olds, news in list(self.replacements()):
                self.pair_within([old for old in olds if self.old.is_title(old) is is_title],
                                 [new for new in news if self.new.is_title(new) is is_title])
            self.take_bearings()

    def replacements(self) -> Iterator[tuple[list[int], list[int]]]:
        """What stood between two pairs and is left over, and what stands between them now and is free."""
        old = 0
        while old < len(self.old):
            if old in self.pairs:
                old += 1
                continue
            end = self.next_pair(old)
            before, after = self.edges(old)
            olds = [place for place in range(old, min(end, old + MANY)) if self.is_open(place)]
            news = [new for new in range(before + 1, min(after, before + MANY)) if self.is_free_new(new)]
            if olds and news:
                yield olds, news
            old = end

    def next_pair(self, old: int) -> int:
        while old < len(self.old) and old not in self.pairs:
            old += 1
        return old

    def edges(self, old: int) -> tuple[int, int]:
        """The new places of the nearest pairs before and after it; where one of these has moved away, of the nearest that have not."""
        before = old
        while before >= 0 and before not in self.pairs:
            before -= 1
        after = self.next_pair(old)
        local = self.pairs[before].new if before >= 0 else -1, self.pairs[after].new if after < len(self.old) else len(self.new)
        in_order = self.anchors.bounds(old)
        return local if 0 < local[1] - local[0] <= in_order[1] - in_order[0] else in_order

    def pair_within(self, olds: list[int], news: list[int]) -> None:
        """Those of which most speaks for it first, none across another."""
        is_alone = len(olds) == len(news) == 1
        rated = sorted((-self.claim(old, new, is_alone=is_alone), old, new) for old in olds for new in news)
        taken: list[tuple[int, int]] = []
        for claim, old, new in rated:
            if claim < 0 and all((old < one) == (new < other) and old != one and new != other for one, other in taken):
                alike = self.similarity.between(old, new)
                self.put(old, new, alike, round(min(DOUBTFUL, 0.5 + 0.5 * alike), 3))
                taken.append((old, new))

    def claim(self, old: int, new: int, *, is_alone: bool) -> float:
        """How much speaks for one being the other, 0 when nothing does."""
        if self.old.sort(old) != self.new.sort(new):
            return 0.0
        alike = self.similarity.between(old, new)
        if self.old.is_title(old):
            return self.claim_of_title(old, new, alike)
        if alike >= LEAST:
            return 1.0 + alike
        same_number = bool(self.old.number(old)) and self.old.number(old) == self.new.number(new)
        if alike >= LITTLE and self.chance(old, new) <= (CHANCE_AT_NUMBER if same_number else CHANCE):
            return 0.5 + alike
        is_named = same_number and self.old.blocks[old].kind not in STRUCTURE  # whose numbers follow from their order
        return 0.1 + alike if is_alone and (is_named or self.is_short(old, new)) else 0.0

    def claim_of_title(self, old: int, new: int, alike: float) -> float:
        """How much of what the one stood over the other stands over now."""
        if self.old.blocks[old].kind != self.new.blocks[new].kind:
            return 0.0
        under, now = self.old.section(old), self.new.section(new)
        share = sum(1 for place in under if place in self.pairs and self.pairs[place].new in now) / max(1, len(under))
        return share + alike if share or alike >= LEAST else 0.0

    def is_short(self, old: int, new: int) -> bool:
        return max(len(self.old.words[old]), len(self.new.words[new])) <= 2 * FEWEST_WORDS

    def chance(self, old: int, new: int) -> float:
        """How often two blocks that have nothing to do with each other would be as near among those around them: from both sides."""
        alike, sort = self.similarity.between(old, new), self.old.sort(old)
        news = [self.similarity.between(old, place) for place in around(new, len(self.new)) if self.new.sort(place) == sort]
        olds = [self.similarity.between(place, new) for place in around(old, len(self.old)) if self.old.sort(place) == sort]
        return rank(alike, news) * rank(alike, olds)

    # Equal words elsewhere

    def prefer_place(self) -> None:
        """Equal words far away, also several that were copied together, do not take a block from the nearly equal one in its place.

        Twice: what was put back is a neighbour to those beside it.
        """
        in_order = set(self.anchors.olds)
        for pair in [*self.pairs.values()] * 2:
            is_away = pair.old not in in_order or not self.beside(pair.old, pair.new)
            if is_away and pair.similarity == 1.0 and pair.new not in self.given and self.pairs.get(pair.old) is pair:
                self.put_back(pair)

    def put_back(self, pair: Pair) -> None:
        """One that was rewritten where it stood while its words came up elsewhere, or whose words took the place of a nearly equal one."""
        news = {old: self.pairs[old].new for old in (pair.old - 1, pair.old + 1) if old in self.pairs}
        here = places_beside(pair.old, news, len(self.old), len(self.new))
        if (pair.old, pair.new) in ((0, 0), (len(self.old) - 1, len(self.new) - 1)):  # the ends of the text are neighbours too
            return
        there = places_beside(pair.new, self.of_new, len(self.new), len(self.old))
        for old, new in [*((pair.old, place) for place in here), *((place, pair.new) for place in there if there == [place, place])]:
            is_open = self.is_free_new(new) if old == pair.old else self.is_open(old)
            if is_open and not self.is_equal(old, new) and self.is_nearly(old, new):
                del self.pairs[pair.old], self.of_new[pair.new]
                self.put(old, new, self.similarity.between(old, new), DOUBTFUL)
                return

    def is_nearly(self, old: int, new: int) -> bool:
        if self.old.is_title(old):
            return self.claim_of_title(old, new, 0.0) >= PART
        return self.old.blocks[old].kind == self.new.blocks[new].kind and self.similarity.between(old, new) >= ROUNDS[0]


def rank(alike: float, others: list[float]) -> float:
    """The share of all of them, itself included, that are as much alike."""
    return (1 + sum(1 for other in others if other >= alike)) / (1 + len(others))


def around(place: int, count: int) -> Iterator[int]:
    """The places around one, without it."""
    yield from (other for other in range(max(0, place - AROUND), min(count, place + AROUND + 1)) if other != place)


def places_beside(place: int, paired: Mapping[int, int], count: int, others: int) -> list[int]:
    """Where a block would stand behind what the one before it is paired with, and before what the one after it is."""
    before = paired.get(place - 1, -1 if place == 0 else None)
    after = paired.get(place + 1, others if place == count - 1 else None)
    found = [*([before + 1] if before is not None else []), *([after - 1] if after is not None else [])]
    return [at for at in found if 0 <= at < others]
