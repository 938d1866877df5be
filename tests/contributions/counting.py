"""How many statements a page asks of the database."""

from contextlib import contextmanager

import sqlalchemy as sa

from consult.core.db import db


@contextmanager
def queries():
    """The SELECT statements sent while inside."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, _parameters, _context, _many):
        if statement.lstrip().upper().startswith("SELECT"):
            asked.append(statement)

    engine = db.engines[None]
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
