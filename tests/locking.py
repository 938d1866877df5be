"""Watches, while a test runs, that each unit of work takes locks in the order of ``consult/core/locks.py``, on both databases.

A lock is taken by a SELECT … FOR UPDATE, an UPDATE, a DELETE or an INSERT … ON CONFLICT DO UPDATE, and by ``locks`` itself where SQLite is
asked nothing. What a test does to rows by itself, outside of any act and of any unit of work, is its own affair; so is what the
demonstration tells in one unit, alone.
"""

import traceback
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.sql import dml, operators, selectable, visitors

from consult.core import commands, course, db, jobs, locks, web

ROOT = Path(__file__).parents[1]
RANKS = {table: rank for rank, table in enumerate(locks.ORDER)}
COURSE, SHARED, ALONE = "course", "shared", "alone"  # no row, and taken before all rows
RANKS[COURSE] = -1
HOLDERS = {table: holder for holder, held in locks.ORDER.items() for table in held}
ANY = None  # a row whose id the statement does not tell
FAULTS: list[str] = []
CONNECTIONS: weakref.WeakSet[sa.Connection] = weakref.WeakSet()  # those of sessions: what else a test opens is another process to it


@dataclass
class Scope:
    """What one unit of work holds, or one act outside of any: ids by table, and the tables to which it added rows of its own."""

    held: dict[str, set[Any]] = field(default_factory=dict)
    own: set[str] = field(default_factory=set)

    def take_course(self, way: str) -> None:
        ways = self.held.get(COURSE, set())
        if way == ALONE and ways == {SHARED}:
            report("the course is shared first and then held alone: two who do so wait for each other")
        if not ways:
            self.take_in_order(COURSE, [way])
        ways.add(way)

    def take(self, table: str, ids: Iterable[Any]) -> None:
        if table in HOLDERS:
            if HOLDERS[table] not in self.held and HOLDERS[table] not in self.own:
                report(f"rows of {table} are held or changed without their {HOLDERS[table]}, which is to be locked first")
        elif table in RANKS:
            self.take_in_order(table, ids)
        else:
            report(f"{table} has no place in the order of locks")

    def take_in_order(self, table: str, ids: Iterable[Any]) -> None:
        held = self.held.setdefault(table, set())
        later = sorted(other for other, rows in self.held.items() if rows and RANKS[other] > RANKS[table])
        for id_ in ids:
            if id_ not in held and ANY not in held and table not in self.own:
                known = held - {id_}
                if later:
                    report(f"{table} is locked after {', '.join(later)}")
                elif id_ is not ANY and known and id_ < max(known):
                    report(f"{table} {id_} is locked after {table} {max(known)}")
            held.add(id_)


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def report(fault: str) -> None:
    frames = [frame for frame in traceback.extract_stack() if ROOT in Path(frame.filename).parents and "/.venv/" not in frame.filename]
    places = [f"{Path(frame.filename).relative_to(ROOT)}:{frame.lineno}" for frame in frames if frame.filename != __file__]
    FAULTS.append(f"{fault}: {' > '.join(places[-5:])}")


@contextmanager
def watched() -> Iterator[None]:
    """A scope of its own, unless it is a part of one."""
    token = _scope.set(_scope.get() or Scope())
    try:
        yield
    finally:
        _scope.reset(token)


def unit_watched(unit: Callable) -> Callable:
    @contextmanager
    def run() -> Iterator[Any]:
        with watched(), unit() as session:
            yield session
    return run


def act_watched(perform: Callable) -> Callable:
    def run(*args: Any, **values: Any) -> Any:
        with watched():
            return perform(*args, **values)
    return run


def wait_watched(wait: Callable) -> Callable:
    def run(model: type[db.Base], *which: sa.ColumnElement[bool]) -> None:
        note(model.__table__, sa.and_(True, *which), [{}])
        wait(model, *which)
    return run


def course_watched(take: Callable) -> Callable:
    def run(lock: sa.Select) -> None:
        scope = _scope.get()
        if scope is not None and not jobs._muted.get():
            scope.take_course(ALONE if lock is course.ALONE else SHARED)
        take(lock)
    return run


def note(table: sa.Table, condition: Any, parameters: list[dict[str, Any]]) -> None:
    scope = _scope.get()
    if scope is not None and not jobs._muted.get():
        for values in parameters:
            scope.take(table.name, ids_in(table, condition, values))


def ids_in(table: sa.Table, condition: Any, values: dict[str, Any]) -> list[Any]:
    """The ids that a condition names, rising."""
    key = next(iter(table.primary_key))
    for part in visitors.iterate(condition) if condition is not None else ():
        if isinstance(part, sa.BinaryExpression) and (part.left.table, part.left.name) == (table, key.name):
            asked = part.right
            value = values.get(asked.key, asked.effective_value) if isinstance(asked, sa.BindParameter) else None
            if value is not None and part.operator in (operators.eq, operators.in_op):
                return [value] if part.operator is operators.eq else sorted(value)
    return [ANY]


def before_execute(connection, statement, many, one, _options) -> None:
    scope = _scope.get()
    if scope is None or connection not in CONNECTIONS:
        return
    if hasattr(getattr(statement, "_post_values_clause", None), "update_values_to_set"):  # it changes a row that is there
        note(statement.table, None, [{}])
    elif isinstance(statement, dml.Insert):
        scope.own.add(statement.table.name)
    elif isinstance(statement, dml.Update | dml.Delete):
        note(statement.table, statement.whereclause, many or [one])
    elif isinstance(statement, selectable.Select) and statement._for_update_arg is not None:
        of = statement._for_update_arg.of or statement.get_final_froms()[:1]
        note(getattr(of[0], "table", of[0]), statement.whereclause, many or [one])


def pytest_configure() -> None:
    """Watch for the rest of this process."""
    sa.event.listen(orm.Session, "after_begin", lambda _session, _transaction, connection: CONNECTIONS.add(connection))
    sa.event.listen(sa.Engine, "before_execute", before_execute)
    db.reading_first = web.reading_first = unit_watched(db.reading_first)
    commands.perform = act_watched(commands.perform)
    locks._wait = wait_watched(locks._wait)
    course._take = course_watched(course._take)


@pytest.fixture(autouse=True)
def locks_in_order() -> Iterator[None]:
    """Fails the test in which locks were taken out of order: take them in that of ORDER, or move the wall there."""
    FAULTS.clear()
    yield
    assert list(dict.fromkeys(FAULTS)) == []
