from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import VISITOR
from consult.organisations.models import Mandate, Membership, MembershipState
from tests import factories


def test_nobody_speaks_for_two_at_once(participant):
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        factories.saved(Membership(user=participant, organisation=factories.an_organisation()))
    now = utcnow()
    factories.saved(Membership(user=participant, organisation=factories.an_organisation(), joined_at=now, left_at=now,
                               state=MembershipState.LEFT))


def test_nobody_leaves_before_having_joined(participant):
    with pytest.raises(sa.exc.IntegrityError, match="left_after_joining"), session.begin_nested():
        participant.membership.left_at = participant.membership.joined_at.replace(year=2000)
        session.flush()


def test_a_membership_that_is_over_has_its_moment(participant):
    for state, left_at in ((MembershipState.MEMBER, utcnow()), (MembershipState.LEFT, None)):
        with pytest.raises(sa.exc.IntegrityError, match="over_has_its_moment"), session.begin_nested():
            participant.membership.state, participant.membership.left_at = state, left_at
            session.flush()
        session.expire_all()


def test_for_whom_a_person_signs(participant, citizen):
    held = participant.mandate
    assert (participant.organisation, participant.organisation_id) == (held.organisation, held.organisation_id)
    assert (citizen.membership, citizen.organisation, citizen.organisation_id) == (None, None, None)
    assert VISITOR.organisation_id is None
    held.ended_at = utcnow()
    session.flush()
    session.expire_all()
    assert (participant.mandate, participant.organisation, participant.organisation_id) == (None, None, None)
    assert participant.membership.state.is_member, "a member without a mandate"


def test_a_mandate_ends_by_itself_at_its_end(participant, time_machine):
    participant.mandate.ended_at = utcnow()
    session.flush()
    now = utcnow()
    factories.saved(Mandate(user=participant, organisation=participant.membership.organisation, begins_at=now,
                            ends_at=now + timedelta(days=1)))
    session.expire_all()
    assert participant.organisation_id == participant.membership.organisation_id
    time_machine.move_to(now + timedelta(days=1), tick=False)
    assert (participant.organisation, participant.organisation_id) == (None, None)


def test_nobody_holds_two_mandates_at_once_and_none_is_changed_but_ended(participant):
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        factories.saved(Mandate(user=participant, organisation=factories.an_organisation()))
    for column, value in (("organisation_id", factories.an_organisation().id), ("ends_at", utcnow() + timedelta(days=9))):
        with pytest.raises(sa.exc.DatabaseError), session.begin_nested():
            session.execute(sa.update(Mandate).values({column: value}))


def test_a_list_of_people_asks_nothing_of_their_organisations(participant, count_queries):
    for _ in range(3):
        factories.a_user(organisation=factories.an_organisation())
    session.expunge_all()
    people = []
    assert count_queries(lambda: people.extend(session.scalars(sa.select(type(participant)).options(sa.orm.lazyload("*"))))) == 1
    assert len(people) == 4
