"""What others said already of what somebody is writing: on the same passage first, then the nearest in the chapter, in any language.

The passage says more than the words: across languages the right one stands first in nine of ten cases by the passage, in one of three by
the words (docs/benchmarks.md). So what is said elsewhere is shown only where it is near, and nothing is shown as the same.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, load_only

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import Contribution, ContributionDraft, ContributionState, ContributionWord
from consult.contributions.service.indexing import TEXT_COLUMNS, argument_of, telling_words, texts_of
from consult.contributions.statement import TEXTS
from consult.core.db import session
from consult.text import retrieval
from consult.text.folding import Folding, Said
from consult.text.normalising import language_of
from consult.text.retrieval import Sought

MOST_SOUGHT = 64  # words, with those of the other languages that stand for them
MOST_OF_A_WORD = 150  # contributions, the newest: a word that so many have tells little of any
NEAREST, ON_PASSAGE = 40, 40  # contributions that are read to be compared
SHOWN, SHOWN_ON_PASSAGE = 5, 3
HERE = ""  # in the place of a word: no stem is empty
FEWEST_SHARED, MOST_SAID = 3, 5  # words that what stands on another passage has as well; that are said to be shared
LEAST_WEIGHT = 1.5  # of a word that is told as shared: about one text in five has it
NEAR = 0.28  # of what the text would have of itself, for what stands on another passage: nearer, nearly all were right on reading
NEAR_TRANSLATED = 0.17  # the same in another language, of which part of the words is known


@dataclass(frozen=True)
class Similar:
    """A published contribution, ``words`` of the text that it has as well, and whether it speaks of the same passage; those of the others
    found that are ``alike`` to it in nearly all their words.
    """

    contribution: Contribution
    is_on_passage: bool
    words: list[str]
    alike: list[Contribution] = field(default_factory=list)


def list_similar(draft: ContributionDraft) -> list[Similar]:
    """What everybody reads that is nearest to what stands in a draft, which its reader may read; the same passage first. Four queries."""
    text = "\n".join(draft.fields.get(field.name) or "" for field in TEXTS)
    chapter, key = draft.block.chapter, draft.block.key
    learnt = chapters.get_words(chapter.consultation_id) or chapters.Words()
    sought = Sought(text, learnt.twins, language_of(text, draft.block.revision.language), learnt.common)
    found, here = _having(chapter, key, telling_words(Counter(sought.worth), (), MOST_SOUGHT))
    often = Counter(word for words in found.values() for word in words)
    near = sorted(found, key=lambda one: (-sum(1 / often[word] for word in found[one]), one))[:NEAREST]
    return _complete(_ranked(sought, _public(sorted({*near, *here})), key, often, len(found)))


def _having(chapter: Chapter, key: str, words: Sequence[str]) -> tuple[dict[int, list[str]], list[int]]:
    """The contributions to the chapter that have any of these stems, each with those it has; and those on the passage. The newest."""
    table, public = ContributionWord.__table__.c, Contribution.state.in_(ContributionState.where(is_public=True))
    here = sa.select(sa.literal(HERE, sa.String).label("word"), Contribution.id.label("contribution_id")).where(
        Contribution.chapter_id == chapter.id, Contribution.current_key == key, public).order_by(Contribution.id.desc()).limit(ON_PASSAGE)
    each = [sa.select(table.word, table.contribution_id).where(table.chapter_id == chapter.id, table.word == word)
            .order_by(table.contribution_id.desc()).limit(MOST_OF_A_WORD) for word in words]
    found: dict[int, list[str]] = {}
    on_passage: list[int] = []
    for word, contribution_id in session.execute(sa.union_all(*(sa.select(one.subquery()) for one in (here, *each)))):
        if word == HERE:
            on_passage.append(contribution_id)
        else:
            found.setdefault(contribution_id, []).append(word)
    return found, on_passage


def _public(ids: Sequence[int]) -> list[Contribution]:
    """Those of them that everybody reads, with what is compared."""
    told = (Contribution.language, Contribution.position, Contribution.current_key, *TEXT_COLUMNS)
    public = Contribution.state.in_(ContributionState.where(is_public=True))
    return list(session.scalars(
        sa.select(Contribution).where(Contribution.id.in_(ids), public).order_by(Contribution.id).options(load_only(*told))))


def _complete(found: list[Similar]) -> list[Similar]:
    """With all that their page shows of them: of the few that are shown, not of all that were compared."""
    ids = [one.contribution.id for one in found]
    session.scalars(sa.select(Contribution).where(Contribution.id.in_(ids)).options(
        joinedload(Contribution.author).lazyload(User.appointments), joinedload(Contribution.organisation),
        lazyload(Contribution.chapter))).all()
    return found


def _ranked(sought: Sought, others: Sequence[Contribution], key: str, often: Counter[str], count: int) -> list[Similar]:
    """Nearest first: a few on the passage whatever they say, then what is near enough, there or elsewhere. ``often`` tells of some words
    how many of ``count`` contributions have them.
    """
    texts = texts_of(others)
    weights = retrieval.weigh(texts.values(), max(len(texts), count), often)
    mean_length = sum(text.total() for text in texts.values()) / max(1, len(texts))
    whole = retrieval.score(sought, sought.own, weights, mean_length)
    near: list[tuple[float, Similar]] = []
    for one in others:
        shared = [word for word in sought.words_shared(texts[one.id], weights) if word.weight >= LEAST_WEIGHT]
        share = retrieval.score(sought, texts[one.id], weights, mean_length) / whole if whole else 0.0
        nearness = share / (NEAR if one.language == sought.language else NEAR_TRANSLATED)
        is_here = one.current_key == key
        if is_here or (nearness >= 1 and len(shared) >= FEWEST_SHARED):
            near.append((nearness, Similar(one, is_here, [word.written for word in shared[:MOST_SAID]])))
    near.sort(key=lambda found: (-found[0], found[1].contribution.id))
    told = _told_once([one for _nearness, one in near])
    here, elsewhere = ([one for one in told if one.is_on_passage is asked] for asked in (True, False))
    first = here[:max(SHOWN_ON_PASSAGE, SHOWN - len(elsewhere))]
    return first + elsewhere[:SHOWN - len(first)]


def _told_once(near: Sequence[Similar]) -> list[Similar]:
    """Of those that say the same in nearly the same words, the nearest, which knows how many they are."""
    folding = Folding()
    told: dict[int, Similar] = {}
    for one in near:
        said = one.contribution
        group = folding.add(Said(str(said.id), argument_of(said), position=said.position.value, place=said.current_key or "")).number
        if group in told:
            told[group].alike.append(said)
        else:
            told[group] = one
    return list(told.values())
