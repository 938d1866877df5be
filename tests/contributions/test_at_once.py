"""Several who lodge at the same moment."""

import threading

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft
from consult.contributions.service import lodging
from consult.core.db import db, reading_first, session, unit_of_work
from consult.core.errors import ConsultError
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.test_service import lodge
from tests.waiting import PATIENCE


@pytest.fixture
def many(own_app):
    """(application, a passage, eight people), where commits are real."""
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        return own_app, block.id, [factories.a_user().id for _ in range(8)]


def lodging_as(person: int, block_id: int):
    return lambda: lodge(session.get_one(User, person), session.get_one(Block, block_id), f"form-of-{person}").ref


def test_numbers_follow_each_other(many):
    app, block_id, people = many
    refs = all_at_once(app, *(lodging_as(person, block_id) for person in people))
    assert sorted(refs) == [f"PNQ-C1-{number:04}" for number in range(1, 9)]


def test_others_wait_for_the_number_alone(many, monkeypatch):
    """Whoever lodges on a chapter on which somebody is about to commit has read and checked everything when they begin to wait."""
    app, block_id, people = many
    if session.get_bind().dialect.name == "sqlite":
        pytest.skip("on SQLite whoever writes holds everything")
    arrived, take = threading.Event(), lodging._next_ref

    def next_ref(chapter) -> str:
        if threading.current_thread() is other:
            arrived.set()
        return take(chapter)

    def lodge_meanwhile() -> None:
        with app.app_context(), unit_of_work():
            lodging_as(people[1], block_id)()

    other = threading.Thread(target=lodge_meanwhile)
    monkeypatch.setattr(lodging, "_next_ref", next_ref)
    with unit_of_work():
        lodging_as(people[0], block_id)()
        other.start()
        assert arrived.wait(PATIENCE)
    other.join(PATIENCE)
    assert sorted(session.scalars(sa.select(Contribution.ref))) == ["PNQ-C1-0001", "PNQ-C1-0002"]


ACTS = {
    "claim": lambda person, draft: service.claim_draft(person, draft, tokens=[draft.token]),
    "address": lambda person, draft: service.address_draft(person, draft, address="other@example.org", browser="another"),
    "drop": lambda person, draft: service.drop_draft(person, draft),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_draft_that_somebody_else_claimed_meanwhile_is_theirs(many, act):
    """Two sign in with one address, one after the other, while a text waits for it."""
    _app, block_id, (person, other, *_rest) = many
    with unit_of_work():
        me = session.get_one(User, person)
        draft = ContributionDraft(token="text-of-somebody", block=session.get_one(Block, block_id), fields={"body": "Un texte."},
                                  address=me.email, browser="one")
        session.add(draft)
        session.flush()
        number = draft.id
    with pytest.raises(ConsultError), reading_first():
        me, draft = session.get_one(User, person), session.get_one(ContributionDraft, number)
        assert draft.author_id is None
        with db.engine.begin() as connection:
            connection.execute(sa.update(ContributionDraft).values(author_id=other))
        act(me, draft)
    assert session.scalars(sa.select(ContributionDraft.author_id)).all() == [other]
