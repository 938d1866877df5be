"""What a moderator works through, in its order."""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.contributions.models import REPLY_REF, Contribution, ContributionState, Reply
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.paging import PAGE_SIZE, Cursor, Order, Page, cut, falling, rising
from consult.core.permissions import Action, Actor, can, require
from consult.moderation.models import Decision, ModerationDecision, ReplyDecision, Verdict, is_fresh
from consult.moderation.service.redacting import Moderated, decisions_on
from consult.organisations.models import Membership, Organisation

BEFORE_CURRENT = 4


def list_chapters(actor: Actor, consultation: Consultation) -> list[Chapter]:
    """The chapters that this person moderates: those of their commissions, or all for the secretariat."""
    require(actor, Action.MODERATION_VIEW, consultation)
    return [chapter for chapter in chapters.list_chapters(consultation) if can(actor, Action.MODERATION_VIEW, chapter)]


def get_subject(actor: Actor, consultation: Consultation, ref: str) -> Moderated:
    """A contribution, or a reply to one, with all that its page shows, whatever its state; :class:`NotFound` when there is none."""
    ref = ref.upper()
    model: type[Moderated] = Reply if REPLY_REF in ref else Contribution
    shown = _shown_of_reply() if model is Reply else _shown_of_contribution()
    subject: Any = session.scalar(
        sa.select(model).join(Chapter, Chapter.id == model.chapter_id).where(Chapter.consultation_id == consultation.id, model.ref == ref)
        .options(*shown))
    if subject is None:
        raise NotFound(_("There is nothing of this reference."), _("Check the reference, or look for it in the queue."))
    require(actor, Action.MODERATION_VIEW, subject)
    return subject


def _shown_of_contribution() -> tuple:
    revision = orm.joinedload(Contribution.block).joinedload(Block.revision)
    return (orm.joinedload(Contribution.amendment), orm.joinedload(Contribution.declaration),
            _author(Contribution), orm.joinedload(Contribution.organisation),
            revision.options(orm.defer(Revision.source), orm.lazyload(Revision.chapter)))


def _shown_of_reply() -> tuple:
    to = orm.joinedload(Reply.contribution)
    return (_author(Reply), orm.joinedload(Reply.organisation), to.joinedload(Contribution.author).lazyload(User.appointments),
            to.joinedload(Contribution.organisation))


def _author(model: type[Moderated]):
    return orm.joinedload(model.author).lazyload(User.appointments)


def queue(
    actor: Actor, chapters: Sequence[Chapter], *, states: Sequence[ContributionState], after: Cursor | None = None,
    model: type[Moderated] = Contribution,
) -> Page[Any]:
    """One page: what waits the longest first, what is decided newest first."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    order = _order_of(model, states)
    rows = _in_order(_rows(model, order.after(_ids(model, chapters, states), after).limit(PAGE_SIZE + 1)), order)
    return cut(rows, lambda c: (c.id,), after=order.fitting(after), size=PAGE_SIZE)


def _order_of(model: type[Moderated], states: Sequence[ContributionState]) -> Order:
    return rising(model.id) if all(state.awaits_moderation for state in states) else falling(model.id)


def around(
    actor: Actor, chapters: Sequence[Chapter], subject: Moderated, *, states: Sequence[ContributionState]
) -> tuple[list[Any], list[Any]]:
    """The queue on both sides of one contribution or reply, whether or not it stands in it: some before, a page after."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    model = type(subject)
    order, here = _order_of(model, states), Cursor((subject.id,))
    before = order.reversed().after(_ids(model, chapters, states), here).limit(BEFORE_CURRENT)
    following = order.after(_ids(model, chapters, states), here).limit(PAGE_SIZE - BEFORE_CURRENT)
    rows = _in_order(_rows(model, before, following), order)
    lower, higher = [c for c in rows if c.id < subject.id], [c for c in rows if c.id > subject.id]
    return (lower, higher) if order.is_rising else (higher, lower)


def _ids(model: type[Moderated], chapters: Sequence[Chapter], states: Sequence[ContributionState]) -> sa.Select:
    return sa.select(model.id).where(model.chapter_id.in_([chapter.id for chapter in chapters]), model.state.in_(states))


def _rows(model: type[Moderated], *ids: sa.Select) -> sa.Select:
    # One list of ids: of several, joined by OR, PostgreSQL would read the table for each.
    chosen = sa.union_all(*(sa.select(*some.subquery().c) for some in ids)).subquery()
    beside = orm.joinedload(Reply.contribution) if model is Reply else orm.raiseload(Contribution.block)
    return sa.select(model).where(model.id.in_(sa.select(chosen.c[0]))).options(
        orm.joinedload(model.organisation), _author(model), beside)


def _in_order(rows: sa.Select, order: Order) -> list[Any]:
    return sorted(session.scalars(rows), key=lambda c: c.id, reverse=not order.is_rising)


def get_next(actor: Actor, chapters: Sequence[Chapter], subject: Moderated) -> Any | None:
    """What to decide on after this one: the next that awaits moderation, else the first; None when all are answered."""
    awaiting = ContributionState.where(awaits_moderation=True)
    before, following = around(actor, chapters, subject, states=awaiting)
    if following or not before:
        return following[0] if following else None
    return queue(actor, chapters, states=awaiting, model=type(subject)).rows[0]


def count_by_state(
    actor: Actor, chapters: Sequence[Chapter], model: type[Moderated] = Contribution
) -> dict[int, dict[ContributionState, int]]:
    """Contributions, or replies, of each state, by chapter id, in one query; a state that has none is 0."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    return _counted(model)([chapter.id for chapter in chapters])


def _counted(model: type[Moderated]) -> Callable[[Sequence[int]], dict[int, dict[ContributionState, int]]]:
    return contributions.count_replies_by_state if model is Reply else contributions.count_by_state


def count_awaiting(actor: Actor, consultation: Consultation, model: type[Moderated] = Contribution) -> dict[Chapter, int]:
    """What waits for this person's decision, chapter by chapter: what the rule leaves to another moderator does not."""
    if not consultation.current_phase.is_answering:
        return {}
    mine = {chapter.id: chapter for chapter in chapters.list_chapters(consultation) if can(actor, Action.MODERATION_VIEW, chapter)}
    awaiting = ContributionState.where(awaits_moderation=True)
    left = dict(session.execute(
        sa.select(model.chapter_id, sa.func.count())
        .where(model.chapter_id.in_(mine), model.state.in_(awaiting), is_of(actor, model)).group_by(model.chapter_id)).all())
    waiting = {chapter_id: sum(states[state] for state in awaiting) - left.get(chapter_id, 0)
               for chapter_id, states in _counted(model)(list(mine)).items()}
    return {mine[chapter_id]: count for chapter_id, count in sorted(waiting.items()) if count}


def is_of(actor: Actor, model: type[Moderated]) -> sa.ColumnElement[bool]:
    """What ``from_elsewhere`` refuses to this person, for a query."""
    body = sa.select(Organisation.body_id).where(Organisation.id == model.organisation_id).correlate_except(Organisation).scalar_subquery()
    theirs = sa.exists().where(
        Membership.user_id == actor.id, Membership.organisation_id == body,
        sa.or_(Membership.left_at.is_(None), Membership.left_at >= model.submitted_at))
    claimed = sorted(getattr(actor, "claimed_ids", ()))
    return sa.or_(model.author_id.in_([actor.id, *claimed]) if claimed else model.author_id == actor.id, theirs)


def list_decisions(actor: Actor, subject: Moderated) -> list[Any]:
    """Every decision on it with the words to its author, oldest first."""
    require(actor, Action.MODERATION_VIEW, subject)
    decided, which = decisions_on(subject)
    return list(session.scalars(
        sa.select(decided).where(which).options(orm.joinedload(decided.moderator).lazyload(User.appointments)).order_by(decided.id)))


def get_last_own(actor: Actor, chapters: Sequence[Chapter], model: type[Moderated] = Contribution) -> Decision | None:
    """The last decision of this moderator in these chapters, while it can be taken back: nothing came after it, and it is fresh."""
    of_reply = model is Reply
    decided: Any = ReplyDecision if of_reply else ModerationDecision
    subject, key = ("reply", decided.reply_id) if of_reply else ("contribution", decided.contribution_id)
    own, later = orm.aliased(decided), orm.aliased(decided)
    newest = sa.select(sa.func.max(own.id)).where(own.moderator_id == actor.id).scalar_subquery()
    after = sa.exists().where(getattr(later, key.key) == key, later.id > decided.id)
    known = orm.load_only(model.ref, model.state, model.row_counter, model.chapter_id, model.author_id, model.organisation_id,
                          model.submitted_at)
    found = session.scalar(sa.select(decided).where(decided.id == newest, ~after).options(
        orm.joinedload(getattr(decided, subject)).options(known)))
    if found is None or found.verdict.takes_back or not is_fresh(found):
        return None
    is_here = found.subject.chapter_id in {chapter.id for chapter in chapters}
    return found if is_here and Verdict.REOPEN in Verdict.possible(found.subject.state) else None
