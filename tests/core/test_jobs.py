import multiprocessing
import os
import signal
import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.core import audit, jobs
from consult.core.db import db, reading, session, unit_of_work
from consult.core.i18n import clock_at, utcnow
from consult.core.jobs import Job, JobState
from consult.core.locks import list_locked
from consult.core.permissions import SYSTEM, Action
from consult.organisations.models import Organisation
from tests import factories
from tests.conftest import make_app
from tests.core.test_db import in_threads
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.rows_without_acts


def greet(organisation_id: int) -> None:
    """Work that can be counted: it adds a letter to the short name."""
    (organisation,) = list_locked(Organisation, Organisation.id == organisation_id)
    organisation.short += "!"


def fail(_organisation_id: int) -> None:
    raise OSError("the printer is on fire")


def sleep(organisation_id: int, progress) -> None:
    """Long work on two rows' time: slow the first time, at once the second."""
    with reading():
        again = session.get(Organisation, organisation_id).short.endswith("?")
    if not again:
        with unit_of_work():
            session.get(Organisation, organisation_id).short = "B?"
        progress(50)
        time.sleep(PATIENCE)
    with unit_of_work():
        session.get(Organisation, organisation_id).short = "C"


def misspell(organisation_id: int) -> None:
    session.get(Organisation, organisation_id).name_fr = " "


class Bell:
    """A queue that counts how often the workers are woken."""

    def __init__(self, app) -> None:
        self.rung = 0
        app.extensions["consult_queue"] = self

    def wake(self) -> None:
        self.rung += 1


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """The kinds of work above, known during one test."""
    monkeypatch.setattr(jobs, "REGISTRY", dict(jobs.REGISTRY))
    jobs.job(greet)
    jobs.job(fail)
    jobs.job(misspell)
    jobs.long_job(sleep)


def promised(function) -> tuple[int, int]:
    """(organisation, job) of a promise that is on disk."""
    with unit_of_work():
        organisation = factories.an_organisation(short="A")
        jobs.later(function, organisation)
        promise = session.scalars(sa.select(Job).order_by(Job.id.desc())).first()
    return organisation.id, promise.id


def state_of(job_id: int) -> Job:
    session.rollback()
    session.expire_all()
    return session.get(Job, job_id)


def test_the_workers_are_woken_after_the_commit(own_app):
    bell = Bell(own_app)
    with unit_of_work():
        jobs.later(greet, factories.an_organisation())
        assert bell.rung == 0
    assert bell.rung == 1


def test_a_promise_is_rolled_back_with_its_act(own_app):
    bell = Bell(own_app)
    with pytest.raises(RuntimeError), unit_of_work():
        jobs.later(greet, factories.an_organisation())
        raise RuntimeError
    assert bell.rung == 0
    assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_a_job_runs_once(own_app):
    organisation_id, job_id = promised(greet)
    jobs.run(job_id)
    jobs.run(job_id)
    promise = state_of(job_id)
    assert (promise.state, promise.attempts, promise.progress) == (JobState.DONE, 1, 100)
    assert session.get(Organisation, organisation_id).short == "A!"


def test_failures_are_retried_ever_later_then_given_up(own_app):
    _organisation_id, job_id = promised(fail)
    moment, waits = utcnow() + timedelta(seconds=1), []
    for _ in range(len(jobs.DELAYS) + 1):
        with clock_at(moment):
            jobs.run(job_id)
        promise = state_of(job_id)
        if promise.state == JobState.WAITING:
            waits.append(promise.run_at - moment)
            moment = promise.run_at
    assert waits == jobs.DELAYS
    assert promise.state == JobState.FAILED
    assert promise.error == "OSError: the printer is on fire"
    assert promise.finished_at == moment


def test_a_failed_try_leaves_nothing_half_done(own_app, monkeypatch):
    def half(organisation_id: int) -> None:
        greet(organisation_id)
        session.flush()
        raise OSError

    jobs.job(half)
    organisation_id, job_id = promised(half)
    jobs.run(job_id)
    assert state_of(job_id).state == JobState.WAITING
    assert session.get(Organisation, organisation_id).short == "A"


def test_a_rule_that_a_job_breaks_is_named_without_what_it_wrote(own_app, caplog):
    with unit_of_work():
        organisation = factories.an_organisation(short="SEKRET")
        jobs.later(misspell, organisation)
    jobs.run_pending()
    promise = state_of(session.scalar(sa.select(Job.id)))
    assert promise.state == JobState.WAITING
    assert "ck_organisation_name_not_blank" in promise.error
    assert "SEKRET" not in promise.error + caplog.text


def test_a_retry_waits_for_its_time(own_app):
    _organisation_id, job_id = promised(fail)
    jobs.run(job_id)
    jobs.run(job_id)
    assert state_of(job_id).attempts == 1


def test_a_broken_queue_does_not_undo_the_act(own_app, caplog):
    class Broken:
        def wake(self):
            raise ConnectionError

    own_app.extensions["consult_queue"] = Broken()
    organisation_id, job_id = promised(greet)
    assert session.get(Organisation, organisation_id) is not None
    assert state_of(job_id).state == JobState.WAITING
    assert "they look by themselves each second" in caplog.text


def test_a_tick_wakes_the_workers_for_what_the_queue_forgot(own_app):
    promised(greet)
    bell = Bell(own_app)
    jobs.tick()
    assert bell.rung == 1
    jobs.run_pending()
    jobs.tick()
    assert bell.rung == 1, "nothing waits any more"


def test_a_tick_wakes_the_workers_when_the_time_of_a_retry_has_come(own_app):
    _organisation_id, job_id = promised(fail)
    jobs.run(job_id)
    bell = Bell(own_app)
    for seconds, rung in ((5, 0), (11, 1)):
        with clock_at(utcnow() + timedelta(seconds=seconds)):
            jobs.tick()
        assert bell.rung == rung


def test_brief_jobs_are_claimed_together_but_those_that_failed_alone(own_app):
    for _ in range(3):
        promised(greet)
    _organisation_id, failing = promised(fail)
    jobs.run(failing)
    assert [job.name for job in jobs.claim_next()] == [jobs.name_of(greet)] * 3
    promised(fail)
    with clock_at(utcnow() + timedelta(minutes=1)):
        with unit_of_work():
            session.get(Job, failing).run_at = utcnow() - timedelta(minutes=2)
        assert [job.id for job in jobs.claim_next()] == [failing]
        assert len(jobs.claim_next()) == 1
        assert jobs.claim_next() == []


def test_long_jobs_are_claimed_one_by_one(own_app):
    for _ in range(2):
        promised(sleep)
    assert len(jobs.claim_next()) == 1


def test_a_failure_among_many_stops_no_other(own_app):
    def odd(organisation_id: int) -> None:
        greet(organisation_id)
        if organisation_id % 2:
            raise OSError

    jobs.job(odd)
    pairs = [promised(odd) for _ in range(4)]
    assert jobs.run_pending() == 4
    for organisation_id, job_id in pairs:
        state, short = (JobState.WAITING, "A") if organisation_id % 2 else (JobState.DONE, "A!")
        assert (state_of(job_id).state, session.get(Organisation, organisation_id).short) == (state, short)


def test_what_an_errand_returns_is_done_with_its_end(own_app):
    def greet_outside(organisation_id: int):
        assert not session().in_transaction()
        return lambda: greet(organisation_id)

    jobs.outbound_job(greet_outside)
    organisation_id, job_id = promised(greet_outside)
    jobs.run_pending()
    assert state_of(job_id).state == JobState.DONE
    assert session.get(Organisation, organisation_id).short == "A!"


def test_a_living_job_is_left_alone(own_app):
    _organisation_id, job_id = promised(greet)
    jobs.claim(Job.id == job_id)
    with unit_of_work():
        jobs.sweep()
    assert state_of(job_id).state == JobState.RUNNING


def test_a_job_that_kills_its_worker_each_time_is_given_up(own_app):
    _organisation_id, job_id = promised(greet)
    moment = utcnow() + timedelta(seconds=1)
    for _ in range(len(jobs.DELAYS) + 1):
        with clock_at(moment):
            assert jobs.claim(Job.id == job_id)
        moment += timedelta(minutes=2)
        with clock_at(moment), unit_of_work():
            jobs.sweep()
    promise = state_of(job_id)
    assert (promise.state, promise.error) == (JobState.FAILED, jobs.KILLED)


def work_in_a_process(url: str, folder: str, job_id: int) -> None:
    with make_app(url, folder).app_context():
        jobs.run(job_id)


@pytest.mark.slow
def test_the_job_of_a_killed_worker_is_done_by_the_next(own_app, tmp_path):
    organisation_id, job_id = promised(sleep)
    session.remove()
    db.engine.dispose()
    worker = multiprocessing.get_context("fork").Process(
        target=work_in_a_process, args=(own_app.config["SQLALCHEMY_DATABASE_URI"], str(tmp_path / "worker"), job_id),
    )
    worker.start()
    until(lambda: state_of(job_id).progress == 50, "the worker does not begin")
    os.kill(worker.pid, signal.SIGKILL)
    worker.join()
    assert state_of(job_id).state == JobState.RUNNING, "nobody was there to say that it ended"
    with clock_at(utcnow() + timedelta(minutes=2)):
        with unit_of_work():
            jobs.sweep()
        assert jobs.run_pending() == 1
    promise = state_of(job_id)
    assert (promise.state, promise.attempts, promise.error) == (JobState.DONE, 2, None)
    assert session.get(Organisation, organisation_id).short == "C"


def test_many_workers_run_each_job_once(own_app, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    pairs = [promised(greet) for _ in range(12)]

    def work(_number: int) -> None:
        for _organisation_id, job_id in pairs:
            jobs.run(job_id)
        jobs.run_pending()

    in_threads(own_app, 4, work)
    session.rollback()
    session.expire_all()
    assert {session.get(Organisation, organisation_id).short for organisation_id, _ in pairs} == {"A!"}
    assert {session.get(Job, job_id).attempts for _, job_id in pairs} == {1}


def test_progress_is_seen_while_the_work_goes_on(own_app):
    seen = []

    def count(organisation_id: int, progress) -> None:
        for percent in (25, 75):
            progress(percent)
            with reading():
                seen.append(jobs.latest(count, organisation_id).progress)

    jobs.long_job(count)
    organisation_id, job_id = promised(count)
    jobs.run(job_id)
    assert seen == [25, 75]
    assert state_of(job_id).progress == 100
    assert jobs.latest(count, organisation_id).id == job_id


def test_a_job_that_lasts_says_that_it_lives(own_app, monkeypatch):
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.02)
    _organisation_id, job_id = promised(greet)
    jobs.claim(Job.id == job_id)
    before = state_of(job_id).beat_at
    session.rollback()
    with jobs.heartbeat([job_id]):
        until(lambda: state_of(job_id).beat_at > before, "it does not beat")


def test_a_heart_that_misses_a_beat_goes_on(own_app, monkeypatch):
    monkeypatch.setattr(jobs, "BEAT_SECONDS", 0.02)
    _organisation_id, job_id = promised(greet)
    calls = []

    def now():
        calls.append(threading.current_thread().name)
        if len(calls) == 1:
            raise OSError("database is locked")
        return utcnow()

    monkeypatch.setattr(jobs, "utcnow", now)
    with jobs.heartbeat([job_id]):
        until(lambda: len(calls) > 1, "it beats no more")


def test_nothing_is_promised_while_muted(own_app):
    with unit_of_work(), jobs.muted():
        jobs.later(greet, factories.an_organisation())
    assert session.scalar(sa.select(sa.func.count()).select_from(Job)) == 0


def test_one_failing_part_of_a_tick_stops_no_other(own_app, monkeypatch, caplog):
    done = []

    def broken():
        raise OSError

    monkeypatch.setattr(jobs, "EVERY_SECOND", [broken, lambda: done.append("after")])
    monkeypatch.setattr(audit, "seal", broken)
    jobs.tick()
    assert done == ["after"]
    assert caplog.text.count("tried again in a second") == 2


def test_a_tick_seals_the_journal(own_app):
    with unit_of_work():
        audit.record(SYSTEM, Action.ACCOUNTS_ADD, factories.a_user())
    jobs.tick()
    assert audit.unsealed_count() == 0
    assert audit.head()[0] == 1


@pytest.mark.slow
def test_the_real_queue_brings_the_work_to_its_thread(own_app, tmp_path):
    """Through the queue library itself, as `consult work` does: one message for all that was promised within a moment."""
    jobs.init_app(own_app, f"sqlite:///{tmp_path / 'queue.sqlite'}")
    huey = own_app.extensions["consult_queue"].huey
    promised(greet)
    organisation_id, job_id = promised(greet)
    until(lambda: len(huey), "nobody is woken")
    session.rollback()
    task = huey.dequeue()
    assert task is not None
    with own_app.app_context():
        huey.execute(task)
    assert state_of(job_id).state == JobState.DONE
    assert session.get(Organisation, organisation_id).short == "A!"
