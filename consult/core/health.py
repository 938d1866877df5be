"""Whether the platform is well, for whoever watches it: machines by two addresses, the secretariat on its dashboard."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from consult.core import beats, outage
from consult.core.db import reading, session
from consult.core.i18n import gettext, ngettext, utcnow, when
from consult.core.jobs import Job, JobState, clock_parts, name_of
from consult.core.mail import OutgoingMail

STARTED = utcnow()
LAG = timedelta(seconds=60)  # of the worker, and after a start
LATE = timedelta(minutes=2)  # of what is due
UNDELIVERED = timedelta(minutes=10)
RECENT = timedelta(days=7)
LEAST_ROOM = 256  # MB


@dataclass(frozen=True)
class Health:
    """What was measured; each trouble has a name for machines and a sentence for people."""

    worker_since: datetime | None  # when its slowest part last ended well
    due_since: datetime | None  # what waits longest of what is due
    failed: int  # jobs that were given up lately
    letters: int  # that should have left long ago
    room: int  # MB
    is_writable: bool = True  # as far as this process knows

    @property
    def troubles(self) -> dict[str, str]:
        return dict(self._troubles())

    def _troubles(self) -> Iterator[tuple[str, str]]:
        now = utcnow()
        if not self.is_writable:
            yield "database", gettext("Nothing can be recorded at this moment: another programme holds the database, or too many write.")
        if now - max(self.worker_since or STARTED, STARTED) > LAG:
            if self.worker_since is None:
                yield "worker", gettext("The background worker does not run: letters, documents and the dates wait for it.")
            else:
                yield "worker", gettext("The background worker has not done its work since %(date)s: letters, documents and the dates wait "
                                        "for it.", date=when(self.worker_since))
        if self.due_since is not None and now - self.due_since > LATE:
            yield "queue", gettext("Work has been waiting for its turn since %(date)s.", date=when(self.due_since))
        if self.letters:
            yield "mail", ngettext("%(num)s letter could not be sent for more than ten minutes: the mail server does not take it.",
                                   "%(num)s letters could not be sent for more than ten minutes: the mail server does not take them.",
                                   self.letters)
        if self.room < LEAST_ROOM:
            yield "disk", gettext("The disk is nearly full: soon nothing can be recorded any more.")

    def facts(self) -> dict[str, Any]:
        """For machines: nothing of it names anybody."""
        troubles, now = self.troubles, utcnow()
        return {
            "status": "ok" if not troubles else f"trouble: {', '.join(troubles)}",
            "database": said("database", troubles),
            "worker": {"status": said("worker", troubles), "seconds_since_last_beat": seconds(self.worker_since, now)},
            "queue": {"status": said("queue", troubles), "oldest_due_seconds": seconds(self.due_since, now) or 0, "failed": self.failed},
            "mail": {"status": said("mail", troubles), "undelivered": self.letters},
            "disk": {"status": said("disk", troubles), "free_mb": self.room},
        }


def said(part: str, troubles: dict[str, str]) -> str:
    return "trouble" if part in troubles else "ok"


def seconds(since: datetime | None, now: datetime) -> int | None:
    return max(0, round((now - since).total_seconds())) if since else None


def measure() -> Health:
    now = utcnow()
    due = sa.select(sa.func.min(Job.run_at)).where(Job.state == JobState.WAITING, Job.run_at <= now)
    # In words that its index knows: what was given up is a few of very many.
    failed = sa.select(sa.func.count()).select_from(Job).where(sa.text("state = 'failed'"), Job.finished_at > now - RECENT)
    letters = sa.select(sa.func.count()).select_from(OutgoingMail).where(
        OutgoingMail.sent_at.is_(None), OutgoingMail.dropped_at.is_(None),
        OutgoingMail.created_at.between(now - RECENT, now - UNDELIVERED))
    parts = [name_of(part) for part in clock_parts()]
    beaten = sa.select(beats.ended_well(parts)).scalar_subquery()
    asked = sa.select(beaten, *(question.scalar_subquery() for question in (due, failed, letters)))
    with reading():
        worker_since, due_since, given_up, undelivered = session.execute(asked).one()
    return Health(worker_since, due_since, int(given_up), int(undelivered), free_room(), not outage.lasting())


def free_room() -> int:
    return shutil.disk_usage(current_app.extensions["consult_config"].folder).free // 2**20


# For machines


def healthz() -> tuple[dict[str, Any], int]:
    """Whether all of it is well: for whoever is woken when something is not."""
    try:
        health = measure()
    except (SQLAlchemyError, OSError) as error:
        outage.tell(outage.log, error, "the health could not be measured")
        return {"status": "database unavailable", "database": "trouble"}, 503
    return health.facts(), 503 if health.troubles else 200


def readyz() -> tuple[dict[str, str], int]:
    """Whether this process can answer: for the proxy that hands requests to it."""
    try:
        with reading():
            session.execute(sa.text("SELECT 1"))
    except (SQLAlchemyError, OSError) as error:
        outage.tell(outage.log, error, "the database could not be asked")
        return {"status": "database unavailable"}, 503
    return {"status": "ready"}, 200


def init_app(app: Any) -> None:
    app.add_url_rule("/healthz", "healthz", healthz)
    app.add_url_rule("/readyz", "readyz", readyz)
