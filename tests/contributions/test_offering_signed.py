"""What members drafted is signed by a representative, with a declaration, and follows their organisation into another entry of it."""

import pytest

from consult.contributions import service
from consult.contributions.models import Interest
from consult.core import tallies
from consult.core.db import session
from consult.core.errors import Invalid
from consult.organisations import service as organisations
from tests import factories
from tests.contributions.test_offering import a_member, lodged, offer


@pytest.fixture
def member(participant):
    return a_member(participant.organisation)


@pytest.fixture
def offered(member, block):
    return offer(member, block)


def test_who_signs_what_others_drafted_declares_their_interests_with_it(participant, member, consultation, offered):
    service.accept_offered(participant, offered)
    counters = {offered.id: offered.row_counter}
    for declared in ((None, ""), (Interest.SOME, ""), (Interest.NONE, "Un marché.")):
        with pytest.raises(Invalid) as refusal:
            service.lodge_position(participant, consultation, form_key="k", shown={}, offered=counters, declared=declared)
        assert refusal.value.field.startswith("interest")
        assert lodged() == []
    service.lodge_position(participant, consultation, form_key="k", shown={}, offered=counters, declared=(Interest.SOME, "Un marché."))
    assert [(one.declaration.interest, one.declaration.interests) for one in lodged()] == [(Interest.SOME, "Un marché.")]


def test_what_was_offered_to_a_double_stands_among_the_drafts_of_the_body(secretary, member, consultation, offered):
    double, body = offered.organisation, factories.an_organisation()
    organisations.merge(secretary, double, into=body, row_counter=double.row_counter)
    session.expire_all()
    assert offered.organisation_id == body.id
    assert [one.id for one in service.list_offered(member, body, consultation).rows] == [offered.id]


def test_what_is_refused_lodges_nothing_of_ones_own_either(client, participant, member, consultation, block, offered):
    """The page sends both together, and shows the form again: what it then commits is nothing."""
    service.accept_offered(participant, offered)
    draft = service.keep_draft(participant, block, token="own-draft-of-the-page-12345678901", fields={
        "body": "Un avis à moi.", "position": "opposed", "speak_as": "self"})
    counters = {offered.id: offered.row_counter}
    with pytest.raises(Invalid):
        service.lodge_position(participant, consultation, form_key="k", shown={draft.id: draft.row_counter}, offered=counters)
    assert lodged() == []
    assert tallies.faults() == []
    client.sign_in(participant)
    answer = client.post("/en/contributions/position", data={
        "form_key": "p" * 32, "drafts": [f"{draft.id}-{draft.row_counter}", f"o{offered.id}-{offered.row_counter}"]})
    assert answer.status_code == 422
    session.expire_all()
    assert lodged() == []
    assert tallies.faults() == []
