"""The letter that gathers news, and who is told of a new version and of a closing that is near."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import aliased, defer, joinedload

from consult.accounts.models import User
from consult.chapters.models import Alignment, Block, BlockFate, Chapter, Revision
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation, Phase, Round
from consult.core import mail
from consult.core.db import add_new, session
from consult.core.i18n import force_locale, gettext, language_name, utcnow, when
from consult.core.jobs import Job, JobState, every_second, job, later, name_of, outbound_job
from consult.core.locks import lock_all
from consult.core.mail import Letter
from consult.core.news import Line, Topic
from consult.core.web import link
from consult.news import events, telling
from consult.news.models import WHOLE, ClosingNotice, Follow, NewsItem
from consult.news.signing import token_of
from consult.news.telling import Matter, Readers, everybody, keep

MAX_TOLD = 200  # things in one letter
AT_ONCE = 100  # people whose letter is promised in one go
BEFORE_CLOSING = (14, 2)  # days


# The letter


@dataclass(frozen=True)
class Part:
    """What a letter tells on one topic, by the number of the chapter."""

    topic: Topic
    stop_url: str
    chapters: Mapping[int, Sequence[Line]]


@outbound_job
def send_news(user_id: int) -> Callable[[], None] | None:
    """Write to one person what is due for them, in one letter."""
    return mail.tell(NEWS, user_id) or partial(drop_what_is_over, user_id)


def word_news(user_id: int) -> list[Letter[int]]:
    due = session.scalars(telling.due_items(user_id).limit(MAX_TOLD)).all()
    return letter_to(user_id, due)


def letter_to(user_id: int, items: Sequence[NewsItem]) -> list[Letter[int]]:
    person = session.scalar(sa.select(User).where(User.id == user_id, telling.can_be_told()))
    if person is None or not items:
        return []
    with force_locale(person.language):
        lines = telling.lines_of(items)
    told = [item for item in items if item.id in lines]
    if not told:
        return []
    parts = [part_of(person, topic, [line for item in told if item.topic == topic for line in lines[item.id]])
             for topic in Topic if any(item.topic == topic for item in told)]
    stop_url = link("news.stop", language=person.language, token=token_of(person.id, [part.topic for part in parts]))
    worded = mail.worded(person, "news/gathered", parts=parts, count=sum(len(lines[item.id]) for item in told))
    return [Letter(worded, frozenset(item.id for item in told), stop_url=stop_url)]


def part_of(person: User, topic: Topic, lines: Sequence[Line]) -> Part:
    chapters = {number: [line for line in lines if line.chapter == number] for number in sorted({line.chapter for line in lines})}
    return Part(topic, link("news.stop", language=person.language, token=token_of(person.id, [topic])), chapters)


def mark_news(user_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    """Told from now on. Where something is no longer so the letter is worded afresh."""
    (letter,) = letters
    lock_all(User, User.id == user_id)
    drop_what_is_over(user_id)
    waiting = set(session.scalars(sa.select(NewsItem.id).where(NewsItem.id.in_(letter.facts), NewsItem.told_at.is_(None))))
    if waiting != letter.facts or standing(user_id, letter.facts) != letter.facts:
        if waiting:
            later(send_news, session.get_one(User, user_id))
        return ()
    told = sa.update(NewsItem).where(NewsItem.id.in_(letter.facts)).values(told_at=utcnow())
    session.execute(told, execution_options={"synchronize_session": False})
    return letters


def standing(user_id: int, facts: frozenset[int]) -> frozenset[int]:
    """What of the letter everybody may still read, for a person who is still written to."""
    if session.scalar(sa.select(User.id).where(User.id == user_id, telling.can_be_told())) is None:
        return frozenset()
    return frozenset(telling.lines_of(items_of(user_id, facts)))


def again(user_id: int, facts: frozenset[int]) -> list[Letter[int]]:
    return letter_to(user_id, items_of(user_id, facts))


def items_of(user_id: int, facts: frozenset[int]) -> Sequence[NewsItem]:
    return session.scalars(sa.select(NewsItem).where(NewsItem.user_id == user_id, NewsItem.id.in_(facts)).order_by(NewsItem.id)).all()


def drop_what_is_over(user_id: int) -> None:
    """Of what is due, that of which nothing is to be told any more; what is published again is news again."""
    lock_all(User, User.id == user_id)
    due = session.scalars(telling.due_items(user_id).limit(MAX_TOLD)).all()
    is_told = session.scalar(sa.select(User.id).where(User.id == user_id, telling.can_be_told())) is not None
    over = {item.id for item in due} - (telling.lines_of(due).keys() if is_told else set())
    if over:
        session.execute(sa.delete(NewsItem).where(NewsItem.id.in_(over)).execution_options(synchronize_session=False))


NEWS = mail.Kind("news.gathered", word_news, mark_news, standing, again, topic=Topic.GATHERED)


@every_second
def send_what_is_due() -> None:
    """Whoever has something due is written to, once however often it is looked at."""
    promised = sa.exists().where(Job.name == name_of(send_news), Job.subject_id == NewsItem.user_id,
                                 Job.state.in_(JobState.where(is_under_way=True)))
    due = sa.select(NewsItem.user_id).where(NewsItem.told_at.is_(None), NewsItem.due_at <= utcnow(), ~promised).distinct().limit(AT_ONCE)
    ids = session.scalars(due).all()
    if ids:
        for person in session.scalars(sa.select(User).where(User.id.in_(ids)).order_by(User.id)):
            later(send_news, person)


# New versions


@job
def tell_of_revision(revision_id: int) -> None:
    """Whoever follows the chapter, or new texts; and whoever follows a passage that reads otherwise now."""
    keep(REVISION, revision_id)
    keep(WORDING, revision_id)


def followers_of_chapter(revision_id: int) -> sa.Select:
    """Who did when it was published."""
    here = Follow.chapter_id == Revision.chapter_id, Follow.key == WHOLE, Follow.followed_at <= Revision.published_at
    return sa.select(Follow.user_id, Revision.id).join(Revision, sa.and_(*here)).where(Revision.id == revision_id)


def list_revision_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(sa.select(Revision).where(Revision.id.in_(ids)).options(defer(Revision.source)))
    return {one.id: Line(
        gettext("Version %(version)s (%(language)s) of chapter %(number)s is published: “%(title)s”.", version=one.number,
                language=language_name(one.language), number=one.chapter.number, title=one.title),
        "chapters.revisions", {"number": one.chapter.number}, one.chapter.number) for one in found}


REVISION = Matter(
    "news.revision", [Readers(Topic.FOLLOWED, followers_of_chapter), Readers(Topic.PUBLICATIONS, everybody)], list_revision_lines)


def followers_of_changed(revision_id: int) -> sa.Select:
    """Each with the rows of the alignment that end the wording which they follow."""
    return (
        sa.select(Follow.user_id, Alignment.id).join(Revision, Revision.id == Alignment.revision_id)
        .join(Block, Block.id == Alignment.old_block_id)
        .join(Follow, sa.and_(
            Follow.chapter_id == Revision.chapter_id, Follow.key == Block.key, Follow.followed_at <= Revision.published_at))
        .where(Alignment.revision_id == revision_id, Alignment.change.in_(BlockFate.where(is_same_text=False))).distinct()
    )


def list_wording_lines(ids: Sequence[int]) -> dict[int, Line]:
    old = aliased(Block)
    found = session.execute(
        sa.select(Alignment.id, Alignment.change, old.key, old.label, Revision.number, Revision.language, Chapter.number)
        .join(old, old.id == Alignment.old_block_id).join(Revision, Revision.id == Alignment.revision_id)
        .join(Chapter, Chapter.id == Revision.chapter_id).where(Alignment.id.in_(ids)))
    return {id_: Line(wording_words(change, label or key, version, language), "chapters.provision", {"number": number, "key": key}, number)
            for id_, change, key, label, version, language, number in found}


def wording_words(change: BlockFate, place: str, version: int, language: str) -> str:
    values = {"place": place, "version": version, "language": language_name(language)}
    if change.is_dropped:
        return gettext("The passage %(place)s is no longer in the text since version %(version)s (%(language)s).", **values)
    return gettext("The passage %(place)s has a new wording in version %(version)s (%(language)s).", **values)


WORDING = Matter("news.wording", [Readers(Topic.FOLLOWED, followers_of_changed)], list_wording_lines)


# The closing


@every_second
def look_at_the_closing() -> None:
    """Two weeks before it and two days before it; where it was moved, again. Of two that came while nobody was up the nearer is told."""
    now = utcnow()
    for consultation in session.scalars(sa.select(Consultation).where(Consultation.phase.in_(Phase.where(receives_contributions=True)))):
        closes_at, current = consultation.closes_at, consultation.round
        if current is None or closes_at is None or not consultation.current_phase.receives_contributions:
            continue
        near = [days for days in BEFORE_CLOSING if closes_at - timedelta(days=days) <= now < closes_at]
        if near and add_new(ClosingNotice, [
                {"round_id": current.id, "closes_at": closes_at, "days": min(near), "noted_at": now}], ClosingNotice.round_id):
            noted = ClosingNotice.round_id == current.id, ClosingNotice.closes_at == closes_at, ClosingNotice.days == min(near)
            later(tell_of_closing, session.scalars(sa.select(ClosingNotice).where(*noted)).one())


@job
def tell_of_closing(notice_id: int) -> None:
    """Whoever waits for Monday's letter is told before it is too late."""
    notice = session.get_one(ClosingNotice, notice_id)
    keep(CLOSING, notice_id, no_later_than=notice.closes_at - timedelta(days=1))


def list_concerned(notice_id: int) -> sa.Select:
    """Who follows something, or has something unfinished."""
    consultation = session.get_one(ClosingNotice, notice_id).round.consultation
    following = sa.select(Follow.user_id).join(Chapter, Chapter.id == Follow.chapter_id).where(Chapter.consultation_id == consultation.id)
    people = sa.union(following, *events.unfinished(consultation)).subquery()
    return sa.select(people.c[0], sa.literal(notice_id)).where(people.c[0].is_not(None))


def list_closing_lines(ids: Sequence[int]) -> dict[int, Line]:
    """Not of a date that was moved, or is past."""
    found = session.scalars(sa.select(ClosingNotice).where(ClosingNotice.id.in_(ids)).options(
        joinedload(ClosingNotice.round).joinedload(Round.consultation)))
    return {one.id: Line(
        gettext("The consultation closes on %(date)s (Morocco time). What is not lodged by then cannot be lodged any more.",
                date=when(one.closes_at)),
        consultations_events.own_contributions_endpoint(), {}) for one in found if is_still_to_come(one)}


def is_still_to_come(notice: ClosingNotice) -> bool:
    consultation = notice.round.consultation
    return consultation.closes_at == notice.closes_at and consultation.current_phase.receives_contributions


CLOSING = Matter("news.closing", [Readers(Topic.DEADLINES, list_concerned)], list_closing_lines)
