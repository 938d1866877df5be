"""Keeping which words stand in which contribution, from its publication on: by the worker, and of whatever it missed.

Nothing is kept before something was learnt of the words of the chapters, which tells those that say nothing.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import islice

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, load_only

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import MAX_WORD, Contribution, ContributionState, ContributionWord
from consult.contributions.statement import TEXTS
from consult.core.commands import on
from consult.core.db import Base, add_new, session
from consult.core.jobs import every_second, job, later
from consult.core.locks import lock_all
from consult.core.permissions import DECIDING, Actor
from consult.text import retrieval

MOST_WORDS = 64  # of a contribution that are kept, those it says most often first
TEXT_COLUMNS = tuple(getattr(Contribution, f"{kind}_{field.name}") for field in TEXTS for kind in ("lodged", "shown"))
BATCH = 100  # contributions that are looked after in one second
_looked_to = [0]  # the contribution up to which this worker has looked for what was missed


@on(*DECIDING)
def renew_words(_actor: Actor, _decision: Base, subject: Base) -> None:
    """Other words may be shown than before: those kept go at once, those shown now are kept by the worker."""
    if isinstance(subject, Contribution):
        session.execute(sa.delete(ContributionWord).where(ContributionWord.contribution_id == subject.id))
        if subject.is_public:
            later(keep_words, subject)


@job
def keep_words(contribution_id: int) -> None:
    keep_missing(Contribution.id == contribution_id)


@every_second
def see_to_missing_words() -> None:
    """Of contributions that were published before words were kept, or by whatever promised nothing: each worker looks once at each."""
    ids = session.scalars(sa.select(Contribution.id).where(Contribution.id > _looked_to[0]).order_by(Contribution.id).limit(BATCH)).all()
    if ids and keep_missing(Contribution.id.in_(ids)):
        _looked_to[0] = ids[-1]


def keep_missing(which: sa.ColumnElement[bool]) -> bool:
    """Of those that everybody reads and of which no word is kept yet; False where it is too early.

    Their chapters are held before they are read: what a moderator hides meanwhile would be kept.
    """
    lock_all(Chapter, Chapter.id.in_(sa.select(Contribution.chapter_id).where(which)))
    has_words = sa.exists().where(ContributionWord.contribution_id == Contribution.id)
    missing = session.scalars(
        sa.select(Contribution).where(which, Contribution.state.in_(ContributionState.where(is_public=True)), ~has_words)
        .options(load_only(Contribution.chapter_id, *TEXT_COLUMNS),
                 joinedload(Contribution.chapter).lazyload(Chapter.commission)).execution_options(populate_existing=True)).all()
    for one in missing:
        learnt = chapters.get_words(one.consultation.id)
        if learnt is None:
            return False
        words = telling_words(retrieval.bag(argument_of(one)), learnt.common, MOST_WORDS)
        rows = [{"chapter_id": one.chapter_id, "word": word, "contribution_id": one.id} for word in words]
        add_new(ContributionWord, rows, ContributionWord.word)
    return True


def argument_of(said: Contribution) -> str:
    """Where its author says what they mean; the wording that they propose resembles the passage, as everybody else's does."""
    return "\n".join(getattr(said, field.name) for field in TEXTS)


def telling_words(often: Counter[str], common: Collection[str], most: int) -> list[str]:
    """The stems that say most of what is meant: those that the chapters do not have everywhere, the most frequent first."""
    return list(dict.fromkeys(islice((word[:MAX_WORD] for word, _times in often.most_common() if word not in common), most)))


def texts_of(contributions: Iterable[Contribution]) -> dict[int, Counter[str]]:
    return {one.id: retrieval.bag(argument_of(one)) for one in contributions}
