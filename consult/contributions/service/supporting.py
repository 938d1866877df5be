"""Support of published contributions: given once by each person and once by each organisation, taken back, and given again.

It is open as long as contributions are received, and taken back as long as contributions may be: both are in ``core/permissions.py``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import Contribution, Reaction, ReactionTally, Reply, Support
from consult.core import tallies
from consult.core.commands import command, on
from consult.core.course import share_course
from consult.core.db import scalar_count, session
from consult.core.errors import Invalid
from consult.core.i18n import _, arrived, arrived_at, utcnow
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, require
from consult.organisations import events as organisations_events
from consult.organisations.models import Organisation
from consult.organisations.service import require_mandate


@dataclass(frozen=True)
class Reactions:
    """How many others did what beside a contribution: persons and organisations who support it, replies that everybody reads."""

    persons: int = 0
    organisations: int = 0
    replies: int = 0


@dataclass(frozen=True)
class OwnSupport:
    """Whether somebody supports a contribution themselves, and whether the organisation does for which they speak today."""

    is_given: bool = False
    is_given_for_organisation: bool = False


def _as_it_stands(wanted: bool) -> Callable[[Callable[..., Support]], Callable[..., Support | None]]:
    """What is given already, or taken back already, is answered with what stands, and leaves no second event.

    Whoever presses twice, or the organisation's two representatives at the same moment, wait here for each other.
    """
    def decorate(act: Callable[..., Support]) -> Callable[..., Support | None]:
        @wraps(act)
        def run(actor: Actor, contribution: Contribution, /, *, as_organisation: Organisation | None = None) -> Support | None:
            require(actor, Action(act.action), contribution)  # type: ignore[attr-defined]  # as each command has it
            with arrived():
                share_course()
                lock(contribution.chapter)
                support = session.scalars(_in_force(actor, contribution, as_organisation)).one_or_none()
                return support if (support is not None) is wanted else act(actor, contribution, as_organisation=as_organisation)
        return run
    return decorate


@_as_it_stands(wanted=True)
@command
def support(actor: User, contribution: Contribution, *, as_organisation: Organisation | None = None) -> Support:
    """Back a contribution of somebody else.

    :class:`Invalid` (field ``speak_as``) for an organisation for which they do not speak, or whose contribution it is.
    """
    lock(contribution.chapter)
    if as_organisation is not None:
        require_mandate(actor, as_organisation)
    if as_organisation is not None and contribution.organisation is not None and as_organisation.id == contribution.organisation.body_id:
        raise Invalid("speak_as", _("An organisation does not support a contribution of its own."))
    organisation_id = as_organisation.id if as_organisation else None
    given = Support(contribution_id=contribution.id, supporter_id=actor.id, organisation_id=organisation_id,
                    given_at=contribution.consultation.within_dates(arrived_at()))
    session.add(given)
    _count(given, contribution.chapter, 1)
    return given


@_as_it_stands(wanted=False)
@command
def take_back_support(actor: User, contribution: Contribution, *, as_organisation: Organisation | None = None) -> Support:
    """Of an organisation: whoever speaks for it today, even if somebody else gave it; :class:`Invalid` (``speak_as``) for another one."""
    lock(contribution.chapter)
    if as_organisation is not None:
        require_mandate(actor, as_organisation)
    given = session.scalars(_in_force(actor, contribution, as_organisation)).one()
    given.withdrawn_at = utcnow()
    _count(given, contribution.chapter, -1)
    return given


@on(Action.ORGANISATIONS_MERGE)
def gather_supports(_actor: Actor, double: Organisation, _target: Organisation) -> None:
    """An organisation supports a contribution once, and none of its own: what the double gave is given by the body, as it was, or ends."""
    body, now = double.body, utcnow()
    of_one_body = [body.id, *(one.id for one in body.doubles)]
    in_force = sa.select(Support).join(Contribution, Contribution.id == Support.contribution_id).where(
        Support.organisation_id.in_(of_one_body), Support.withdrawn_at.is_(None))
    found = session.scalars(in_force.order_by(Support.id).options(joinedload(Support.contribution))).all()
    theirs = {support.contribution_id for support in found if support.organisation_id == body.id}
    with tallies.together():
        for support in found:
            said_for = support.contribution.organisation
            is_own = said_for is not None and said_for.body_id == body.id
            if support.organisation_id == body.id and not is_own:
                continue
            support.withdrawn_at = max(now, support.given_at)
            session.flush()
            if is_own or support.contribution_id in theirs:
                _count(support, support.contribution.chapter, -1)
            else:
                session.add(Support(contribution_id=support.contribution_id, supporter_id=support.supporter_id, organisation_id=body.id,
                                    given_at=support.given_at))
                session.flush()
                theirs.add(support.contribution_id)


@organisations_events.said_for.fill
def said_for(organisation: Organisation) -> list[tuple[Any, int]]:
    def counted(model: type[Contribution] | type[Reply] | type[Support], *which: sa.ColumnElement[bool]) -> int:
        return scalar_count(sa.select(sa.func.count()).select_from(model).where(model.organisation_id == organisation.id, *which))
    return [(_("Contributions"), counted(Contribution)), (_("Replies"), counted(Reply)),
            (_("Supports"), counted(Support, Support.withdrawn_at.is_(None)))]


def _count(given: Support, chapter: Chapter, change: int) -> None:
    """The margin of the chapter says how many support it."""
    chapters.mark_changed(chapter)
    reaction = Reaction.PERSON if given.organisation_id is None else Reaction.ORGANISATION
    tallies.add({(ReactionTally, (given.contribution_id, reaction)): change})


def _in_force(actor: Actor, contribution: Contribution, organisation: Organisation | None) -> sa.Select[Support]:
    whose = Support.organisation_id == organisation.id if organisation is not None else sa.and_(
        Support.supporter_id == actor.id, Support.organisation_id.is_(None))
    return sa.select(Support).where(Support.contribution_id == contribution.id, whose, Support.withdrawn_at.is_(None))


# Reading


def get_support(actor: Actor, contribution: Contribution) -> tuple[Reactions, OwnSupport]:
    """What others did beside it, counted, and what this reader did, which nobody else is told: one query."""
    given = sa.exists().where(Support.contribution_id == contribution.id, Support.withdrawn_at.is_(None))
    own = given.where(Support.supporter_id == actor.id, Support.organisation_id.is_(None))
    theirs = given.where(Support.organisation_id.is_not(None), Support.organisation_id == actor.organisation_id)
    found = session.execute(sa.select(ReactionTally.reaction, ReactionTally.count, own.label("own"), theirs.label("theirs")).where(
        ReactionTally.contribution_id == contribution.id)).all()
    numbers = {reaction: number for reaction, number, *_own in found}
    return _reactions(numbers), OwnSupport(*map(bool, found[0][2:])) if found else OwnSupport()


def _reactions(of: Mapping[Reaction, int]) -> Reactions:
    return Reactions(of.get(Reaction.PERSON, 0), of.get(Reaction.ORGANISATION, 0), of.get(Reaction.REPLY, 0))


def reaction_columns(of: sa.SQLColumnExpression[int]) -> list[sa.ScalarSelect[int]]:
    """How many there are of each reaction to this contribution, inside of a query; None for none. They fill :class:`Reactions`."""
    def counted(reaction: Reaction) -> sa.ScalarSelect[int]:
        return (
            sa.select(ReactionTally.count).where(ReactionTally.contribution_id == of, ReactionTally.reaction == reaction)
            .correlate_except(ReactionTally).scalar_subquery()
        )
    return [counted(reaction) for reaction in Reaction]


def count_reactions(ids: Sequence[int]) -> dict[int, Reactions]:
    """Of each of these contributions, by its id; one query."""
    found: dict[int, dict[Reaction, int]] = {one: {} for one in ids}
    columns = (ReactionTally.contribution_id, ReactionTally.reaction, ReactionTally.count)
    for contribution_id, reaction, number in session.execute(sa.select(*columns).where(ReactionTally.contribution_id.in_(ids))):
        found[contribution_id][reaction] = number
    return {one: _reactions(of) for one, of in found.items()}


# Counted anew


@tallies.counts(ReactionTally)
def supports() -> sa.Select:
    by = sa.case((Support.organisation_id.is_(None), _constant(Reaction.PERSON)), else_=_constant(Reaction.ORGANISATION))
    is_own = Support.organisation_id.is_(None)
    return (
        sa.select(Support.contribution_id, sa.type_coerce(by, ReactionTally.reaction.type), sa.func.count())
        .where(Support.withdrawn_at.is_(None)).group_by(Support.contribution_id, is_own)
    )


def _constant(member: Reaction) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{member.value}'", sa.String)
