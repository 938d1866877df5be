"""What waits to be told: kept as rows where it happened, due when each person chose, and one line of what of it still is so.

Rooms declare a :class:`Matter` for what is told to many; what would have been a letter to one person is of that letter's
:class:`~consult.core.mail.Kind`. Both are asked again when they are told: nothing is told of what is no longer public.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from consult.accounts.models import User
from consult.core import mail
from consult.core.audit import digest_of
from consult.core.config import this_app
from consult.core.db import add_new, session
from consult.core.errors import RegistrationError
from consult.core.i18n import MOROCCO, utcnow
from consult.core.news import Frequency, Line, Topic
from consult.news.models import WHOLE, Follow, NewsChoice, NewsItem

MATTERS: dict[str, "Matter"] = {}


class Readers(NamedTuple):
    """Who is told under a topic: ``select(subject_id)`` gives their ids, and of which row (an id each) each is told."""

    topic: Topic
    select: Callable[[int], sa.Select]


@dataclass(frozen=True)
class Matter:
    """Something that is told to many. Each of ``readers`` selects who is told of it under its topic; ``lines`` words those of its rows that
    everybody may read now, in the language in force.
    """

    name: str
    readers: Sequence["Readers"]
    lines: Callable[[Sequence[int]], Mapping[int, Line]]

    def __post_init__(self) -> None:
        if self.name in MATTERS or self.name in mail.KINDS:
            raise RegistrationError(f"Two matters of news are called {self.name}: give one of them another name.")
        if wrong := [some.topic for some in self.readers if not some.topic.is_chosen]:
            raise RegistrationError(f"{self.name}: nobody chooses whether they are told of {wrong[0]}; news is of a topic that is chosen.")
        MATTERS[self.name] = self


class Reader(NamedTuple):
    """Somebody with an account, and how often they are told of something."""

    id: int
    language: str
    frequency: Frequency

    @property
    def is_told_at_once(self) -> bool:
        return self.frequency.is_told and not self.frequency.is_gathered


# Who is told, and when


def can_be_told() -> sa.ColumnElement[bool]:
    return sa.and_(User.active, User.confirmed_at.is_not(None), User.forgotten_at.is_(None))


def chosen_frequency(topic: Topic) -> sa.ColumnElement[str]:
    """Of a person (``User``), with what they are told by default."""
    chosen = sa.select(NewsChoice.frequency).where(NewsChoice.user_id == User.id, NewsChoice.topic == topic).scalar_subquery()
    return sa.func.coalesce(chosen, topic.frequency.value)


def next_letter(frequency: Frequency, now: datetime) -> datetime:
    """When what happens now is told: at once, at the next hour of the day, or of the next Monday, in Morocco."""
    if not frequency.is_gathered:
        return now
    hour = time(hour_of_letters())
    today = now.astimezone(MOROCCO).date()
    days = (7 - today.weekday()) % 7 if frequency.days == 7 else 0
    due = datetime.combine(today + timedelta(days=days), hour, MOROCCO)
    if due <= now:
        due = datetime.combine(today + timedelta(days=days + frequency.days), hour, MOROCCO)
    return due


def followers(chapter_id: Any, key: Any, subject_id: Any) -> sa.Select:
    """Who follows the passage or its whole chapter, each once."""
    return sa.select(Follow.user_id, subject_id).where(Follow.chapter_id == chapter_id, Follow.key.in_((key, WHOLE))).distinct()


def everybody(subject_id: int) -> sa.Select:
    """Whoever has an account: those who chose to be told are left of them."""
    return sa.select(User.id, sa.literal(subject_id))


def keep(matter: Matter, subject_id: int, *, mark: str = "", no_later_than: datetime | None = None) -> None:
    """Keep it for all who are to be told and have not been; one statement for each topic, however many they are."""
    now = utcnow()
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    due = {frequency: next_letter(frequency, now) for frequency in Frequency if frequency.is_told}
    if no_later_than is not None:
        due = {frequency: max(now, min(at, no_later_than)) for frequency, at in due.items()}
    names = ("user_id", "topic", "matter", "subject_id", "mark", "happened_at", "due_at")
    for topic, select in matter.readers:
        chosen, frequency = select(subject_id).subquery(), chosen_frequency(topic)
        reader, subject = chosen.c
        moment = sa.case(*((frequency == one.value, sa.literal(at, NewsItem.due_at.type)) for one, at in due.items()))
        rows = sa.select(reader, sa.literal(topic.value), sa.literal(matter.name), subject, sa.literal(mark),
                         sa.literal(now, NewsItem.happened_at.type), moment)
        told = rows.join(User, User.id == reader).where(can_be_told(), frequency != Frequency.NEVER.value)
        session.execute(dialect.insert(NewsItem).from_select(names, told, include_defaults=False).on_conflict_do_nothing())


def keep_letters(topic: Topic, kind: str, subject_id: int, letters: Sequence[tuple[Reader, list[Any]]]) -> None:
    """Instead of letters that would leave at once, each to one reader on some facts."""
    now = utcnow()
    add_new(NewsItem, [{
        "user_id": reader.id, "topic": topic, "matter": kind, "subject_id": subject_id, "mark": digest_of(facts), "facts": facts,
        "happened_at": now, "due_at": next_letter(reader.frequency, now), "told_at": None,
    } for reader, facts in letters], NewsItem.user_id)


# What is told


def due_items(user_id: int) -> sa.Select:
    due = NewsItem.user_id == user_id, NewsItem.told_at.is_(None), NewsItem.due_at <= utcnow()
    return sa.select(NewsItem).where(*due).order_by(NewsItem.id)


def lines_of(items: Sequence[NewsItem]) -> dict[int, list[Line]]:
    """What there is to tell of each of them, by its id; of what is no longer so nothing."""
    found: dict[int, list[Line]] = {}
    for name in {item.matter for item in items}:
        ours = [item for item in items if item.matter == name]
        if matter := MATTERS.get(name):
            told = matter.lines([item.subject_id for item in ours])
            found |= {item.id: [told[item.subject_id]] for item in ours if item.subject_id in told}
        elif kind := mail.KINDS.get(name):
            found |= {item.id: lines for item in ours if (lines := lines_of_letter(kind, item))}
    return found


def lines_of_letter(kind: mail.Kind[Any], item: NewsItem) -> list[Line]:
    standing = kind.standing(item.subject_id, item.told)
    return list(kind.lines(item.subject_id, standing)) if standing and kind.lines else []


def hour_of_letters() -> int:
    """At which news that is gathered leaves, in Morocco."""
    return int(this_app().extensions["consult_config"].news_hour)
