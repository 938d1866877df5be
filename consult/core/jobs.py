"""Background work.

The truth is the ``job`` table: a row is written in the transaction of the act that needs the work. The queue (huey) carries no
work, it only wakes the workers, who look at the table by themselves each second; what a killed worker left behind is done again,
so a job must be idempotent. Jobs are retried after 10 s, 1 min, 5 min, 30 min, 2 h, then marked failed for the operator to see.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Mapped, mapped_column

from consult.core import audit, beats, outage
from consult.core.config import this_app
from consult.core.db import Base, PrimaryKey, Timestamp, add_row, after_commit, reading, session, unit_of_work
from consult.core.i18n import N_, utcnow
from consult.core.locks import unheld
from consult.core.states import MeaningEnum, Tone, says
from consult.core.turns import giving_way
from consult.core.waking import Queue

log = logging.getLogger(__name__)

DELAYS = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200)]
BEAT_SECONDS = 10
DEAD_AFTER = timedelta(seconds=60)
SHUTDOWN = 20  # seconds that a job has to end when the worker is told to stop; what it leaves is done again
BATCH = 20  # brief jobs of one kind that a worker claims at once
KILLED = "the worker died while it ran"


class JobState(MeaningEnum):
    tone: Tone
    is_under_way: bool
    has_failed: bool

    WAITING = "waiting", N_("Waiting"), says(tone=Tone.OCHRE, is_under_way=True, has_failed=False)
    RUNNING = "running", N_("In progress"), says(tone=Tone.OCHRE, is_under_way=True, has_failed=False)
    DONE = "done", N_("Done"), says(tone=Tone.GREEN, is_under_way=False, has_failed=False)
    FAILED = "failed", N_("Failed"), says(tone=Tone.BRICK, is_under_way=False, has_failed=True)


class Job(Base):
    """One piece of work that was promised."""

    __tablename__ = "job"
    __append_only__ = False  # a promise, not a record: what it did stands in other rows
    __recorded__ = False  # a promise, not a record
    __table_args__ = (
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress_percent"),
        sa.Index("ix_job_state_run_at", "state", "run_at"),
        sa.Index("ix_job_failed", "finished_at", sqlite_where=sa.text("state = 'failed'"), postgresql_where=sa.text("state = 'failed'")),
        sa.Index("ix_job_name_subject_id", "name", "subject_id"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(sa.String(80))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[JobState] = mapped_column(default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[Timestamp]
    queued_at: Mapped[Timestamp]  # when it was promised
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]


REGISTRY: dict[str, Callable[[int, int], None]] = {}  # by name: what runs (job, subject) and marks the job done
BRIEF: set[str] = set()
WORDED: dict[str, Callable[[int], Callable[[], None] | None]] = {}  # of the brief ones, those whose ends are noted together
EVERY_SECOND: list[Callable[[], None]] = []
_muted: ContextVar[bool] = ContextVar("muted", default=False)


def name_of(function: Callable) -> str:
    return f"{function.__module__.removeprefix('consult.').removesuffix('.jobs')}.{function.__name__}"


def job(function: Callable[[int], None]) -> Callable[[int], None]:
    """Register short work on one row, run with its id inside a unit of work, which also notes its end."""
    def run(job_id: int, subject_id: int) -> None:
        with unit_of_work():
            function(subject_id)
            finish(job_id)
    REGISTRY[name_of(function)] = run
    BRIEF.add(name_of(function))
    return function


def outbound_job(function: Callable[[int], Callable[[], None] | None]):
    """Register short work that needs no lock, such as a letter's way to another machine; what it returns is done where its end is noted."""
    def run(job_id: int, subject_id: int) -> None:
        conclude = function(subject_id)
        with unit_of_work():
            if conclude is not None:
                conclude()
            finish(job_id)
    REGISTRY[name_of(function)] = run
    BRIEF.add(name_of(function))
    return function


def worded_job(function: Callable[[int], Callable[[], None] | None]):
    """The same for what only reads, and whose end alone writes: of many at once, such as receipts, all ends are one unit of work."""
    WORDED[name_of(function)] = function
    return outbound_job(function)


def long_job(function: Callable[[int, Callable[[int], None]], None]):
    """Register long work: it gets the row's id and ``progress(percent)``, and opens its own short units of work.

    It must call ``progress`` outside of any transaction, so that no writer waits while it computes; between its units of work it gives way.
    """
    def run(job_id: int, subject_id: int) -> None:
        with giving_way():
            function(subject_id, lambda percent: report(function, subject_id, percent))
        with unit_of_work():
            finish(job_id)
    REGISTRY[name_of(function)] = run
    return function


def every_second(function: Callable[[], None]) -> Callable[[], None]:
    """Register what the worker does each second, inside a unit of work; it must be quick when there is nothing to do."""
    EVERY_SECOND.append(function)
    return function


def later(function: Callable, subject: Base) -> None:
    """Promise ``function(subject.id)`` in the present transaction; the work begins after its commit."""
    if _muted.get():
        return
    if subject.id is None:
        session.flush()
    add_row(Job, name=name_of(function), subject_id=subject.id)
    after_commit(wake)


@contextmanager
def muted() -> Iterator[None]:
    """No promise is made in here: the demonstration writes to nobody."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)


def report(function: Callable, subject_id: int, percent: int) -> None:
    with unit_of_work():
        session.execute(
            sa.update(Job).where(Job.name == name_of(function), Job.subject_id == subject_id, Job.state == JobState.RUNNING)
            .values(progress=percent, beat_at=utcnow())
        )


def latest(function: Callable, subject_id: int) -> Job | None:
    """The newest job of this kind on that row: its state and progress are what a page shows."""
    newest = sa.select(Job).where(Job.name == name_of(function), Job.subject_id == subject_id).order_by(Job.id.desc())
    return session.scalars(newest.limit(1)).first()


class Claimed(NamedTuple):
    """A job that this worker alone may do."""

    id: int
    name: str
    subject_id: int


def run(job_id: int) -> None:
    """Claim the job and do it; a job that is not waiting is left alone."""
    do(claim(Job.id == job_id))


def run_pending() -> int:
    """Run everything that waits, here and now; returns how many ran."""
    count = 0
    while claimed := claim_next():
        do(claimed)
        count += len(claimed)
    return count


def claim_next() -> list[Claimed]:
    """The job that waits longest, with more of its kind when they are brief; none that failed before drags others along."""
    with reading():
        first = session.execute(sa.select(Job.id, Job.name, Job.attempts).where(*due()).order_by(Job.run_at).limit(1)).first()
    if first is None:
        return []
    if first.name in BRIEF and first.attempts == 0:
        return claim(Job.name == first.name, Job.attempts == 0)
    return claim(Job.id == first.id)


def due() -> tuple[sa.ColumnElement[bool], ...]:
    return Job.state == JobState.WAITING, Job.run_at <= utcnow()


def claim(*which: sa.ColumnElement[bool]) -> list[Claimed]:
    chosen = unheld(sa.select(Job.id).where(*due(), *which).order_by(Job.run_at).limit(BATCH)).cte("chosen")
    taking = (
        sa.update(Job).where(Job.id.in_(sa.select(chosen.c.id)))
        .values(state=JobState.RUNNING, attempts=Job.attempts + 1, beat_at=utcnow()).returning(Job.id, Job.name, Job.subject_id)
    )
    with unit_of_work():
        return sorted(map(Claimed._make, session.execute(taking, execution_options={"synchronize_session": False})))


def do(claimed: list[Claimed]) -> None:
    """Do each and write down how it ended."""
    with heartbeat([job.id for job in claimed]):
        for job in do_together(claimed):
            try:
                REGISTRY[job.name](job.id, job.subject_id)
            except Exception as error:  # whatever went wrong must end in the row, not in a dead thread
                log.exception("job %s (%s %s) failed", job.id, job.name, job.subject_id)
                give_back(job.id, error)


def do_together(claimed: list[Claimed]) -> list[Claimed]:
    """Do those whose ends can be noted together; the others, and all of them where one of them fails, are still to be done."""
    if len(claimed) < 2 or not all(job.name in WORDED for job in claimed):
        return claimed
    try:
        with reading():
            ends = [WORDED[job.name](job.subject_id) for job in claimed]
        with unit_of_work():
            for conclude in filter(None, ends):
                conclude()
            finish(*(job.id for job in claimed))
    except Exception:
        log.warning("%s jobs could not be done together; each is done by itself", len(claimed), exc_info=True)
        return claimed
    return []


FINISH = (
    sa.update(Job.__table__).where(Job.__table__.c.id == sa.bindparam("job"))
    .values(state=JobState.DONE, progress=100, finished_at=sa.bindparam("now"), error=None)
)


def finish(*job_ids: int) -> None:
    """The jobs' rows come last in the order of locks: what their work wrote goes before them."""
    session.flush()
    session.connection().execute(FINISH, [{"job": job_id, "now": utcnow()} for job_id in job_ids])


def give_back(job_id: int, error: Exception) -> None:
    with unit_of_work():
        promise = session.get_one(Job, job_id)
        promise.error = f"{type(error).__name__}: {error}"[:2000]
        if promise.attempts > len(DELAYS):
            promise.state, promise.finished_at = JobState.FAILED, utcnow()
        else:
            promise.state, promise.run_at = JobState.WAITING, utcnow() + DELAYS[promise.attempts - 1]


@contextmanager
def heartbeat(job_ids: list[int]) -> Iterator[None]:
    """Say every few seconds that the jobs live, so that the sweep takes them for dead only when their process is."""
    app, over = this_app(), threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with app.app_context(), unit_of_work():
                    session.execute(sa.update(Job).where(Job.id.in_(job_ids), Job.state == JobState.RUNNING).values(beat_at=utcnow()))
            except Exception as error:  # a busy database is no reason to stop living
                outage.tell(log, error, "jobs %s could not say that they live; they try again", job_ids)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sweep() -> None:
    """Take back jobs whose worker died."""
    now = utcnow()
    dead = sa.update(Job).where(Job.state == JobState.RUNNING, Job.beat_at < now - DEAD_AFTER)
    # A job that kills its worker each time must not do so for ever.
    session.execute(dead.where(Job.attempts > len(DELAYS)).values(state=JobState.FAILED, finished_at=now, error=KILLED))
    session.execute(dead.values(state=JobState.WAITING, run_at=now, error=KILLED))


def look_again() -> None:
    """Wake the workers for what no wake-up, or one that was lost, told them of: a retry's time that came, a dead worker's job."""
    if session.execute(sa.select(Job.id).where(*due()).limit(1)).first():
        after_commit(wake)


def wake() -> None:
    """Tell the workers that something waits; when the queue is out of reach they find it within a second."""
    queue = current_app.extensions.get("consult_queue")
    if queue is None:
        return
    try:
        queue.wake()
    except Exception:  # the promise is on disk already; a broken queue must not undo an acknowledged act
        log.exception("the workers could not be woken; they look by themselves each second")


def init_app(app, url: str) -> None:
    def work() -> None:
        with app.app_context():
            run_pending()
    app.extensions["consult_queue"] = Queue(url, work)


def tick() -> None:
    """One second of the worker: seal the journal and publish its head, see to forgotten jobs, and what the rooms registered.

    One failing part stops no other.
    """
    for part in clock_parts():
        try:
            with giving_way(), unit_of_work():
                part()
        except Exception as error:
            outage.tell(log, error, "the worker's %s failed; tried again in a second", part.__name__)
        else:
            beats.note(name_of(part))
    try:
        beats.write()
    except Exception as error:
        outage.tell(log, error, "the worker could not say that it lives; it tries again")


def clock_parts() -> list[Callable[[], object]]:
    return [audit.seal, audit.put_checkpoint, sweep, look_again, *EVERY_SECOND]


def work(app, threads: int, may_go_on: Callable[[], bool] = lambda: True) -> None:
    """Work until told to stop, or until ``may_go_on`` says no: the queue's threads, and the clock beside them; what runs is ended first."""
    def clock() -> None:
        while may_go_on():
            with app.app_context():
                tick()
                session.remove()
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=clock, daemon=True, name="clock").start()
    outage.quieten("huey.consumer", "huey.consumer.Scheduler", *(f"huey.consumer.Worker-{number + 1}" for number in range(threads)))
    queue = app.extensions["consult_queue"].huey
    queue.create_consumer(workers=threads, periodic=False, initial_delay=0.05, max_delay=1.0, graceful_signal="TERM",
                          shutdown_timeout=SHUTDOWN).run()
