"""What is done once a person was forgotten, and the letter before somebody is forgotten whose account nobody uses."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta

import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Appointment
from consult.core import mail
from consult.core.config import this_app
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import outbound_job
from consult.core.mail import Letter
from consult.core.news import Topic

PATIENCE = 5_000  # milliseconds
DORMANT = timedelta(days=3 * 365)
IN_CHARGE = sa.exists().where(Appointment.user_id == User.id)  # these are forgotten by no clock


@outbound_job
def scrub(_erasure_id: int) -> None:
    """SQLite's log beside the database still holds pages as they were: it is written into the file, and emptied."""
    url = sa.make_url(this_app().extensions["consult_config"].database)
    if not url.drivername.startswith("sqlite"):
        return
    with closing(sqlite3.connect(url.database or "")) as connection:
        connection.execute(f"PRAGMA busy_timeout={PATIENCE}")
        if connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise TimeoutError("the database is read too much to empty its log; tried again later")


def is_idle() -> sa.ColumnElement[bool]:
    """Nobody has signed in to the account for long."""
    last = sa.func.coalesce(User.signed_in_at, User.created_at)
    return sa.and_(User.confirmed_at.is_not(None), User.forgotten_at.is_(None), last < utcnow() - DORMANT, ~IN_CHARGE)


@outbound_job
def tell_idle(user_id: int) -> Callable[[], None] | None:
    """Told once, until they sign in again."""
    return mail.tell(IDLE, user_id)


def word_idle(user_id: int) -> Sequence[Letter[int]]:
    user = session.scalar(sa.select(User).where(User.id == user_id, is_idle(), User.warned_at.is_(None)))
    return [Letter(mail.worded(user, "privacy/idle"), frozenset([user_id]))] if user else []


def mark_idle(user_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    untold = sa.update(User).where(User.id == user_id, is_idle(), User.warned_at.is_(None))
    told = session.execute(untold.values(warned_at=utcnow()).returning(User.id), execution_options={"synchronize_session": False})
    return letters if told.first() else ()


def still_idle(user_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts & set(session.scalars(sa.select(User.id).where(User.id == user_id, is_idle())))


IDLE = mail.Kind("privacy.idle", word_idle, mark_idle, still_idle, topic=Topic.ACCOUNT)
