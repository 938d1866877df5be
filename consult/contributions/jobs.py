"""The receipt by mail, news of a text that changed under a contribution or of its new place, and the end of forgotten drafts."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import (
    Anchor,
    AnchorClass,
    AnchorState,
    Contribution,
    ContributionDraft,
    ContributionState,
    QuoteState,
    Receipt,
)
from consult.core import mail
from consult.core.db import reading, scalar_count, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import every_second, job, long_job, outbound_job

# What a visitor typed and never came back for is nobody's: it is not kept longer than a consultation usually lasts.
KEPT_FOR_NOBODY = timedelta(days=30)
BATCH = 20


@outbound_job
def send_receipt(contribution_id: int) -> Callable[[], None] | None:
    """Write the receipt to its author, once; it is worded before anybody has to wait."""
    with reading():
        receipt = session.scalar(receipt_as_told(), {"contribution": contribution_id})
        if receipt is None or receipt.written_at:
            return None
        told = mail.worded(receipt.contribution.author, "contributions/receipt", contribution=receipt.contribution, receipt=receipt)

    def conclude() -> None:
        if session.connection().execute(WRITTEN, {"of": contribution_id, "now": utcnow()}).rowcount:
            mail.post(*told)
    return conclude


_receipt = Receipt.__table__
WRITTEN = (
    _receipt.update().where(_receipt.c.contribution_id == sa.bindparam("of"), _receipt.c.written_at.is_(None))
    .values(written_at=sa.bindparam("now"))
)


@cache
def receipt_as_told() -> sa.Select:
    """The receipt with all that the letter tells, in one query."""
    lodged = joinedload(Receipt.contribution, innerjoin=True)
    return sa.select(Receipt).where(Receipt.contribution_id == sa.bindparam("contribution")).options(
        lodged.joinedload(Contribution.author, innerjoin=True).lazyload(User.appointments),
        lodged.joinedload(Contribution.organisation), lodged.joinedload(Contribution.amendment),
        lodged.joinedload(Contribution.block, innerjoin=True).lazyload(Block.revision),
        lodged.joinedload(Contribution.chapter, innerjoin=True).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)),
    )


@long_job
def tell_authors(revision_id: int, progress) -> None:
    """Tell whoever wrote on words that a revision changed or dropped: one letter each, once."""
    with reading():
        left = whole = count_untold(revision_id)
    while left:
        letters = word_some(revision_id)
        with unit_of_work():
            post_some(revision_id, letters)
            left = count_untold(revision_id)
        whole = max(whole, left)  # more may have been lodged on the old text meanwhile
        progress(100 - 100 * left // whole)


def concerned(revision_id: int) -> tuple:
    """Anchors of a revision under which the words are no longer the same, and whose author does not know it yet."""
    return (
        Anchor.revision_id == revision_id, Anchor.told_at.is_(None), Anchor.state.in_(AnchorState.where(is_left=False)),
        Anchor.anchor_class.in_(AnchorClass.where(is_same_text=False)), Anchor.quote.in_(QuoteState.where(is_unchanged=False)),
        Contribution.state.in_(ContributionState.where(is_told_of_place=True)),
    )


def untold(revision_id: int) -> sa.Select:
    """Ids of the authors to be told."""
    joined = sa.select(Contribution.author_id).join(Anchor, Anchor.contribution_id == Contribution.id)
    return joined.where(*concerned(revision_id)).distinct().order_by(Contribution.author_id)


def count_untold(revision_id: int) -> int:
    return scalar_count(sa.select(sa.func.count()).select_from(untold(revision_id).subquery()))


@dataclass(frozen=True)
class RevisionLetter:
    """What an author is to be told, ready to be posted: (recipient, subject, body), and the anchors that it tells of."""

    worded: tuple[str, str, str]
    anchor_ids: frozenset[int]


def word_some(revision_id: int) -> list[RevisionLetter]:
    """One batch of letters, worded before anybody has to wait."""
    with reading():
        revision = session.scalar(revision_as_told(revision_id))
        by_author: dict[User, list[Anchor]] = {}
        for anchor in session.scalars(anchors_as_told(revision_id)):
            by_author.setdefault(anchor.contribution.author, []).append(anchor)
        return [
            RevisionLetter(
                mail.worded(author, "contributions/revised", revision=revision, anchors=anchors),
                frozenset(anchor.id for anchor in anchors))
            for author, anchors in by_author.items()
        ]


def revision_as_told(revision_id: int) -> sa.Select:
    chapter = joinedload(Revision.chapter, innerjoin=True).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    return sa.select(Revision).where(Revision.id == revision_id).options(defer(Revision.source), chapter)


def anchors_as_told(revision_id: int) -> sa.Select:
    """What the letters of one batch tell, author by author, in one query."""
    some = untold(revision_id).limit(BATCH).correlate(None)
    lodged = contains_eager(Anchor.contribution)
    return (
        sa.select(Anchor).join(Anchor.contribution).where(*concerned(revision_id), Contribution.author_id.in_(some))
        .options(
            lodged.joinedload(Contribution.author, innerjoin=True).lazyload(User.appointments),
            joinedload(Anchor.old_block, innerjoin=True).lazyload(Block.revision), joinedload(Anchor.block).lazyload(Block.revision),
        ).order_by(Contribution.author_id, Anchor.id)
    )


def post_some(revision_id: int, letters: Collection[RevisionLetter]) -> None:
    """Post them; one that tells what is no longer so (withdrawn, decided or told meanwhile) is left to be worded afresh."""
    worded_of = [anchor_id for letter in letters for anchor_id in letter.anchor_ids]
    still = set(session.scalars(
        sa.select(Anchor.id).join(Anchor.contribution).where(*concerned(revision_id), Anchor.id.in_(worded_of))))
    current = [letter for letter in letters if letter.anchor_ids <= still]
    for letter in current:
        mail.post(*letter.worded)
    note_told(anchor_id for letter in current for anchor_id in letter.anchor_ids)


def note_told(anchor_ids: Iterable[int]) -> None:
    """Not through the rows: a decision that somebody is taking at this moment is none the older for it."""
    told = sa.update(Anchor.__table__).where(Anchor.__table__.c.id.in_(list(anchor_ids))).values(told_at=utcnow())
    session.connection().execute(told)


@job
def tell_moved(anchor_id: int) -> None:
    """Tell an author that a person attached their contribution to another passage, or left it where it was written.

    What is confirmed is where it was shown or announced already: nobody is written to for that. Of several decisions in a row the
    last one is told, once.
    """
    anchor = session.get_one(Anchor, anchor_id)
    is_news = anchor.state.is_news and (
        anchor.told_at is None or anchor.decided_at is not None and anchor.told_at < anchor.decided_at)
    if is_news and anchor.contribution.state.is_told_of_place:
        mail.write(anchor.contribution.author, "contributions/moved", anchor=anchor, contribution=anchor.contribution)
        note_told([anchor.id])


@every_second
def drop_forgotten_drafts() -> None:
    forgotten = sa.delete(ContributionDraft).where(
        ContributionDraft.author_id.is_(None), ContributionDraft.updated_at < utcnow() - KEPT_FOR_NOBODY)
    session.execute(forgotten.execution_options(synchronize_session=False))
