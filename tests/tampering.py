"""What somebody with the database's own password could do: past triggers, foreign keys and checks."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from consult.core import append_only
from consult.core.db import UtcDateTime, db, session


@contextmanager
def by_hand() -> Iterator[sa.Connection]:
    """A connection that nothing is refused; the triggers stand again afterwards."""
    session.rollback()
    session.expire_all()
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.detach()
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("PRAGMA ignore_check_constraints=ON")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            triggers = append_only.standing(connection).values()
            for trigger in triggers:
                connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
            yield connection
            for trigger in triggers:
                connection.exec_driver_sql(trigger.definition)
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
            yield connection
        connection.commit()


def without_checks() -> None:
    """PostgreSQL has no way to look away from them."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.begin() as connection:
            for table in sa.inspect(connection).get_table_names():
                for check in sa.inspect(connection).get_check_constraints(table):
                    connection.exec_driver_sql(f'ALTER TABLE "{table}" DROP CONSTRAINT "{check["name"]}"')


def another(column: sa.Column, value: Any, number: int) -> Any:
    """A value that this column could hold, and does not."""
    if isinstance(column.type, sa.Enum):
        return next(member for member in column.type.enum_class if member != value)
    if isinstance(column.type, UtcDateTime):
        return (value or datetime.fromisoformat("2026-01-01T00:00:00+00:00")) + timedelta(seconds=1 + number)
    kind = column.type.python_type
    if kind is str:
        length = getattr(column.type, "length", None) or 10_000
        tail = f"~{number}"[:length]
        return (value or "")[:length - len(tail)] + tail
    if kind is date:
        return (value or date(2026, 1, 1)) + timedelta(days=1 + number)
    if kind is bool:
        return not value
    return (value or 0) + (1_000_000 + number if kind is int else 0.25)
