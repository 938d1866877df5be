from types import SimpleNamespace

import pytest

from consult.core import states
from consult.core.errors import Conflict
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, StateEnum, says


class Door(StateEnum):
    lets_through: bool

    OPEN = "open", N_("Open"), says(leads_to=("shut",), lets_through=True)
    SHUT = "shut", N_("Closed"), says(leads_to=("open", "locked"), lets_through=False)
    LOCKED = "locked", N_("Closed"), says(leads_to=(), lets_through=False)


def test_members_are_found_by_what_they_mean():
    assert Door.where(lets_through=False) == (Door.SHUT, Door.LOCKED)
    assert Door.where(lets_through=False, leads_to=()) == (Door.LOCKED,)
    assert Door("open").lets_through
    with pytest.raises(AttributeError):
        Door.where(lets_trough=True)


@pytest.mark.parametrize(("meaning", "fault"), [
    ({}, "'ajar' leaves out is_wide"), ({"is_wide": False, "is_red": True}, "'ajar' says more than is declared: is_red"),
])
def test_a_member_says_what_its_enum_declares_or_is_not_imported(meaning, fault):
    with pytest.raises(TypeError, match=fault):
        class Gap(MeaningEnum):
            is_wide: bool

            AJAR = "ajar", "Ajar", meaning


def test_a_state_says_where_it_leads_and_leads_somewhere():
    with pytest.raises(TypeError, match="leaves out leads_to"):
        class Stuck(StateEnum):
            HERE = "here", "Here", says()
    with pytest.raises(ValueError, match="nowhere"):
        class Lost(StateEnum):
            HERE = "here", "Here", says(leads_to=("nowhere",))


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
