"""How a consultation ends before its day, and how the days until then are counted."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from consult.consultations import service
from consult.consultations.models import EarlyClosing, Phase, Role, Round
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.i18n import MOROCCO, utcnow
from tests import factories

REASON = "Les cinq commissions ont reçu tous les avis attendus."


@pytest.fixture
def secretary(app):
    return factories.a_user(role=Role.SECRETARIAT)


@pytest.fixture
def old_enough(app):
    """Open since more than the fifteen days of the decree."""
    return factories.a_consultation(opened_days_ago=20)


def test_a_closing_before_its_day_keeps_that_day_and_its_reason(old_enough, secretary):
    announced = old_enough.closes_at
    service.close(secretary, old_enough, reason=f"  {REASON}\n")
    early = session.scalars(sa.select(EarlyClosing)).one()
    assert (early.announced_for, early.closed_at, early.reason, early.decided_by_id) == (
        announced, old_enough.closes_at, REASON, secretary.id)
    details = session.scalar(sa.select(AuditEvent.details).where(AuditEvent.action == "consultations.close"))
    assert details == {"phase": "closed", "announced_for": announced.isoformat(), "reason": REASON}


@pytest.mark.parametrize("reason", ["", "  \n", "\u200b", "x" * 4001])
def test_it_does_not_close_early_without_a_reason_that_can_be_published(old_enough, secretary, reason):
    announced = old_enough.closes_at
    with pytest.raises(Invalid) as refusal:
        service.close(secretary, old_enough, reason=reason)
    assert refusal.value.field == "reason"
    session.flush()
    session.expire_all()
    assert (old_enough.phase, old_enough.closes_at, old_enough.round.early_closing) == (Phase.OPEN, announced, None)


def test_the_clock_closes_on_the_day_and_gives_no_reason(old_enough):
    with time_machine.travel(old_enough.closes_at, tick=False):
        service.settle(old_enough)
    assert (old_enough.phase, old_enough.round.early_closing) == (Phase.CLOSED, None)


def test_everybody_reads_both_dates_and_why(client, old_enough, secretary):
    client.sign_in(secretary)
    assert client.post("/en/consultations/close", data={"reason": ""}).status_code == 422
    assert client.post("/en/consultations/close", data={"reason": REASON}).status_code == 303
    for address in ("/en/", "/en/consultations/dashboard"):
        page = client.get(address).text
        assert REASON in page
        assert "It was closed on" in page
        assert "the closing had been announced for" in page


def morocco(*at: int) -> datetime:
    return datetime(*at, tzinfo=MOROCCO)


@pytest.mark.parametrize(("now", "days"), [
    (morocco(2026, 12, 11, 23, 59), 3), (morocco(2026, 12, 12, 0, 0), 2), (morocco(2026, 12, 13, 17, 59), 1),
    (morocco(2026, 12, 13, 18, 1), 1),  # twenty-four hours before the end it is still the eve
    (morocco(2026, 12, 14, 0, 0), 0), (morocco(2026, 12, 14, 17, 59), 0), (morocco(2026, 12, 15, 9, 0), 0),
    (datetime(2026, 12, 13, 23, 30, tzinfo=UTC), 0),  # the day after in Morocco
])
def test_days_are_those_of_moroccos_calendar(now, days):
    period = Round(opens_at=morocco(2026, 11, 14, 18, 0), closes_at=morocco(2026, 12, 14, 18, 0))
    with time_machine.travel(now, tick=False):
        assert period.days_left == days


@pytest.mark.parametrize(("now", "days"), [(morocco(2026, 12, 12, 12, 0), 1), (morocco(2026, 12, 13, 23, 59), 0)])
def test_what_closes_at_midnight_is_open_until_the_end_of_the_day_before(now, days):
    period = Round(opens_at=morocco(2026, 11, 14, 0, 0), closes_at=morocco(2026, 12, 14, 0, 0))
    with time_machine.travel(now, tick=False):
        assert period.days_left == days


@pytest.mark.parametrize("phase", Phase)
def test_the_home_page_speaks_of_the_present_phase(client, phase):
    days = {Phase.PREPARATION: -7, Phase.OPEN: 10}.get(phase, 40)
    factories.a_consultation(phase=phase, opened_days_ago=days)
    page = " ".join(client.get("/en/").text.split())
    assert phase.lead in page
    assert [other for other in Phase if other != phase and other.lead in page] == []
    assert ("comment on any line" in page) is (phase in (Phase.PREPARATION, Phase.OPEN))
    current = page.count('aria-current="step"')
    assert current == (0 if phase == Phase.ADOPTED else {Phase.PREPARATION: 0, Phase.OPEN: 2, Phase.CLOSED: 0}.get(phase, 1))


def test_days_left_are_told_to_the_reader(client):
    with time_machine.travel(utcnow().replace(hour=12), tick=False):  # in Morocco it is the same day
        consultation = factories.a_consultation(opened_days_ago=20)
    eve = consultation.closes_at - timedelta(hours=23)
    with time_machine.travel(eve, tick=False):
        assert "One day left" in client.get("/en/").text
