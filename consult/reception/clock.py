"""Entering the rows of a table, which stands on the service: in the worker, some in each unit of work; whoever dies leaves whole ones."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import undefer

from consult.accounts.models import User
from consult.core import states
from consult.core.commands import on
from consult.core.course import share_course
from consult.core.db import reading, session, unit_of_work
from consult.core.errors import ConsultError
from consult.core.i18n import force_locale
from consult.core.jobs import later, long_job
from consult.core.locks import lock
from consult.core.permissions import Action, Actor
from consult.reception.models import BroughtTable, TableState
from consult.reception.service.bringing import enter_brought

ROWS = 10  # in one unit of work
Progress = Callable[[int], None]


@long_job
def enter_rows(table_id: int, progress: Progress) -> None:
    """From the first that was not gone through on; each row has a form key of its own, and is entered once whatever dies."""
    with reading():
        brought = session.scalar(sa.select(BroughtTable).where(BroughtTable.id == table_id).options(undefer(BroughtTable.rows)))
        if brought is None or not brought.state.is_under_way:
            return
        rows, mapping, done = list(brought.rows), dict(brought.mapping or {}), brought.done
    while done < len(rows):
        progress(100 * done // len(rows))
        with unit_of_work(), force_locale(mapping["language"]):
            share_course()
            brought = session.get_one(BroughtTable, table_id)
            lock(brought, "state", "done", "refused")
            refused = list(brought.refused)
            person = session.get_one(User, mapping["by"])
            for number, row in enumerate(rows[done:done + ROWS], done + 1):
                if why := enter_row(person, brought, number, row, mapping):
                    refused.append([number, why])
            brought.done, brought.refused = min(done + ROWS, len(rows)), refused
            done = brought.done
    with unit_of_work():
        brought = session.get_one(BroughtTable, table_id)
        lock(brought, "state")
        states.move(brought, TableState.DONE)


@on(Action.RECEPTION_ENTER_TABLE)
def promise(_actor: Actor, brought: BroughtTable, _target: BroughtTable) -> None:
    later(enter_rows, brought)


def enter_row(person: User, brought: BroughtTable, number: int, row: list[str], mapping: dict) -> str:
    """Why it was not entered; empty where it was."""
    try:
        with session.begin_nested():
            enter_brought(person, brought, number, row, mapping)
    except ConsultError as refusal:
        session.expire(brought.batch)
        return " ".join(str(part) for part in (refusal.message, refusal.remedy) if part)
    return ""
