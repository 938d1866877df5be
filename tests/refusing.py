"""Watches, while a test runs, that an act which is refused (``Invalid``) has changed nothing: a view shows the form again, and the unit
of work that it stands in is committed.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm

from consult.core import commands
from consult.core.db import session
from consult.core.errors import Invalid

ASK_FIRST = "ask all that may be refused before the first change: a view commits what an act did before it refused"
FAULTS: list[str] = []


def pending(unit: orm.Session) -> dict[int, str]:
    """The rows that wait to be written, each with its model."""
    rows = (*unit.new, *unit.deleted, *(row for row in unit.dirty if unit.is_modified(row)))
    return {id(row): type(row).__name__ for row in rows}


def act_watched(perform: Callable) -> Callable:
    def run(action: Any, function: Callable, /, *args: Any, **values: Any) -> Any:
        def asks_first(*given: Any, **named: Any) -> Any:
            unit, before = session(), pending(session())
            changed: dict[int, str] = {}

            def note(flushed: orm.Session, _context: Any) -> None:
                if flushed is unit:
                    changed.update(pending(flushed))
            sa.event.listen(orm.Session, "after_flush", note)
            try:
                return function(*given, **named)
            except Invalid as refusal:
                changed.update(pending(unit))
                if models := {model for row, model in changed.items() if row not in before}:
                    FAULTS.append(f"{action.value}, refused at “{refusal.field}”, had changed {', '.join(sorted(models))}: {ASK_FIRST}")
                raise
            finally:
                sa.event.remove(orm.Session, "after_flush", note)
        return perform(action, asks_first, *args, **values)
    return run


def pytest_configure() -> None:
    commands.perform = act_watched(commands.perform)


@pytest.fixture(autouse=True)
def refused_acts_change_nothing() -> Iterator[None]:
    FAULTS.clear()
    yield
    faults = list(dict.fromkeys(FAULTS))
    FAULTS.clear()
    assert faults == []
