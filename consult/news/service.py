"""Choosing what one is told, following passages and chapters, stopping letters, and what feeds hold."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import defer, joinedload

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.core.atom import MAX_ENTRIES
from consult.core.commands import command, on
from consult.core.db import Base, add_new, session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.news import Frequency, Topic
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require
from consult.news import jobs, telling
from consult.news.models import WHOLE, Follow, NewsChoice, NewsItem
from consult.news.signing import read_token
from consult.news.telling import Matter, Reader, Readers, everybody, followers, keep

MAX_FOLLOWED = 500  # by one person


# Choosing


@command
def choose(_actor: Actor, user: User, *, frequencies: Mapping[Topic, Frequency]) -> User:
    """How often one is told of each of these topics; what waits already leaves by the new choice.

    Raises :class:`Invalid` for a topic that nobody chooses.
    """
    if wrong := [topic for topic in frequencies if not topic.is_chosen]:
        raise Invalid(wrong[0].value, _("These letters leave always."))
    lock(user)
    _record(user, frequencies)
    return user


@command
def stop(_actor: Actor, user: User, *, topics: Sequence[Topic]) -> User:
    """No more letters on these topics; whoever has a letter with its key need not sign in for that."""
    lock(user)
    _record(user, dict.fromkeys(topics, Frequency.NEVER))
    return user


def _record(user: User, frequencies: Mapping[Topic, Frequency]) -> None:
    now, known = utcnow(), get_choices(user)
    for topic, frequency in frequencies.items():
        if known[topic] == frequency:
            continue
        ours = NewsChoice.user_id == user.id, NewsChoice.topic == topic
        if not add_new(NewsChoice, [{"user_id": user.id, "topic": topic, "frequency": frequency}], NewsChoice.topic):
            session.execute(sa.update(NewsChoice).where(*ours).values(frequency=frequency))
        waiting = NewsItem.user_id == user.id, NewsItem.topic == topic, NewsItem.told_at.is_(None)
        if frequency.is_told:
            session.execute(sa.update(NewsItem).where(*waiting).values(due_at=telling.next_letter(frequency, now)))
        else:
            session.execute(sa.delete(NewsItem).where(*waiting))


def get_choices(user: User) -> dict[Topic, Frequency]:
    """How often this person is told of each topic, chosen or by default."""
    chosen = session.execute(sa.select(NewsChoice.topic, NewsChoice.frequency).where(NewsChoice.user_id == user.id))
    return {topic: topic.frequency for topic in Topic.where(is_chosen=True)} | {one.topic: one.frequency for one in chosen}


def get_readers(addresses: Sequence[str], topic: Topic) -> dict[str, Reader]:
    """Who has these addresses, and how often they are told, by address; nobody is behind one that is missing."""
    found = session.execute(sa.select(User.id, User.email, User.language, telling.chosen_frequency(topic)).where(User.email.in_(addresses)))
    return {email: Reader(user_id, language, Frequency(frequency)) for user_id, email, language, frequency in found}


class Stopping(NamedTuple):
    """What the link of a letter stops: on these topics; nobody is told of any of them where ``still_told`` is empty."""

    topics: list[Topic]
    person: User | None
    still_told: list[Topic]


def get_stopping(token: str) -> Stopping:
    """By the key of the link; :class:`NotFound` for what is no key of ours, or no longer one. Whose account it is, and whether there is one
    still, is nothing that a page tells.
    """
    found = read_token(token)
    if found is None or not found[1]:
        raise NotFound(_("This link is not whole, or older than a year."),
                       _("Open the link of the letter, whole; or sign in and choose which news you get."))
    user_id, topics = found
    person = session.get(User, user_id)
    if person is None or person.forgotten_at is not None:
        return Stopping(topics, None, [])
    choices = get_choices(person)
    return Stopping(topics, person, [topic for topic in topics if choices[topic].is_told])


# Following


@command
def follow(actor: User, chapter: Chapter, *, key: str = WHOLE) -> Chapter:
    """A passage by its key, or the whole chapter; whoever follows it already goes on.

    Raises :class:`NotFound` where the chapter never had such a passage, :class:`Invalid` for whoever follows too much.
    """
    get_passage_key(chapter, key)
    lock(actor)
    mine = sa.select(sa.func.count()).select_from(Follow).where(Follow.user_id == actor.id)
    if (session.scalar(mine) or 0) >= MAX_FOLLOWED:
        raise Invalid("key", _("You follow %(count)s passages and chapters already.", count=MAX_FOLLOWED),
                      _("Follow the whole chapter instead, or end what you no longer want to follow."))
    add_new(Follow, [{"user_id": actor.id, "chapter_id": chapter.id, "key": key, "followed_at": utcnow()}], Follow.key)
    return chapter


@command
def unfollow(actor: User, chapter: Chapter, *, key: str = WHOLE) -> Chapter:
    """What waits to be told is told no more where nothing else that is followed brings it; whoever does not follow it goes on so."""
    lock(actor)
    session.execute(sa.delete(Follow).where(Follow.user_id == actor.id, Follow.chapter_id == chapter.id, Follow.key == key))
    return chapter


def get_passage_key(chapter: Chapter, key: str) -> str:
    """The key as it is followed: :class:`NotFound` for one that no version of the chapter ever had."""
    known = sa.select(Block.id).join(Revision, Revision.id == Block.revision_id).where(Revision.chapter_id == chapter.id, Block.key == key)
    if key != WHOLE and session.scalar(known.limit(1)) is None:
        raise NotFound(_("There is no passage %(key)s in this chapter.", key=key), _("Open the chapter, and choose a passage there."))
    return key


def get_follow(actor: Actor, chapter: Chapter, key: str) -> Follow | None:
    """Of this person, by this very key; None for whoever does not follow it."""
    mine = sa.select(Follow).where(Follow.user_id == actor.id, Follow.chapter_id == chapter.id, Follow.key == key)
    return session.scalar(mine) if actor.id is not None else None


def list_followed(actor: Actor, *, after: Cursor | None = None) -> Page[Follow]:
    """What this person follows, newest first; :class:`NotAllowed` for whoever has no account."""
    require(actor, Action.NEWS_CHOOSE, actor)
    mine = sa.select(Follow).where(Follow.user_id == actor.id).options(joinedload(Follow.chapter))
    return get_page(mine, falling(Follow.id), after=after, size=ENTRY_PAGE_SIZE)


# What happens to the text


@on(Action.CHAPTERS_IMPORT_CHAPTER, Action.CHAPTERS_PUBLISH)
def promise_news(_actor: Actor, revision: Revision, _target: Base) -> None:
    later(jobs.tell_of_revision, revision)


# Feeds


def list_new_revisions(chapter_ids: Sequence[int]) -> list[Revision]:
    """The newest of all of them together, as many as a feed holds."""
    found = sa.select(Revision).where(Revision.chapter_id.in_(chapter_ids)).options(defer(Revision.source))
    return list(session.scalars(found.order_by(Revision.published_at.desc(), Revision.id.desc()).limit(MAX_ENTRIES)))


def require_feed(actor: Actor, consultation: Consultation) -> None:
    require(actor, Action.CHAPTERS_READ, consultation)


__all__ = [
    "Follow", "MAX_FOLLOWED", "Matter", "Reader", "Readers", "Stopping", "WHOLE", "choose", "everybody", "follow", "followers",
    "get_choices", "get_follow", "get_passage_key", "get_readers", "get_stopping", "keep", "list_followed", "list_new_revisions",
    "require_feed", "stop", "unfollow",
]
