"""What the page of a contribution, an item and a passage tells of what was done with it, and to whom it names whoever did it."""

import re

import pytest

from consult.consultations.models import Phase, Role
from consult.contributions.service import lodge
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.moderation.service import publish
from consult.synthesis import service as synthesis_service
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.contributions.test_service import VALUES


@pytest.fixture
def people(chapter):
    """(an author, a rapporteur, the secretariat)"""
    return (factories.a_user(name="Salma Autrice"),
            factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, name="Rim Rapporteure"),
            factories.a_user(role=Role.SECRETARIAT, name="Hanae Témoin"))


@pytest.fixture
def gathered(chapter, people):
    """Two contributions, lodged and published, of which the first is in an item."""
    author, rapporteur, _secretary = people
    block = factories.block_of(chapter, "C1-A1-P1-a1")
    lodged = [lodge(author, block, form_key=f"form-key-{n}", **{**VALUES, "body": f"Précisez l’échéance {n}."}) for n in (1, 2)]
    for contribution in lodged:
        publish(rapporteur, contribution, expected_counter=contribution.row_counter)
    item = synthesis_service.add_item(rapporteur, synthesis_service.get_or_new(chapter), title="Échéance", contributions=lodged[:1])
    return lodged, item


def told(client, address: str) -> list[tuple[str, str]]:
    """Each act with whoever did it."""
    listed = re.search(r'<ol class="plain acts.*?</ol>', client.get(address).text, re.DOTALL)
    return re.findall(r"</time> (.*?) <span[^>]*>· <bdi>(.*?)</bdi>", listed[0]) if listed else []


def test_everybody_reads_what_was_done_with_a_contribution_and_in_what_capacity(client, gathered):
    for contribution in gathered[0]:
        assert told(client, f"/en/contributions/{contribution.ref}") == [
            ("A contribution was published", "somebody in charge"), ("A contribution was lodged", "its author")]


def test_the_secretariat_reads_who_did_it_and_what_waits_for_the_public(client, gathered, people):
    lodged, item = gathered
    client.sign_in(people[2])
    acts = [("A contribution was published", "Rim Rapporteure"), ("A contribution was lodged", "Salma Autrice")]
    assert told(client, f"/en/contributions/{lodged[0].ref}") == [("An item of the synthesis was begun", "Rim Rapporteure"), *acts]
    assert told(client, f"/en/contributions/{lodged[1].ref}") == acts
    assert told(client, f"/en/synthesis/edit-item/{item.id}") == [("An item of the synthesis was begun", "Rim Rapporteure")]


def test_a_passage_tells_of_the_versions_in_which_it_stands(client, chapter):
    assert told(client, "/en/chapters/1/provisions/C1-A1-P1-a1")
    assert not told(client, "/en/chapters/1/provisions/C1-A9-P9-a9")


def test_the_public_reads_of_the_item_once_the_synthesis_is_submitted(client, gathered, consultation):
    synthesis = gathered[1].synthesis
    consultation.phase, synthesis.state, synthesis.validated_at = Phase.SUBMITTED, SynthesisState.SUBMITTED, utcnow()
    session.flush()
    assert ("An item of the synthesis was begun", "somebody in charge") in told(client, f"/en/contributions/{gathered[0][0].ref}")
