"""The course of the consultation, its dates, phase and roles: many act while nobody changes it, and who changes it is alone.

On PostgreSQL this is an advisory lock of the transaction, not one of the consultation's row: a row that ever more people share lets whoever
wants to change it wait for ever, and each share of it is written to the disk. On SQLite whoever writes is alone anyway.
It is taken before any row: whoever holds rows would wait for it with them.
"""

from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy import orm

from consult.core.db import begin_writing, session

KEY = 20_826  # of the one consultation of this database, among advisory locks
_taken: WeakKeyDictionary[orm.SessionTransaction, sa.Select] = WeakKeyDictionary()
SHARED, ALONE = sa.select(sa.func.pg_advisory_xact_lock_shared(KEY)), sa.select(sa.func.pg_advisory_xact_lock(KEY))


def share_course() -> None:
    """What is read of the course from here on holds until the unit of work ends; others act meanwhile."""
    _take(SHARED)


def hold_course() -> None:
    """The same, once all who share it have ended, and nobody else acts on what it says; never after :func:`share_course`."""
    _take(ALONE)


def _take(lock: sa.Select) -> None:
    begin_writing()
    if session.get_bind().dialect.name == "sqlite":
        return
    held = _held()
    if held is None or held is SHARED and lock is ALONE:
        session.connection().execute(lock)
        _taken[_innermost()] = lock


def _innermost() -> orm.SessionTransaction:
    return session().get_nested_transaction() or session().get_transaction() or session().begin()


def _held() -> sa.Select | None:
    """How this unit of work has it, itself or what it stands in: a part that is rolled back gives back what it took."""
    transaction: orm.SessionTransaction | None = _innermost()
    while transaction is not None:
        if transaction in _taken:
            return _taken[transaction]
        transaction = transaction.parent
    return None
