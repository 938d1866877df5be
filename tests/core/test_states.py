from types import SimpleNamespace

import pytest

from consult.core import states
from consult.core.errors import Conflict
from consult.core.i18n import N_, LabelledEnum


class Door(LabelledEnum):
    OPEN = "open", N_("Open")
    SHUT = "shut", N_("Closed")
    LOCKED = "locked", N_("Closed")


Door.NEXT = {Door.OPEN: {Door.SHUT}, Door.SHUT: {Door.OPEN, Door.LOCKED}, Door.LOCKED: set()}


def test_a_step_of_the_table_is_taken():
    door = SimpleNamespace(state=Door.OPEN)
    states.move(door, Door.SHUT)
    assert door.state == Door.SHUT


def test_another_attribute_may_hold_the_state():
    door = SimpleNamespace(phase=Door.SHUT)
    states.move(door, Door.LOCKED, attribute="phase")
    assert door.phase == Door.LOCKED


@pytest.mark.parametrize(("now", "to"), [(Door.OPEN, Door.LOCKED), (Door.LOCKED, Door.OPEN), (Door.OPEN, Door.OPEN)])
def test_a_step_outside_of_the_table_is_a_conflict(app, now, to):
    door = SimpleNamespace(state=now)
    with pytest.raises(Conflict) as refusal:
        states.move(door, to)
    assert now.label in str(refusal.value)
    assert str(refusal.value.remedy)
    assert door.state == now
