"""Going through a list that was brought, and writing to stakeholders: each letter once, three to one address at most."""

import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts import service as accounts
from consult.core import mail, states
from consult.core.db import reading, scalar_count, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import long_job, outbound_job
from consult.core.locks import lock, lock_all
from consult.core.mail import Letter
from consult.core.news import Topic
from consult.core.permissions import VISITOR, Action, can
from consult.core.web import link
from consult.outreach.marks import letters_before
from consult.outreach.models import (
    LetterKind,
    ListState,
    RowState,
    Stakeholder,
    StakeholderChapter,
    StakeholderLetter,
    StakeholderList,
    StakeholderRow,
    StakeholderState,
)
from consult.outreach.understanding import Understood, look, settle

BATCH = 250  # rows that are looked at, or kept, in one unit of work
BETWEEN = "\n\n* * *\n\n"  # two languages of one letter


# A list


@long_job
def go_through(list_id: int, progress: Callable[[int], None]) -> None:
    """Look at the rows that nobody has looked at; where the list is being kept, keep those that are understood.

    A worker that dies leaves whole batches behind, and the next goes on after them.
    """
    total = done = 0
    while True:
        with reading():
            wanted = _wanted(list_id)
            left = 0 if wanted is None else scalar_count(sa.select(sa.func.count()).select_from(StakeholderRow).where(
                StakeholderRow.list_id == list_id, StakeholderRow.state == wanted))
        if not left:
            break
        total = max(total, done + left)
        with unit_of_work():
            done += _one_batch(list_id, wanted)
        progress(100 * done // max(total, done))
    with unit_of_work():
        _conclude(list_id)


def go_through_at_once(brought: StakeholderList) -> None:
    """The same of a short list, in the unit of work of whoever asks."""
    while (wanted := _wanted(brought.id)) is not None and _one_batch(brought.id, wanted):
        pass
    _conclude(brought.id)


def _wanted(list_id: int) -> RowState | None:
    state = session.scalar(sa.select(StakeholderList.state).where(StakeholderList.id == list_id))
    return RowState(state.goes_through) if state and state.goes_through else None


def _one_batch(list_id: int, wanted: RowState | None) -> int:
    brought = session.get_one(StakeholderList, list_id)
    lock(brought, "state")
    rows = session.scalars(sa.select(StakeholderRow).where(StakeholderRow.list_id == list_id, StakeholderRow.state == wanted)
                           .order_by(StakeholderRow.id).limit(BATCH)).all()
    if not rows or _wanted(list_id) != wanted:
        return len(rows)
    understood = look(brought.consultation, rows)
    for row, one in zip(rows, understood, strict=True):
        settle(row, one)
    if brought.state == ListState.TAKING:
        keep([(row, one) for row, one in zip(rows, understood, strict=True) if not one.doubts], brought)
    session.flush()
    return len(rows)


def keep(pairs: Sequence[tuple[StakeholderRow, Understood]], brought: StakeholderList) -> None:
    """All of them by two statements."""
    if not pairs:
        return
    before = letters_before([one.address for _row, one in pairs])
    adding = sa.insert(Stakeholder).returning(Stakeholder.id, sort_by_parameter_order=True).execution_options(render_nulls=True)
    numbers = session.scalars(adding, [{
        "consultation_id": brought.consultation_id, "list_id": brought.id, "organisation": one.organisation,
        "organisation_id": one.listed and one.listed.id, "category": one.category, "sector": one.sector, "region": one.region,
        "contact": one.contact, "address": one.address, "language": one.language, "letters_before": before.get(one.address, 0),
    } for _row, one in pairs]).all()
    concerned = [{"stakeholder_id": id_, "number": chapter} for id_, (_row, one) in zip(numbers, pairs, strict=True)
                 for chapter in one.chapters or ()]
    if concerned:
        session.execute(sa.insert(StakeholderChapter), concerned)
    for row, _one in pairs:
        states.move(row, RowState.TAKEN)


def _conclude(list_id: int) -> None:
    brought = session.get_one(StakeholderList, list_id)
    lock(brought, "state")
    if brought.state.is_under_way and brought.state.may_become(ListState.READ):
        states.move(brought, ListState.READ)


# Letters


class Reader(NamedTuple):
    """To whom a letter goes, in one of its languages."""

    email: str
    language: str


@outbound_job
def write_to(letter_id: int) -> Callable[[], None] | None:
    """The letter that was promised, unless nobody is to get it any more."""
    return mail.tell(INVITING, letter_id)


def is_to_be_told(letter: StakeholderLetter) -> bool:
    """Whether it is still to be written, or still to leave: they want letters, have not spoken, and may still do so."""
    state = letter.stakeholder.state
    is_wanted = state.is_awaited or letter.kind == LetterKind.INVITATION and state == StakeholderState.QUEUED
    return is_wanted and can(VISITOR, Action.OUTREACH_ENROL, letter)


def find_letter(letter_id: int) -> StakeholderLetter | None:
    known = joinedload(StakeholderLetter.stakeholder)
    asked = sa.select(StakeholderLetter).where(StakeholderLetter.id == letter_id).options(
        known.joinedload(Stakeholder.consultation), known.joinedload(Stakeholder.list))
    return session.scalars(asked).one_or_none()


def word_invitation(letter_id: int) -> Sequence[Letter[str]]:
    letter = find_letter(letter_id)
    if letter is None or letter.token_hash is not None or not is_to_be_told(letter):
        return []
    token, person = secrets.token_urlsafe(32), letter.stakeholder
    chapters = list(session.scalars(sa.select(StakeholderChapter.number).where(
        StakeholderChapter.stakeholder_id == person.id).order_by(StakeholderChapter.number)))
    parts = [mail.worded(Reader(person.address, code), "outreach/invitation", letter=letter, person=person, token=token, chapters=chapters)
             for code in person.language.codes]
    worded = person.address, " — ".join(subject for _to, subject, _body in parts), BETWEEN.join(body for _to, _subject, body in parts)
    stop_url = link("outreach.refuse", language=person.language.codes[0], token=token)
    return [Letter(worded, frozenset([accounts.token_hash(token)]), expires_at=letter.consultation.closes_at, stop_url=stop_url)]


def mark_invitation(letter_id: int, letters: Sequence[Letter[str]]) -> Iterable[Letter[str]]:
    """Of several workers at the same moment one writes."""
    letter = find_letter(letter_id)
    if letter is None:
        return ()
    lock_all(Stakeholder, Stakeholder.id == letter.stakeholder_id)
    session.refresh(letter.stakeholder, ["state"])
    lock(letter, "token_hash")
    if letter.token_hash is not None or not is_to_be_told(letter):
        return ()
    (told,) = letters
    (letter.token_hash,) = told.facts
    letter.written_at = utcnow()
    session.flush()
    return letters


def standing(letter_id: int, facts: frozenset[str]) -> frozenset[str]:
    letter = find_letter(letter_id)
    is_so = letter is not None and letter.token_hash in facts and is_to_be_told(letter)
    return facts if is_so else frozenset()


INVITING: mail.Kind[str] = mail.Kind(
    "outreach.invitation", word_invitation, mark_invitation, standing, topic=Topic.INVITED)

