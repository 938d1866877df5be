"""Bringing a list: what was understood of it stands to be looked at, row by row, before anything is kept to be written to."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core import states
from consult.core.commands import command
from consult.core.confinement import Limits, confined
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _
from consult.core.jobs import Job, later, latest
from consult.core.locks import lock
from consult.core.paging import ENTRY_PAGE_SIZE, REGISTER_PAGE_SIZE, Cursor, Page, falling, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.outreach import jobs
from consult.outreach.models import (
    MAX_FILE_NAME,
    MAX_SOURCE,
    Doubt,
    ListState,
    RowState,
    StakeholderList,
    StakeholderRow,
)
from consult.outreach.reading import FIELDS, ReadList, ReadRow, read_list
from consult.outreach.understanding import Line, look, settle
from consult.text.normalising import validated_line, validated_name
from consult.text.workbook import MAX_CELL

LIMITS = Limits(cpu=40, wall=90, memory=768)  # twenty thousand rows take seven seconds
CHUNK = 1000
BUSY = _("This list is being kept at this moment.")
LATER = _("Look again in a minute.")


def get_read_list(actor: Actor, consultation: Consultation, data: bytes, file_name: str) -> ReadList:
    """What stands in a file, read where nobody waits for it; raises :class:`Invalid` (field ``file``)."""
    require(actor, Action.OUTREACH_IMPORT_LIST, consultation)
    return confined(read_list, data, file_name, limits=LIMITS)


@command
def import_list(actor: Actor, consultation: Consultation, *, read: ReadList, data: bytes, file_name: str, source: str) -> StakeholderList:
    """Nothing is kept to be written to: the worker looks at each row first. Raises :class:`Invalid` for a source that says nothing."""
    told = validated_name("source", source, max_length=MAX_SOURCE, missing=_("Say where these addresses come from: each letter tells it."))
    brought = StakeholderList(
        consultation=consultation, file_name=validated_line("file", file_name, max_length=1000)[-MAX_FILE_NAME:],
        digest=hashlib.sha256(data).hexdigest(), source=told, columns=[list(column) for column in read.columns], rows_count=len(read.rows),
        imported_by_id=actor.id)
    session.add(brought)
    session.flush()
    for begin in range(0, len(read.rows), CHUNK):
        session.execute(sa.insert(StakeholderRow), [_columns(brought, row) for row in read.rows[begin:begin + CHUNK]])
    later(jobs.go_through, brought)
    return brought


def _columns(brought: StakeholderList, row: ReadRow) -> dict[str, Any]:
    noted = [name for name, is_so in (("formula", row.has_formula), ("too_long", row.is_too_long), ("signs", row.has_signs)) if is_so]
    typed: dict[str, Any] = {**row.typed, "noted": noted} if noted else dict(row.typed)
    return {"list_id": brought.id, "number": row.number, "typed": typed, "address": row.address, "state": RowState.UNREAD, "doubts": [],
            "stands": False}


class StillDoubtful(Invalid):
    """A row is not understood as it would be: ``doubts`` say why, each at its field."""

    def __init__(self, doubts: Sequence[Doubt]) -> None:
        super().__init__(doubts[0].field, doubts[0].label)
        self.doubts = doubts


@command
def correct_row(_actor: Actor, row: StakeholderRow, *, typed: Mapping[str, str], stands: bool = False) -> StakeholderRow:
    """Other words in the place of those that were brought; ``stands``: what may be right all the same is.

    Raises :class:`Invalid` for words that cannot be kept, :class:`StillDoubtful` for those that leave a doubt, :class:`Conflict` where the
    row is kept or its list is gone. Nothing is written then.
    """
    said = {name: validated_line(name, typed.get(name), max_length=MAX_CELL) for name in FIELDS}
    _hold(row)
    (understood,) = look(row.list.consultation, [Line(row.id, row.list_id, row.number, said, stands)])
    if understood.doubts:
        raise StillDoubtful(understood.doubts)
    row.typed, row.stands = dict(said), stands
    settle(row, understood)
    return row


@command
def leave_out(_actor: Actor, row: StakeholderRow) -> StakeholderRow:
    """It is not kept; it may be taken in again by correcting it. :class:`Conflict` where it is kept already."""
    _hold(row)
    states.move(row, RowState.LEFT_OUT)
    session.flush()
    _look_again(row)
    return row


@command
def leave_out_doubtful(_actor: Actor, brought: StakeholderList) -> StakeholderList:
    """All rows that are doubtful. :class:`Conflict` while the list is being kept."""
    _hold_list(brought)
    session.execute(sa.update(StakeholderRow).where(
        StakeholderRow.list_id == brought.id, StakeholderRow.state == RowState.DOUBTFUL).values(state=RowState.LEFT_OUT))
    return brought


@command
def take(_actor: Actor, brought: StakeholderList) -> StakeholderList:
    """Keep the rows that are understood; the worker does it. :class:`Conflict` while it is still being looked at, or kept."""
    lock(brought, "state")
    states.move(brought, ListState.TAKING)
    later(jobs.go_through, brought)
    return brought


@command
def discard(_actor: Actor, brought: StakeholderList) -> StakeholderList:
    """Let go of all rows that were not kept; that there was such a file stays noted. :class:`Conflict` while it is being kept."""
    lock(brought, "state")
    states.move(brought, ListState.DISCARDED)
    session.execute(sa.delete(StakeholderRow).where(StakeholderRow.list_id == brought.id))
    return brought


def _hold_list(brought: StakeholderList) -> None:
    lock(brought, "state")
    if not brought.state.may_change:
        raise Conflict(BUSY, LATER)


def _hold(row: StakeholderRow) -> None:
    _hold_list(row.list)
    lock(row, "state", "typed", "stands")
    if not row.state.is_open:
        raise Conflict(_("This row is kept already."), _("Find it in the list of stakeholders."))


def _look_again(gone: StakeholderRow) -> None:
    """The next row with the same address is no longer the second one."""
    others = session.scalars(sa.select(StakeholderRow).where(
        StakeholderRow.list_id == gone.list_id, StakeholderRow.address == gone.address, StakeholderRow.address != "",
        StakeholderRow.state == RowState.DOUBTFUL).order_by(StakeholderRow.id).limit(REGISTER_PAGE_SIZE)).all()
    if others:
        for row, one in zip(others, look(gone.list.consultation, others), strict=True):
            settle(row, one)


# Reading


def get_list(actor: Actor, consultation: Consultation, number: int) -> StakeholderList:
    """Raises :class:`NotFound` for one that nobody brought."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    brought = session.get(StakeholderList, number)
    if brought is None or brought.consultation_id != consultation.id:
        raise NotFound(_("There is no such list."))
    return brought


def get_row(actor: Actor, consultation: Consultation, number: int) -> StakeholderRow:
    """Raises :class:`NotFound` for one that is gone."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    row = session.get(StakeholderRow, number)
    if row is None or row.list.consultation_id != consultation.id:
        raise NotFound(_("There is no such row."), _("Its list was discarded, or is older than a month."))
    return row


def list_lists(actor: Actor, consultation: Consultation, *, after: Cursor | None = None) -> Page[StakeholderList]:
    """Newest first."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    chosen = sa.select(StakeholderList).where(StakeholderList.consultation_id == consultation.id)
    return get_page(chosen, falling(StakeholderList.id), after=after, size=ENTRY_PAGE_SIZE)


def list_rows(
    actor: Actor, brought: StakeholderList, state: RowState | None = None, *, after: Cursor | None = None,
) -> Page[StakeholderRow]:
    """In the order of the file."""
    require(actor, Action.OUTREACH_VIEW, brought)
    chosen = sa.select(StakeholderRow).where(StakeholderRow.list_id == brought.id)
    if state is not None:
        chosen = chosen.where(StakeholderRow.state == state)
    return get_page(chosen, rising(StakeholderRow.id), after=after, size=REGISTER_PAGE_SIZE)


def count_rows(actor: Actor, brought: StakeholderList) -> dict[RowState, int]:
    require(actor, Action.OUTREACH_VIEW, brought)
    counted = sa.select(StakeholderRow.state, sa.func.count()).where(StakeholderRow.list_id == brought.id).group_by(StakeholderRow.state)
    return {**dict.fromkeys(RowState, 0), **dict(session.execute(counted).all())}


def get_progress(actor: Actor, brought: StakeholderList) -> Job | None:
    """How far the worker is with it."""
    require(actor, Action.OUTREACH_VIEW, brought)
    return latest(jobs.go_through, brought.id)


