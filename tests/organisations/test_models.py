import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.permissions import VISITOR
from consult.organisations.models import Membership
from tests import factories


def test_nobody_speaks_for_two_at_once(participant):
    with pytest.raises(sa.exc.IntegrityError), session.begin_nested():
        factories.saved(Membership(user=participant, organisation=factories.an_organisation()))
    now = utcnow()
    factories.saved(Membership(user=participant, organisation=factories.an_organisation(), joined_at=now, left_at=now))


def test_nobody_leaves_before_having_joined(participant):
    with pytest.raises(sa.exc.IntegrityError, match="left_after_joining"), session.begin_nested():
        participant.membership.left_at = participant.membership.joined_at.replace(year=2000)
        session.flush()


def test_whom_a_person_speaks_for(participant, citizen):
    held = participant.membership
    assert (participant.organisation, participant.organisation_id) == (held.organisation, held.organisation_id)
    assert (citizen.membership, citizen.organisation, citizen.organisation_id) == (None, None, None)
    assert VISITOR.organisation_id is None
    held.left_at = utcnow()
    session.flush()
    session.expire_all()
    assert (participant.membership, participant.organisation, participant.organisation_id) == (None, None, None)


def test_a_list_of_people_asks_nothing_of_their_organisations(participant, count_queries):
    for _ in range(3):
        factories.a_user(organisation=factories.an_organisation())
    session.expunge_all()
    people = []
    assert count_queries(lambda: people.extend(session.scalars(sa.select(type(participant)).options(sa.orm.lazyload("*"))))) == 1
    assert len(people) == 4
