"""Finding what has the words that are looked for, among what everybody reads; the same on both engines.

Each word is looked up in the index from its newest thing on, and no further than :data:`MOST_COUNTED` things, or :data:`MOST_WALKED` where
these are narrowed further: the word that fewest have leads, the others are asked of what it leads to. What is ranked is at most
:data:`MOST_FOUND` things of each kind, by Okapi BM25 (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009), where a word
that only stands for the typed one is worth less.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.finding import Findable, Hit
from consult.core.paging import MAX_NUMBER, PAGE_SIZE, Cursor, Page, cut
from consult.core.permissions import Action, Actor, require
from consult.search.models import SearchPosting
from consult.search.service.asking import Asked, SearchFilter, Sort, is_reference
from consult.search.service.indexing import list_findables
from consult.search.service.matching import MOST_COUNTED, Forms, Near, list_forms, list_near
from consult.search.service.showing import Piece, excerpt
from consult.text.searching import INFLECTED, JOINED, STOPS, stands_in, words_of

MOST_FOUND = 1_000  # things of one kind that are ranked; the newest where there are more
MOST_WALKED = 20_000  # things that one word leads to, of which others words or a filter leave some
MOST_READ = 300  # things whose words are read to see whether a phrase stands in them
FEW = 10  # things that have all words, beyond which those that have some of them are not looked for
MOST_PARTIAL = 30
LEAST_SHARE = 0.45  # of what all words tell, for things that lack some
LAST = 1_000_000_000  # the place of what the text has no longer


@dataclass
class Candidate:
    """Something that may be shown: ``near`` says how well it has each typed word, ``score`` how well it has all."""

    kind: str
    id: int
    number: int
    place: int
    at: int
    near: dict[str, float] = field(default_factory=dict)
    score: float = 0.0
    is_partial: bool = False


@dataclass(frozen=True)
class Found:
    """Something that is shown: with the words in their sentence, and which of the typed words it lacks."""

    kind: str
    label: Any
    hit: Hit
    pieces: list[Piece]
    lacking: list[str]


@dataclass(frozen=True)
class Results:
    """``count`` of those that have all words and ``counts`` of each kind, up to what is looked at (``is_more``: there are more;
    ``is_cut``: older things that would be right may not have been looked at).
    """

    page: Page[Found]
    count: int
    counts: Mapping[str, int]
    is_more: bool
    is_cut: bool
    near: Mapping[str, list[Near]]
    kinds: Mapping[str, Findable]


def search(actor: Actor, consultation: Consultation, asked: Asked, wanted: SearchFilter, *, sort: Sort = Sort.RELEVANCE,
           language: str = "fr", after: Cursor | None = None, size: int = PAGE_SIZE) -> Results:
    """One page of what everybody reads, whoever asks."""
    require(actor, Action.SEARCH_READ, consultation)
    kinds = list_findables()
    question = Question(asked, wanted, {name: one for name, one in kinds.items() if wanted.what in ("", name)}, sort)
    whole, is_more = question.having_all()
    partial = question.having_some({(one.kind, one.id) for one in whole}) if len(whole) < FEW and sort is Sort.RELEVANCE else []
    keyed = sorted(((question.key_of(one), one) for one in [*whole, *partial]), key=lambda pair: pair[0])
    page = cut([one for one in keyed if after is None or one[0] > after.key][:size + 1], lambda one: one[0], after=after, size=size)
    near = list_near([word for word, forms in question.forms.items() if not forms.only(JOINED).total], list(kinds)) if not after else {}
    shown = Page(question.show([one for _key, one in page.rows], language), page.after, page.older)
    return Results(shown, len(whole), Counter(one.kind for one in whole), is_more, question.is_cut, near, kinds)


class Question:
    """What is looked for, with the words of the index that stand for it."""

    def __init__(self, asked: Asked, wanted: SearchFilter, kinds: Mapping[str, Findable], sort: Sort) -> None:
        self.asked, self.wanted, self.kinds, self.sort, self.is_cut = asked, wanted, kinds, sort, False
        quoted = {word for phrase in asked.phrases for word in phrase if word not in STOPS}
        known = list_forms({*asked.words, *quoted, *asked.without}, list(kinds))
        self.forms = {word: known[word] for word in asked.words}
        self.quoted = {f'"{word}"': known[word].only(INFLECTED) for word in quoted}
        self.without = [form for word in asked.without for form in known[word].only(INFLECTED).near]
        # How much each word tells: the fewer things have it, the more.
        everything = MOST_COUNTED * len(kinds)
        self.weights = {word: math.log(1 + (everything - forms.total + 0.5) / (forms.total + 0.5)) + 0.3
                        for word, forms in {**self.forms, **self.quoted}.items()}

    @property
    def _is_narrowed(self) -> bool:
        """Whether more is asked of what one word leads to."""
        return len(self.forms) + len(self.quoted) > 1 or bool(self.without) or not self.wanted.without("what").is_empty

    # Candidates

    def having_all(self) -> tuple[list[Candidate], bool]:
        """All that has every word, and whether there is more than is looked at."""
        needed = {**self.forms, **self.quoted}
        if self.asked.is_empty and self.wanted.is_empty:
            return [], False
        parts, walked = [], []
        for kind, findable in self.kinds.items():
            if all(forms.count(kind) for forms in needed.values()):
                ordered = sorted(needed.values(), key=lambda forms: forms.count(kind))
                parts.append(self._chosen(kind, findable, ordered[:1], ordered[1:]))
                walked += [(kind, word) for word in (_often(kind, ordered[0]) if ordered else ())]
        self.is_cut = self._is_narrowed and _is_beyond(walked)
        found = self._read(parts, needed)
        often = Counter(one.kind for one in found)
        is_more = any(times > MOST_FOUND for times in often.values())
        found = self._limited(found)
        self._rank(found)
        if self.asked.phrases:
            found.sort(key=self.key_of)
            is_more = is_more or len(found) > MOST_READ
            found = self._with_phrases(found[:MOST_READ])
        return found, is_more

    def having_some(self, known: set[tuple[str, int]]) -> list[Candidate]:
        """What has those of several words that tell most."""
        if len(self.forms) < 2 or self.quoted:
            return []
        parts = []
        for kind, findable in self.kinds.items():
            there = sorted((forms for forms in self.forms.values() if forms.count(kind)), key=lambda forms: forms.count(kind))
            if there:
                parts.append(self._chosen(kind, findable, there[:3], []))
        found = [one for one in self._limited(self._read(parts, self.forms)) if (one.kind, one.id) not in known]
        self._rank(found)
        whole = sum(self.weights[word] for word in self.forms)
        for one in found:
            one.is_partial = True
        enough = [one for one in found if sum(self.weights[word] for word in one.near) >= LEAST_SHARE * whole]
        return sorted(enough, key=self.key_of)[:MOST_PARTIAL]

    def _chosen(self, kind: str, findable: Findable, leading: Sequence[Forms], others: Sequence[Forms]) -> sa.Select[Any]:
        view = findable.everybody_reads().subquery()
        place = sa.func.coalesce(view.c.place, LAST) if self.sort is Sort.TEXT else sa.literal(LAST)
        chosen = sa.select(sa.literal(kind).label("found"), view.c.id, view.c.number, place.label("place"), view.c.at)
        one_too_many = MOST_FOUND + 1
        far = MOST_WALKED if others or (self._is_narrowed and len(leading) == 1) else MOST_COUNTED
        if leading:
            walked = sa.union_all(*(part for forms in leading for part in _walked(kind, forms, far))).subquery()
            chosen = chosen.where(view.c.id.in_(sa.select(walked.c.subject_id)))
        elif self.asked.name:
            chosen = chosen.where(*_called(self.asked.name, view.c))
        else:  # nothing but a filter: the newest of all are looked at
            newest = findable.everybody_reads().subquery()
            of_body = SearchFilter(organisation=self.wanted.organisation).conditions(kind, newest.c)
            last = sa.select(newest.c.id).where(*of_body).order_by(newest.c.id.desc()).limit(MOST_COUNTED).subquery()
            chosen = chosen.where(view.c.id.in_(sa.select(last.c.id)))
        for forms in others:
            chosen = chosen.where(_has(kind, view.c.id, forms.near))
        if self.without:
            chosen = chosen.where(~_has(kind, view.c.id, self.without))
        return chosen.where(*self.wanted.conditions(kind, view.c)).order_by(view.c.id.desc()).limit(one_too_many)

    def _read(self, parts: Sequence[sa.Select[Any]], needed: Mapping[str, Forms]) -> list[Candidate]:
        if not parts:
            return []
        some = sa.union_all(*(sa.select(part.subquery()) for part in parts)).subquery()
        stands_for: dict[str, list[str]] = defaultdict(list)
        for typed, forms in needed.items():
            for form in forms.near:
                stands_for[form].append(typed)
        posting = SearchPosting
        beside = sa.and_(posting.kind == some.c.found, posting.subject_id == some.c.id, posting.word.in_(sorted(stands_for)))
        rows = sa.select(some, posting.word, posting.weight).outerjoin(posting, beside) if stands_for else sa.select(
            some, sa.null(), sa.null())
        found: dict[tuple[str, int], Candidate] = {}
        for kind, subject_id, number, place, at, word, weight in session.execute(rows):
            one = found.get((kind, subject_id))
            if one is None:
                one = found[kind, subject_id] = Candidate(kind, subject_id, number, place, int(at.timestamp()))
            for typed in stands_for.get(word, ()):
                one.near[typed] = max(one.near.get(typed, 0.0), needed[typed].near[word] * weight / 100)
        return list(found.values())

    def _limited(self, found: Iterable[Candidate]) -> list[Candidate]:
        often: Counter[str] = Counter()
        kept = []
        for one in sorted(found, key=lambda one: -one.id):
            often[one.kind] += 1
            if often[one.kind] <= MOST_FOUND:
                kept.append(one)
        return kept

    def _rank(self, found: Iterable[Candidate]) -> None:
        whole = sum(self.weights.values()) or 1.0
        for one in found:
            share = sum(self.weights[word] for word in one.near) / whole
            one.score = share * sum(self.weights[word] * near for word, near in one.near.items())

    def _with_phrases(self, found: Sequence[Candidate]) -> list[Candidate]:
        """Those in which each phrase stands word by word."""
        having: set[tuple[str, int]] = set()
        for kind, findable in self.kinds.items():
            ids = [one.id for one in found if one.kind == kind]
            for subject_id, passages in findable.texts(ids) if ids else ():
                texts = [words_of(passage.words) for passage in passages]
                if all(any(stands_in(list(phrase), words) for words in texts) for phrase in self.asked.phrases):
                    having.add((kind, subject_id))
        return [one for one in found if (one.kind, one.id) in having]

    # What is shown

    def key_of(self, one: Candidate) -> tuple[int, ...]:
        """By which the results follow each other; no two have the same."""
        rank = list(self.kinds).index(one.kind)
        if self.sort is Sort.NEWEST:
            return MAX_NUMBER - one.at, rank, MAX_NUMBER - one.id
        if self.sort is Sort.TEXT:
            return one.number, min(one.place, MAX_NUMBER), rank, one.id
        return (one.is_partial * 10_000_000 + max(0, 5_000_000 - round(one.score * 10_000)), rank, MAX_NUMBER - one.id)

    def show(self, chosen: Sequence[Candidate], language: str) -> list[Found]:
        hits: dict[tuple[str, int], Hit] = {}
        for kind, findable in self.kinds.items():
            ids = [one.id for one in chosen if one.kind == kind]
            hits.update({(kind, hit.id): hit for hit in (findable.hits(ids, language) if ids else ())})
        worth = self._worth()
        written = dict(zip(self.asked.words, self.asked.written, strict=True))
        return [
            Found(one.kind, self.kinds[one.kind].label, hit, excerpt(hit.words, worth),
                  [written[word] for word in self.forms if word not in one.near] if one.is_partial else [])
            for one in chosen if (hit := hits.get((one.kind, one.id)))]

    def _worth(self) -> dict[str, float]:
        """What each word of a text says of what is looked for: those are marked."""
        worth: dict[str, float] = {}
        for typed, forms in {**self.forms, **self.quoted}.items():
            for form, near in forms.near.items():
                worth[form] = max(worth.get(form, 0.0), near * self.weights[typed])
        return worth


def _often(kind: str, forms: Forms) -> list[str]:
    """Those of these words that more things have than are counted."""
    return sorted(word for word, counts in forms.counts.items() if counts.get(kind, 0) >= MOST_COUNTED)


def _is_beyond(walked: Sequence[tuple[str, str]]) -> bool:
    """Whether one of these words, each of a kind, leads further than is walked."""
    each = [sa.select(sa.literal(1).label("one")).where(SearchPosting.kind == kind, SearchPosting.word == word).offset(MOST_WALKED).limit(1)
            for kind, word in walked]
    return bool(each) and session.execute(sa.union_all(*(sa.select(one.subquery()) for one in each)).limit(1)).first() is not None


def _walked(kind: str, forms: Forms, far: int) -> Iterator[sa.Select[Any]]:
    """The things that have any of these words: of words that many have, the newest alone."""
    def of(words: Sequence[str]) -> sa.Select[Any]:
        return sa.select(SearchPosting.subject_id).where(SearchPosting.kind == kind, SearchPosting.word.in_(words))
    often = _often(kind, forms)
    few = [word for word in forms.near if word not in often]
    if few:
        yield of(few)
    for word in often:
        yield sa.select(of([word]).order_by(SearchPosting.subject_id.desc()).limit(far).subquery())


def _has(kind: str, subject_id: Any, words: Iterable[str]) -> sa.ColumnElement[bool]:
    return sa.exists().where(SearchPosting.kind == kind, SearchPosting.subject_id == subject_id, SearchPosting.word.in_(sorted(words)))


def _called(name: str, view: Any) -> list[sa.ColumnElement[bool]]:
    """One or the other: of both together the database would look at all that there is."""
    if is_reference(name):
        return [view.ref == name.upper()]
    return [view.key.in_(_as_keys(name)), view.number == int(name.partition("-")[0][1:])]


def _as_keys(typed: str) -> list[str]:
    """A key as it was typed, and in the letters of ours: C2-A14-P3-a2."""
    parts = typed.split("-")
    ours = [part.upper() if part[0] in "cCpP" or part[0] in "aA" and at == 1 else part.lower() for at, part in enumerate(parts) if part]
    return list(dict.fromkeys([typed, "-".join(ours)]))
