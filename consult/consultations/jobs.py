"""Telling people in charge what waits for them: one letter a day at most, in the morning, and none where nothing waits."""

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta

import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations import events
from consult.consultations.events import Waiting
from consult.consultations.models import CURRENT, Appointment, Consultation, StaffLetter, StaffNews
from consult.core import events as core_events
from consult.core import mail
from consult.core.db import add_new, session
from consult.core.extension_points import flat
from consult.core.i18n import MOROCCO, day, force_locale, gettext, utcnow
from consult.core.jobs import Job, JobState, later, name_of, outbound_job
from consult.core.locks import lock_all
from consult.core.mail import Letter, OutgoingMail
from consult.core.news import Topic

MORNING = time(7)
NEWS = timedelta(days=7)  # what happened before is no news any more


@outbound_job
def tell_waiting(user_id: int) -> Callable[[], None] | None:
    """Write to one person, unless they had their letter of the day."""
    return mail.tell(WAITING, user_id)


def this_morning() -> datetime:
    return datetime.combine(utcnow().astimezone(MOROCCO).date(), MORNING, MOROCCO)


def has_letter() -> sa.ColumnElement[bool]:
    """Who had their letter of this day of Morocco's calendar."""
    return sa.exists().where(StaffLetter.user_id == User.id, StaffLetter.day == this_morning().date())


def is_written_to(user_id: int) -> bool:
    """Whether the letter of an earlier day is still on its way, and will tell what waits when it leaves, or left today alone."""
    on_its_way = sa.exists().where(
        Job.name == name_of(mail.deliver), Job.subject_id == OutgoingMail.id, Job.state.in_(JobState.where(is_under_way=True)))
    left_today = OutgoingMail.sent_at >= datetime.combine(this_morning().date(), time(), MOROCCO)
    ours = sa.select(OutgoingMail.id).where(OutgoingMail.kind == WAITING.name, OutgoingMail.subject_id == user_id)
    return session.scalar(ours.where(sa.or_(on_its_way, left_today)).limit(1)) is not None


def is_told() -> sa.ColumnElement[bool]:
    """Whoever holds a role, can sign in, and wants such letters."""
    holds_a_role = User.id.in_(sa.select(Appointment.user_id))
    return sa.and_(User.active, User.confirmed_at.is_not(None), User.is_told_of_work, holds_a_role)


def untold() -> sa.Select[User]:
    """Those for whom nobody has looked yet this morning, nor written to before it."""
    looked = sa.exists().where(Job.name == name_of(tell_waiting), Job.subject_id == User.id, Job.queued_at >= this_morning())
    return sa.select(User).where(is_told(), ~has_letter(), ~looked).order_by(User.id)


def list_waiting(person: User) -> list[Waiting]:
    """All that waits for this person and all that is news, told or not, in the language in force."""
    consultation = session.scalar(sa.select(Consultation).where(Consultation.id == CURRENT))
    if consultation is None:
        return []
    things = [*appointed(person, consultation), *flat(events.waiting(person, consultation))]
    return [thing for thing in things if thing.since is None or thing.since > utcnow() - NEWS]


def appointed(person: User, consultation: Consultation) -> list[Waiting]:
    held = sa.select(Appointment).where(Appointment.user_id == person.id).order_by(Appointment.id)
    return [
        # With its moment: the number of a row that is gone may be given again.
        Waiting(f"appointed:{appointment.id}:{appointment.appointed_at.timestamp():.0f}", role_words(appointment, person.language),
                core_events.sign_in_endpoint(), since=appointment.appointed_at)
        for appointment in session.scalars(held) if appointment.commission is None or appointment.commission in consultation.commissions
    ]


def role_words(appointment: Appointment, language: str) -> str:
    since = day(appointment.appointed_at)
    if appointment.commission is None:
        return gettext("You hold a role since %(date)s: %(role)s.", role=appointment.role.label, date=since)
    return gettext("You hold a role since %(date)s: %(role)s (%(commission)s).", role=appointment.role.label, date=since,
                   commission=appointment.commission.title(language))


def word_waiting(user_id: int) -> list[Letter[str]]:
    person = session.scalar(sa.select(User).where(User.id == user_id, is_told(), ~has_letter()))
    if person is None or is_written_to(user_id):
        return []
    known = set(session.scalars(sa.select(StaffNews.key).where(StaffNews.user_id == user_id)))
    return letter_to(person, lambda thing: thing.since is None or thing.key not in known)


def letter_to(person: User, is_for_it: Callable[[Waiting], bool]) -> list[Letter[str]]:
    with force_locale(person.language):
        things = [thing for thing in list_waiting(person) if is_for_it(thing)]
    if not things:
        return []
    news, waiting = ([thing for thing in things if (thing.since is None) == waits] for waits in (False, True))
    worded = mail.worded(person, "consultations/waiting", news=news, waiting=waiting)
    return [Letter(worded, frozenset(thing.key for thing in things))]


def mark_waiting(user_id: int, letters: Sequence[Letter[str]]) -> Sequence[Letter[str]]:
    """Where what is told changed meanwhile the person is looked at again; where they had their letter meanwhile they are not."""
    (letter,) = letters
    lock_all(User, User.id == user_id)
    person = session.scalar(sa.select(User).where(User.id == user_id, is_told()))
    if person is None:
        return ()
    if standing(user_id, letter.facts) != letter.facts:
        later(tell_waiting, person)
        return ()
    if not add_new(StaffLetter, [{"user_id": user_id, "day": this_morning().date()}], StaffLetter.user_id):
        return ()
    news = [thing.key for thing in list_waiting(person) if thing.since is not None and thing.key in letter.facts]
    add_new(StaffNews, [{"user_id": user_id, "key": key} for key in news], StaffNews.key)
    return letters


def standing(user_id: int, facts: frozenset[str]) -> frozenset[str]:
    """What waits now, and what of the news of the letter still is so."""
    person = session.scalar(sa.select(User).where(User.id == user_id, is_told()))
    if person is None:
        return frozenset()
    return frozenset(thing.key for thing in list_waiting(person) if thing.since is None or thing.key in facts)


def again(user_id: int, facts: frozenset[str]) -> list[Letter[str]]:
    return letter_to(session.get_one(User, user_id), lambda thing: thing.key in facts)


WAITING = mail.Kind("consultations.waiting", word_waiting, mark_waiting, standing, again, topic=Topic.CHARGE)
