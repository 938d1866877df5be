"""Finding an organisation by what people type of its name: any language, any part, without accents, articles or the order of its words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.orm import selectinload

from consult.core.db import session
from consult.organisations.models import MAX_WORD, Organisation, OrganisationWord
from consult.text.normalising import name_key, normalised

MOST = 20  # that are shown of what was found
COMPARED = 12  # the same, of each of many names
CANDIDATES = 60  # that share the most words, of which the letters are compared
ASKED = 8  # words of what was typed that are looked for
PAIRED = 24  # words of a name that are paired with those of another: each of them is compared with each
SAME_WORD = 75  # of a hundred letters: "laboratoire" and "laboratoires", "essai" and "essais"
# Words that most names have and that tell none from another.
LITTLE = frozenset("de des du d la le les l et en pour the of and for في من و".split())
ARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال")  # what Arabic writes before a word and with it, then single letters
PARTICLES = ("ل", "ب", "و", "ف", "ك")


def words_of(name: str) -> list[str]:
    """Its words as they are compared: letters of any writing made one, without the Arabic article, and without little words."""
    bare = [_without(word, ARTICLES) for word in name_key(normalised(name)).split()]
    return [word[:MAX_WORD] for word in bare if word not in LITTLE] or [word[:MAX_WORD] for word in bare]


def forms_of(organisation: Organisation) -> set[str]:
    """All under which its words are looked for: as they are written, without what Arabic writes before them, its acronym in one word. A
    body is found by the names of its doubles too, and no double is.
    """
    if organisation.merged_into_id is not None:
        return set()
    names = [name for one in (organisation, *organisation.doubles) for name in one.names]
    whole = {word[:MAX_WORD] for name in names for word in name_key(normalised(name)).split() if word not in LITTLE}
    bare = {word for name in names for word in words_of(name)}
    codes = {joined(one.short) for one in (organisation, *organisation.doubles)} - {""}
    return whole | bare | {_without(word, PARTICLES) for word in whole} | codes


def joined(short: str) -> str:
    return name_key(normalised(short)).replace(" ", "")[:MAX_WORD]


def _without(word: str, prefixes: Sequence[str]) -> str:
    """Unless too little would be left of it."""
    return next((word[len(prefix):] for prefix in prefixes if word.startswith(prefix) and len(word) - len(prefix) > 2), word)


def note_words(organisation: Organisation) -> None:
    """Keep the words of its names, instead of those that it had."""
    wanted = forms_of(organisation)
    kept = {row.word: row for row in session.scalars(
        sa.select(OrganisationWord).where(OrganisationWord.organisation_id == organisation.id))}
    for word in kept.keys() - wanted:
        session.delete(kept[word])
    session.add_all(OrganisationWord(organisation_id=organisation.id, word=word) for word in sorted(wanted - kept.keys()))


def find(typed: str) -> list[Organisation]:
    """Those that have the beginnings of these words, the nearest first, at most :data:`MOST`; none for what has no letter."""
    words = words_of(typed)[:ASKED]
    words += [joined(typed)] if len(words) > 1 else []
    beginnings = [_begins_with(word) for word in words if len(word) > 1 or word.isdigit()]
    return _nearest(typed, _candidates(sa.or_(*beginnings)))[:MOST] if beginnings else []


def list_alike(names: Iterable[str], short: str = "") -> list[Organisation]:
    """Those that are perhaps the same: nearly the same name in any language, or the same acronym; the nearest first."""
    names = [name for name in names if name]
    words = sorted({word for name in names for word in words_of(name)} | {one for one in [joined(short)] if one})
    near = {}
    for organisation in _candidates(OrganisationWord.word.in_(words)) if words else ():
        likeness = max((alike(name, listed) for name in names for listed in _whole_names(organisation)), default=0)
        if likeness or short and joined(short) in {joined(one.short) for one in (organisation, *organisation.doubles)}:
            near[organisation] = likeness
    return sorted(near, key=lambda organisation: (-near[organisation], organisation.id))


def list_same(names: Sequence[str]) -> list[Organisation]:
    """Those that have one of these names, in whatever language, case and accents."""
    words = sorted({word for name in names if name for word in words_of(name)})
    return [organisation for organisation in _candidates(OrganisationWord.word.in_(words))
            if any(is_same(name, listed) for name in names if name for listed in _whole_names(organisation))]


def nearest_each(names: Sequence[str]) -> list[tuple[Organisation | None, Organisation | None]]:
    """Of each of many names: the organisation that has it, and the one of which it is nearly the name; two questions for all of them."""
    words = [words_of(name) if name else [] for name in names]
    by_word: dict[str, list[int]] = {}
    asked = sa.select(OrganisationWord.word, OrganisationWord.organisation_id).where(OrganisationWord.word.in_(set(chain(*words))))
    for word, organisation_id in session.execute(asked):
        by_word.setdefault(word, []).append(organisation_id)
    chosen = [[id_ for id_, _shared in Counter(chain(*(by_word.get(word, ()) for word in some))).most_common(COMPARED)] for some in words]
    asked_of = sa.select(Organisation).where(Organisation.id.in_(set(chain(*chosen)))).options(selectinload(Organisation.doubles))
    known = {one.id: (one, [_compared(name) for name in _whole_names(one)], joined(one.short)) for one in session.scalars(asked_of)}
    return [_nearest_of(name, [known[id_] for id_ in ids if id_ in known]) for name, ids in zip(names, chosen, strict=True)]


Candidate = tuple[Organisation, list[tuple[str, list[str]]], str]  # with its names as they are compared, and its acronym


def _nearest_of(name: str, candidates: Sequence[Candidate]) -> tuple[Organisation | None, Organisation | None]:
    (key, words), acronym = _compared(name), joined(name)
    near, most = None, 0.0
    for one, listed, short in candidates:
        for its_key, its_words in listed:
            if key == its_key:
                return one, None
            likeness = 100 if acronym and acronym == short else _likeness(words, its_words)
            if likeness > most:
                near, most = one, likeness
    return None, near


def _compared(name: str) -> tuple[str, list[str]]:
    """What of a name is compared with others: the whole of it, and its words."""
    return name_key(normalised(name)), words_of(name)[:PAIRED]


def is_same(one: str, other: str) -> bool:
    return bool(one and other) and name_key(normalised(one)) == name_key(normalised(other))


def alike(one: str, other: str) -> float:
    """0 to 100: 0 where each has a word that the other has not, as a town or a number, and where little is left in common."""
    return _likeness(words_of(one)[:PAIRED], words_of(other)[:PAIRED])


def _likeness(ours: Sequence[str], theirs: Sequence[str]) -> float:
    if _has_unpaired(ours, theirs) and _has_unpaired(theirs, ours):
        return 0
    of_ours, of_theirs = _unpaired(ours, theirs), _unpaired(theirs, ours)
    paired, further = len(ours) - of_ours, max(of_ours, of_theirs)
    if further and (paired < 2 or further > max(1, paired // 2)):
        return 0
    return fuzz.token_sort_ratio(" ".join(ours), " ".join(theirs))


def _has_unpaired(words: Sequence[str], others: Sequence[str]) -> bool:
    """As soon as one is found."""
    return any(not any(_is_same_word(word, other) for other in others) for word in words)


def _unpaired(words: Sequence[str], others: Sequence[str]) -> int:
    return sum(not any(_is_same_word(word, other) for other in others) for word in words)


@lru_cache(65_536)
def _is_same_word(one: str, other: str) -> bool:
    if any(sign.isdigit() for sign in one + other) or not (one + other).isalpha():
        return one == other
    return one == other or min(len(one), len(other)) > 3 and fuzz.ratio(one, other) >= SAME_WORD


def _whole_names(organisation: Organisation) -> list[str]:
    return [name for one in (organisation, *organisation.doubles) for name in one.whole_names]


def _begins_with(word: str) -> sa.ColumnElement[bool]:
    """By the index: from the word itself to before the next that does not begin so."""
    return sa.and_(OrganisationWord.word >= word, OrganisationWord.word < word + "\U0010ffff")


def _candidates(condition: sa.ColumnElement[bool]) -> Sequence[Organisation]:
    shared = (sa.select(OrganisationWord.organisation_id, sa.func.count().label("shared")).where(condition)
              .group_by(OrganisationWord.organisation_id).order_by(sa.desc("shared"), OrganisationWord.organisation_id).limit(CANDIDATES)
              .subquery())
    return session.scalars(sa.select(Organisation).join(shared, shared.c.organisation_id == Organisation.id)
                           .order_by(shared.c.shared.desc(), Organisation.id).options(selectinload(Organisation.doubles))).all()


def _nearest(typed: str, found: Sequence[Organisation]) -> list[Organisation]:
    def distance(organisation: Organisation) -> tuple[float, int]:
        names = (name for one in (organisation, *organisation.doubles) for name in one.names)
        likeness = max(fuzz.token_set_ratio(" ".join(words_of(typed)), " ".join(words_of(name))) for name in names)
        return -likeness, organisation.id
    return sorted(found, key=distance)
