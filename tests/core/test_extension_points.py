"""What a lower room asks, and the rooms above answer."""

import pytest

from consult.core import commands, extension_points
from consult.core.errors import RegistrationError
from consult.core.extension_points import at_most_one, flat, many, one
from consult.core.permissions import Action

ROOMS = ["accounts", "chapters", "synthesis"]


@pytest.fixture(autouse=True)
def no_other_points(monkeypatch):
    monkeypatch.setattr(extension_points, "POINTS", [])


def of_room(room: str, answer):
    """A function that stands in a room."""
    def filler(chapter):
        return (chapter, answer)
    filler.__module__ = f"consult.{room}.views"
    return filler


@pytest.fixture
def links():
    def links(chapter):
        """Where a chapter leads."""
    links.__module__ = "consult.accounts.events"
    return many(links)


def test_a_point_is_named_after_its_room_and_its_declaration(links):
    assert links.name == "accounts.links"


def test_many_answer_in_the_order_of_the_rooms_whichever_was_imported_first(links):
    assert links("C1") == []
    for room, answer in (("synthesis", 4), ("chapters", 2), ("elsewhere", 5), ("chapters", 3), ("accounts", 1)):
        links.fill(of_room(room, answer))
    extension_points.settle(ROOMS)
    assert links("C1") == [("C1", n) for n in (1, 2, 3, 4, 5)]
    assert links(chapter="C2")[0] == ("C2", 1)


def test_filling_leaves_the_function_as_it_was(links):
    filler = of_room("chapters", 1)
    assert links.fill(filler) is filler


def test_answers_that_are_lists_are_laid_together():
    assert flat([[1], [], [2, 3]]) == [1, 2, 3]


@pytest.mark.parametrize("filler", [lambda: 1, lambda chapter, key: 1, lambda *, chapter: 1])
def test_who_cannot_be_called_as_declared_fails_at_once(links, filler):
    with pytest.raises(RegistrationError, match=r"accounts\.links\(chapter\) is filled by .*, which cannot be called so"):
        links.fill(filler)
    assert links.fillers == []


def test_a_misspelt_point_fails_at_once():
    from consult.chapters import events

    with pytest.raises(AttributeError, match="magin"):
        events.magin.fill(of_room("synthesis", 1))


@pytest.mark.parametrize("kind", [one, at_most_one])
def test_a_second_filler_where_one_is_wanted_fails_at_once(kind):
    def margin(chapter):
        """What stands beside a chapter."""
    point = kind(margin)
    point.fill(of_room("chapters", 1))
    with pytest.raises(RegistrationError, match=r"twice, by consult\.chapters\.views\..* and consult\.synthesis\.views\..*: take one"):
        point.fill(of_room("synthesis", 2))
    extension_points.settle(ROOMS)
    assert point("C1") == ("C1", 1)


def test_until_it_is_filled_the_declaration_answers():
    def margin(chapter):
        """What stands beside a chapter."""
        return {}
    point = at_most_one(margin)
    extension_points.settle(ROOMS)
    assert point("C1") == {}


def test_what_must_be_filled_and_is_not_fails_at_start():
    def home_endpoint():
        """The first page."""
    one(home_endpoint)
    with pytest.raises(RegistrationError, match=r"Nobody fills .*: put @.*_events\.home_endpoint\.fill above .*\(The first page\.\)"):
        extension_points.settle(ROOMS)


# Listeners


@pytest.fixture
def listeners(monkeypatch):
    monkeypatch.setattr(commands, "LISTENERS", {})
    return commands.LISTENERS


def test_listeners_are_called_in_the_order_of_the_rooms(listeners):
    above, below = of_room("synthesis", 1), of_room("chapters", 2)
    for listener in (above, below):
        commands.on(Action.CONSULTATIONS_EDIT, Action.CONSULTATIONS_CLOSE)(listener)
    commands.settle(ROOMS)
    assert listeners == {Action.CONSULTATIONS_EDIT: [below, above], Action.CONSULTATIONS_CLOSE: [below, above]}


def test_who_listens_to_what_is_no_command_fails_at_start(listeners):
    commands.on(Action.CHAPTERS_READ)(of_room("synthesis", 1))
    with pytest.raises(RegistrationError, match=r"chapters\.read, which is no command"):
        commands.settle(ROOMS)
