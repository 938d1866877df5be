"""Those who are asked: how far each has come, whom to write to, and of which kind nobody answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.consultations.models import Consultation, Round
from consult.contributions.models import Contribution
from consult.core import states
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, NotFound
from consult.core.i18n import LabelledEnum, _
from consult.core.locks import list_locked, lock
from consult.core.paging import BATCH, REGISTER_PAGE_SIZE, Cursor, Page, get_page, in_batches, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category, Region, Sector
from consult.outreach.marks import note_letters
from consult.outreach.models import (
    MAX_LETTERS,
    LetterOutcome,
    Stakeholder,
    StakeholderChapter,
    StakeholderLetter,
    StakeholderList,
    StakeholderRow,
    StakeholderState,
)

STATE = StakeholderState


@dataclass(frozen=True)
class StakeholderFilter:
    """Whom a list shows, or a sending goes to; None: whoever it is."""

    state: StakeholderState | None = None
    category: Category | None = None
    sector: Sector | None = None
    region: Region | None = None
    chapter: int | None = None

    def conditions(self, consultation: Consultation, *but: str) -> list[sa.ColumnElement[bool]]:
        chosen = [Stakeholder.consultation_id == consultation.id]
        for name in ("state", "category", "sector", "region"):
            if (wanted := getattr(self, name)) is not None and name not in but:
                chosen.append(getattr(Stakeholder, name) == wanted)
        if self.chapter is not None:
            named = sa.exists().where(StakeholderChapter.stakeholder_id == Stakeholder.id)
            chosen.append(sa.or_(~named, named.where(StakeholderChapter.number == self.chapter)))
        return chosen

    def values(self, *but: str) -> dict[str, Any]:
        """As an address has them."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name not in but}
        return {name: getattr(value, "value", value) for name, value in said.items() if value is not None}


class StateCount(NamedTuple):
    """How many stakeholders of one kind are in each state."""

    kind: LabelledEnum | None
    states: dict[StakeholderState, int]

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def invited(self) -> int:
        return sum(number for state, number in self.states.items() if state.is_invited)


# Writing to them


@command
def send(_actor: Actor, consultation: Consultation, *, chosen: StakeholderFilter) -> Consultation:
    """Invite all of these who were not written to yet, and have not lodged anything by themselves; letters leave at the rate of the
    settings. :class:`Conflict` where there is nobody.
    """
    waiting = [*chosen.conditions(consultation, "state"), Stakeholder.state == STATE.LISTED]
    ids = [one.id for one in list_locked(Stakeholder, *waiting)]
    has_spoken = sa.exists().where(User.email == Stakeholder.address, Contribution.author_id == User.id)
    for begin in range(0, len(ids), BATCH):
        some = Stakeholder.id.in_(ids[begin:begin + BATCH])
        for which, state in ((has_spoken, STATE.LODGED), (~has_spoken, STATE.QUEUED)):
            session.execute(sa.update(Stakeholder).where(some, which).values(state=state).execution_options(synchronize_session=False))
    if not ids:
        raise Conflict(_("There is nobody left to write to in this choice."), _("Choose others, or bring another list."))
    return consultation


@command
def hold(_actor: Actor, consultation: Consultation) -> Consultation:
    """Whoever waits for a letter that was not promised yet is not written to; what has left has left. :class:`Conflict` for what
    somebody else changes meanwhile.
    """
    waiting = (Stakeholder.consultation_id == consultation.id, Stakeholder.state == STATE.QUEUED, Stakeholder.promised == 0)
    for one in list_locked(Stakeholder, *waiting):
        states.move(one, STATE.LISTED)
    return consultation


@command
def note_returned(_actor: Actor, person: Stakeholder) -> Stakeholder:
    """The last letter came back to the mailbox of the sender, which no programme reads. :class:`Conflict` for whoever answered since."""
    lock(person, "state")
    if not person.state.may_become(STATE.UNDELIVERED):
        raise Conflict(_("Whoever reads this address has answered, or was not written to."), _("Reload the page to see what has changed."))
    states.move(person, STATE.UNDELIVERED)
    letters = sa.select(StakeholderLetter).where(StakeholderLetter.stakeholder_id == person.id).order_by(StakeholderLetter.id.desc())
    if (last := session.scalars(letters.limit(1)).first()) is not None:
        last.outcome = LetterOutcome.RETURNED
    return person


# Letting go


def let_go_of_rows(before: datetime, most: int) -> int:
    """Of lists that were brought before: so many at once."""
    over = sa.select(StakeholderRow.id).join(StakeholderRow.list).where(StakeholderList.created_at < before)
    ids = list(session.scalars(over.order_by(StakeholderRow.id).limit(most)))
    session.execute(sa.delete(StakeholderRow).where(StakeholderRow.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


def let_go_of_silent(before: datetime, most: int) -> int:
    """Whoever made no account, of consultations that closed before; how many letters they got is remembered by a digest."""
    closed = sa.select(Round.consultation_id).group_by(Round.consultation_id).having(sa.func.max(Round.closes_at) < before)
    unanswered = StakeholderState.where(has_answered=False)
    people = session.scalars(sa.select(Stakeholder).where(
        Stakeholder.consultation_id.in_(closed), Stakeholder.state.in_(unanswered)).order_by(Stakeholder.id).limit(most)).all()
    for person in people:
        if person.promised:
            note_letters(person.address, min(MAX_LETTERS, person.letters_before + person.promised))
    ids = [person.id for person in people]  # their letters go with them
    session.execute(sa.delete(Stakeholder).where(Stakeholder.id.in_(ids)).execution_options(synchronize_session=False))
    return len(ids)


# Reading


def get_stakeholder(actor: Actor, consultation: Consultation, number: int) -> Stakeholder:
    """Raises :class:`NotFound`."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    person = session.get(Stakeholder, number)
    if person is None or person.consultation_id != consultation.id:
        raise NotFound(_("There is no such stakeholder, or what was kept of them is gone."))
    return person


def list_letters(actor: Actor, person: Stakeholder) -> list[StakeholderLetter]:
    """Three at most, the oldest first."""
    require(actor, Action.OUTREACH_VIEW, person)
    return list(session.scalars(sa.select(StakeholderLetter).where(
        StakeholderLetter.stakeholder_id == person.id).order_by(StakeholderLetter.id)))


def list_chapters_of(actor: Actor, person: Stakeholder) -> list[int]:
    """Numbers of the chapters that concern them; none: all."""
    require(actor, Action.OUTREACH_VIEW, person)
    return list(session.scalars(sa.select(StakeholderChapter.number).where(
        StakeholderChapter.stakeholder_id == person.id).order_by(StakeholderChapter.number)))


def list_stakeholders(
    actor: Actor, consultation: Consultation, chosen: StakeholderFilter, *, after: Cursor | None = None,
) -> Page[Stakeholder]:
    """As they were brought."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    found = sa.select(Stakeholder).where(*chosen.conditions(consultation)).options(joinedload(Stakeholder.list))
    return get_page(found, rising(Stakeholder.id), after=after, size=REGISTER_PAGE_SIZE)


def list_all(actor: Actor, consultation: Consultation, chosen: StakeholderFilter) -> Iterator[Stakeholder]:
    """The same, some at a time, within the reading of whoever asks."""
    require(actor, Action.OUTREACH_VIEW, consultation)  # before anything is asked for: what follows is read as it is taken
    return in_batches(sa.select(Stakeholder).where(*chosen.conditions(consultation)).options(joinedload(Stakeholder.list)),
                      Stakeholder.__table__.c.id)


def count_by_state(actor: Actor, consultation: Consultation, chosen: StakeholderFilter) -> dict[StakeholderState, int]:
    """Of those of the filter, whatever state it names."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    counted = sa.select(Stakeholder.state, sa.func.count()).where(*chosen.conditions(consultation, "state")).group_by(Stakeholder.state)
    return {**dict.fromkeys(STATE, 0), **dict(session.execute(counted).all())}


def count_by_kind(actor: Actor, consultation: Consultation, kind: type[LabelledEnum]) -> list[StateCount]:
    """By category, sector or region, each of them, those of whom it is not known last."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    column = getattr(Stakeholder, kind.__name__.lower())
    counted = sa.select(column, Stakeholder.state, sa.func.count()).where(
        Stakeholder.consultation_id == consultation.id).group_by(column, Stakeholder.state)
    found: dict[Any, dict[StakeholderState, int]] = {one: dict.fromkeys(STATE, 0) for one in (*kind, None)}
    for one, state, number in session.execute(counted):
        found[one][state] = number
    return [StateCount(one, counts) for one, counts in found.items() if one is not None or any(counts.values())]


def count_to_send(actor: Actor, consultation: Consultation, chosen: StakeholderFilter) -> int:
    """How many of these would be invited."""
    require(actor, Action.OUTREACH_SEND, consultation)
    waiting = [*chosen.conditions(consultation, "state"), Stakeholder.state == STATE.LISTED]
    return scalar_count(sa.select(sa.func.count()).select_from(Stakeholder).where(*waiting))


def list_sample(actor: Actor, consultation: Consultation, chosen: StakeholderFilter, most: int) -> Sequence[Stakeholder]:
    """The first of these, for whoever looks once more before sending."""
    require(actor, Action.OUTREACH_SEND, consultation)
    waiting = [*chosen.conditions(consultation, "state"), Stakeholder.state == STATE.LISTED]
    return session.scalars(sa.select(Stakeholder).where(*waiting).order_by(Stakeholder.id).limit(most)).all()


KINDS: tuple[type[LabelledEnum], ...] = (Category, Sector, Region)
