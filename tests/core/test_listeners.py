"""What a room above does when a command is done, in its transaction."""

import pytest
import sqlalchemy as sa

from consult.consultations import service as consultations
from consult.consultations.models import Consultation
from consult.core import commands
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, Invalid
from consult.core.permissions import SYSTEM, Action
from tests import factories


@pytest.fixture
def listen(monkeypatch):
    """Listen to the settings of a consultation being changed, during one test."""
    def listen(listener):
        monkeypatch.setitem(commands.LISTENERS, Action.CONSULTATIONS_EDIT, [listener])
    return listen


def events() -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))


def test_a_listener_is_told_who_did_what_to_what_before_the_journal_says_so(consultation, secretary, listen):
    told, before = [], events()
    listen(lambda actor, result, target: told.append((actor, result, target, events() - before)))
    edited = consultations.edit(secretary, consultation, controller="CSNCA")
    assert told == [(secretary, edited, consultation, 0)]
    assert events() - before == 1


def test_the_act_is_written_when_its_listener_looks(consultation, secretary, listen):
    seen = []
    listen(lambda _actor, result, _target: seen.append(
        session.scalar(sa.select(Consultation.__table__.c.controller).where(Consultation.__table__.c.id == result.id))))
    consultations.edit(secretary, consultation, controller="CSNCA")
    assert seen == ["CSNCA"]


def test_a_listener_that_refuses_undoes_the_act(own_app, listen):
    with unit_of_work():
        consultation_id = factories.a_consultation(controller="").id

    def refuses(_actor, _result, _target):
        raise Invalid("controller", "No.")
    listen(refuses)
    with pytest.raises(Invalid), unit_of_work():
        consultations.edit(SYSTEM, session.get(Consultation, consultation_id), controller="CSNCA")
    assert session.get(Consultation, consultation_id).controller == ""
    assert events() == 0


def test_a_key_that_a_listener_breaks_is_a_conflict(consultation, secretary, listen):
    listen(lambda _actor, result, _target: session.add(Consultation(slug=result.slug, title_fr="Une autre")))
    with pytest.raises(Conflict):
        consultations.edit(secretary, consultation, controller="CSNCA")
