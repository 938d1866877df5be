import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.core import audit, verification
from consult.core.audit import AuditEvent, AuditSeal
from consult.core.db import db, session, unit_of_work
from consult.core.permissions import SYSTEM, Action
from tests import factories
from tests.core.test_db import in_threads


def some_events(count: int) -> None:
    """So many events of one act, committed."""
    with unit_of_work():
        user = factories.a_user()
        for _ in range(count):
            audit.record(SYSTEM, Action.ACCOUNTS_ADD, user)


def sealed(count: int) -> None:
    some_events(count)
    with unit_of_work():
        audit.seal_all()


def without_triggers(*statements: str) -> None:
    """What somebody with the database's own password could do."""
    with db.engine.begin() as connection:
        if db.engine.dialect.name == "sqlite":
            for name in ("audit_event_no_update", "audit_event_no_delete", "audit_seal_no_update", "audit_seal_no_delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
        else:
            connection.exec_driver_sql("ALTER TABLE audit_event DISABLE TRIGGER USER; ALTER TABLE audit_seal DISABLE TRIGGER USER")
        for statement in statements:
            connection.exec_driver_sql(statement)
    session.expire_all()
    session.rollback()


def test_an_empty_chain_holds(own_app):
    assert verification.verify_journal() == []
    assert audit.head() == (0, audit.GENESIS)


def test_sealing_chains_every_event_once(own_app):
    sealed(5)
    assert verification.verify_journal() == []
    assert audit.unsealed_count() == 0
    assert audit.head()[0] == 5
    with unit_of_work():
        assert audit.seal() == 0


def test_a_long_row_of_events_is_sealed_whole(own_app, monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 4)
    sealed(11)
    assert audit.unsealed_count() == 0
    assert verification.verify_journal() == []


def test_details_of_any_kind_survive_the_database(own_app, monkeypatch):
    odd = {"é": "استشارة", "share": 0.1, "whole": 2.0, "none": None, "list": [1, {"b": True, "a": "x\ny"}], "": "\u2028"}
    monkeypatch.setattr(User, "audit_details", lambda _user: odd, raising=False)
    with unit_of_work():
        audit.record(SYSTEM, Action.ACCOUNTS_ADD, factories.a_user())
    assert session.scalars(sa.select(AuditEvent.details)).all() == [odd]
    with unit_of_work():
        audit.seal_all()
    session.expire_all()
    assert verification.verify_journal() == []


@pytest.mark.parametrize("change", ["action = 'accounts.edit_profile'", "subject_id = 999", "actor = 'user'", "details = '{\"x\": 1}'"])
def test_a_tampered_event_is_named(own_app, change):
    sealed(4)
    event_id, position = session.execute(sa.select(AuditSeal.event_id, AuditSeal.position).where(AuditSeal.position == 2)).one()
    without_triggers(f"UPDATE audit_event SET {change} WHERE id = {event_id}")
    (fault,) = verification.verify_journal()
    assert f"link {position} does not match event {event_id}" in fault


def test_a_changed_seal_is_named(own_app):
    sealed(4)
    without_triggers(f"UPDATE audit_seal SET digest = '{'f' * 64}' WHERE position = 3")
    faults = verification.verify_journal()
    assert faults[0].startswith("link 3 does not match")
    assert len(faults) == 2, "the link after it rests on it"


def test_a_removed_seal_is_named(own_app):
    sealed(4)
    without_triggers("DELETE FROM audit_seal WHERE position = 2")
    assert verification.verify_journal()[0] == "link 2 is missing (next one found: 3)"
    with unit_of_work():
        audit.seal_all()
    assert verification.verify_journal(), "sealing again does not heal what was torn"


def test_a_removed_event_is_found(own_app):
    sealed(4)
    event_id = session.scalar(sa.select(AuditSeal.event_id).where(AuditSeal.position == 2))
    without_triggers("DELETE FROM audit_seal WHERE position = 2", f"DELETE FROM audit_event WHERE id = {event_id}")
    assert verification.verify_journal()


def test_two_sealers_at_once_make_one_chain(own_app):
    some_events(60)

    def seal(_number: int) -> None:
        for _ in range(5):
            with unit_of_work():
                audit.seal()

    in_threads(own_app, 4, seal)
    session.rollback()
    assert audit.unsealed_count() == 0
    assert audit.head()[0] == 60
    assert verification.verify_journal() == []


def test_events_of_parallel_writers_are_all_sealed(own_app):
    def write_or_seal(number: int) -> None:
        for _ in range(10):
            if number:
                some_events(1)
            else:
                with unit_of_work():
                    audit.seal()

    in_threads(own_app, 5, write_or_seal)
    session.rollback()
    with unit_of_work():
        audit.seal_all()
    assert audit.head()[0] == 40
    assert verification.verify_journal() == []


def test_an_act_leaves_its_event_in_its_own_transaction(own_app):
    with pytest.raises(RuntimeError), unit_of_work():
        audit.record(SYSTEM, Action.ACCOUNTS_ADD, factories.a_user())
        session.flush()
        raise RuntimeError
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0
