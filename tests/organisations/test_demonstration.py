"""What the demonstration shows of organisations: requests, members, representatives, invitations, supports, replies, one entry of two."""

import pytest
import sqlalchemy as sa

from consult.contributions.models import Contribution, ContributionState, Declaration, Interest, Reply, Support
from consult.core import tallies, verification
from consult.core.db import session
from consult.core.mail import OutgoingMail
from consult.organisations.models import Mandate, MemberInvitation, Membership, MembershipState, Organisation
from tests.conftest import app_on


@pytest.fixture
def shown(databases, demonstration, tmp_path_factory):
    with app_on(databases.new_database(demonstration), tmp_path_factory.mktemp("data")) as app, app.app_context():
        yield
        session.remove()


def number(model, *which) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model).where(*which))


def test_it_shows_each_of_them(shown):
    house = session.scalars(sa.select(Organisation).where(Organisation.slug == "fed-agro")).one()
    (double,) = house.doubles
    assert (double.category, double.state) == (house.category, house.state)
    assert number(Membership, Membership.state == MembershipState.ASKED) == 2
    mandated = sa.exists().where(Mandate.user_id == Membership.user_id, Mandate.ended_at.is_(None))
    assert number(Membership, Membership.organisation_id == house.id, Membership.state == MembershipState.MEMBER, ~mandated) == 1
    assert number(Mandate, Mandate.organisation_id == house.id, Mandate.ended_at.is_(None)) >= 2
    assert number(MemberInvitation) == 1
    assert number(Support, Support.withdrawn_at.is_(None), Support.organisation_id.is_(None)) >= 10
    assert number(Support, Support.withdrawn_at.is_(None), Support.organisation_id == house.id) >= 3
    assert number(Support, Support.organisation_id == double.id, Support.withdrawn_at.is_(None)) == 0
    assert number(Reply, Reply.state == ContributionState.PUBLISHED) >= 3
    assert number(Declaration, Declaration.interest == Interest.SOME) == 4
    assert number(Contribution, Contribution.organisation_id == double.id) > 0, "what was lodged keeps its name"
    assert number(OutgoingMail, OutgoingMail.sent_at.is_(None)) == 0, "whoever watches the platform is told of no trouble"
    assert tallies.faults() == []
    assert verification.verify_database() == []
