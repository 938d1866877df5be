"""The dates and phases of the consultation, and who is appointed to what."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts import service as accounts
from consult.accounts.models import User, UserSession
from consult.consultations import jobs, undelivered
from consult.consultations.models import (
    CURRENT,
    MAX_BRIEF,
    Appointment,
    Commission,
    Consultation,
    EarlyClosing,
    Extension,
    Phase,
    Role,
    Round,
    StaffLetter,
)
from consult.core import audit, states
from consult.core.commands import command
from consult.core.course import hold_course
from consult.core.db import begin_writing, read_once, scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import MOROCCO, _, day, utcnow, when
from consult.core.jobs import later
from consult.core.locks import lock, lock_all
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM, Action, Actor, is_declaration, require
from consult.text import normalising
from consult.text.addresses import validated_address


@dataclass(frozen=True)
class DeskRow:
    """One commission on the secretariat's desk."""

    commission: Commission
    people: list[User]
    last_act: datetime | None


# Decree 2-08-229, article 6: fifteen days online at least.
SHORTEST = timedelta(days=15)
MAX_TITLE = 300
MAX_SETTING = 4_000  # characters of a setting or of a published reason


@command
def add(_actor, _target, *, slug: str, title_fr: str, commissions: list[dict], **values) -> Consultation:
    """A consultation in preparation with its commissions (dicts of ``number``, ``title_fr``, ``title_ar``, ``title_en``).

    Raises :class:`Invalid` for a title or an address that cannot be taken.
    """
    consultation = Consultation(slug=slug, **_particulars(title_fr=title_fr, **values))
    consultation.commissions = [Commission(**_particulars(**particulars)) for particulars in commissions]
    session.add(consultation)
    return consultation


@command
def edit(actor, consultation: Consultation, **values) -> Consultation:
    """Change the legal particulars, the words and the planned days of the home page; :class:`Invalid` for a text or an address that
    cannot be taken, or days that do not follow one another.

    The CNDP number cannot be emptied once the dates are set: :class:`Invalid` too.
    """
    _hold(actor, Action.CONSULTATIONS_EDIT, consultation)
    if consultation.round and not is_declaration(values.get("cndp_number", consultation.cndp_number)):
        raise Invalid("cndp_number", _("The dates are set: the CNDP number can be corrected but not removed."))
    if "submission_planned_for" in values or "decision_planned_for" in values:
        _check_planned_days(consultation, **{
            name: values.get(name, getattr(consultation, name)) for name in ("submission_planned_for", "decision_planned_for")})
    for name, value in _particulars(**values).items():
        setattr(consultation, name, value)
    return consultation


def _check_planned_days(
    consultation: Consultation, *, submission_planned_for: date | None, decision_planned_for: date | None,
) -> None:
    submission, decision = submission_planned_for, decision_planned_for
    closing = consultation.closes_at.astimezone(MOROCCO).date() if consultation.closes_at else None
    if submission and closing and submission < closing:
        raise Invalid("submission_planned_for", _("The syntheses are submitted after the closing, which is on %(date)s.",
                                                  date=day(closing)))
    earliest = submission or closing
    if decision and earliest and decision < earliest:
        raise Invalid("decision_planned_for", _("The Council decides after the syntheses are submitted to it: type a later day."))


def _particulars(**values: Any) -> dict[str, Any]:
    """As they can be kept: titles are names, an address has its one spelling."""
    return {name: _particular(name, value) if type(value) is str else value for name, value in values.items()}


def _particular(name: str, value: str) -> str:
    if name == "title_fr":
        return normalising.validated_name(name, value, max_length=MAX_TITLE, missing=_("Write the title."))
    if name in ("title_ar", "title_en"):
        return normalising.validated_line(name, value, max_length=MAX_TITLE)
    if name == "contact_email" and value:
        return validated_address(name, value)
    return normalising.validated_text(name, value, max_length=MAX_BRIEF if name.startswith(("purpose_", "audience_")) else MAX_SETTING)


@command
def schedule(actor, consultation: Consultation, *, opens_at: datetime, closes_at: datetime) -> Round:
    """Set the opening and the closing; from then on the dates open and close by themselves.

    :class:`Invalid` for an opening in the past or a closing that comes too soon.
    """
    _hold(actor, Action.CONSULTATIONS_SCHEDULE, consultation)
    if opens_at < utcnow() - timedelta(minutes=5):
        raise Invalid("opens_at", _("The opening is in the past: the days count from the moment when everybody can contribute."))
    if closes_at - opens_at < SHORTEST:
        raise Invalid("closes_at", _("The consultation lasts at least fifteen days (decree 2-08-229, article 6)."))
    planned = consultation.round
    if planned is None:
        planned = Round(number=1)
        consultation.rounds.append(planned)
    planned.opens_at, planned.closes_at, planned.confirmed_at = opens_at, closes_at, utcnow()
    session.flush()
    return planned


@command
def open(actor, consultation: Consultation) -> Consultation:
    """Open now: by hand, or by the clock at the opening date; :class:`Conflict` without dates, or when it is open already."""
    _hold(actor, Action.CONSULTATIONS_OPEN, consultation)
    if consultation.round is None:
        raise Conflict(_("The dates are missing."), _("Set the opening and the closing first."))
    states.move(consultation, Phase.OPEN, attribute="phase")
    if consultation.round.opens_at > utcnow():
        consultation.round.opens_at = utcnow()
    return consultation


@command
def close(actor, consultation: Consultation, *, reason: str = "") -> Consultation:
    """Close now: by hand once fifteen days have passed, or by the clock at the closing date.

    :class:`Conflict` for whoever comes too early by hand, or when it is closed already; :class:`Invalid` for a closing before the day
    that was announced whose reason, which is published, is empty or cannot be kept.
    """
    _hold(actor, Action.CONSULTATIONS_CLOSE, consultation)
    earliest = get_earliest_closing(consultation)
    if not actor.is_system and earliest and earliest > utcnow():
        raise Conflict(_("The consultation lasts at least fifteen days (decree 2-08-229, article 6)."),
                       _("It can be closed by hand from %(date)s.", date=when(earliest)))
    now = consultation.dated_round
    if now.closes_at > utcnow():
        closes_at = max(utcnow(), now.opens_at + timedelta(seconds=1))
        now.early_closing = EarlyClosing(announced_for=now.closes_at, closed_at=closes_at, reason=published_reason(reason),
                                         decided_by_id=actor.id)
        now.closes_at, consultation.details_in_act = closes_at, tuple(now.early_closing.audit_details().items())
    _open_when_due(consultation)
    states.move(consultation, Phase.CLOSED, attribute="phase")
    return consultation


def published_reason(reason: str) -> str:
    """As everybody will read it; :class:`Invalid` for one that is empty or cannot be kept."""
    reason = normalising.validated_text("reason", reason, max_length=MAX_SETTING).strip()
    if normalising.is_blank(reason):
        raise Invalid("reason", _("Say why: the reason is published."))
    return reason


@command
def extend(actor, consultation: Consultation, *, closes_at: datetime, reason: str) -> Extension:
    """Put the closing off; recorded with its reason and shown to the public.

    :class:`Invalid` for a closing that is no later, or a reason that is empty or cannot be kept; :class:`Conflict` without dates.
    """
    _hold(actor, Action.CONSULTATIONS_EXTEND, consultation)
    _open_when_due(consultation)
    now = consultation.dated_round
    if closes_at <= now.closes_at:
        raise Invalid("closes_at", _("An extension closes later than before."))
    extension = Extension(
        round_id=now.id, closed_before=now.closes_at, extended_to=closes_at, reason=published_reason(reason), decided_by_id=actor.id,
    )
    now.extensions.append(extension)
    now.closes_at = closes_at
    return extension


@command
def begin_synthesis(actor, consultation: Consultation) -> Consultation:
    """Raises :class:`Conflict` when its phase does not lead to the synthesis, never :class:`Invalid` (see :func:`settle`)."""
    _hold(actor, Action.CONSULTATIONS_BEGIN_SYNTHESIS, consultation)
    settle(consultation)
    states.move(consultation, Phase.SYNTHESIS, attribute="phase")
    return consultation


@command
def appoint(actor, consultation: Consultation, *, user: User, role: Role, commission: Commission | None = None) -> Appointment:
    """Raises :class:`Invalid` when role and commission do not go together, or when this person holds the role already."""
    require_right(actor, consultation, user, role)
    check_place(role, commission)
    lock(user)
    _hold(actor, Action.CONSULTATIONS_APPOINT, consultation)
    session.expire(user, ["appointments"])  # no key of the database tells two roles without commission apart
    if any(held.role == role and held.commission == commission for held in user.appointments):
        raise Invalid("email", _("This person holds this role already."))
    appointment = Appointment(user=user, role=role, commission=commission)
    session.add(appointment)
    later(jobs.tell_waiting, user)
    accounts.end_all_sessions(user)
    return appointment


@command
def dismiss(actor, consultation: Consultation, *, appointment: Appointment) -> Appointment:
    """End an appointment; :class:`Conflict` for that of the last person who can appoint others, or administrators."""
    require_right(actor, consultation, appointment.user, appointment.role)
    lock(appointment.user)
    _hold(actor, Action.CONSULTATIONS_DISMISS, consultation)  # of two who dismiss each other, the second finds themselves alone
    if appointment.role.appoints and _count_people(*Role.where(appoints=True)) == 1:
        raise Conflict(_("Nobody else could manage the consultation any more."), _("Appoint somebody else first."))
    if appointment.role == Role.ADMINISTRATOR and _count_people(Role.ADMINISTRATOR) == 1:
        raise Conflict(_("There would be no administrator any more."), _("Appoint somebody else first."))
    session.delete(appointment)
    accounts.end_all_sessions(appointment.user)
    return appointment


@command
def send_again(actor, consultation: Consultation, *, letter: OutgoingMail) -> Consultation:
    """A letter that was given up; :class:`Conflict` where it must not leave, or is on its way."""
    undelivered.resend(letter)
    return consultation


@command
def let_go(actor, consultation: Consultation, *, letter: OutgoingMail) -> Consultation:
    """A letter whose recipient was told in another way; :class:`Conflict` where it has left meanwhile."""
    undelivered.let_go(letter)
    return consultation


def check_place(role: Role, commission: Commission | None) -> None:
    """Raises :class:`Invalid` when they do not go together."""
    if role.is_of_commission != (commission is not None):
        raise Invalid("commission", _("This role needs a commission.") if commission is None else _("This role has no commission."))


def require_right(actor: Actor, consultation: Consultation, user: User, role: Role) -> None:
    """Beside what :func:`appoint` and :func:`dismiss` ask by themselves."""
    require(actor, Action.CONSULTATIONS_CHANGE_ROLES_OF, user)
    if role == Role.ADMINISTRATOR:
        require(actor, Action.CONSULTATIONS_APPOINT_ADMINISTRATOR, consultation)


def _count_people(*roles: Role) -> int:
    """Who can sign in and holds one of them."""
    held = sa.select(sa.func.count(Appointment.user_id.distinct())).join(Appointment.user)
    return scalar_count(held.where(Appointment.role.in_(roles), User.active))


def _hold(actor: Actor, act: Action, consultation: Consultation) -> None:
    """Nobody else sets its particulars, dates, phase or roles until this act is over, and what is judged is what stands.

    Two who change one date each would otherwise break together a rule that neither broke.
    """
    _read_anew(consultation)
    require(actor, act, consultation)


def _read_anew(consultation: Consultation) -> None:
    hold_course()
    lock_all(Consultation, Consultation.id == consultation.id)
    consultation.read_anew()


def settle(consultation: Consultation) -> None:
    """Write down what the dates already say: the stored phase follows the clock, leaving its events.

    Raises :class:`Conflict` when somebody else moves the phase at the same moment; never :class:`Invalid`, since the clock closes nothing
    early.
    """
    if consultation.phase == consultation.current_phase:
        return
    begin_writing()
    _read_anew(consultation)  # somebody may have put the date off since it was read
    _open_when_due(consultation)
    if consultation.phase == Phase.OPEN and consultation.current_phase == Phase.CLOSED:
        close(SYSTEM, consultation)


def _open_when_due(consultation: Consultation) -> None:
    """A person may act within the second in which the clock has not yet written the opening down."""
    if consultation.phase == Phase.PREPARATION and consultation.current_phase != Phase.PREPARATION:
        open(SYSTEM, consultation)


def get_earliest_closing(consultation: Consultation) -> datetime | None:
    """From when on a person may close it: the decree's fifteen days after the opening."""
    return consultation.round.opens_at + SHORTEST if consultation.round else None


def get_managed(actor, consultation: Consultation, act: Action = Action.CONSULTATIONS_MANAGE) -> Consultation:
    """The consultation, for those who manage it and may do ``act`` to it now."""
    require(actor, act, consultation)
    return consultation


def get_desk(actor, consultation: Consultation) -> Consultation:
    """The same with its commissions and what became of its dates, in one query."""
    get_managed(actor, consultation)
    whole = sa.select(Consultation).where(Consultation.id == consultation.id).options(
        joinedload(Consultation.commissions), joinedload(Consultation.rounds).joinedload(Round.extensions))
    return session.scalars(whole).unique().one()


def get_current() -> Consultation | None:
    shown = sa.select(Consultation).where(Consultation.id == CURRENT).options(joinedload(Consultation.rounds))
    return session.scalars(shown).unique().first()


def get_commission(consultation: Consultation, number: int) -> Commission:
    """Raises :class:`NotFound` when the consultation has none of this number."""
    commission = session.scalar(
        sa.select(Commission).where(Commission.consultation_id == consultation.id, Commission.number == number)
    )
    if commission is None:
        raise NotFound
    return commission


def list_appointments(consultation: Consultation) -> list[Appointment]:
    """Everybody in charge, the whole consultation's roles first, then commission by commission."""
    return [appointment for appointment, _last_act in _in_charge(consultation)]


@read_once
def _in_charge(consultation: Consultation) -> list[tuple[Appointment, datetime | None]]:
    """The same, each with when they last did anything."""
    ours = sa.select(Commission.id).where(Commission.consultation_id == consultation.id)
    held = (
        sa.select(Appointment, audit.last_act(Appointment.user_id))
        .where(sa.or_(Appointment.commission_id.in_(ours), Appointment.commission_id.is_(None)))
        .options(joinedload(Appointment.user).undefer(User.has_passkey), joinedload(Appointment.commission))
        .order_by(Appointment.role, Appointment.id)
    )
    return sorted(((appointment, at) for appointment, at in session.execute(held)),
                  key=lambda row: row[0].commission.number if row[0].commission else 0)


def list_desk_rows(consultation: Consultation) -> list[DeskRow]:
    """Commission by commission: who is in charge of its chapter, and when one of them last did anything."""
    people: dict[int | None, dict[User, datetime | None]] = {commission.id: {} for commission in consultation.commissions}
    for appointment, last_act in _in_charge(consultation):
        if appointment.commission_id in people:
            people[appointment.commission_id][appointment.user] = last_act
    return [
        DeskRow(commission, list(people[commission.id]), max(filter(None, people[commission.id].values()), default=None))
        for commission in consultation.commissions
    ]


def get_appointment(consultation: Consultation, number: int) -> Appointment:
    """Raises :class:`NotFound` when there is none, or when it belongs to another consultation."""
    appointment = session.get(Appointment, number)
    if appointment is None or appointment.commission and appointment.commission.consultation_id != consultation.id:
        raise NotFound
    return appointment


def get_appointee(actor, consultation: Consultation, *, email: str) -> User:
    """The account with this address, for whoever may appoint; raises :class:`Invalid` when there is none."""
    require(actor, Action.CONSULTATIONS_APPOINT, consultation)
    try:
        return accounts.get_user_by_email(email)
    except NotFound as missing:
        raise Invalid("email", missing.message) from missing


def get_data(person: User) -> dict[str, Any]:
    """On which days this person was told what waits for them."""
    days = sa.select(StaffLetter.day).where(StaffLetter.user_id == person.id).order_by(StaffLetter.day)
    return {"letters_of_work": [day.isoformat() for day in session.scalars(days)]}


def get_account_stamp(token: str) -> tuple | None:
    """What the account part of a page depends on: a change of it makes the kept part worthless. None: the session is over."""
    held = (sa.func.count(Appointment.id), sa.func.max(Appointment.id))
    counts = [sa.select(column).where(Appointment.user_id == User.id).scalar_subquery() for column in held]
    factors = User.tf_totp_secret.is_not(None), User.has_passkey  # without any the staff's menu may wait
    known = sa.select(User.id, User.name, User.name_ar, *factors, *counts).join(UserSession, UserSession.user_id == User.id)
    row = session.execute(known.where(User.active, accounts.holds()), accounts.is_of(token)).first()
    return tuple(row) if row else None
