"""What the database refuses: somebody else's act is a conflict, a broken rule is a fault of ours; on both engines."""

from collections.abc import Callable

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from consult.accounts.models import User
from consult.consultations.models import Commission, Consultation
from consult.core.audit import AuditEvent
from consult.core.commands import command
from consult.core.db import is_conflict, session, unit_of_work
from consult.core.errors import Conflict
from tests import factories, locking

WORDS = "Mots que personne ne doit lire"


def key_taken() -> None:
    session.execute(sa.insert(User).values(email=factories.a_user(email="prise@example.org").email, fs_uniquifier=WORDS))


def identity_taken() -> None:
    session.execute(sa.insert(User).values(id=factories.a_user().id, email="autre@example.org", fs_uniquifier=WORDS))


def relative_missing() -> None:
    session.execute(sa.insert(Commission).values(consultation_id=999_999, number=1, title_fr=WORDS))


def relative_staying() -> None:
    consultation = factories.a_consultation(title_fr=WORDS)  # whose commissions name it
    session.execute(sa.delete(Consultation).where(Consultation.id == consultation.id))


def row_changed() -> None:
    contribution = factories.a_contribution(block=factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1"))
    session.execute(sa.text("UPDATE contribution SET row_counter = row_counter + 1"))
    contribution.current_key = None


def rule_broken() -> None:
    session.execute(sa.insert(User).values(email="Majuscule@example.org", fs_uniquifier=WORDS))


def enum_unknown() -> None:
    session.execute(sa.text("UPDATE consultation SET phase = 'asleep' WHERE id = :id"), {"id": factories.a_consultation().id})


def value_missing() -> None:
    session.execute(sa.insert(User).values(email="b@example.org", name=None, fs_uniquifier=WORDS))


def past_rewritten() -> None:
    factories.a_chapter(factories.a_consultation())
    session.execute(sa.text("UPDATE revision SET source = :words"), {"words": WORDS})


CONFLICTS = [key_taken, identity_taken, relative_missing, relative_staying, row_changed]
FAULTS = {
    rule_broken: "ck_user_email_lower", enum_unknown: "ck_consultation_phase", value_missing: "name",
    past_rewritten: "revision is append-only",
}


def refusal(act: Callable[[], None]) -> Exception:
    with pytest.raises((DBAPIError, StaleDataError)) as refused, session.begin_nested():
        act()
        session.flush()
    return refused.value


@pytest.mark.parametrize("act", CONFLICTS)
def test_what_somebody_else_did_first_is_a_conflict(app, act):
    assert is_conflict(refusal(act))


@pytest.mark.parametrize(("act", "rule"), FAULTS.items())
def test_a_broken_rule_is_a_fault_of_ours_that_names_it(app, act, rule):
    fault = refusal(act)
    assert isinstance(fault, IntegrityError)
    assert not is_conflict(fault)
    assert rule in str(fault)


@pytest.mark.parametrize("act", [*CONFLICTS, *FAULTS])
def test_what_was_refused_is_told_without_its_values(app, act):
    """PostgreSQL shows the whole row in a second line, which would end in a log or in the error of a job."""
    fault = refusal(act)
    told = f"{fault} {fault.__cause__} {getattr(fault, 'orig', '')}"
    assert WORDS not in told
    assert "DETAIL" not in told
    assert "example.org" not in told


def test_the_rules_of_other_faults_are_not_invented():
    assert not is_conflict(IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed")))
    assert not is_conflict(RuntimeError())
    assert is_conflict(IntegrityError("INSERT", {}, psycopg.errors.UniqueViolation("duplicate key")))


def an_act(does: Callable[[], None]) -> Callable[[User, User], None]:
    """A command that writes something, then does this."""
    def edit_profile(actor: User, _target: User) -> None:
        actor.name = "Écrit puis repris"
        session.flush()
        does()

    edit_profile.__module__ = "consult.accounts.service"
    return command(edit_profile)


@pytest.mark.parametrize(("does", "error"), [(key_taken, Conflict), (row_changed, Conflict), (rule_broken, IntegrityError)])
def test_an_act_that_the_database_refuses_leaves_nothing(own_app, does, error):
    with unit_of_work():
        user = factories.a_user(name="Avant")
    with pytest.raises(error), unit_of_work():
        an_act(does)(session.get(User, user.id), session.get(User, user.id))
    session.expire_all()
    assert session.scalars(sa.select(User.name)).all() == ["Avant"]
    assert session.scalars(sa.select(AuditEvent)).all() == []
    locking.FAULTS.clear()  # an act of the factories stands within this one
