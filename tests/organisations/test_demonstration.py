"""What the demonstration shows of organisations: requests, members, representatives, invitations, supports, replies, one entry of two,
drafts offered inside; and of those whom the secretariat asks.
"""

import pytest
import sqlalchemy as sa

from consult.contributions.models import (
    Contribution,
    ContributionState,
    Declaration,
    DraftRemark,
    Interest,
    OfferedDraft,
    OfferedState,
    Reply,
    Support,
)
from consult.core import tallies, verification
from consult.core.db import session
from consult.core.mail import OutgoingMail
from consult.organisations.models import Mandate, MemberInvitation, Membership, MembershipState, Organisation
from consult.outreach.models import Doubt, ListState, RowState, Stakeholder, StakeholderList, StakeholderRow, StakeholderState
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


def test_it_shows_drafts_offered_inside(shown):
    found = dict(session.execute(sa.select(OfferedDraft.state, OfferedDraft.id)).all())
    assert set(found) == {OfferedState.OFFERED, OfferedState.RETURNED, OfferedState.ACCEPTED}
    (returned,) = session.scalars(sa.select(DraftRemark).where(DraftRemark.moved_to == OfferedState.RETURNED))
    assert "chiffré" in returned.body, "with a word to its author"
    for id_ in found.values():
        assert number(DraftRemark, DraftRemark.offered_draft_id == id_, DraftRemark.moved_to.is_(None)) >= 1


def test_it_shows_those_who_are_asked_and_a_list_that_is_doubtful(shown):
    reached = set(session.scalars(sa.select(Stakeholder.state)))
    assert {StakeholderState.SENT, StakeholderState.OPENED, StakeholderState.LODGED, StakeholderState.REFUSED,
            StakeholderState.UNDELIVERED} <= reached
    assert set(session.scalars(sa.select(StakeholderList.state))) == {ListState.READ}
    doubts = {Doubt(doubt) for row in session.scalars(sa.select(StakeholderRow).where(StakeholderRow.state == RowState.DOUBTFUL))
              for doubt in row.doubts}
    assert {Doubt.DOUBLED, Doubt.KNOWN, Doubt.NO_ADDRESS, Doubt.LANGUAGE, Doubt.CATEGORY, Doubt.CHAPTERS} <= doubts
    listed = set(session.scalars(sa.select(Organisation.name_fr)))
    assert set(session.scalars(sa.select(Stakeholder.organisation))) <= listed, "nobody but those whom the demonstration invents"
    assert number(Stakeholder, Stakeholder.organisation_id.is_(None)) == 0
