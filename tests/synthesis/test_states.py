"""What the states of contributions mean for the answers: nobody falls between two chairs."""

import pytest

from consult.contributions.models import ContributionState
from consult.core.errors import Conflict
from consult.core.i18n import utcnow
from consult.core.states import Tone
from consult.synthesis import service
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.another_state import another

# A state that nobody has thought of: neither waiting for a moderator, nor to be answered, nor taken down.
UNKNOWN = {
    "leads_to": ("published",), "tone": Tone.NONE, "among": "of which under appeal", "counted": lambda n: "under appeal",
    "replies_counted": lambda n: "under appeal",
    "is_public": False, "is_silent": False, "awaits_moderation": False, "awaits_author": False, "is_answerable": False,
    "is_taken_back": False,
    "is_told_of_place": False, "is_told_of_answer": False,
}


@pytest.fixture
def under_appeal(app):
    with another(ContributionState, "under_appeal", "Under appeal", **UNKNOWN) as state:
        yield state


def test_every_state_is_awaited_or_answered_or_silent():
    for state in ContributionState:
        assert [state.awaits_moderation, state.awaits_author, state.is_answerable, state.is_silent].count(True) == 1, state
        assert state.blocks_validation is (state.awaits_moderation or state.awaits_author), state


def test_progress_counts_every_contribution(rapporteur, item, block):
    for state in ContributionState:
        factories.a_contribution(block=block, state=state, withdrawn_at=utcnow() if state.is_taken_back else None)
    progress = service.count_progress(block.chapter)
    assert progress.states == {**dict.fromkeys(ContributionState, 1), ContributionState.PUBLISHED: 4}
    waiting = progress.awaiting_moderation + progress.awaiting_author
    assert waiting + sum(progress.silent.values()) + progress.unanswered + progress.answered == sum(progress.states.values())
    assert (progress.to_gather, progress.undecided, progress.answered, progress.published) == (2, 2, 0, 4)


def test_a_state_that_nobody_handles_blocks_a_validation(chair, complete, block, under_appeal):
    appealed = factories.a_contribution(block=block, state=under_appeal)
    assert service.count_progress(block.chapter).states[under_appeal] == 1
    assert [(o.kind, o.count, o.state) for o in service.list_obstacles(complete)] == [("state", 1, under_appeal)]
    with pytest.raises(Conflict) as refusal:
        service.validate(chair, complete)
    assert "under appeal" in str(refusal.value)
    assert complete.state == SynthesisState.DRAFT
    factories.change(appealed, state=ContributionState.WITHHELD)
    assert service.validate(chair, complete).state == SynthesisState.VALIDATED


def test_it_blocks_a_submission_and_shows_on_the_overview(client, chair, complete, block, under_appeal):
    service.validate(chair, complete)
    factories.a_contribution(block=block, state=under_appeal)
    with pytest.raises(Conflict):
        service.submit_all([complete])
    complete.state = SynthesisState.DRAFT
    page = client.sign_in(chair).get("/en/synthesis/overview/1").text
    assert "Neither answered nor taken down: 1 under appeal." in page
    assert "state=under_appeal" in page
    client.get("/en/moderation/?state=under_appeal")
