"""The watch over refused acts bites."""

import pytest

from consult.consultations.models import Consultation, Role
from consult.core import commands
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.permissions import Action
from tests import factories, refusing


@pytest.mark.parametrize("flushes", [False, True])
def test_an_act_that_changes_something_and_then_refuses_is_named(consultation, flushes):
    def changes_first(_actor, target: Consultation) -> None:
        target.controller = "Un autre"
        if flushes:
            session.flush()
        raise Invalid("controller", "…")
    secretary = factories.a_user(role=Role.SECRETARIAT)
    with pytest.raises(Invalid):
        commands.perform(Action.CONSULTATIONS_EDIT, changes_first, secretary, consultation)
    assert [fault.partition(":")[0] for fault in refusing.FAULTS] == [
        "consultations.edit, refused at “controller”, had changed Consultation"]
    refusing.FAULTS.clear()


def test_what_was_changed_before_the_act_is_not_its_doing(consultation):
    def refuses(_actor, _target) -> None:
        raise Invalid("controller", "…")
    secretary = factories.a_user(role=Role.SECRETARIAT)
    consultation.controller = "Un autre"
    with pytest.raises(Invalid):
        commands.perform(Action.CONSULTATIONS_EDIT, refuses, secretary, consultation)
    assert refusing.FAULTS == []
