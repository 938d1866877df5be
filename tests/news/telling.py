"""What the tests of news do again and again."""

from datetime import datetime, timedelta

from consult.core import jobs
from consult.core.db import session
from consult.core.i18n import MOROCCO, clock_at, utcnow
from consult.core.news import Frequency, Topic
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.news import jobs as news_jobs
from consult.news import service as news


def work(at: datetime | None = None) -> None:
    """The worker: what waits is done now, and what is due at this moment (or now) then."""
    session.commit()
    jobs.run_pending()
    with clock_at(at or utcnow()):
        news_jobs.send_what_is_due()
        session.commit()
        jobs.run_pending()
    session.expire_all()


def next_morning(hour: int = 7, after: datetime | None = None) -> datetime:
    """A minute after the letters' next hour."""
    now = (after or utcnow()).astimezone(MOROCCO)
    today = now.replace(hour=hour, minute=1, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def next_monday() -> datetime:
    morning = next_morning()
    return morning + timedelta(days=-morning.weekday() % 7)


def choose(person, **frequencies: str) -> None:
    news.choose(person, person, frequencies={Topic(topic): Frequency(value) for topic, value in frequencies.items()})


def publish(moderator, subject):
    return moderation.publish(moderator, subject, expected_counter=subject.row_counter)


def withhold(moderator, subject):
    return moderation.withhold(moderator, subject, expected_counter=subject.row_counter, reason=Reason.OFF_TOPIC, words="Pour voir.")


def restore(moderator, subject):
    return moderation.restore(moderator, subject, expected_counter=subject.row_counter, reason=Reason.MISTAKE, words="À tort.")
