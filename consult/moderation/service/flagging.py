"""Flags of readers: private to the moderators, who leave the text as it is or decide on it; whoever flagged it is told which."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.commands import command, on
from consult.core.db import Base, scalar_count, session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.paging import PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.moderation import jobs
from consult.moderation.models import MAX_FLAG_WORDS, Decision, Flag, FlagOutcome, Reason
from consult.moderation.service.redacting import Moderated, on_subject
from consult.text import normalising

MOST_A_DAY = 20  # of one person
DAY = timedelta(days=1)


def get_own_flag(actor: Actor, subject: Moderated) -> Flag | None:
    """What this reader told the moderators about it."""
    require(actor, Action.MODERATION_VIEW_OWN_FLAG, subject)
    return _own_flag(actor, subject)


def _own_flag(actor: Actor, subject: Moderated) -> Flag | None:
    return session.scalar(sa.select(Flag).where(on_subject(Flag, subject), Flag.flagged_by_id == actor.id).options(
        lazyload(Flag.flagged_by)))


@command
def flag(actor: User, subject: Moderated, *, reason: Reason, words: str) -> Flag:
    """Tell the moderators why everybody should not read it.

    :class:`Invalid` for a reason of another list, or words that are missing or cannot be kept; :class:`Conflict` where it was done
    before, or by somebody who flagged too many today.
    """
    lock(actor)
    lock(subject.chapter)
    lock(subject)
    require(actor, Action.MODERATION_FLAG, subject)  # a decision may have taken it out of sight while this waited
    if reason not in Reason.where(is_breach=True):
        raise Invalid("reason", _("Choose a reason of the list."))
    said = normalising.validated_text("words", words, max_length=MAX_FLAG_WORDS).strip()
    if normalising.is_blank(said):
        raise Invalid("words", _("Say in a few words what a moderator should look at."))
    if _own_flag(actor, subject) is not None:
        raise Conflict(_("You have flagged this already: once is enough."), _("You are told by mail what becomes of it."))
    today = sa.select(sa.func.count()).select_from(Flag).where(Flag.flagged_by_id == actor.id, Flag.flagged_at > utcnow() - DAY)
    if scalar_count(today) >= MOST_A_DAY:
        raise Conflict(_("You have flagged %(count)s texts since yesterday: that is the most in a day.", count=MOST_A_DAY),
                       _("Go on tomorrow, or write to the secretariat if it is urgent."))
    of = {"reply_id": subject.id} if isinstance(subject, Reply) else {"contribution_id": subject.id}
    made = Flag(flagged_by_id=actor.id, reason=reason, words=said, **of)
    session.add(made)
    return made


@command
def keep_flagged(_actor: User, subject: Moderated, *, up_to: int) -> Flag:
    """Leave it as it is, for all flags that the page showed (``up_to``, the last one's number), whose readers are told.

    Returns the last of them: the event is of it, and none of those that everybody reads on the page of the text. :class:`Conflict` where
    none of them waits any more.
    """
    lock(subject.chapter)
    if not (settled := _settle(subject, FlagOutcome.KEPT, Flag.id <= up_to)):
        raise Conflict(_("No flag on it waits any more."), _("Reload the page to see what has changed."))
    return settled[-1]


def settle_by(decision: Decision) -> None:
    """Those on a text that this decision takes out of sight, the whole or in part, are answered by it."""
    if decision.verdict.answers_flags:
        _settle(decision.subject, FlagOutcome.ACTED)


@on(Action.CONTRIBUTIONS_ENTER_AGAIN, Action.CONTRIBUTIONS_WITHDRAW, Action.CONTRIBUTIONS_WITHDRAW_REPLY)
def settle_withdrawn(_actor: Actor, _result: Base, withdrawn: Base) -> None:
    if isinstance(withdrawn, Contribution | Reply):
        _settle(withdrawn, FlagOutcome.WITHDRAWN)


def _settle(subject: Moderated, outcome: FlagOutcome, *which: sa.ColumnElement[bool]) -> Sequence[Flag]:
    open_ = session.scalars(sa.select(Flag).where(on_subject(Flag, subject), Flag.outcome.is_(None), *which).order_by(Flag.id).options(
        lazyload(Flag.flagged_by))).all()
    for one in open_:
        one.outcome, one.settled_at = outcome, utcnow()
        later(jobs.tell_flagger, one)
    return open_


def list_flags(actor: Actor, subject: Moderated) -> Sequence[Flag]:
    """Those on it that wait for a moderator, oldest first; not by whom."""
    require(actor, Action.MODERATION_VIEW, subject)
    if not subject.is_public:  # whatever waited was settled with it
        return ()
    return session.scalars(sa.select(Flag).where(on_subject(Flag, subject), Flag.outcome.is_(None)).order_by(Flag.id).options(
        lazyload(Flag.flagged_by))).all()


def list_flagged(actor: Actor, consultation: Consultation, chapters: Sequence[Chapter], *, after: Cursor | None = None) -> Page[Flag]:
    """The first flag that waits on each text of these chapters, the oldest first."""
    require(actor, Action.MODERATION_VIEW, consultation)
    older, ids, public = aliased(Flag), [chapter.id for chapter in chapters], ContributionState.where(is_public=True)
    is_first = ~sa.exists().where(older.id < Flag.id, older.outcome.is_(None), sa.or_(
        older.contribution_id == Flag.contribution_id, older.reply_id == Flag.reply_id))
    here = sa.or_(Flag.contribution.has(sa.and_(Contribution.chapter_id.in_(ids), Contribution.state.in_(public))),
                  Flag.reply.has(sa.and_(Reply.chapter_id.in_(ids), Reply.is_public)))
    chosen = sa.select(Flag).where(Flag.outcome.is_(None), is_first, here).options(
        joinedload(Flag.contribution), joinedload(Flag.reply), lazyload(Flag.flagged_by))
    return get_page(chosen, rising(Flag.id), after=after, size=PAGE_SIZE)


def count_flags(actor: Actor, consultation: Consultation, subjects: Iterable[Moderated]) -> dict[str, int]:
    """How many wait on each of these, by reference; none of what has none."""
    require(actor, Action.MODERATION_VIEW, consultation)
    rows: dict[bool, dict[int, str]] = {}
    for one in subjects:
        rows.setdefault(isinstance(one, Reply), {})[one.id] = one.ref
    found: dict[str, int] = {}
    for of_reply, refs in rows.items():
        key = Flag.reply_id if of_reply else Flag.contribution_id
        counted = sa.select(key, sa.func.count()).where(key.in_(refs), Flag.outcome.is_(None)).group_by(key)
        found |= {refs[subject_id]: n for subject_id, n in session.execute(counted).all() if subject_id is not None}
    return found
