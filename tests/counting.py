"""How many statements a page asks of the database, how many lines of Python an act runs: counts, which a busy machine does not change."""

import sys
from collections.abc import Callable
from contextlib import contextmanager

import sqlalchemy as sa

from consult.core.db import db


@contextmanager
def queries():
    """The statements sent while inside, beside those that begin and end a transaction."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        if not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT")):
            asked.append(statement)

    engine = db.engines[None]
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


def steps(act: Callable[[], object]) -> int:
    """The lines of Python that run; one that loops in C counts once."""
    count, before = 0, sys.gettrace()

    def note(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return note

    sys.settrace(note)
    try:
        act()
    finally:
        sys.settrace(before)
    return count
