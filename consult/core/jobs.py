"""Background work. The only file that knows the queue library.

The truth is the ``job`` table: a row is written in the transaction of the act that needs the work. The queue (huey) only makes
it prompt; a sweep gives back to the queue what a crash, a lost queue or a killed worker left behind, so a job must be
idempotent. Jobs are retried after 10 s, 1 min, 5 min, 30 min, 2 h, then marked failed for the operator to see.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import current_app
from huey import PostgresHuey, RedisHuey, SqliteHuey
from sqlalchemy.orm import Mapped, mapped_column

from consult.core import audit
from consult.core.db import Base, PrimaryKey, Timestamp, after_commit, reading, session, unit_of_work
from consult.core.i18n import N_, LabelledEnum, utcnow

log = logging.getLogger(__name__)

DELAYS = [timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200)]
BEAT_SECONDS = 10
DEAD_AFTER = timedelta(seconds=60)
REQUEUE_AFTER = timedelta(seconds=30)
KILLED = "the worker died while it ran"


class JobState(LabelledEnum):
    WAITING = "waiting", N_("Waiting")
    RUNNING = "running", N_("In progress")
    DONE = "done", N_("Done")
    FAILED = "failed", N_("Failed")


class Job(Base):
    """One piece of work that was promised."""

    __tablename__ = "job"
    __table_args__ = (
        sa.CheckConstraint("progress BETWEEN 0 AND 100", name="progress_percent"),
        sa.Index("ix_job_state_run_at", "state", "run_at"),
        sa.Index("ix_job_name_subject_id", "name", "subject_id"),
    )

    id: Mapped[PrimaryKey]
    name: Mapped[str] = mapped_column(sa.String(80))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    state: Mapped[JobState] = mapped_column(default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    progress: Mapped[int] = mapped_column(default=0)
    run_at: Mapped[Timestamp]
    queued_at: Mapped[Timestamp]
    beat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str | None]


REGISTRY: dict[str, Callable[[int], None]] = {}
EVERY_SECOND: list[Callable[[], None]] = []
_muted: ContextVar[bool] = ContextVar("muted", default=False)


def name_of(function: Callable) -> str:
    return f"{function.__module__.removeprefix('consult.').removesuffix('.jobs')}.{function.__name__}"


def job(function: Callable[[int], None]) -> Callable[[int], None]:
    """Register short work on one row, run with its id inside a unit of work."""
    def run(subject_id: int) -> None:
        with unit_of_work():
            function(subject_id)
    REGISTRY[name_of(function)] = run
    return function


def long_job(function: Callable[[int, Callable[[int], None]], None]):
    """Register long work: it gets the row's id and ``progress(percent)``, and opens its own short units of work.

    It must call ``progress`` outside of any transaction, so that no writer waits while it computes.
    """
    REGISTRY[name_of(function)] = lambda subject_id: function(subject_id, lambda percent: report(function, subject_id, percent))
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
    promise = Job(name=name_of(function), subject_id=subject.id)
    session.add(promise)
    after_commit(enqueue_promise, promise)


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


def run(job_id: int) -> None:
    """Claim the job, do it, and write down how it ended; a job that is not waiting is left alone."""
    claimed = claim(job_id)
    if claimed is None:
        return
    name, subject_id = claimed
    try:
        with heartbeat(job_id):
            REGISTRY[name](subject_id)
    except Exception as error:  # whatever went wrong must end in the row, not in a dead thread
        log.exception("job %s (%s %s) failed", job_id, name, subject_id)
        give_back(job_id, error)
    else:
        with unit_of_work():
            session.execute(
                sa.update(Job).where(Job.id == job_id).values(state=JobState.DONE, progress=100, finished_at=utcnow(), error=None)
            )


def claim(job_id: int) -> tuple[str, int] | None:
    with unit_of_work():
        taken = session.execute(
            sa.update(Job).where(Job.id == job_id, Job.state == JobState.WAITING, Job.run_at <= utcnow())
            .values(state=JobState.RUNNING, attempts=Job.attempts + 1, beat_at=utcnow())
        ).rowcount
        return tuple(session.execute(sa.select(Job.name, Job.subject_id).where(Job.id == job_id)).one()) if taken else None


def give_back(job_id: int, error: Exception) -> None:
    with unit_of_work():
        promise = session.get(Job, job_id)
        promise.error = f"{type(error).__name__}: {error}"[:2000]
        if promise.attempts > len(DELAYS):
            promise.state, promise.finished_at = JobState.FAILED, utcnow()
        else:
            promise.state, promise.run_at = JobState.WAITING, utcnow() + DELAYS[promise.attempts - 1]


@contextmanager
def heartbeat(job_id: int) -> Iterator[None]:
    """Say every few seconds that the job lives, so that the sweep takes it for dead only when its process is."""
    app, over = current_app._get_current_object(), threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                with app.app_context(), unit_of_work():
                    session.execute(sa.update(Job).where(Job.id == job_id).values(beat_at=utcnow()))
            except Exception:  # a busy database is no reason to stop living
                log.exception("job %s could not say that it lives; it tries again", job_id)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def sweep() -> None:
    """Take back jobs whose worker died, and queue again those that the queue forgot."""
    now = utcnow()
    dead = sa.update(Job).where(Job.state == JobState.RUNNING, Job.beat_at < now - DEAD_AFTER)
    # A job that kills its worker each time must not do so for ever.
    session.execute(dead.where(Job.attempts > len(DELAYS)).values(state=JobState.FAILED, finished_at=now, error=KILLED))
    session.execute(dead.values(state=JobState.WAITING, run_at=now, queued_at=now - 2 * REQUEUE_AFTER, error=KILLED))
    to_queue = sa.select(Job.id).where(
        Job.state == JobState.WAITING, Job.run_at <= now,
        sa.or_(Job.queued_at < now - REQUEUE_AFTER, Job.run_at > Job.queued_at),
    )
    for job_id in session.scalars(to_queue.limit(200)).all():
        session.execute(sa.update(Job).where(Job.id == job_id).values(queued_at=now))
        after_commit(enqueue, job_id)


def run_pending() -> int:
    """Run everything that waits, here and now (tests, and `consult work --once`); returns how many ran."""
    count = 0
    while True:
        with reading():
            waiting = session.scalars(sa.select(Job.id).where(Job.state == JobState.WAITING, Job.run_at <= utcnow())).all()
        if not waiting:
            return count
        for job_id in waiting:
            run(job_id)
            count += 1


def enqueue_promise(promise: Job) -> None:
    enqueue(promise.id)


def enqueue(job_id: int) -> None:
    """Hand the job to the queue; when the queue is out of reach the sweep brings it later."""
    queue = current_app.extensions.get("consult_queue")
    if queue is None:
        return
    try:
        queue.run_job(job_id)
    except Exception:  # the promise is on disk already; a broken queue must not undo an acknowledged act
        log.exception("job %s could not be queued; the sweep will bring it", job_id)


class Queue:
    """The queue library behind one method."""

    def __init__(self, app, url: str):
        scheme = urlsplit(url).scheme
        if scheme == "redis":
            self.huey = RedisHuey("consult", url=url)
        elif scheme == "postgresql":
            self.huey = PostgresHuey("consult", dsn=url)
        else:
            self.huey = SqliteHuey("consult", filename=url.removeprefix("sqlite:///"))

        def work(job_id: int) -> None:
            with app.app_context():
                run(job_id)

        self.run_job = self.huey.task(name="run_job")(work)


def init_app(app, url: str) -> None:
    app.extensions["consult_queue"] = Queue(app, url)


def tick() -> None:
    """One second of the worker: seal the journal, sweep, and what the rooms registered. One failing part stops no other."""
    for part in (audit.seal, sweep, *EVERY_SECOND):
        try:
            with unit_of_work():
                part()
        except Exception:
            log.exception("the worker's %s failed; tried again in a second", part.__name__)


def work(app, threads: int) -> None:
    """Work until told to stop: the queue's threads, and the clock beside them."""
    def clock() -> None:
        while True:
            with app.app_context():
                tick()
            time.sleep(1)

    threading.Thread(target=clock, daemon=True, name="clock").start()
    app.extensions["consult_queue"].huey.create_consumer(workers=threads, periodic=False, initial_delay=0.05, max_delay=1.0).run()
