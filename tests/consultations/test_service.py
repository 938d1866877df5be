from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from consult.consultations import clock, service
from consult.consultations.models import Extension, Phase, Role
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from tests import factories

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def secretary(app):
    return factories.a_user(role=Role.SECRETARIAT)


def scheduled(consultation, actor, *, opens_in=7 * DAY, lasting=30 * DAY):
    opens_at = utcnow() + opens_in
    return service.schedule(actor, consultation, opens_at=opens_at, closes_at=opens_at + lasting)


def events(*actions) -> list[tuple[str, str]]:
    found = session.scalars(sa.select(AuditEvent).where(AuditEvent.action.in_(actions)).order_by(AuditEvent.id))
    return [(event.action, event.actor) for event in found]


# Dates


def test_a_new_consultation_has_its_commissions(app):
    consultation = service.add(SYSTEM, None, slug="autre", title_fr="Autre", commissions=[{"number": 1, "title_fr": "Une"}])
    assert service.get_commission(consultation, 1).title("ar") == "Une"
    with pytest.raises(NotFound):
        service.get_commission(consultation, 2)
    assert service.get_current() == consultation


@pytest.mark.parametrize(("lasting", "accepted"), [(15 * DAY, True), (15 * DAY - SECOND, False), (30 * DAY, True), (-DAY, False)])
def test_it_lasts_fifteen_days_at_least(prepared, secretary, lasting, accepted):
    if accepted:
        assert scheduled(prepared, secretary, lasting=lasting).number == 1
        return
    with pytest.raises(Invalid) as refusal:
        scheduled(prepared, secretary, lasting=lasting)
    assert refusal.value.field == "closes_at"


def test_it_does_not_open_in_the_past(prepared, secretary):
    with pytest.raises(Invalid) as refusal:
        scheduled(prepared, secretary, opens_in=-DAY)
    assert refusal.value.field == "opens_at"


@pytest.mark.parametrize("number", ["", " ", "—", "…\u200b"])
def test_no_dates_and_no_opening_without_the_cndp_number(prepared, secretary, number):
    scheduled(prepared, secretary)
    prepared.cndp_number = number
    session.flush()
    for actor in (secretary, SYSTEM):
        with pytest.raises(NotAllowed, match="CNDP"):
            scheduled(prepared, actor)
        with pytest.raises(NotAllowed, match="CNDP"):
            service.open(actor, prepared)


def test_the_dates_can_be_changed_until_the_opening(prepared, secretary):
    scheduled(prepared, secretary)
    scheduled(prepared, secretary, opens_in=DAY)
    assert [period.number for period in prepared.rounds] == [1]
    service.open(secretary, prepared)
    with pytest.raises(NotAllowed):
        scheduled(prepared, secretary)


def test_the_cndp_number_stays_once_the_dates_are_set(prepared, secretary):
    service.edit(secretary, prepared, cndp_number="", controller="Ministère")
    service.edit(secretary, prepared, cndp_number="D-1/2026")
    scheduled(prepared, secretary)
    with pytest.raises(Invalid) as refusal:
        service.edit(secretary, prepared, cndp_number="— ")
    assert refusal.value.field == "cndp_number"
    service.edit(secretary, prepared, cndp_number="D-2/2026")


# Opening and closing, to the second


def test_it_opens_and_closes_to_the_second(prepared, secretary):
    period = scheduled(prepared, secretary)
    for moment, phase in (
        (period.opens_at - SECOND, Phase.PREPARATION), (period.opens_at, Phase.OPEN),
        (period.closes_at - SECOND, Phase.OPEN), (period.closes_at, Phase.CLOSED),
    ):
        with time_machine.travel(moment, tick=False):
            assert prepared.current_phase == phase
            assert prepared.phase == Phase.PREPARATION, "the stored phase waits for the clock"


def test_dates_that_nobody_confirmed_open_nothing(prepared, secretary):
    period = scheduled(prepared, secretary)
    period.confirmed_at = None
    with time_machine.travel(period.opens_at, tick=False):
        assert prepared.current_phase == Phase.PREPARATION


def test_the_clock_writes_down_what_the_dates_say(prepared, secretary):
    period = scheduled(prepared, secretary)
    clock.follow_the_dates()
    assert (prepared.phase, events("consultations.open", "consultations.close")) == (Phase.PREPARATION, [])
    with time_machine.travel(period.opens_at, tick=False):
        clock.follow_the_dates()
        clock.follow_the_dates()
    assert (prepared.phase, events("consultations.open", "consultations.close")) == (Phase.OPEN, [("consultations.open", "system")])
    with time_machine.travel(period.closes_at - SECOND, tick=False):
        clock.follow_the_dates()
        assert prepared.phase == Phase.OPEN
    with time_machine.travel(period.closes_at, tick=False):
        clock.follow_the_dates()
    assert prepared.phase == Phase.CLOSED
    assert events("consultations.open", "consultations.close")[1:] == [("consultations.close", "system")]


def test_a_clock_that_slept_through_it_all_leaves_both_events(prepared, secretary):
    period = scheduled(prepared, secretary)
    with time_machine.travel(period.closes_at + DAY, tick=False):
        service.settle(prepared)
    assert prepared.phase == Phase.CLOSED
    assert events("consultations.open", "consultations.close") == [("consultations.open", "system"), ("consultations.close", "system")]
    assert period.closes_at < utcnow() + 40 * DAY


def test_opening_by_hand_moves_the_opening_to_now(prepared, secretary):
    period = scheduled(prepared, secretary)
    service.open(secretary, prepared)
    assert prepared.phase == Phase.OPEN
    assert period.opens_at <= utcnow()


def test_opening_wants_dates(prepared, secretary):
    with pytest.raises(Conflict):
        service.open(secretary, prepared)


def test_closing_by_hand_waits_fifteen_days(prepared, secretary):
    period = scheduled(prepared, secretary, opens_in=timedelta())
    service.settle(prepared)
    with time_machine.travel(period.opens_at + 15 * DAY - SECOND, tick=False), pytest.raises(Conflict):
        service.close(secretary, prepared)
    with time_machine.travel(period.opens_at + 15 * DAY, tick=False):
        service.close(secretary, prepared, reason="Tout est dit.")
        assert (prepared.phase, period.closes_at) == (Phase.CLOSED, utcnow())


def test_a_person_may_act_before_the_clock_wrote_the_opening(prepared, secretary):
    period = scheduled(prepared, secretary)
    with time_machine.travel(period.opens_at, tick=False):
        service.extend(secretary, prepared, closes_at=period.closes_at + DAY, reason="Fêtes")
    assert prepared.phase == Phase.OPEN


# Extension


def test_an_extension_is_recorded_with_its_reason(consultation, secretary):
    before = consultation.closes_at
    extension = service.extend(secretary, consultation, closes_at=before + 7 * DAY, reason=" Le Ramadan. ")
    assert (extension.closed_before, extension.extended_to, extension.reason, extension.decided_by_id) == (
        before, before + 7 * DAY, "Le Ramadan.", secretary.id)
    assert consultation.closes_at == before + 7 * DAY
    with time_machine.travel(before, tick=False):
        assert consultation.current_phase == Phase.OPEN
    assert session.scalars(sa.select(Extension)).one() == consultation.round.extensions[0]


@pytest.mark.parametrize(
    ("later", "reason", "field"), [(timedelta(), "Fêtes", "closes_at"), (-DAY, "Fêtes", "closes_at"), (DAY, "  ", "reason")]
)
def test_an_extension_is_later_and_has_a_reason(consultation, secretary, later, reason, field):
    with pytest.raises(Invalid) as refusal:
        service.extend(secretary, consultation, closes_at=consultation.closes_at + later, reason=reason)
    assert refusal.value.field == field


def test_no_extension_at_the_second_of_the_closing(consultation, secretary):
    closes_at = consultation.closes_at
    with time_machine.travel(closes_at - SECOND, tick=False):
        service.extend(secretary, consultation, closes_at=closes_at + DAY, reason="Fêtes")
    with time_machine.travel(closes_at + DAY, tick=False), pytest.raises(NotAllowed):
        service.extend(secretary, consultation, closes_at=closes_at + 2 * DAY, reason="Fêtes")


# Phases in order


@pytest.mark.parametrize("phase", [p for p in Phase if p != Phase.CLOSED])
def test_the_synthesis_begins_after_the_closing_alone(app, secretary, phase):
    consultation = factories.a_consultation(phase=phase)
    if phase == Phase.PREPARATION:
        consultation.round.confirmed_at = None
    with pytest.raises(NotAllowed):
        service.begin_synthesis(secretary, consultation)


def test_the_synthesis_begins_though_the_clock_slept(consultation, secretary):
    with time_machine.travel(consultation.closes_at, tick=False):
        service.begin_synthesis(secretary, consultation)
    assert consultation.phase == Phase.SYNTHESIS
    assert events("consultations.close") == [("consultations.close", "system")]


@pytest.mark.parametrize("phase", list(Phase))
def test_no_phase_goes_back_or_jumps(phase):
    order = list(Phase)
    assert list(phase.leads_to) == order[order.index(phase) + 1:][:1]


# People


def test_appointing_by_role_and_commission(consultation, secretary, citizen):
    commission = consultation.commissions[0]
    service.appoint(secretary, consultation, user=citizen, role=Role.RAPPORTEUR, commission=commission)
    assert citizen.holds("rapporteur", commission.id)
    assert not citizen.holds("rapporteur", consultation.commissions[1].id)
    assert [held.user for held in service.list_appointments(consultation)] == [secretary, citizen]


@pytest.mark.parametrize(("role", "has_commission"), [(Role.CHAIR, False), (Role.SECRETARIAT, True)])
def test_commission_for_its_roles_alone(consultation, secretary, citizen, role, has_commission):
    with pytest.raises(Invalid) as refusal:
        service.appoint(
            secretary, consultation, user=citizen, role=role, commission=consultation.commissions[0] if has_commission else None)
    assert refusal.value.field == "commission"


def test_nobody_holds_a_role_twice(consultation, secretary):
    other = factories.a_user(role=Role.SECRETARIAT)
    with pytest.raises(Invalid):
        service.appoint(secretary, consultation, user=other, role=Role.SECRETARIAT)


def test_dismissing_leaves_an_event_on_the_appointment(consultation, secretary, citizen):
    appointment = service.appoint(secretary, consultation, user=citizen, role=Role.MODERATOR, commission=consultation.commissions[0])
    number = appointment.id
    service.dismiss(secretary, consultation, appointment=appointment)
    event = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "consultations.dismiss")).one()
    assert (event.subject, event.subject_id, event.details["user_id"]) == ("appointment", number, citizen.id)
    with pytest.raises(NotFound):
        service.get_appointment(consultation, number)


def test_somebody_always_stays_in_charge(consultation, secretary):
    with pytest.raises(Conflict):
        service.dismiss(SYSTEM, consultation, appointment=secretary.appointments[0])
    other = factories.a_user(role=Role.ADMINISTRATOR)
    service.dismiss(other, consultation, appointment=secretary.appointments[0])


def test_appointees_are_found_by_their_address(consultation, secretary, citizen):
    assert service.get_appointee(secretary, consultation, email=f" {citizen.email.upper()}") == citizen
    with pytest.raises(Invalid):
        service.get_appointee(secretary, consultation, email="nobody@example.org")
    with pytest.raises(NotAllowed):
        service.get_appointee(citizen, consultation, email=citizen.email)


def test_appointments_of_another_consultation_are_not_found(consultation, secretary):
    other = factories.a_consultation()
    user = factories.a_user(role=Role.CHAIR, commission=other.commissions[0])
    with pytest.raises(NotFound):
        service.get_appointment(consultation, user.appointments[0].id)
    assert user.appointments[0] not in service.list_appointments(consultation)


def test_moments_are_kept_in_utc(prepared, secretary):
    opens_at = datetime(2027, 1, 15, 9, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 12, 1, tzinfo=UTC), tick=False):
        service.schedule(secretary, prepared, opens_at=opens_at, closes_at=opens_at + 30 * DAY)
    session.flush()
    session.expire_all()
    assert prepared.opens_at == opens_at


def test_an_administrator_is_appointed_by_an_administrator(consultation, secretary, citizen):
    with pytest.raises(NotAllowed):
        service.appoint(secretary, consultation, user=citizen, role=Role.ADMINISTRATOR)
    administrator = factories.a_user(role=Role.ADMINISTRATOR)
    assert service.appoint(administrator, consultation, user=citizen, role=Role.ADMINISTRATOR).user == citizen
