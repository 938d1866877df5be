"""Reading that several processes share, all of which see the database as it was at one moment, while others go on writing.

Each is split off the one that asks while nothing of the database is open there, and nothing else runs there: what another thread held
at that moment, as SQLite's own locks, would be held for ever in the process that is split off. PostgreSQL hands its snapshot on; of
SQLite's file it is looked at whether anything was written while they began to read, and they begin again where it was; where that goes
on, whoever writes waits for the moment in which they begin. Nothing is written.
"""

import gc
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

import sqlalchemy as sa

from consult.core.db import Base, db, reading, session, unit_of_work

ATTEMPTS = 5  # to begin between two that write
BEGINS_WITHIN = 120.0  # seconds
COLLECTED = 100_000  # new objects, until it is looked which are nobody's
BEGIN, AGAIN, FAILED = "begin", "again", "failed"
FIRST, THEN, LAST = range(3)  # what the last parts need, what needs nothing, what needs the first


class Work(NamedTuple):
    """A part of it: what it returns is sent by pickle."""

    run: Callable[[], Any]
    turn: int = THEN


class Helper(NamedTuple):
    """A process that reads, and what is said with it."""

    process: Any
    pipe: Connection


@contextmanager
def one_view(snapshot: str | None = None) -> Iterator[None]:
    """All that is read is of one moment, whatever others write meanwhile; of the moment of ``snapshot``, where PostgreSQL gave one."""
    with reading():
        bind = session.get_bind()
        if bind.dialect.name == "postgresql" and isinstance(bind, sa.Engine) and not session().in_transaction():
            connection = session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            if snapshot is not None:
                connection.exec_driver_sql(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        yield


def cores() -> int:
    """How many processes may compute at once here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_alone() -> bool:
    """Whether this process does nothing else meanwhile, and others may be split off it."""
    return threading.active_count() == 1


def in_turn(works: Sequence[Work]) -> list[Any]:
    """What each returns, done here one after the other."""
    results = {place: works[place].run() for place in sorted(range(len(works)), key=lambda place: works[place].turn)}
    return [results[place] for place in range(len(works))]


def shared(works: Sequence[Work], processes: int) -> list[Any]:
    """The same by so many processes; nothing of the caller's session outlasts it."""
    session.remove()
    db.engine.dispose()
    with ExitStack() as stack:
        helpers: list[Helper] = []
        for _number in range(processes):
            helpers.append(stack.enter_context(_helper(works, [helper.pipe for helper in helpers])))
        _begin(helpers)
        return _hand_out(works, helpers)


# The process that asks


@contextmanager
def _helper(works: Sequence[Work], others: list[Connection]) -> Iterator[Helper]:
    context = get_context("fork")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, [ours, *others], works), daemon=True)
    process.start()
    theirs.close()
    try:
        yield Helper(process, ours)
    finally:
        ours.close()
        process.terminate()
        process.join()


def _begin(helpers: Sequence[Helper]) -> None:
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            _all_begin(helpers, connection.exec_driver_sql("SELECT pg_export_snapshot()").scalar_one())
        return
    watching = db.engine.raw_connection()
    try:
        for _attempt in range(ATTEMPTS):
            before = _version(watching)
            _all_begin(helpers, None)
            if _version(watching) == before:
                return
            for helper in helpers:
                helper.pipe.send(AGAIN)
    finally:
        watching.close()
    with unit_of_work():
        session.connection()
        _all_begin(helpers, None)
    session.remove()


def _version(connection: Any) -> int:
    """Another one after whatever was committed meanwhile, by whomever."""
    return int(connection.cursor().execute("PRAGMA data_version").fetchone()[0])


def _all_begin(helpers: Sequence[Helper], snapshot: str | None) -> None:
    for helper in helpers:
        helper.pipe.send((BEGIN, snapshot))
    for helper in helpers:
        if not helper.pipe.poll(BEGINS_WITHIN):
            raise RuntimeError("a process that was to read does not begin")
        _answer(helper)


def _answer(helper: Helper) -> Any:
    try:
        said, value = helper.pipe.recv()
    except EOFError as error:
        raise RuntimeError("a process that was reading was ended from outside") from error
    if said == FAILED:
        raise RuntimeError(f"a process that was reading failed:\n{value}")
    return said, value


def _hand_out(works: Sequence[Work], helpers: Sequence[Helper]) -> list[Any]:
    waiting = sorted(range(len(works)), key=lambda place: works[place].turn)
    undone = {place for place in waiting if works[place].turn == FIRST}
    results: dict[int, Any] = {}
    idle, busy = list(helpers), list[Helper]()
    while len(results) < len(works):
        while idle and waiting and not (works[waiting[0]].turn == LAST and undone):
            helper, place = idle.pop(), waiting.pop(0)
            helper.pipe.send(place)
            busy.append(helper)
        ready = wait([helper.pipe for helper in busy])
        for helper in [one for one in busy if one.pipe in ready]:
            busy.remove(helper)
            place, results[place] = _answer(helper)
            undone.discard(place)
            idle.append(helper)
    return [results[place] for place in range(len(works))]


# Each of the others


def _serve(pipe: Connection, not_ours: Sequence[Connection], works: Sequence[Work]) -> None:
    for other in not_ours:  # or none of them would see that the first process is gone
        other.close()
    gc.freeze()  # what is there stays; nothing that is read makes circles, and looking for them takes a fifth of the time
    gc.set_threshold(COLLECTED)
    try:
        while True:
            _order, snapshot = pipe.recv()
            with one_view(snapshot):
                session.execute(sa.select(sa.literal(1)).select_from(Base.metadata.tables["audit_seal"]).limit(1))
                pipe.send((BEGIN, None))
                while (place := pipe.recv()) != AGAIN:
                    pipe.send((place, works[place].run()))
    except EOFError:
        pass
    except Exception:
        pipe.send((FAILED, traceback.format_exc()))
