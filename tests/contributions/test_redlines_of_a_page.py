"""However many proposed changes a page shows, what it takes to compare them is bounded: of its author's own pages as of everybody's."""

import pytest

from consult.contributions import service
from consult.text import redline
from tests import factories
from tests.contributions.test_position import draft, shown

ENOUGH_FOR_ONE = 1_000
PROPOSED = "Tout autre chose, en peu de mots."


@pytest.fixture
def taken(monkeypatch):
    """How much each redline took that was compared word by word; a page may take as much as one of these."""
    taken, takes = [], redline.Work.takes

    def noted(work, comparisons):
        is_taken = takes(work, comparisons)
        taken.extend([comparisons] if is_taken else [])
        return is_taken
    monkeypatch.setattr(redline.Work, "takes", noted)
    monkeypatch.setattr(redline, "MAX_WORK_AT_ONCE", ENOUGH_FOR_ONE, raising=False)
    return taken


@pytest.mark.parametrize("page", ["/en/contributions/", "/en/contributions/discussion/1/{key}", "/en/chapters/1/provisions/{key}"])
def test_lists_that_everybody_reads(client, block, taken, page):
    for number in range(12):
        factories.a_published_contribution(block=block, author=factories.a_user(), replacement=f"{PROPOSED} {number}.")
    answer = client.get(page.format(key=block.key))
    assert answer.status_code == 200
    assert answer.text.count("<ins") >= 12
    assert taken
    assert sum(taken) <= ENOUGH_FOR_ONE


def test_the_page_and_the_receipt_of_a_position(client, participant, consultation, block, taken):
    drafts = [draft(participant, block, f"Avis {number}.", replacement=f"{PROPOSED} {number}.") for number in range(12)]
    client.sign_in(participant)
    assert client.get("/en/contributions/position").text.count("<ins") >= 12
    assert taken
    assert sum(taken) <= ENOUGH_FOR_ONE
    taken.clear()
    receipt = service.lodge_position(participant, consultation, form_key="many-changes", shown=shown(*drafts))
    answer = client.get(f"/en/contributions/position/{receipt.ref}")
    assert answer.text.count("<ins") >= 12
    assert taken
    assert sum(taken) <= ENOUGH_FOR_ONE
