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
from consult.contributions.models import Contribution, ContributionState
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, ConsultError, Invalid, NotFound
from consult.core.i18n import _, when
from consult.core.jobs import later
from consult.core.locks import list_locked, lock, lock_all, taken
from consult.core.paging import PAGE_SIZE, REGISTER_PAGE_SIZE, Cursor, Order, Page, cut, falling, get_page, rising
from consult.core.permissions import Action, Actor, can, require
from consult.moderation import jobs
from consult.moderation.models import MAX_WORDS, ModerationDecision, ModerationNotice, Reason, Verdict
from consult.text import normalising

BEFORE_CURRENT = 4


@dataclass
class Bulk:
    """What became of several contributions published at once: the refs published, and (ref, why not) of the others."""

    published: list[str] = field(default_factory=list)
    refused: list[tuple[str, Any]] = field(default_factory=list)


def act_of(verdict: Verdict) -> Callable[..., ModerationDecision]:
    """The command of a verdict, under its name; ``expected_counter`` is the ``row_counter`` that the moderator's page showed.

    Raises :class:`Conflict` when it is not what that page showed, or can no longer be decided so; where words are needed,
    :class:`Invalid` for a reason of another list, or words that are missing or cannot be kept.
    """
    def press(actor: User, contribution: Contribution, *, expected_counter: int) -> ModerationDecision:
        return _decide(actor, contribution, verdict, verdict.reasons[0], "", expected_counter)

    def explain(actor: User, contribution: Contribution, *, reason: Reason, words: str, expected_counter: int) -> ModerationDecision:
        return _decide(actor, contribution, verdict, _listed(reason, verdict.reasons), _checked(words), expected_counter)
    act: Callable[..., ModerationDecision] = explain if verdict.needs_words else press
    act.__name__ = verdict.value
    return command(act)


ACTS = {verdict: act_of(verdict) for verdict in Verdict}
publish = ACTS[Verdict.PUBLISH]
withhold = ACTS[Verdict.WITHHOLD]
restore = ACTS[Verdict.RESTORE]


def publish_several(actor: Actor, consultation: Consultation, *, expected_counter: Mapping[str, int]) -> Bulk:
    """Publish the contributions whose refs are the keys of ``expected_counter``, each by its own command: one refusal stops no other."""
    require(actor, Action.MODERATION_VIEW, consultation)
    wanted = Contribution.ref.in_(expected_counter)
    # All at once: taken one after the other they would be in the order of the contributions, and two bulks could wait for each other.
    lock_all(Chapter, Chapter.id.in_(sa.select(Contribution.chapter_id).where(wanted)))
    own = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    found = list_locked(Contribution, wanted, Contribution.chapter_id.in_(own))
    bulk = Bulk()
    with tallies.together():
        for ref, contribution in sorted(((c.ref, c) for c in found), key=lambda pair: (pair[1].chapter_id, pair[1].id)):
            try:
                with session.begin_nested(), tallies.together():
                    publish(actor, contribution, expected_counter=expected_counter[ref])
            except ConsultError as error:
                bulk.refused.append((ref, error.message))
            else:
                bulk.published.append(ref)
    known = {*bulk.published, *(ref for ref, _why in bulk.refused)}
    bulk.refused += [(ref, _("There is no contribution of this reference.")) for ref in expected_counter if ref not in known]
    return bulk


def _decide(
    actor: User, contribution: Contribution, verdict: Verdict, reason: Reason, said: str, expected_counter: int
) -> ModerationDecision:
    _claim(contribution, expected_counter)
    require(actor, verdict.action, contribution)  # once more: it may have been submitted while this waited
    before = contribution.state
    if verdict not in Verdict.possible(before):
        raise _overtaken(contribution)
    with contributions.recounted([contribution]):
        states.move(contribution, verdict.to)
    if verdict.to.is_public != before.is_public:
        chapters.mark_changed(contribution.chapter)
    decision = ModerationDecision(contribution=contribution, verdict=verdict, reason=reason, words=said, moderator=actor)
    session.add(decision)
    session.flush()
    session.add(ModerationNotice(decision_id=decision.id))
    later(jobs.tell_author, decision)
    return decision


def _claim(contribution: Contribution, expected_counter: int) -> None:
    """Hold it until the decision is written; :class:`Conflict` when it is no longer what the moderator's page showed."""
    lock(contribution.chapter)
    lock(contribution, expected_counter=expected_counter, overtaken=lambda: _overtaken(contribution))
    session.refresh(contribution.consultation, ["phase"])


def _overtaken(contribution: Contribution) -> Conflict:
    """Who was there first, what they did and when."""
    remedy = _("Nothing was overwritten. Open it again and decide anew if you still want to; what you typed is there when you go back.")
    if contribution.state.is_taken_back:
        return Conflict(
            _("%(ref)s was withdrawn by its author on %(date)s.", ref=contribution.ref, date=when(contribution.withdrawn_at)), remedy
        )
    last = session.scalars(
        sa.select(ModerationDecision).where(ModerationDecision.contribution_id == contribution.id)
        .order_by(ModerationDecision.id.desc()).limit(1)
    ).first()
    if last is None:
        return taken()
    return Conflict(
        _("%(ref)s was decided on meanwhile: “%(verdict)s” by %(name)s on %(date)s (%(reason)s).", ref=contribution.ref,
          verdict=last.verdict.label, name=last.moderator.name, date=when(last.decided_at), reason=last.reason.label),
        remedy,
    )


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


def get_contribution(actor: Actor, consultation: Consultation, ref: str) -> Contribution:
    """One contribution with its block, amendment and author, whatever its state; :class:`NotFound` when there is none."""
    contribution = session.scalar(
        sa.select(Contribution).join(Chapter).where(Chapter.consultation_id == consultation.id, Contribution.ref == ref.upper())
        .options(
            orm.joinedload(Contribution.amendment), _author(), orm.joinedload(Contribution.organisation),
            orm.joinedload(Contribution.block).joinedload(Block.revision).options(
                orm.defer(Revision.source), orm.lazyload(Revision.chapter)
            ),
        )
    )
    if contribution is None:
        raise NotFound(_("There is no contribution of this reference."), _("Check the reference, or look for it in the queue."))
    require(actor, Action.MODERATION_VIEW, contribution)
    return contribution


def _author():
    return orm.joinedload(Contribution.author).lazyload(User.appointments)


def queue(
    actor: Actor, chapters: Sequence[Chapter], *, states: Sequence[ContributionState], after: Cursor | None = None
) -> Page[Contribution]:
    """One page: what waits the longest first, what is decided newest first."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    order = _order_of(states)
    rows = _in_order(_rows(order.after(_ids(chapters, states), after).limit(PAGE_SIZE + 1)), order)
    return cut(rows, lambda c: (c.id,), after=order.fitting(after), size=PAGE_SIZE)


def _order_of(states: Sequence[ContributionState]) -> Order:
    return rising(Contribution.id) if all(state.awaits_moderation for state in states) else falling(Contribution.id)


def around(
    actor: Actor, chapters: Sequence[Chapter], contribution: Contribution, *, states: Sequence[ContributionState]
) -> tuple[list[Contribution], list[Contribution]]:
    """The queue on both sides of one contribution, whether or not it stands in it: some before, a page after."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    order, here = _order_of(states), Cursor((contribution.id,))
    before = order.reversed().after(_ids(chapters, states), here).limit(BEFORE_CURRENT)
    following = order.after(_ids(chapters, states), here).limit(PAGE_SIZE - BEFORE_CURRENT)
    rows = _in_order(_rows(before, following), order)
    lower, higher = [c for c in rows if c.id < contribution.id], [c for c in rows if c.id > contribution.id]
    return (lower, higher) if order.is_rising else (higher, lower)


def _ids(chapters: Sequence[Chapter], states: Sequence[ContributionState]) -> sa.Select:
    return sa.select(Contribution.id).where(
        Contribution.chapter_id.in_([chapter.id for chapter in chapters]), Contribution.state.in_(states))


def _rows(*ids: sa.Select) -> sa.Select:
    # One list of ids: of several, joined by OR, PostgreSQL would read the table for each.
    chosen = sa.union_all(*(sa.select(*some.subquery().c) for some in ids)).subquery()
    return sa.select(Contribution).where(Contribution.id.in_(sa.select(chosen.c[0]))).options(
        orm.joinedload(Contribution.organisation), _author(), orm.raiseload(Contribution.block),
    )


def _in_order(rows: sa.Select, order: Order) -> list[Contribution]:
    return sorted(session.scalars(rows), key=lambda c: c.id, reverse=not order.is_rising)


def get_next(actor: Actor, chapters: Sequence[Chapter], contribution: Contribution) -> Contribution | None:
    """What to decide on after this one: the next that awaits moderation, else the first; None when all are answered."""
    awaiting = ContributionState.where(awaits_moderation=True)
    before, following = around(actor, chapters, contribution, states=awaiting)
    if following or not before:
        return following[0] if following else None
    return queue(actor, chapters, states=awaiting).rows[0]


def count_by_state(actor: Actor, chapters: Sequence[Chapter]) -> dict[int, dict[ContributionState, int]]:
    """Contributions of each state, by chapter id, in one query; a state that has none is 0."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    return contributions.count_by_state([chapter.id for chapter in chapters])


def count_awaiting(actor: Actor, consultation: Consultation) -> dict[Chapter, int]:
    """What waits for this person's decision, chapter by chapter: what comes from themselves or their own organisation does not."""
    if not consultation.current_phase.is_answering:
        return {}
    mine = {chapter.id: chapter for chapter in chapters.list_chapters(consultation) if can(actor, Action.MODERATION_VIEW, chapter)}
    awaiting = ContributionState.where(awaits_moderation=True)
    own = Contribution.author_id == actor.id
    if actor.organisation_id is not None:
        own = sa.or_(own, Contribution.organisation_id == actor.organisation_id)
    left = dict(session.execute(
        sa.select(Contribution.chapter_id, sa.func.count())
        .where(Contribution.chapter_id.in_(mine), Contribution.state.in_(awaiting), own).group_by(Contribution.chapter_id)).all())
    waiting = {chapter_id: sum(states[state] for state in awaiting) - left.get(chapter_id, 0)
               for chapter_id, states in contributions.count_by_state(list(mine)).items()}
    return {mine[chapter_id]: count for chapter_id, count in sorted(waiting.items()) if count}


def list_decisions(actor: Actor, contribution: Contribution) -> list[ModerationDecision]:
    """Every decision on it with the words to its author, oldest first."""
    require(actor, Action.MODERATION_VIEW, contribution)
    return list(session.scalars(
        sa.select(ModerationDecision).where(ModerationDecision.contribution_id == contribution.id)
        .options(orm.joinedload(ModerationDecision.moderator).lazyload(User.appointments)).order_by(ModerationDecision.id)
    ))


def list_register(
    consultation: Consultation, *, chapter: Chapter | None = None, after: Cursor | None = None
) -> Page[ModerationDecision]:
    """One page of the public register, newest first: neither texts nor words are even read."""
    ours = [chapter.id] if chapter else [one.id for one in chapters.list_chapters(consultation)]
    # Not joined, or all decisions of the chapters would be sorted for one page of them.
    is_ours = sa.exists().where(Contribution.id == ModerationDecision.contribution_id, Contribution.chapter_id.in_(ours))
    said = orm.joinedload(ModerationDecision.contribution)
    decisions = sa.select(ModerationDecision).where(is_ours).options(
        orm.defer(ModerationDecision.words, raiseload=True), orm.joinedload(ModerationDecision.moderator),
        said.load_only(Contribution.ref, Contribution.state, Contribution.chapter_id, Contribution.block_key, raiseload=True),
        said.joinedload(Contribution.chapter),
    )
    return get_page(decisions, falling(ModerationDecision.id), after=after, size=REGISTER_PAGE_SIZE)
