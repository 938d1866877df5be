"""Several who act on one offered draft at the same moment."""

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.consultations.models import Consultation
from consult.contributions import service
from consult.contributions.models import Contribution, DraftRemark, DraftWording, OfferedDraft, OfferedState
from consult.core import audit, verification
from consult.core.db import session, unit_of_work
from consult.organisations import service as organisations
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.test_offering import NO_INTEREST, SAID, a_member


@pytest.fixture
def many(own_app):
    """(application, an accepted draft, its member, four representatives), where commits are real."""
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        house = factories.an_organisation()
        people = [factories.a_user(organisation=house).id for _ in range(4)]
        member = a_member(house)
        offered = service.offer(member, block, form_key="offer-1", fields=SAID)
        service.accept_offered(session.get_one(User, people[0]), offered)
        return own_app, offered.id, member.id, people


def of(person: int, offered_id: int) -> tuple[User, OfferedDraft]:
    return session.get_one(User, person), session.get_one(OfferedDraft, offered_id)


def lodging_as(person: int, offered_id: int, counter: int):
    def lodge():
        consultation = session.scalars(sa.select(Consultation)).one()
        return service.lodge_position(session.get_one(User, person), consultation, form_key=f"of-{person}", shown={},
                                      offered={offered_id: counter}, declared=NO_INTEREST).ref
    return lodge


def test_of_several_who_lodge_it_one_does(many):
    app, offered_id, _member, people = many
    counter = session.scalar(sa.select(OfferedDraft.row_counter))
    session.rollback()

    ends = all_at_once(app, *(lodging_as(person, offered_id, counter) for person in people))
    assert len([one for one in ends if isinstance(one, str) and one.startswith("PNQ-P-")]) == 1, ends
    assert session.scalars(sa.select(Contribution.ref)).all() == ["PNQ-C1-0001"]
    audit.seal_all()
    assert verification.verify_database() == []


def test_of_several_who_change_it_each_change_is_kept_or_refused(many):
    app, offered_id, _member, people = many
    seen = session.get_one(OfferedDraft, offered_id).digest
    session.rollback()

    def changing_as(person: int):
        def change():
            actor, offered = of(person, offered_id)
            return service.edit_offered(actor, offered, fields={**SAID, "body": f"De {person}."}, expected_digest=seen).last_wording
        return change
    ends = all_at_once(app, *map(changing_as, people))
    assert [one for one in ends if one == 2] == [2], ends
    assert session.scalar(sa.select(sa.func.count()).select_from(DraftWording)) == 2


def test_one_lodges_while_another_returns_it(many):
    app, offered_id, _member, (first, second, *_rest) = many
    counter = session.scalar(sa.select(OfferedDraft.row_counter))
    session.rollback()

    def give_back():
        actor, offered = of(second, offered_id)
        return service.return_offered(actor, offered, words="Non.").state.value
    all_at_once(app, lodging_as(first, offered_id, counter), give_back)
    session.expire_all()
    offered = session.get_one(OfferedDraft, offered_id)
    count = session.scalar(sa.select(sa.func.count()).select_from(Contribution))
    assert (offered.state, count) in ((OfferedState.LODGED, 1), (OfferedState.RETURNED, 0))


def test_a_mandate_that_ends_at_this_moment_lodges_before_or_not_at_all(many):
    app, offered_id, _member, (first, second, *_rest) = many
    counter = session.scalar(sa.select(OfferedDraft.row_counter))
    session.rollback()

    def end():
        actor, other = session.get_one(User, second), session.get_one(User, first)
        return organisations.end_mandate(actor, other.mandate).id
    all_at_once(app, lodging_as(first, offered_id, counter), end)
    session.expire_all()
    lodged = session.scalars(sa.select(Contribution)).all()
    assert session.get_one(OfferedDraft, offered_id).state == (OfferedState.LODGED if lodged else OfferedState.ACCEPTED)


def test_two_presses_offer_and_say_it_once(many):
    app, offered_id, member, _people = many

    def offering():
        block = session.get_one(OfferedDraft, offered_id).block
        return service.offer(session.get_one(User, member), session.get_one(Block, block.id), form_key="offer-2",
                             fields={**SAID, "body": "Deux fois."}).id

    def saying():
        actor, offered = of(member, offered_id)
        return service.remark_on_offered(actor, offered, form_key="remark-1", body="Deux fois.").id
    offers, remarks = all_at_once(app, offering, offering), all_at_once(app, saying, saying)
    assert len(set(offers)) == len(set(remarks)) == 1, (offers, remarks)
    assert session.scalar(sa.select(sa.func.count()).select_from(OfferedDraft)) == 2
    assert session.scalar(sa.select(sa.func.count()).select_from(DraftRemark).where(DraftRemark.moved_to.is_(None))) == 1
