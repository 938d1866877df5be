"""What several people, or a person and the clock, do to one consultation at the same moment."""

import threading

import pytest
import sqlalchemy as sa
import time_machine

from consult.accounts.models import User
from consult.consultations import service
from consult.consultations.models import Appointment, Consultation, Phase, Role, Round
from consult.core.db import db, reading, reading_first, session, unit_of_work
from consult.core.errors import ConsultError, NotAllowed
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from tests import factories
from tests.consultations.test_service import DAY, events
from tests.core.test_db import in_threads
from tests.waiting import PATIENCE


def somebody_else(writes: sa.Update) -> None:
    """Committed by another person while this unit of work stands."""
    with db.engine.begin() as connection:
        connection.execute(writes)


def test_two_who_set_the_dates_leave_those_of_the_last(own_app):
    """Each changes one date of what both read; together they would close before the opening."""
    if db.engine.dialect.name == "sqlite":
        return  # where whoever writes holds everything before reading anything
    with unit_of_work():
        consultation = factories.a_consultation(phase=Phase.PREPARATION, opened_days_ago=-7)
        opens_at = consultation.round.opens_at
    with unit_of_work():
        assert consultation.round.opens_at == opens_at
        somebody_else(sa.update(Round).values(opens_at=opens_at + 50 * DAY, closes_at=opens_at + 80 * DAY))
        service.schedule(SYSTEM, consultation, opens_at=opens_at, closes_at=opens_at + 16 * DAY)
    session.expire_all()
    assert (consultation.round.opens_at, consultation.round.closes_at) == (opens_at, opens_at + 16 * DAY)


def test_dates_are_not_set_once_somebody_else_has_opened_it(own_app):
    if db.engine.dialect.name == "sqlite":
        return
    with unit_of_work():
        secretary = factories.a_user(role=Role.SECRETARIAT)
        consultation = factories.a_consultation(phase=Phase.PREPARATION, opened_days_ago=-7)
        opens_at = consultation.round.opens_at
    with pytest.raises(NotAllowed), unit_of_work():
        assert consultation.phase == Phase.PREPARATION
        somebody_else(sa.update(Consultation).values(phase=Phase.OPEN))
        service.schedule(secretary, consultation, opens_at=opens_at + DAY, closes_at=opens_at + 40 * DAY)


def test_a_closing_that_is_put_off_while_the_clock_looks_stays_open(own_app):
    with unit_of_work():
        consultation = factories.a_consultation(phase=Phase.OPEN, opened_days_ago=20)
        put_off = consultation.closes_at + 30 * DAY
    with time_machine.travel(consultation.closes_at, tick=False), reading_first():
        assert consultation.current_phase == Phase.CLOSED
        somebody_else(sa.update(Round).values(closes_at=put_off))
        service.settle(consultation)
    session.expire_all()
    assert (consultation.phase, consultation.closes_at) == (Phase.OPEN, put_off)
    assert events("consultations.close") == []


def test_an_opening_that_is_put_off_while_the_clock_looks_stays_ahead(own_app):
    with unit_of_work():
        consultation = factories.a_consultation(phase=Phase.PREPARATION, opened_days_ago=-7)
        consultation.round.confirmed_at = utcnow()
        opens_at = consultation.round.opens_at
    with time_machine.travel(opens_at, tick=False), reading_first():
        assert consultation.current_phase == Phase.OPEN
        somebody_else(sa.update(Round).values(opens_at=opens_at + 5 * DAY))
        service.settle(consultation)
    session.expire_all()
    assert (consultation.phase, consultation.round.opens_at) == (Phase.PREPARATION, opens_at + 5 * DAY)


def refused_of_two(app, act) -> list[Exception]:
    """What two are refused who do ``act(number, ready)`` at once, each after reading, up to ``ready()``, what stood before."""
    read, refused = threading.Barrier(2), []

    def run(number: int) -> None:
        try:
            with reading_first():
                act(number, lambda: read.wait(PATIENCE))
        except ConsultError as error:
            refused.append(error)

    in_threads(app, 2, run)
    return refused


def count_appointments() -> int:
    with reading():
        return session.scalar(sa.select(sa.func.count()).select_from(Appointment))


def test_of_two_who_dismiss_each_other_one_stays_in_charge(own_app):
    with unit_of_work():
        place = factories.a_consultation().id
        chiefs = [factories.a_user(role=Role.SECRETARIAT).id for _n in range(2)]

    def dismiss(number, ready) -> None:
        actor, other = session.get_one(User, chiefs[number]), session.get_one(User, chiefs[1 - number])
        consultation, appointment = session.get_one(Consultation, place), other.appointments[0]
        ready()
        service.dismiss(actor, consultation, appointment=appointment)

    assert len(refused_of_two(own_app, dismiss)) == 1
    assert count_appointments() == 1


def test_of_two_who_give_somebody_the_same_role_one_is_told(own_app):
    with unit_of_work():
        place, citizen = factories.a_consultation().id, factories.a_user().id

    def appoint(_number, ready) -> None:
        consultation, person = session.get_one(Consultation, place), session.get_one(User, citizen)
        assert person.appointments == []
        ready()
        service.appoint(SYSTEM, consultation, user=person, role=Role.SECRETARIAT)

    assert len(refused_of_two(own_app, appoint)) == 1
    assert count_appointments() == 1
