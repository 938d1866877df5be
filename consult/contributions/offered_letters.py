"""Telling the representatives of an organisation what its members offered: all of a while in one letter to each.

Apart from the other letters of this room, which tell of the public record.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.chapters.models import Block
from consult.contributions.models import OfferedDraft, OfferedState
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import gettext, utcnow
from consult.core.jobs import Job, JobState, every_second, later, name_of, outbound_job
from consult.core.locks import locking
from consult.core.mail import Letter
from consult.core.news import Line, Topic
from consult.organisations import service as organisations
from consult.organisations.models import Organisation

OfferedFact = tuple[int, int]  # an offered draft, and the representative who hears of it
COLLECTED = timedelta(minutes=15)
SOME = 20  # organisations at once


def unread(*which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Of what was offered: nobody has decided on it, or told of it."""
    return sa.and_(OfferedDraft.told_at.is_(None), OfferedDraft.state.in_(OfferedState.where(awaits_representative=True)), *which)


@every_second
def tell_of_offered() -> None:
    """Promise a letter where something was offered a while ago; where nobody signs for the organisation, it waits for somebody who does."""
    is_on_its_way = sa.exists().where(
        Job.name == name_of(tell_representatives), Job.subject_id == OfferedDraft.organisation_id,
        Job.state.in_(JobState.where(is_under_way=True)))
    waiting = sa.select(OfferedDraft.organisation_id).where(
        unread(OfferedDraft.offered_at < utcnow() - COLLECTED), organisations.is_signed_for(OfferedDraft.organisation_id), ~is_on_its_way)
    for organisation_id in session.scalars(waiting.distinct().limit(SOME)).all():
        later(tell_representatives, session.get_one(Organisation, organisation_id))


@outbound_job
def tell_representatives(organisation_id: int) -> Callable[[], None] | None:
    """Tell whoever signs for an organisation what its members offered, each in one letter."""
    return mail.tell(OFFERED, organisation_id)


def word_offered(organisation_id: int) -> list[Letter[OfferedFact]]:
    return letters_of_offered(organisation_id, unread())


def letters_of_offered(organisation_id: int, *which: sa.ColumnElement[bool], reader_id: int | None = None) -> list[Letter[OfferedFact]]:
    """To this reader, or to each representative."""
    offered = session.scalars(
        sa.select(OfferedDraft).where(OfferedDraft.organisation_id == organisation_id, *which)
        .order_by(OfferedDraft.chapter_number, OfferedDraft.place, OfferedDraft.id)
        .options(joinedload(OfferedDraft.organisation), joinedload(OfferedDraft.block).lazyload(Block.revision))).all()
    readers = [one for one in organisations.list_signing(organisation_id) if reader_id in (None, one.id)] if offered else []
    return [
        Letter(mail.worded(reader, "contributions/offered", organisation=offered[0].organisation, offered=offered),
               frozenset((one.id, reader.id) for one in offered))
        for reader in readers
    ]


def mark_offered(organisation_id: int, letters: Sequence[Letter[OfferedFact]]) -> Sequence[Letter[OfferedFact]]:
    """All that they tell of, or nothing: what changed meanwhile is worded afresh."""
    told = {offered_id for letter in letters for offered_id, _reader in letter.facts}
    still = unread(OfferedDraft.organisation_id == organisation_id, OfferedDraft.id.in_(told))
    if set(session.scalars(locking(sa.select(OfferedDraft.id).where(still), OfferedDraft))) != told:
        return ()
    row = OfferedDraft.__table__  # not through the rows: nobody who is deciding on one at this moment is overtaken by this
    session.connection().execute(row.update().where(row.c.id.in_(told)).values(told_at=utcnow()))
    return letters


def offered_now(organisation_id: int, facts: frozenset[OfferedFact]) -> frozenset[OfferedFact]:
    """What still awaits a representative, told to whoever still is one."""
    ids, readers = {one for one, _reader in facts}, {one.id for one in organisations.list_signing(organisation_id)}
    standing = set(session.scalars(sa.select(OfferedDraft.id).where(
        OfferedDraft.id.in_(ids), OfferedDraft.state.in_(OfferedState.where(awaits_representative=True)))))
    return frozenset((offered_id, reader_id) for offered_id, reader_id in facts if offered_id in standing and reader_id in readers)


def offered_again(organisation_id: int, facts: frozenset[OfferedFact]) -> list[Letter[OfferedFact]]:
    reader_id = next(reader for _offered, reader in facts)  # a letter has one
    return letters_of_offered(organisation_id, OfferedDraft.id.in_([one for one, _reader in facts]), reader_id=reader_id)


def list_offered_lines(_organisation_id: int, _facts: frozenset[OfferedFact]) -> list[Line]:
    return [Line(gettext("Members offered drafts to the organisation of which you are a representative."), "contributions.list_offered")]


OFFERED = mail.Kind("contributions.offered", word_offered, mark_offered, offered_now, offered_again, topic=Topic.ORGANISATION,
                    lines=list_offered_lines)
