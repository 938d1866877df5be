"""The receipt by mail, news of a text that changed under a contribution or of its new place, of replies and of drafts offered to an
organisation, and the end of forgotten drafts.
"""

from collections.abc import Callable, Sequence
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload, selectinload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import (
    KEPT_FOR_NOBODY,
    Anchor,
    AnchorClass,
    AnchorState,
    Contribution,
    ContributionDraft,
    ContributionState,
    PositionEntry,
    PositionReceipt,
    QuoteState,
    Receipt,
    Reply,
)
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import gettext, utcnow
from consult.core.jobs import every_second, long_job, outbound_job, worded_job
from consult.core.locks import locking
from consult.core.mail import Letter
from consult.core.news import Line, Topic

ReceiptFact = tuple[int, str]  # a contribution, and its state
Place = tuple[int, int]  # an anchor, and the block where it stands; 0: its passage is gone


@worded_job
def send_receipt(contribution_id: int) -> Callable[[], None] | None:
    """Write the receipt to its author."""
    return mail.tell(RECEIPT, contribution_id)


def word_receipt(contribution_id: int) -> list[Letter[ReceiptFact]]:
    receipt = session.scalar(receipt_as_told(), {"contribution": contribution_id})
    return [] if receipt is None or receipt.written_at else [letter_of(receipt)]


def letter_of(receipt: Receipt) -> Letter[ReceiptFact]:
    contribution = receipt.contribution
    worded = mail.worded(contribution.author, "contributions/receipt", contribution=contribution, receipt=receipt)
    return Letter(worded, frozenset([(contribution.id, contribution.state.value)]))


def mark_receipt(contribution_id: int, letters: Sequence[Letter[ReceiptFact]]) -> Sequence[Letter[ReceiptFact]]:
    return letters if session.connection().execute(WRITTEN, {"of": contribution_id, "now": utcnow()}).rowcount else ()


def receipt_now(contribution_id: int, _facts: frozenset[ReceiptFact]) -> frozenset[ReceiptFact]:
    """It proves what was lodged, whatever became of that; what happens next depends on the state."""
    state = session.scalars(sa.select(Contribution.state).where(Contribution.id == contribution_id)).one()
    return frozenset([(contribution_id, state.value)])


def receipt_again(contribution_id: int, _facts: frozenset[ReceiptFact]) -> list[Letter[ReceiptFact]]:
    return [letter_of(session.scalars(receipt_as_told(), {"contribution": contribution_id}).one())]


RECEIPT = mail.Kind("contributions.receipt", word_receipt, mark_receipt, receipt_now, receipt_again, topic=Topic.RECEIPT)
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
        lodged.joinedload(Contribution.declaration),
        lodged.joinedload(Contribution.block, innerjoin=True).lazyload(Block.revision),
        lodged.joinedload(Contribution.chapter, innerjoin=True).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)),
    )


# Of contributions that were lodged together: one letter


@worded_job
def send_position_receipt(position_receipt_id: int) -> Callable[[], None] | None:
    """Write the receipt of the whole position to its author."""
    return mail.tell(POSITION, position_receipt_id)


def word_position(position_receipt_id: int) -> list[Letter[ReceiptFact]]:
    receipt = session.scalar(sa.select(PositionReceipt).where(PositionReceipt.id == position_receipt_id))
    return [] if receipt is None or receipt.written_at else [letter_of_position(receipt)]


def letter_of_position(receipt: PositionReceipt) -> Letter[ReceiptFact]:
    lodged = session.scalars(
        sa.select(Contribution).join(PositionEntry, PositionEntry.contribution_id == Contribution.id)
        .where(PositionEntry.position_receipt_id == receipt.id).order_by(PositionEntry.id)
        .options(joinedload(Contribution.block, innerjoin=True).lazyload(Block.revision), joinedload(Contribution.organisation),
                 joinedload(Contribution.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)),
                 selectinload(Contribution.attachments))).all()
    return Letter(mail.worded(receipt.author, "contributions/position", receipt=receipt, contributions=lodged),
                  frozenset((one.id, one.state.value) for one in lodged))


def mark_position(position_receipt_id: int, letters: Sequence[Letter[ReceiptFact]]) -> Sequence[Letter[ReceiptFact]]:
    """Each of its contributions is told of with it."""
    whole, each, now = PositionReceipt.__table__, PositionEntry.__table__, utcnow()
    told = whole.update().where(whole.c.id == position_receipt_id, whole.c.written_at.is_(None)).values(written_at=now)
    if not session.connection().execute(told).rowcount:
        return ()
    parts = sa.select(each.c.contribution_id).where(each.c.position_receipt_id == position_receipt_id)
    session.connection().execute(
        _receipt.update().where(_receipt.c.contribution_id.in_(parts), _receipt.c.written_at.is_(None)).values(written_at=now))
    return letters


def position_now(position_receipt_id: int, _facts: frozenset[ReceiptFact]) -> frozenset[ReceiptFact]:
    """As :func:`receipt_now`, of all of them."""
    states = sa.select(Contribution.id, Contribution.state).join(PositionEntry, PositionEntry.contribution_id == Contribution.id)
    found = session.execute(states.where(PositionEntry.position_receipt_id == position_receipt_id))
    return frozenset((contribution_id, state.value) for contribution_id, state in found)


def position_again(position_receipt_id: int, _facts: frozenset[ReceiptFact]) -> list[Letter[ReceiptFact]]:
    return [letter_of_position(session.scalars(sa.select(PositionReceipt).where(PositionReceipt.id == position_receipt_id)).one())]


POSITION = mail.Kind("contributions.position_receipt", word_position, mark_position, position_now, position_again, topic=Topic.RECEIPT)


@long_job
def tell_authors(revision_id: int, progress) -> None:
    """Tell whoever wrote on words that a revision changed or dropped: one letter each, of all their anchors that say so."""
    mail.tell_each(REVISED, revision_id, progress, untold(revision_id))


def concerned(revision_id: int) -> tuple:
    """Anchors of a revision under which the words are no longer the same.

    What the alignment is not sure of is no news before a person decided on it.
    """
    sure = sa.or_(Anchor.confidence >= chapters.SURE, Anchor.state.in_(AnchorState.where(awaits_decision=False)))
    return (
        sure, Anchor.revision_id == revision_id, Anchor.state.in_(AnchorState.where(is_left=False)),
        Anchor.anchor_class.in_(AnchorClass.where(is_same_text=False)), Anchor.quote.in_(QuoteState.where(is_unchanged=False)),
        Contribution.state.in_(ContributionState.where(is_told_of_place=True)),
    )


def untold(revision_id: int) -> sa.Select:
    """Ids of the authors to be told."""
    joined = sa.select(Contribution.author_id).join(Anchor, Anchor.contribution_id == Contribution.id)
    return joined.where(*concerned(revision_id), Anchor.told_at.is_(None)).distinct().order_by(Contribution.author_id)


def word_revised(revision_id: int) -> list[Letter[Place]]:
    some = untold(revision_id).limit(mail.BATCH).correlate(None)
    return word_anchors(revision_id, Anchor.told_at.is_(None), Contribution.author_id.in_(some))


def word_anchors(revision_id: int, *which: sa.ColumnElement[bool]) -> list[Letter[Place]]:
    """One letter to each author."""
    revision = session.scalar(revision_as_told(revision_id))
    by_author: dict[User, list[Anchor]] = {}
    for anchor in session.scalars(anchors_as_told(revision_id, *which)):
        by_author.setdefault(anchor.contribution.author, []).append(anchor)
    return [
        Letter(mail.worded(author, "contributions/revised", revision=revision, anchors=anchors),
               frozenset((anchor.id, anchor.block_id or 0) for anchor in anchors))
        for author, anchors in by_author.items()
    ]


def revision_as_told(revision_id: int) -> sa.Select:
    chapter = joinedload(Revision.chapter, innerjoin=True).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
    return sa.select(Revision).where(Revision.id == revision_id).options(defer(Revision.source), chapter)


def anchors_as_told(revision_id: int, *which: sa.ColumnElement[bool]) -> sa.Select:
    """What the letters of one batch tell, author by author, in one query."""
    lodged = contains_eager(Anchor.contribution)
    return (
        sa.select(Anchor).join(Anchor.contribution).where(*concerned(revision_id), *which)
        .options(
            lodged.joinedload(Contribution.author, innerjoin=True).lazyload(User.appointments),
            joinedload(Anchor.old_block, innerjoin=True).lazyload(Block.revision), joinedload(Anchor.block).lazyload(Block.revision),
        ).order_by(Contribution.author_id, Anchor.id)
    )


def mark_revised(revision_id: int, letters: Sequence[Letter[Place]]) -> list[Letter[Place]]:
    told = frozenset[Place]().union(*(letter.facts for letter in letters))
    still = places(locking(standing_places(revision_id, told).where(Anchor.told_at.is_(None)), Anchor))
    current = [letter for letter in letters if letter.facts <= still]
    if current:
        note_told(Anchor.id.in_([anchor_id for letter in current for anchor_id, _block in letter.facts]))
    return current


def standing_places(revision_id: int, facts: frozenset[Place]) -> sa.Select:
    ids = Anchor.id.in_([anchor_id for anchor_id, _block in facts])
    return sa.select(Anchor.id, Anchor.block_id).join(Anchor.contribution).where(*concerned(revision_id), ids)


def places(chosen: sa.Select) -> frozenset[Place]:
    return frozenset((anchor_id, block_id or 0) for anchor_id, block_id in session.execute(chosen))


def revised_now(revision_id: int, facts: frozenset[Place]) -> frozenset[Place]:
    return places(standing_places(revision_id, facts))


def revised_again(revision_id: int, facts: frozenset[Place]) -> list[Letter[Place]]:
    return word_anchors(revision_id, Anchor.id.in_([anchor_id for anchor_id, _block in facts]))


def list_revised_lines(_revision_id: int, facts: frozenset[Place]) -> list[Line]:
    found = session.scalars(sa.select(Anchor).where(Anchor.id.in_([anchor_id for anchor_id, _block in facts])).order_by(Anchor.id).options(
        joinedload(Anchor.contribution).joinedload(Contribution.chapter), joinedload(Anchor.revision)))
    return [line_on(anchor.contribution, gettext(
        "Version %(version)s changes the words under your contribution %(ref)s.", version=anchor.revision.number,
        ref=anchor.contribution.ref)) for anchor in found]


def line_on(contribution: Contribution, words: str) -> Line:
    return Line(words, "contributions.show", {"ref": contribution.ref}, contribution.chapter.number)


REVISED = mail.Kind("contributions.revised", word_revised, mark_revised, revised_now, revised_again,
                    topic=Topic.CONTRIBUTIONS, lines=list_revised_lines)


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
    return mail.tell(MOVED, anchor_id)


def moved() -> tuple[sa.ColumnElement[bool], ...]:
    """Anchors on which a person decided what their author is to hear."""
    heard = Contribution.state.in_(ContributionState.where(is_told_of_place=True))
    news = Anchor.state.in_(AnchorState.where(is_news=True))
    return news, Anchor.contribution_id.in_(sa.select(Contribution.id).where(heard))


def is_unheard() -> sa.ColumnElement[bool]:
    """Whose author does not know of the decision yet."""
    return sa.or_(Anchor.told_at.is_(None), Anchor.told_at < Anchor.decided_at)


def word_moved(anchor_id: int) -> list[Letter[tuple[int, int]]]:
    anchor = session.scalar(sa.select(Anchor).where(Anchor.id == anchor_id, *moved(), is_unheard()))
    if anchor is None:
        return []
    worded = mail.worded(anchor.contribution.author, "contributions/moved", anchor=anchor, contribution=anchor.contribution)
    return [Letter(worded, frozenset([(anchor.id, anchor.row_counter)]))]


def mark_moved(anchor_id: int, letters: Sequence[Letter[tuple[int, int]]]) -> Sequence[Letter[tuple[int, int]]]:
    (((_anchor, counter),),) = (letter.facts for letter in letters)
    return letters if note_told(Anchor.id == anchor_id, Anchor.row_counter == counter, *moved(), is_unheard()) else ()


def moved_now(anchor_id: int, facts: frozenset[tuple[int, int]]) -> frozenset[tuple[int, int]]:
    """A later decision on the place has a letter of its own."""
    counter = session.scalar(sa.select(Anchor.row_counter).where(Anchor.id == anchor_id, *moved()))
    return facts & {(anchor_id, counter)}


def list_moved_lines(anchor_id: int, _facts: frozenset[tuple[int, int]]) -> list[Line]:
    contribution = session.get_one(Anchor, anchor_id).contribution
    return [line_on(contribution, gettext("A person decided to which passage your contribution %(ref)s belongs.", ref=contribution.ref))]


MOVED = mail.Kind("contributions.moved", word_moved, mark_moved, moved_now, topic=Topic.CONTRIBUTIONS, lines=list_moved_lines)


@outbound_job
def tell_of_reply(reply_id: int) -> Callable[[], None] | None:
    """Tell whoever wrote a contribution that a reply to it is published: once, however often it is taken down and published again."""
    return mail.tell(REPLIED, reply_id)


def published_reply(reply_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """While everybody reads it, and somebody else wrote it."""
    by_another = sa.exists().where(Contribution.id == Reply.contribution_id, Contribution.author_id != Reply.author_id)
    return Reply.id == reply_id, sa.and_(Reply.is_public), by_another


def word_reply(reply_id: int) -> list[Letter[int]]:
    reply = session.scalar(sa.select(Reply).where(*published_reply(reply_id), Reply.told_at.is_(None)))
    if reply is None:
        return []
    worded = mail.worded(reply.contribution.author, "contributions/replied", reply=reply, contribution=reply.contribution)
    return [Letter(worded, frozenset([reply_id]))]


def mark_reply(reply_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    row = Reply.__table__
    still = sa.select(Reply.id).where(*published_reply(reply_id))
    # ``told_at`` is asked of the row itself: who waited for another worker here reads that row anew.
    told = sa.update(row).where(row.c.id.in_(still), row.c.told_at.is_(None)).values(told_at=utcnow())
    return letters if session.connection().execute(told).rowcount else ()


def reply_now(reply_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts if session.scalar(sa.select(Reply.id).where(*published_reply(reply_id))) else frozenset()


def list_reply_lines(reply_id: int, _facts: frozenset[int]) -> list[Line]:
    contribution = session.get_one(Reply, reply_id).contribution
    return [line_on(contribution, gettext("Somebody replied to your contribution %(ref)s.", ref=contribution.ref))]


REPLIED = mail.Kind("contributions.replied", word_reply, mark_reply, reply_now, topic=Topic.REPLIES, lines=list_reply_lines)


@every_second
def drop_forgotten_drafts() -> None:
    forgotten = sa.delete(ContributionDraft).where(
        ContributionDraft.author_id.is_(None), ContributionDraft.updated_at < utcnow() - KEPT_FOR_NOBODY)
    session.execute(forgotten.execution_options(synchronize_session=False))
