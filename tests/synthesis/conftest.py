"""A chapter whose contributions are ready to be answered."""

import pytest

from consult.consultations.models import Phase
from consult.core.db import session
from consult.synthesis import service
from consult.synthesis.models import Disposition
from tests import factories

DECIDED = {
    "title": "Liste des étalons", "summary": "Deux demandes.", "disposition": Disposition.NOTED, "ground": None,
    "rationale": "Le texte le prévoit déjà.",
}


@pytest.fixture
def published(block):
    """Three published contributions on two passages, and one of another chapter as noise."""
    elsewhere = factories.a_chapter(block.consultation, number=2)
    factories.a_published_contribution(block=factories.block_of(elsewhere, "C2-A1-P1-a1"))
    other = factories.block_of(block.chapter, "C1-A1-P1-a2")
    return [factories.a_published_contribution(block=b) for b in (other, block, block)]


@pytest.fixture
def synthesis(chapter, published):
    return service.get_or_new(chapter)


@pytest.fixture
def item(rapporteur, synthesis, published):
    return service.add_item(rapporteur, synthesis, title="Liste des étalons", contributions=published[1:])


@pytest.fixture
def in_synthesis(consultation):
    consultation.phase = Phase.SYNTHESIS
    session.flush()
    return consultation


@pytest.fixture
def complete(rapporteur, synthesis, published, in_synthesis):
    """Every published contribution has its answer; an Arabic wording stays out of the way."""
    item = service.add_item(rapporteur, synthesis, title="Tout", contributions=published)
    return service.edit_item(rapporteur, item, expected_counter=item.row_counter, **DECIDED).synthesis
