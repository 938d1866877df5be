import fcntl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from consult.accounts.models import User
from consult.chapters.models import Revision
from consult.core.db import Base, UtcDateTime, add_new, add_now, after_commit, db, reading, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import Job
from consult.core.locks import list_locked
from tests import factories
from tests.waiting import PATIENCE


def is_sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def in_threads(app, count: int, function) -> None:
    """Run ``function(number)`` in so many threads at once, each in an application context; the first error is raised here."""
    errors, ready = [], threading.Barrier(count)

    def run(number: int) -> None:
        try:
            ready.wait()
            with app.app_context():
                function(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def a_committed_user(app) -> int:
    with unit_of_work():
        return factories.a_user().id


def test_foreign_keys_are_kept(app):
    with pytest.raises(IntegrityError):
        session.execute(sa.insert(Revision).values(chapter_id=999_999, language="fr", number=1, title="x", source="x", source_sha256="x"))


def test_what_was_shown_as_received_is_on_disk(own_app):
    if not is_sqlite():
        assert session.scalar(sa.text("SHOW transaction_isolation")) == "read committed"
        return
    full = 2
    assert session.scalar(sa.text("PRAGMA journal_mode")) == "wal"
    assert session.scalar(sa.text("PRAGMA synchronous")) == full
    assert session.scalar(sa.text("PRAGMA foreign_keys")) == 1


@pytest.mark.slow
def test_parallel_increments_are_never_lost(own_app):
    with unit_of_work():
        counter = Job(name="test", subject_id=1)
        session.add(counter)
    job_id = counter.id
    session.rollback()

    def increment(_number: int) -> None:
        for _ in range(40):
            with unit_of_work():
                (row,) = list_locked(Job, Job.id == job_id)
                row.attempts += 1

    in_threads(own_app, 8, increment)
    session.expire_all()
    assert session.get(Job, job_id).attempts == 8 * 40


def test_a_reader_does_not_wait_for_a_writer(own_app):
    user_id = a_committed_user(own_app)
    written, read, seen = threading.Event(), threading.Event(), []

    def play(number: int) -> None:
        if number == 0:
            with unit_of_work():
                session.get(User, user_id).name = "Nouveau nom"
                session.flush()
                written.set()
                assert read.wait(PATIENCE), "the reader waited for the writer"
        else:
            written.wait()
            with reading():
                seen.append(session.get(User, user_id).name)
            read.set()

    in_threads(own_app, 2, play)
    assert seen != ["Nouveau nom"]


def test_an_exception_rolls_everything_back(own_app):
    user_id = a_committed_user(own_app)
    with pytest.raises(RuntimeError), unit_of_work():
        session.get(User, user_id).name = "Perdu"
        session.flush()
        raise RuntimeError
    assert session.get(User, user_id).name != "Perdu"


def test_reading_keeps_nothing(own_app):
    user_id = a_committed_user(own_app)
    with reading():
        session.get(User, user_id).name = "Perdu"
        session.flush()
    assert session.get(User, user_id).name != "Perdu"


def test_after_commit_comes_after_the_commit(own_app):
    seen = []

    def look(user_id: int) -> None:
        with own_app.app_context(), reading():
            seen.append(session.get(User, user_id) is not None)

    with unit_of_work():
        after_commit(look, factories.a_user().id)
        assert seen == []
    assert seen == [True]


def test_after_commit_is_forgotten_when_rolled_back(own_app):
    calls = []
    with pytest.raises(RuntimeError), unit_of_work():
        after_commit(calls.append, 1)
        raise RuntimeError
    with unit_of_work():
        pass
    assert calls == []


def test_a_moment_without_zone_is_refused(app):
    with pytest.raises(StatementError, match="without time zone"):
        session.scalar(sa.select(sa.literal(datetime(2026, 1, 1), UtcDateTime())))  # noqa: DTZ001 - the point of the test


def test_moments_come_back_as_they_went(app):
    user = factories.a_user()
    moment = utcnow() - timedelta(days=400)
    user.confirmed_at = moment
    session.flush()
    session.expire(user)
    assert user.confirmed_at == moment
    assert user.confirmed_at.tzinfo is UTC


def test_an_unknown_enum_value_is_refused_by_the_database(chapter):
    statement = sa.text("INSERT INTO job (name, subject_id, state, attempts, progress, run_at, queued_at) "
                        "VALUES ('x', 1, 'sleeping', 0, 0, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)")
    with pytest.raises(DBAPIError, match="state"):
        session.execute(statement)


def test_every_constraint_has_a_name():
    unnamed = [
        f"{table.name}: {constraint}" for table in Base.metadata.tables.values() for constraint in table.constraints
        if constraint.name is None
    ]
    assert unnamed == []


def test_a_writer_has_the_turn_until_its_unit_ends(own_app):
    """The file lock that wakes the next writer at once (PostgreSQL queues its writers itself)."""
    if not is_sqlite():
        return

    def is_free() -> bool:
        with Path(f"{db.engine.url.database}-turn").open("a") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

    with unit_of_work():
        session.execute(sa.text("SELECT 1"))
        assert not is_free()
    assert is_free()
    with pytest.raises(ZeroDivisionError), unit_of_work():
        session.execute(sa.text("SELECT 1"))
        raise ZeroDivisionError
    assert is_free(), "a unit that failed gives its turn back too"
    with reading():
        session.execute(sa.text("SELECT 1"))
        assert is_free(), "who reads waits for nobody"


def test_a_row_added_now_is_an_object_like_any_other(own_app):
    with unit_of_work():
        user = User(email="vite@example.org", name="Vite", fs_uniquifier="v" * 32)
        add_now(user)
        assert session.get(User, user.id) is user
        assert (user.language, user.function, user in session.dirty) == ("fr", None, False), "what was not given is read"
        user.name = "Plus vite"
    session.expire_all()
    assert session.execute(sa.select(User.name, User.active)).one() == ("Plus vite", True)


def test_rows_whose_keys_are_taken_are_passed_over(own_app):
    def row(number: int) -> dict:
        return {"email": f"p{number}@example.org", "name": f"Personne {number}", "fs_uniquifier": str(number) * 32}
    with unit_of_work():
        assert add_new(User, [row(2)], User.email) == ["p2@example.org"]
        assert add_new(User, [row(3), row(2), row(1)], User.email) == ["p3@example.org", "p1@example.org"]
        assert add_new(User, [], User.email) == []
    assert session.scalars(sa.select(User.language)).all() == ["fr"] * 3


def test_a_row_added_now_goes_with_its_unit_of_work(own_app):
    with pytest.raises(RuntimeError), unit_of_work():
        add_now(User(email="vite@example.org", fs_uniquifier="v" * 32))
        raise RuntimeError
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_a_row_added_now_obeys_the_database(own_app):
    with pytest.raises(IntegrityError), unit_of_work():
        add_now(User(email="Majuscule@example.org", fs_uniquifier="v" * 32))
