"""Reading that several processes share is of one moment, whoever writes meanwhile."""

import os
import signal
import threading
import time

import pytest
import sqlalchemy as sa

from consult.core import audit, sharing, verification
from consult.core.audit import AuditEvent
from consult.core.db import db, scalar_count, session, unit_of_work
from consult.core.sharing import FIRST, LAST, Work
from tests.core.test_audit import sealed, some_events
from tests.waiting import PATIENCE, until

# The tests' own threads hold nothing that a process which is split off needs.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def count() -> tuple[int, int]:
    return os.getpid(), scalar_count(sa.select(sa.func.count()).select_from(AuditEvent))


def written() -> int:
    with unit_of_work():
        return count()[1]


def write_on(began, ended) -> None:
    """In a process of its own, with connections of its own."""
    while not ended.is_set():
        some_events(1)
        began.set()
    db.engine.dispose()


def test_all_see_the_same_while_somebody_writes(own_app):
    some_events(1)
    session.remove()
    db.engine.dispose()  # a connection of SQLite that two processes have, and one closes, takes the other's file away
    context = sharing.get_context("fork")
    began, ended = context.Event(), context.Event()
    writer = context.Process(target=write_on, args=(began, ended))
    writer.start()
    try:
        assert began.wait(60)
        counted = sharing.shared([Work(count)] * 40, 2)
        until(lambda: written() > counted[0][1], "nobody writes meanwhile")
    finally:
        ended.set()
        writer.join()
    assert writer.exitcode == 0
    assert len({number for _pid, number in counted}) == 1
    assert os.getpid() not in {pid for pid, _number in counted}


def test_a_process_that_does_not_begin_is_not_waited_for(own_app, monkeypatch):
    monkeypatch.setattr(sharing, "BEGINS_WITHIN", 0.1)
    monkeypatch.setattr(sharing, "_serve", lambda *_given: time.sleep(PATIENCE))
    with pytest.raises(RuntimeError, match="does not begin"):
        sharing.shared([Work(count)], 2)
    assert sharing.get_context("fork").active_children() == []


@pytest.mark.parametrize("times", [1, sharing.ATTEMPTS, sharing.ATTEMPTS + 1])
def test_who_began_while_something_was_written_begins_again(own_app, monkeypatch, times):
    some_events(1)
    begin, told = sharing._all_begin, []
    is_free = threading.Event()

    def write() -> None:
        with own_app.app_context():
            some_events(1)
        is_free.set()

    def interrupted(helpers, snapshot) -> None:
        begin(helpers[:1], snapshot)
        if len(told) < times:
            is_free.clear()
            writers.append(threading.Thread(target=write))
            writers[-1].start()
            told.append(is_free.wait(30 if len(told) < sharing.ATTEMPTS else 0.5))
        begin(helpers[1:], snapshot)
    writers: list[threading.Thread] = []
    monkeypatch.setattr(sharing, "_all_begin", interrupted)
    counted = sharing.shared([Work(count)] * 20, 2)
    for writer in writers:
        writer.join()
    assert len({number for _pid, number in counted}) == 1
    if own_app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        assert told == ([True] * times)[:sharing.ATTEMPTS] + [False] * (times > sharing.ATTEMPTS), "in the end the one who writes waits"
    else:
        assert told == [True], "PostgreSQL hands its snapshot on"


def test_what_needs_others_is_done_after_them(own_app, tmp_path):
    def note(name: str) -> Work:
        def run() -> list[str]:
            (tmp_path / name).touch()
            return sorted(path.name for path in tmp_path.iterdir())
        return Work(run, LAST if name.startswith("last") else FIRST)
    results = sharing.shared([note("last one"), note("first one"), note("last two"), note("first two")], 2)
    assert all({"first one", "first two"} <= set(results[place]) for place in (0, 2))
    assert "last one" not in results[1] + results[3]


def fails() -> None:
    raise LookupError("no such thing")


def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize(("work", "said"), [(fails, "no such thing"), (dies, "ended from outside")])
def test_a_process_that_fails_is_told_and_leaves_none_behind(own_app, work, said):
    with pytest.raises(RuntimeError, match=said):
        sharing.shared([Work(work), Work(count), Work(count)], 2)
    assert sharing.get_context("fork").active_children() == []
    with unit_of_work():
        assert audit.head() == (0, audit.GENESIS)
    session.rollback()


def test_a_long_journal_alone_is_worth_several_processes(own_app, monkeypatch):
    monkeypatch.setattr(sharing, "cores", lambda: 3)
    monkeypatch.setattr(sharing, "is_alone", lambda: True)
    sealed(2)
    assert verification.enough_processes() == 1
    monkeypatch.setattr(verification, "LONG", 2)
    assert verification.enough_processes() == 3
    monkeypatch.setattr(sharing, "cores", lambda: 64)
    assert verification.enough_processes() == verification.MOST_PROCESSES
    monkeypatch.setattr(sharing, "is_alone", lambda: False)
    assert verification.enough_processes() == 1


def test_another_thread_is_seen():
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        assert not sharing.is_alone()
    finally:
        ended.set()
        other.join()
