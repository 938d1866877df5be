"""Which words of the index stand for those that were typed, how many things have each, and what was meant by one that none has."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from rapidfuzz.distance import OSA

from consult.core.db import session
from consult.search.models import SearchKey, SearchPosting, SearchWord
from consult.text.searching import JOINED, closeness, keys_of, near_keys_of, stems_of

MOST_COUNTED = 3_000  # things that have a word, beyond which they are not counted
MOST_FORMS = 14  # words of the index that stand for one that was typed, the nearest
MOST_LOOKED_UP = 400
MOST_NEAR = 3  # words that are proposed instead of one


@dataclass
class Forms:
    """For one typed word: how near each word of the index is that stands for it, and how many things of each kind have that (at most
    :data:`MOST_COUNTED`).
    """

    word: str
    near: dict[str, float] = field(default_factory=dict)
    counts: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, kind: str) -> int:
        return sum(of_kinds.get(kind, 0) for of_kinds in self.counts.values())

    @property
    def total(self) -> int:
        return sum(sum(of_kinds.values()) for of_kinds in self.counts.values())

    def only(self, least: float) -> "Forms":
        near = {word: how for word, how in self.near.items() if how >= least}
        return Forms(self.word, near, {word: self.counts[word] for word in near})


def list_forms(words: Collection[str], kinds: Sequence[str]) -> dict[str, Forms]:
    """Of each word; one query."""
    found = {word: Forms(word) for word in words}
    counted = _counted({key for word in words for key in keys_of(word)}, kinds)
    for word, forms in found.items():
        near = sorted(((closeness(word, other), other) for other in counted), key=lambda one: (-one[0], len(one[1]), one[1]))
        for how, other in near[:MOST_FORMS]:
            if how > 0:
                forms.near[other] = how
                forms.counts[other] = counted[other]
    return found


def _counted(keys: Collection[str], kinds: Sequence[str]) -> dict[str, dict[str, int]]:
    """The words of the index that have any of these keys and stand anywhere, each with how many things of each kind have it."""
    if not keys:
        return {}
    word = sa.select(SearchKey.word).where(SearchKey.key.in_(sorted(keys))).distinct().limit(MOST_LOOKED_UP).subquery()
    rows = session.execute(sa.select(word.c.word, *(_count_of(word, kind) for kind in kinds)))
    return {found: dict(zip(kinds, counts, strict=True)) for found, *counts in rows if any(counts)}


def _count_of(word: sa.Subquery, kind: str) -> sa.ScalarSelect[int]:
    having = sa.select(sa.literal(1).label("one")).where(SearchPosting.word == word.c.word, SearchPosting.kind == kind)
    return sa.select(sa.func.count()).select_from(having.correlate(word).limit(MOST_COUNTED).subquery()).scalar_subquery()


@dataclass(frozen=True)
class Near:
    """A word that stands in what everybody reads, instead of one that stands nowhere; as it is written there."""

    typed: str
    written: str


def list_near(words: Iterable[str], kinds: Sequence[str]) -> dict[str, list[Near]]:
    """What may have been meant by each of these words; two queries."""
    asked = {word: near_keys_of(word) for word in words}
    counted = _counted({key for keys in asked.values() for key in keys}, kinds)
    best: dict[str, list[str]] = {}
    for word in asked:
        stem = stems_of(word)[0]
        far = {other: OSA.distance(stem, stems_of(other)[0]) for other in counted}
        near = [other for other, steps in far.items() if 0 < steps <= (1 if len(word) < 5 else 2) and closeness(word, other) < JOINED]
        often = {other: sum(counted[other].values()) for other in near}
        ranked = sorted(near, key=lambda other: (far[other], OSA.distance(word, other), -often[other], other))
        of_each_stem: dict[str, str] = {}
        for other in ranked:
            of_each_stem.setdefault(stems_of(other)[0], other)
        best[word] = list(of_each_stem.values())[:MOST_NEAR]
    wanted = {other for near in best.values() for other in near}
    written = dict(session.execute(sa.select(SearchWord.word, SearchWord.written).where(SearchWord.word.in_(sorted(wanted)))).all())
    return {word: [Near(word, written[other]) for other in near if other in written] for word, near in best.items()}
