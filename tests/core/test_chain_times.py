"""The moments of links and checkpoints, changed by hand, and checkpoints that were taken away."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from consult.core import audit, verification
from consult.core.audit import AuditEvent, AuditSeal, Checkpoint
from consult.core.db import session, unit_of_work
from consult.core.latest import Latest
from consult.core.sharing import one_view
from tests.core.test_audit import some_events
from tests.tampering import by_hand

DAYS = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (2, 3, 5)]
OF_DAY = 5  # events, of which a checkpoint is put with the first and the fourth


@pytest.fixture
def three_days(own_app, monkeypatch):
    """A journal of three days, in batches of three, sealed as the worker does."""
    monkeypatch.setattr(audit, "BATCH", 3)
    for number, day in enumerate(DAYS):
        before = number * OF_DAY
        some_events(OF_DAY)
        with by_hand() as connection:
            connection.execute(sa.update(AuditEvent).where(AuditEvent.id > before).values(at=day))
        with unit_of_work():
            audit.seal_all()
        with by_hand() as connection:
            connection.execute(sa.update(AuditSeal).where(AuditSeal.position > before).values(sealed_at=day))
            connection.execute(sa.update(Checkpoint).where(Checkpoint.chain_position > before).values(at=day))


def checkpoints() -> list[int]:
    return list(session.scalars(sa.select(Checkpoint.chain_position).order_by(Checkpoint.chain_position)))


def changed(statement: sa.Executable) -> list[str]:
    with by_hand() as connection:
        connection.execute(statement)
    return verification.verify_journal()


def test_what_sealing_writes_is_in_order(three_days):
    assert checkpoints() == [3, 8, 13]
    assert verification.verify_journal() == []
    for position in (0, 1, 3, 7, 8, 13, 15):
        digest = session.scalar(sa.select(AuditSeal.digest).where(AuditSeal.position == position)) or audit.GENESIS
        assert verification.verify_since(verification.Head(position, digest)) == []


@pytest.mark.parametrize("position", [3, 8, 13])
def test_each_checkpoint_that_is_gone_is_missed(three_days, position):
    (fault,) = changed(sa.delete(Checkpoint).where(Checkpoint.chain_position == position))
    before = max((other for other in (3, 8, 13) if other < position), default=0)
    assert fault == f"the journal has no checkpoint {f'after link {before}' if before else 'at the beginning'}, where one was published"


def test_all_of_them_gone_are_missed(three_days):
    assert changed(sa.delete(Checkpoint)), "as often as one was due"


@pytest.mark.parametrize("hours", [-30, -1, 1, 30, 24 * 365])
@pytest.mark.parametrize("position", [3, 8, 13])
def test_a_checkpoint_of_another_moment_is_named(three_days, position, hours):
    at = DAYS[(position - 1) // OF_DAY] + timedelta(hours=hours)
    if position == 13 and hours == 24 * 365:
        at += timedelta(days=20 * 365)
    faults = changed(sa.update(Checkpoint).where(Checkpoint.chain_position == position).values(at=at))
    assert any(fault.startswith(f"the checkpoint at {position} is said to be of ") for fault in faults), faults


@pytest.mark.parametrize("hours", [-1, 1, 24 * 3650])
@pytest.mark.parametrize("position", [1, 7, 14])
def test_a_link_of_another_moment_is_named(three_days, position, hours):
    sealed_at = DAYS[(position - 1) // OF_DAY] + timedelta(hours=hours)
    faults = changed(sa.update(AuditSeal).where(AuditSeal.position == position).values(sealed_at=sealed_at))
    assert any(f"link {position} is said" in fault or f"link {position + 1} is said" in fault for fault in faults), faults


BY_HAND = [
    *(sa.delete(AuditSeal).where(AuditSeal.position == position) for position in (1, 3, 4, 8, 9, 15)),
    *(sa.update(AuditSeal).where(AuditSeal.position == position).values(digest="x") for position in (1, 3, 8, 9, 15)),
    *(sa.update(AuditEvent).where(AuditEvent.id == number).values(subject_id=99) for number in (1, 3, 4, 8, 15)),
    *(sa.update(AuditSeal).where(AuditSeal.position == position).values(sealed_at=DAYS[0]) for position in (8, 9, 14)),
    *(sa.update(Checkpoint).where(Checkpoint.chain_position == position).values(at=DAYS[1]) for position in (3, 13)),
    *(sa.delete(Checkpoint).where(Checkpoint.chain_position == position) for position in (3, 8, 13)),
]


@pytest.mark.parametrize("number", range(len(BY_HAND)))
def test_a_chain_followed_in_stretches_is_followed_whole(three_days, number):
    def told(stretches: int) -> list[str]:
        with one_view(), Latest() as latest:
            parts = verification._journal(latest, stretches)
            assert len(parts) > 1 or stretches == 1
            return verification._alone(parts)
    assert told(3) == []
    with by_hand() as connection:
        connection.execute(BY_HAND[number])
    alone, together = told(1), told(3)
    assert alone
    assert set(alone) <= set(together), "nothing is overlooked where one ends and another begins"
