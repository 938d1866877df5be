"""How many statements a page asks of the database."""

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
