"""The acts of the verdicts; what a moderator works through, and the register that everybody can read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.contributions.models import REPLY_REF, Contribution, ContributionState, Reply
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.course import share_course
from consult.core.db import session
from consult.core.errors import Conflict, ConsultError, Invalid, NotFound
from consult.core.i18n import _, when
from consult.core.jobs import later
from consult.core.locks import list_locked, lock, lock_all, taken
from consult.core.paging import PAGE_SIZE, REGISTER_PAGE_SIZE, Cursor, Order, Page, cut, falling, get_page, rising
from consult.core.permissions import Action, Actor, can, require
from consult.moderation import jobs
from consult.moderation.models import MAX_WORDS, ModerationDecision, ModerationNotice, Reason, ReplyDecision, Verdict
from consult.organisations.models import Membership, Organisation
from consult.text import normalising

BEFORE_CURRENT = 4
Moderated = Contribution | Reply  # what a moderator decides on, alike
Decision = ModerationDecision | ReplyDecision


@dataclass
class Bulk:
    """What became of several contributions published at once: the refs published, and (ref, why not) of the others."""

    published: list[str] = field(default_factory=list)
    refused: list[tuple[str, Any]] = field(default_factory=list)


def act_of(verdict: Verdict) -> Callable[..., Decision]:
    """The command of a verdict, under its name; ``expected_counter`` is the ``row_counter`` that the moderator's page showed.

    Raises :class:`Conflict` when it is not what that page showed, or can no longer be decided so; where words are needed,
    :class:`Invalid` for a reason of another list, or words that are missing or cannot be kept.
    """
    def press(actor: User, subject: Moderated, *, expected_counter: int) -> Decision:
        return _decide(actor, subject, verdict, verdict.reasons[0], "", expected_counter)

    def explain(actor: User, subject: Moderated, *, reason: Reason, words: str, expected_counter: int) -> Decision:
        return _decide(actor, subject, verdict, _listed(reason, verdict.reasons), _checked(words), expected_counter)
    act: Callable[..., Decision] = explain if verdict.needs_words else press
    act.__name__ = verdict.value
    return command(act)


ACTS = {verdict: act_of(verdict) for verdict in Verdict}
publish = ACTS[Verdict.PUBLISH]
withhold = ACTS[Verdict.WITHHOLD]
restore = ACTS[Verdict.RESTORE]


def publish_several(
    actor: Actor, consultation: Consultation, *, expected_counter: Mapping[str, int], model: type[Moderated] = Contribution,
) -> Bulk:
    """Publish those whose refs are the keys of ``expected_counter``, each by its own command: one refusal stops no other."""
    require(actor, Action.MODERATION_VIEW, consultation)
    wanted = model.ref.in_(expected_counter)
    share_course()  # before the chapters, as each act by itself
    # All at once: taken one after the other they would be in the order of the contributions, and two bulks could wait for each other.
    lock_all(Chapter, Chapter.id.in_(sa.select(model.chapter_id).where(wanted)))
    own = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    found = list_locked(model, wanted, model.chapter_id.in_(own))
    bulk = Bulk()
    with tallies.together():
        for ref, subject in sorted(((c.ref, c) for c in found), key=lambda pair: (pair[1].chapter_id, pair[1].id)):
            try:
                with session.begin_nested(), tallies.together():
                    publish(actor, subject, expected_counter=expected_counter[ref])
            except ConsultError as error:
                bulk.refused.append((ref, error.message))
            else:
                bulk.published.append(ref)
    known = {*bulk.published, *(ref for ref, _why in bulk.refused)}
    bulk.refused += [(ref, _("There is nothing of this reference.")) for ref in expected_counter if ref not in known]
    return bulk


def _decide(actor: User, subject: Moderated, verdict: Verdict, reason: Reason, said: str, expected_counter: int) -> Decision:
    _claim(subject, expected_counter)
    if verdict not in Verdict.possible(subject.state):
        raise _overtaken(subject)
    given = {"verdict": verdict, "reason": reason, "words": said, "moderator": actor}
    return _decide_on_reply(subject, given) if isinstance(subject, Reply) else _decide_on_contribution(subject, given)


def _decide_on_contribution(contribution: Contribution, given: dict[str, Any]) -> ModerationDecision:
    before, verdict = contribution.state, given["verdict"]
    with contributions.recounted([contribution]):
        states.move(contribution, verdict.to)
    if verdict.to.is_public != before.is_public:
        chapters.mark_changed(contribution.chapter)
    if verdict.to.is_public:
        contributions.announce(contribution)
    decision = ModerationDecision(contribution=contribution, **given)
    session.add(decision)
    session.flush()
    session.add(ModerationNotice(decision_id=decision.id))
    later(jobs.tell_author, decision)
    return decision


def _decide_on_reply(reply: Reply, given: dict[str, Any]) -> ReplyDecision:
    contributions.move_reply(reply, given["verdict"].to)
    decision = ReplyDecision(reply=reply, **given)
    session.add(decision)
    session.flush()
    later(jobs.tell_reply_author, decision)
    return decision


def _claim(subject: Moderated, expected_counter: int) -> None:
    """Hold it until the decision is written; :class:`Conflict` when it is no longer what the moderator's page showed."""
    lock(subject.chapter)
    lock(subject, expected_counter=expected_counter, overtaken=lambda: _overtaken(subject))


def _overtaken(subject: Moderated) -> Conflict:
    """Who was there first, what they did and when."""
    remedy = _("Nothing was overwritten. Open it again and decide anew if you still want to; what you typed is there when you go back.")
    if subject.state.is_taken_back:
        return Conflict(_("%(ref)s was withdrawn by its author on %(date)s.", ref=subject.ref, date=when(subject.withdrawn_at)), remedy)
    decided, which = _decisions_on(subject)
    last = session.scalars(sa.select(decided).where(which).order_by(decided.id.desc()).limit(1)).first()
    if last is None:
        return taken()
    return Conflict(
        _("%(ref)s was decided on meanwhile: “%(verdict)s” by %(name)s on %(date)s (%(reason)s).", ref=subject.ref,
          verdict=last.verdict.label, name=last.moderator.name, date=when(last.decided_at), reason=last.reason.label),
        remedy,
    )


def _decisions_on(subject: Moderated) -> tuple[type[Any], sa.ColumnElement[bool]]:
    """The table of its decisions, and which of them are."""
    if isinstance(subject, Reply):
        return ReplyDecision, ReplyDecision.reply_id == subject.id
    return ModerationDecision, ModerationDecision.contribution_id == subject.id


def _listed(reason: Reason, allowed: Sequence[Reason]) -> Reason:
    if reason not in allowed:
        raise Invalid("reason", _("Choose a reason of the list."))
    return Reason(reason)


def _checked(said: str) -> str:
    said = normalising.validated_text("words", said, max_length=MAX_WORDS).strip()
    if normalising.is_blank(said):
        raise Invalid("words", _("Write to the author what led to this decision: a reason alone does not tell them."))
    return said


# What a moderator works through


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
    return (orm.joinedload(Contribution.amendment), _author(Contribution), orm.joinedload(Contribution.organisation),
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
    return sa.or_(model.author_id == actor.id, theirs)


def list_decisions(actor: Actor, subject: Moderated) -> list[Any]:
    """Every decision on it with the words to its author, oldest first."""
    require(actor, Action.MODERATION_VIEW, subject)
    decided, which = _decisions_on(subject)
    return list(session.scalars(
        sa.select(decided).where(which).options(orm.joinedload(decided.moderator).lazyload(User.appointments)).order_by(decided.id)))


def list_register(consultation: Consultation, *, chapter: Chapter | None = None, after: Cursor | None = None) -> Page[ModerationDecision]:
    """One page of the public register, newest first: neither texts nor words are even read."""
    said = orm.joinedload(ModerationDecision.contribution).options(
        orm.load_only(Contribution.ref, Contribution.state, Contribution.chapter_id, Contribution.block_key, raiseload=True),
        orm.joinedload(Contribution.chapter))
    return _registered(ModerationDecision, Contribution, ModerationDecision.contribution_id, said, _ours(consultation, chapter), after)


def list_reply_register(consultation: Consultation, *, chapter: Chapter | None = None, after: Cursor | None = None) -> Page[ReplyDecision]:
    """The same of replies."""
    said = orm.joinedload(ReplyDecision.reply).options(
        orm.load_only(Reply.ref, Reply.state, Reply.chapter_id, Reply.contribution_id, raiseload=True), orm.joinedload(Reply.chapter),
        orm.joinedload(Reply.contribution).load_only(Contribution.ref, Contribution.state, raiseload=True))
    return _registered(ReplyDecision, Reply, ReplyDecision.reply_id, said, _ours(consultation, chapter), after)


def _ours(consultation: Consultation, chapter: Chapter | None) -> list[int]:
    return [chapter.id] if chapter else [one.id for one in chapters.list_chapters(consultation)]


def _registered(
    decided: type[Any], model: type[Moderated], subject_id: Any, said: Any, ours: list[int], after: Cursor | None,
) -> Page[Any]:
    # Not joined, or all decisions of the chapters would be sorted for one page of them.
    is_ours = sa.exists().where(model.id == subject_id, model.chapter_id.in_(ours))
    decisions = sa.select(decided).where(is_ours).options(
        orm.defer(decided.words, raiseload=True), orm.joinedload(decided.moderator), said)
    return get_page(decisions, falling(decided.id), after=after, size=REGISTER_PAGE_SIZE)
