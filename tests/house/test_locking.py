"""Locks are taken in one vocabulary, and acts of all rooms at the same moment wait for each other and lose nothing."""

import ast

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict
from consult.moderation import service as moderation
from consult.moderation.models import Reason, Verdict
from consult.synthesis import service as synthesis
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.revising import DROP, revise, tallies_kept, tallies_shown
from tests.contributions.test_service import lodge
from tests.house.source import modules


def test_locks_are_taken_in_one_place():
    """Take a row's lock by ``lock``, ``lock_all`` or ``list_locked`` of consult/core/locks.py, in the order that is written there."""
    own = [
        f"{path}:{node.lineno}" for path, tree in modules().items() if path != "consult/core/locks.py" for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "with_for_update"
        or isinstance(node, ast.keyword) and node.arg == "with_for_update"
        or isinstance(node, ast.Constant) and isinstance(node.value, str) and "FOR UPDATE" in node.value
    ]
    assert own == []


@pytest.fixture
def busy(own_app):
    """Two chapters on which everybody is about to act, where commits are real: the ids of their rapporteurs."""
    with unit_of_work():
        consultation, people = factories.a_consultation(), []
        for number in (1, 2):
            chapter = factories.a_chapter(consultation, number=number)
            for action in (1, 2, 1):
                factories.a_published_contribution(block=factories.block_of(chapter, f"C{number}-A1-P1-a{action}"))
            factories.a_contribution(block=factories.block_of(chapter, f"C{number}-A1-P1-a2"))
            factories.an_item(factories.a_synthesis(chapter))
            people.append(factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission).id)
        people.append(factories.a_user(role=Role.SECRETARIAT).id)
    return own_app, people


def test_acts_of_all_rooms_at_one_moment_lock_nobody_out(busy):
    app, people = busy
    refs = dict(session.execute(sa.select(Contribution.ref, Contribution.row_counter).order_by(Contribution.id)).all())
    ids = list(session.scalars(sa.select(Contribution.id).order_by(Contribution.id)))
    session.rollback()

    def said(number: int) -> Contribution:
        return session.get_one(Contribution, ids[number])

    def withhold(person: int, number: int):
        return moderation.withhold(session.get_one(User, people[person]), said(number), expected_counter=said(number).row_counter,
                                   reason=Reason.OFF_TOPIC, words="Cela ne parle pas du texte.")

    def gather(number: int):
        draft = synthesis.get_or_new(said(number).chapter)
        return synthesis.add_item(session.get_one(User, people[0]), draft, title="Un point", contributions=[said(number)])

    def publish(expected_counter: dict[str, int]):
        return moderation.decide_several(session.get_one(User, people[2]), said(0).consultation, Verdict.PUBLISH,
                                         expected_counter=expected_counter)

    def lodge_again(number: int):
        author, block = session.get_one(User, people[0]), factories.block_of(said(number).chapter, said(number).block_key)
        return lodge(author, block, f"again-{number}")

    ends = all_at_once(
        app, lambda: revise(said(0).chapter, DROP), lambda: lodge_again(4), lambda: withhold(0, 0), lambda: withhold(1, 6),
        lambda: contributions.withdraw(said(2).author, said(2)), lambda: gather(1), lambda: publish(refs),
        lambda: publish(dict(reversed(refs.items()))),
    )
    assert [end for end in ends if isinstance(end, Exception) and not isinstance(end, Conflict)] == []
    assert sum(not isinstance(end, Exception) for end in ends) >= 6
    for chapter in session.scalars(sa.select(Chapter)).all():
        assert tallies_kept(chapter) == tallies_shown(chapter)
