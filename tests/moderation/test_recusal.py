"""Who belongs to the organisation that speaks, or belonged to it when it spoke or since, leaves the decision to another moderator."""

from datetime import timedelta

import pytest

from consult.consultations.models import Role
from consult.core.db import session
from consult.core.errors import NotAllowed
from consult.core.i18n import utcnow
from consult.moderation import service
from consult.moderation.models import Reason
from consult.organisations import service as organisations
from consult.organisations.models import Membership, MembershipState
from tests import factories

DECISIONS = {
    "publish": lambda actor, said: service.publish(actor, said, expected_counter=said.row_counter),
    "withhold": lambda actor, said: service.withhold(actor, said, reason=Reason.OFF_TOPIC, words="Hors sujet.",
                                                     expected_counter=said.row_counter),
}


@pytest.fixture
def colleague(chapter, contribution):
    return factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, organisation=contribution.organisation)


def former(chapter, contribution, *, left_at):
    """Somebody who belonged to the author's organisation until then."""
    person = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)
    session.add(Membership(user=person, organisation=contribution.organisation, joined_at=left_at - timedelta(days=30), left_at=left_at,
                           state=MembershipState.LEFT))
    session.flush()
    return person


@pytest.mark.parametrize("decision", DECISIONS)
def test_who_leaves_the_organisation_to_decide_may_not(chapter, contribution, colleague, decision):
    organisations.leave(colleague, colleague)
    with pytest.raises(NotAllowed, match="another moderator decides"):
        DECISIONS[decision](colleague, contribution)
    other = factories.an_organisation()
    organisations.join(colleague, colleague, organisation=other)
    with pytest.raises(NotAllowed, match="another moderator decides"):
        DECISIONS[decision](colleague, contribution)


def test_nor_does_a_withheld_one_come_back_by_them(chapter, contribution, colleague, secretary):
    DECISIONS["withhold"](secretary, contribution)
    organisations.leave(colleague, colleague)
    with pytest.raises(NotAllowed, match="another moderator decides"):
        service.restore(colleague, contribution, reason=Reason.MISTAKE, words="Revu.", expected_counter=contribution.row_counter)


def test_nor_who_joined_for_a_moment_since(chapter, contribution):
    person = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)
    organisations.join(person, person, organisation=contribution.organisation)
    organisations.leave(person, person)
    with pytest.raises(NotAllowed, match="another moderator decides"):
        DECISIONS["publish"](person, contribution)


@pytest.mark.parametrize(("seconds", "refused"), [(0, True), (1, True), (-1, False)])
def test_who_left_before_it_was_lodged_decides(chapter, contribution, seconds, refused):
    person = former(chapter, contribution, left_at=contribution.submitted_at + timedelta(seconds=seconds))
    if refused:
        with pytest.raises(NotAllowed, match="another moderator decides"):
            DECISIONS["publish"](person, contribution)
    else:
        assert DECISIONS["publish"](person, contribution)


def test_what_others_of_the_organisation_say_in_their_own_name_is_decided(chapter, block, colleague, contribution):
    said = factories.a_contribution(block=block, author=factories.a_user())
    assert said.organisation_id is None
    assert DECISIONS["publish"](colleague, said)


def test_it_does_not_wait_for_them(chapter, contribution, colleague):
    """Another one, which comes from elsewhere, does."""
    def waits_for(person):
        return service.count_awaiting(person, chapter.consultation)[chapter]

    assert waits_for(colleague) == 1
    organisations.leave(colleague, colleague)
    assert waits_for(colleague) == 1
    assert waits_for(former(chapter, contribution, left_at=utcnow())) == 1
    assert waits_for(former(chapter, contribution, left_at=contribution.submitted_at - timedelta(days=1))) == 2


def test_the_page_offers_them_no_button(client, chapter, contribution, colleague):
    organisations.leave(colleague, colleague)
    page = client.sign_in(colleague).get(f"/fr/moderation/{contribution.ref}").text
    assert f"/moderation/publish/{contribution.ref}" not in page
    answer = client.post(f"/fr/moderation/publish/{contribution.ref}", data={"expected_counter": contribution.row_counter})
    assert answer.status_code == 403
