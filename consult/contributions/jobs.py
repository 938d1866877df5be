"""The receipt by mail, news of a text that changed under a contribution or of its new place, and the end of forgotten drafts."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache, partial

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters import service as chapters
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
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import every_second, long_job, outbound_job
from consult.core.locks import locking
from consult.core.mail import Letter

# What a visitor typed and never came back for is nobody's: it is not kept longer than a consultation usually lasts.
KEPT_FOR_NOBODY = timedelta(days=30)


@outbound_job
def send_receipt(contribution_id: int) -> Callable[[], None] | None:
    """Write the receipt to its author."""
    return mail.tell(contribution_id, word_receipt, mark_receipt)


def word_receipt(contribution_id: int) -> list[Letter[int]]:
    receipt = session.scalar(receipt_as_told(), {"contribution": contribution_id})
    if receipt is None or receipt.written_at:
        return []
    contribution = receipt.contribution
    worded = mail.worded(contribution.author, "contributions/receipt", contribution=contribution, receipt=receipt)
    return [Letter(worded, frozenset([contribution_id]))]


def mark_receipt(letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    ((contribution_id,),) = (letter.facts for letter in letters)
    return letters if session.connection().execute(WRITTEN, {"of": contribution_id, "now": utcnow()}).rowcount else ()


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
    """Tell whoever wrote on words that a revision changed or dropped: one letter each, of all their anchors that say so."""
    mail.tell_each(revision_id, progress, untold(revision_id), word_revised, partial(mark_revised, revision_id))


def concerned(revision_id: int) -> tuple:
    """Anchors of a revision under which the words are no longer the same, and whose author does not know it yet.

    What the alignment is not sure of is no news before a person decided on it.
    """
    sure = sa.or_(Anchor.confidence >= chapters.SURE, Anchor.state.in_(AnchorState.where(awaits_decision=False)))
    return (
        sure, Anchor.revision_id == revision_id, Anchor.told_at.is_(None), Anchor.state.in_(AnchorState.where(is_left=False)),
        Anchor.anchor_class.in_(AnchorClass.where(is_same_text=False)), Anchor.quote.in_(QuoteState.where(is_unchanged=False)),
        Contribution.state.in_(ContributionState.where(is_told_of_place=True)),
    )


def untold(revision_id: int) -> sa.Select:
    """Ids of the authors to be told."""
    joined = sa.select(Contribution.author_id).join(Anchor, Anchor.contribution_id == Contribution.id)
    return joined.where(*concerned(revision_id)).distinct().order_by(Contribution.author_id)


def word_revised(revision_id: int) -> list[Letter[int]]:
    revision = session.scalar(revision_as_told(revision_id))
    by_author: dict[User, list[Anchor]] = {}
    for anchor in session.scalars(anchors_as_told(revision_id)):
        by_author.setdefault(anchor.contribution.author, []).append(anchor)
    return [
        Letter(mail.worded(author, "contributions/revised", revision=revision, anchors=anchors),
               frozenset(anchor.id for anchor in anchors))
        for author, anchors in by_author.items()
    ]


def revision_as_told(revision_id: int) -> sa.Select:
    chapter = joinedload(Revision.chapter, innerjoin=True).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    return sa.select(Revision).where(Revision.id == revision_id).options(defer(Revision.source), chapter)


def anchors_as_told(revision_id: int) -> sa.Select:
    """What the letters of one batch tell, author by author, in one query."""
    some = untold(revision_id).limit(mail.BATCH).correlate(None)
    lodged = contains_eager(Anchor.contribution)
    return (
        sa.select(Anchor).join(Anchor.contribution).where(*concerned(revision_id), Contribution.author_id.in_(some))
        .options(
            lodged.joinedload(Contribution.author, innerjoin=True).lazyload(User.appointments),
            joinedload(Anchor.old_block, innerjoin=True).lazyload(Block.revision), joinedload(Anchor.block).lazyload(Block.revision),
        ).order_by(Contribution.author_id, Anchor.id)
    )


def mark_revised(revision_id: int, letters: Sequence[Letter[int]]) -> list[Letter[int]]:
    worded_of = sa.select(Anchor.id).join(Anchor.contribution).where(
        *concerned(revision_id), Anchor.id.in_([anchor_id for letter in letters for anchor_id in letter.facts]))
    still = set(session.scalars(locking(worded_of, Anchor)))
    current = [letter for letter in letters if letter.facts <= still]
    if current:
        note_told(Anchor.id.in_([anchor_id for letter in current for anchor_id in letter.facts]))
    return current


def note_told(*which: sa.ColumnElement[bool]) -> int:
    """How many were noted. Not through the rows: a decision that somebody is taking at this moment is none the older for it."""
    told = sa.update(Anchor.__table__).where(*which).values(told_at=utcnow())
    return session.connection().execute(told).rowcount


@outbound_job
def tell_moved(anchor_id: int) -> Callable[[], None] | None:
    """Tell an author that a person attached their contribution to another passage, or left it where it was written.

    What is confirmed is where it was shown or announced already: nobody is written to for that. Of several decisions in a row the
    last one is told.
    """
    return mail.tell(anchor_id, word_moved, mark_moved)


def moved() -> tuple[sa.ColumnElement[bool], ...]:
    """Anchors on which a person decided what their author is to hear and does not know yet."""
    heard = Contribution.state.in_(ContributionState.where(is_told_of_place=True))
    return (
        Anchor.state.in_(AnchorState.where(is_news=True)), sa.or_(Anchor.told_at.is_(None), Anchor.told_at < Anchor.decided_at),
        Anchor.contribution_id.in_(sa.select(Contribution.id).where(heard)),
    )


def word_moved(anchor_id: int) -> list[Letter[tuple[int, int]]]:
    anchor = session.scalar(sa.select(Anchor).where(Anchor.id == anchor_id, *moved()))
    if anchor is None:
        return []
    worded = mail.worded(anchor.contribution.author, "contributions/moved", anchor=anchor, contribution=anchor.contribution)
    return [Letter(worded, frozenset([(anchor.id, anchor.row_counter)]))]


def mark_moved(letters: Sequence[Letter[tuple[int, int]]]) -> Sequence[Letter[tuple[int, int]]]:
    (((anchor_id, counter),),) = (letter.facts for letter in letters)
    return letters if note_told(Anchor.id == anchor_id, Anchor.row_counter == counter, *moved()) else ()


@every_second
def drop_forgotten_drafts() -> None:
    forgotten = sa.delete(ContributionDraft).where(
        ContributionDraft.author_id.is_(None), ContributionDraft.updated_at < utcnow() - KEPT_FOR_NOBODY)
    session.execute(forgotten.execution_options(synchronize_session=False))
