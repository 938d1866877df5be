"""The clock: letters leave at their rate, reminders by themselves, and what became of each is noted (service on jobs' registry)."""

import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionDraft, OfferedDraft
from consult.core import states
from consult.core.config import this_app
from consult.core.db import scalar_count, session
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState, every_second, later, name_of
from consult.core.locks import list_locked, lock_all, unheld
from consult.core.mail import OutgoingMail, deliver
from consult.core.permissions import VISITOR, Action, can
from consult.outreach import jobs
from consult.outreach.models import (
    APART,
    MAX_LETTERS,
    LetterKind,
    LetterOutcome,
    Stakeholder,
    StakeholderLetter,
    StakeholderState,
)

EVERY = 5.0  # seconds between two looks at what became of letters
AT_ONCE = 200
# As a constant: by a parameter neither database would know its partial index again.
IS_OPEN = StakeholderLetter.outcome == sa.literal_column(f"'{LetterOutcome.PROMISED.value}'")
_looked: list[float] = [-EVERY]


@every_second
def promise_letters() -> None:
    """As many as the rate of the settings allows, some each second; none twice, however many workers there are."""
    consultation = consultations.get_current()
    if consultation is None or not can(VISITOR, Action.OUTREACH_ENROL, consultation):
        return
    for kind, due in list_due(consultation):
        first = session.scalar(sa.select(Stakeholder.id).where(*due).limit(1))
        if first is None or not (allowed := count_allowed()):
            continue
        note_progress()
        for person in session.scalars(unheld(sa.select(Stakeholder).where(*due).order_by(Stakeholder.id).limit(allowed))).all():
            promise(person, kind)


def list_due(consultation: Consultation) -> list[tuple[LetterKind, list[sa.ColumnElement[bool]]]]:
    """Each kind of letter that may be promised now, and to whom: reminders first."""
    now, found = utcnow(), []
    last = [kind for kind in LetterKind if kind.before_closing and consultation.closes_at
            and now >= consultation.closes_at - kind.before_closing]
    for kind in (*last[-1:], LetterKind.INVITATION):
        due = [Stakeholder.consultation_id == consultation.id, Stakeholder.promised.in_(range(kind.rank)),
               Stakeholder.letters_before <= MAX_LETTERS - kind.rank]
        if kind == LetterKind.INVITATION:
            due.append(Stakeholder.state == StakeholderState.QUEUED)
        else:
            due += [Stakeholder.state.in_(StakeholderState.where(is_awaited=True)), Stakeholder.promised > 0,
                    Stakeholder.promised_at <= now - APART]
        found.append((kind, due))
    return found


def count_allowed() -> int:
    """How many may be promised in this second: what is left of the minute, a sixtieth of its rate at a time."""
    rate = int(this_app().extensions["consult_config"].letters_per_minute)
    promised = sa.select(sa.func.count()).select_from(Stakeholder).where(Stakeholder.promised_at > utcnow() - timedelta(minutes=1))
    return max(0, min(-(-rate // 60), rate - scalar_count(promised)))


def promise(person: Stakeholder, kind: LetterKind) -> StakeholderLetter:
    person.promised, person.promised_at = kind.rank, utcnow()
    letter = StakeholderLetter(stakeholder=person, kind=kind)
    session.add(letter)
    session.flush()
    later(jobs.write_to, letter)
    return letter


@every_second
def follow_letters() -> None:
    if time.monotonic() - _looked[0] >= EVERY:
        _looked[0] = time.monotonic()
        note_outcomes()
        note_progress()


def note_progress() -> int:
    """Who writes and who lodged by now, by what there is of theirs: a draft saves itself without an act, and whoever lodges holds rows that
    come after these in the order of locks. Returns how many came further since the last time.
    """
    return _note(StakeholderState.LODGED, Contribution) + _note(StakeholderState.DRAFTED, ContributionDraft, OfferedDraft)


def _note(to: StakeholderState, *of: type[Any]) -> int:
    before = Stakeholder.state.in_([state for state in StakeholderState if state.may_become(to)])
    own = sa.or_(*(sa.exists().where(model.author_id == User.id) for model in of))
    did = sa.exists().where(User.email == Stakeholder.address, User.confirmed_at.is_not(None), own)
    ids = session.scalars(sa.select(Stakeholder.id).where(before, did).order_by(Stakeholder.id).limit(AT_ONCE)).all()
    for person in list_locked(Stakeholder, Stakeholder.id.in_(ids), before) if ids else ():
        states.move(person, to)
    return len(ids)


def note_outcomes() -> int:
    """What the mail server said of letters on their way; of those of which it said nothing, nothing is said."""
    posted = sa.and_(OutgoingMail.kind == jobs.INVITING.name, OutgoingMail.subject_id == StakeholderLetter.id)
    of_letter = sa.exists().where(Job.name == name_of(deliver), Job.subject_id == OutgoingMail.id, Job.state == JobState.FAILED)
    of_writing = sa.exists().where(
        Job.name == name_of(jobs.write_to), Job.subject_id == StakeholderLetter.id, Job.state.in_(JobState.where(is_under_way=False)))
    outcome = sa.case(
        (OutgoingMail.sent_at.is_not(None), LetterOutcome.SENT.value), (OutgoingMail.dropped_at.is_not(None), LetterOutcome.DROPPED.value),
        (of_letter, LetterOutcome.UNDELIVERED.value),
        (sa.and_(StakeholderLetter.token_hash.is_(None), of_writing), LetterOutcome.DROPPED.value))
    asked = (sa.select(StakeholderLetter.id, StakeholderLetter.stakeholder_id, outcome).outerjoin(OutgoingMail, posted)
             .where(IS_OPEN, outcome.is_not(None)).order_by(StakeholderLetter.promised_at)
             .limit(AT_ONCE))
    found = [(letter_id, person_id, LetterOutcome(value)) for letter_id, person_id, value in session.execute(asked)]
    if found:
        lock_all(Stakeholder, Stakeholder.id.in_([person_id for _letter, person_id, _outcome in found]))
    for became in LetterOutcome:
        letters = [(letter_id, person_id) for letter_id, person_id, outcome in found if outcome == became]
        if letters:
            _put(letters, became, StakeholderState(became.makes))
    return len(found)


def _put(letters: list[tuple[int, int]], became: LetterOutcome, to: StakeholderState) -> None:
    options, before = {"synchronize_session": False}, [state for state in StakeholderState if state.may_become(to)]
    session.execute(sa.update(Stakeholder).where(
        Stakeholder.id.in_([person_id for _letter, person_id in letters]), Stakeholder.state.in_(before)).values(state=to),
        execution_options=options)
    session.execute(sa.update(StakeholderLetter).where(
        StakeholderLetter.id.in_([letter_id for letter_id, _person in letters])).values(outcome=became), execution_options=options)
