"""The machinery of the rules; who may do what is tested in the table of tests/house/test_permissions.py."""

from types import SimpleNamespace

import pytest

from consult.core import permissions
from consult.core.commands import command
from consult.core.errors import Conflict, NotAllowed
from consult.core.permissions import SYSTEM, VISITOR, Action, Rule, can, refusal, require
from tests import factories

yes = Rule(lambda actor, obj: True, "never said")
no_badge = Rule(lambda actor, obj: False, "no badge")
too_late = Rule(lambda actor, obj: False, "too late")
ACTION = Action.CHAPTERS_READ


@pytest.fixture
def rules(monkeypatch):
    return lambda *lines: monkeypatch.setitem(permissions.RULES, ACTION, lines)


def test_one_whole_line_is_enough(rules):
    rules((yes, too_late), (yes, yes))
    assert refusal(VISITOR, ACTION, None) is None
    assert can(VISITOR, "chapters.read", None)


def test_all_rules_of_a_line_are_needed(rules):
    rules((yes, too_late))
    assert not can(VISITOR, ACTION, None)


@pytest.mark.parametrize("lines", [((no_badge,), (yes, too_late)), ((yes, too_late), (no_badge, yes))])
def test_the_refusal_is_that_of_the_nearest_line(rules, lines):
    rules(*lines)
    with pytest.raises(NotAllowed, match="too late"):
        require(VISITOR, ACTION, None)


def test_of_two_lines_as_near_the_first_speaks(rules):
    rules((no_badge,), (too_late,))
    assert refusal(VISITOR, ACTION, None) == "no badge"


@pytest.mark.parametrize("lines", [(), ((),), ((), (no_badge,))])
def test_a_gap_in_the_table_lets_nobody_in(rules, lines):
    rules(*lines)
    assert not can(SYSTEM, ACTION, None)
    with pytest.raises(NotAllowed):
        require(SYSTEM, ACTION, None)


def test_a_rule_after_a_broken_one_is_not_asked(rules):
    rules((no_badge, Rule(lambda actor, obj: obj.anything, "")))
    assert refusal(VISITOR, ACTION, object()) == "no badge"


def test_an_unknown_action_is_an_error():
    with pytest.raises(ValueError, match="is not a valid Action"):
        can(VISITOR, "chapters.burn", None)


def test_roles_count_in_their_commission_only():
    here, there = SimpleNamespace(commission_id=1), SimpleNamespace(commission_id=2)
    someone = SimpleNamespace(holds=lambda role, commission_id=None: role == "rapporteur" and commission_id in (None, 1))
    assert permissions.rapporteur.holds(someone, here)
    assert not permissions.rapporteur.holds(someone, there)


def test_nobody_moderates_their_own_house():
    rule, moderator = permissions.from_elsewhere, SimpleNamespace(
        id=1, wrote=lambda author_id: author_id == 1, belonged_to=lambda organisation_id, since: organisation_id == 7)
    for own, is_free in ((8, True), (7, False)):
        body = SimpleNamespace(body_id=own)
        said = SimpleNamespace(author_id=2, organisation_id=9, organisation=body, submitted_at=None)
        assert rule.holds(moderator, said) is is_free
    assert not rule.holds(moderator, SimpleNamespace(author_id=1, organisation_id=None))
    assert rule.holds(moderator, SimpleNamespace(author_id=2, organisation_id=None))


def test_visitor_and_system_hold_no_role():
    for actor in (VISITOR, SYSTEM):
        assert not actor.holds("secretariat")
        assert not actor.is_authenticated
    assert SYSTEM.is_system
    assert not VISITOR.is_system


def test_a_command_without_its_action_fails_at_import():
    def burn(actor, target):
        """No such thing."""

    burn.__module__ = "consult.chapters.service"
    with pytest.raises(ValueError, match=r"chapters\.burn"):
        command(burn)


def test_a_refused_command_does_not_run(participant, consultation):
    ran = []

    def import_chapter(actor, target):
        ran.append(actor)

    import_chapter.__module__ = "consult.chapters.service"
    with pytest.raises(NotAllowed):
        command(import_chapter)(participant, consultation)
    assert ran == []


def test_a_broken_unique_key_is_a_conflict(app):
    def add(actor, target, *, email):
        return factories.a_user(email=email)

    add.__module__ = "consult.accounts.service"
    run = command(add)
    run(SYSTEM, None, email="deux@example.org")
    with pytest.raises(Conflict):
        run(SYSTEM, None, email="deux@example.org")
