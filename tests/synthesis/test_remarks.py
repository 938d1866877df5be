"""What the chair is told before validating, and how a rapporteur settles it; passages named by their number in the editor."""

import re

import pytest

from consult.core.errors import Invalid
from consult.synthesis import service
from consult.synthesis.models import Disposition
from tests import factories
from tests.contributions.browsing import text_of
from tests.synthesis.conftest import DECIDED
from tests.synthesis.test_service import KEY

NOTE = "No change of the text is needed: the reasons say why."
ACCEPTED = {**DECIDED, "disposition": Disposition.ACCEPTED}


@pytest.fixture
def item(rapporteur, published, in_synthesis):
    return service.add_item(rapporteur, service.get_or_new(published[0].chapter), title="Un point", contributions=published)


def remarks_on(client, chair) -> str:
    return text_of(client.sign_in(chair).get("/en/synthesis/overview/1"))


@pytest.mark.parametrize("other", ["Prise en compte", "PRISE EN COMPTE.", " prise  en\ncompte !", "« Prise en compte »"])
def test_a_sentence_is_the_same_with_or_without_its_full_stop(client, chair, rapporteur, published, in_synthesis, other):
    synthesis = service.get_or_new(published[0].chapter)
    for said, words in zip(published, ("Prise en compte.", other, "Prise en compte dans la version 2."), strict=True):
        one = service.add_item(rapporteur, synthesis, title="Un point", contributions=[said])
        service.edit_item(rapporteur, one, expected_counter=1, **{**ACCEPTED, "rationale": words})
    assert "Points: 2 · contributions: 2" in remarks_on(client, chair)


def test_who_says_that_no_change_is_needed_settles_the_remark(client, chair, rapporteur, item):
    service.edit_item(rapporteur, item, expected_counter=1, **ACCEPTED)
    assert "accepted without new wording" in remarks_on(client, chair)
    client.sign_in(rapporteur)
    page = f"/en/synthesis/edit-item/{item.id}"
    assert 'name="needs_no_change"' in client.get(page).text
    sent = client.post(page, data={"expected_counter": item.row_counter, "title": "Un point", "disposition": "accepted", "ground": "",
                                   "rationale": "La section 2 le dit déjà.", "needs_no_change": "y", "act": "save"})
    assert sent.status_code == 303
    assert re.search(r"<input[^>]* checked[^>]*needs_no_change", client.get(page).text)
    told = remarks_on(client, chair)
    assert "accepted without new wording" not in told
    answer = service.list_answers(rapporteur, item_contributions(item))
    assert all(str(one.item.note) == NOTE for one in answer.values())
    shown = client.sign_in(rapporteur).get(f"/en/contributions/{item.links[0].contribution.ref}")
    assert NOTE in text_of(shown)


def item_contributions(item):
    return [link.contribution_id for link in item.links]


def test_it_cannot_be_said_beside_new_wording(rapporteur, item):
    with pytest.raises(Invalid) as refused:
        service.edit_item(rapporteur, item, expected_counter=1, **ACCEPTED, needs_no_change=True, changes={KEY: "Publier la liste."})
    assert refused.value.field == "needs_no_change"


@pytest.mark.parametrize("disposition", [Disposition.NOTED, Disposition.DEFERRED, None])
def test_it_goes_with_an_acceptance_alone(rapporteur, item, disposition):
    service.edit_item(rapporteur, item, expected_counter=1, **{**DECIDED, "disposition": disposition}, needs_no_change=True)
    assert not item.needs_no_change
    assert item.note is None


def test_a_form_that_ticks_it_and_takes_one_out_comes_back_unrecorded(client, rapporteur, item):
    client.sign_in(rapporteur)
    form = {"expected_counter": item.row_counter, "title": "Un point", "needs_no_change": "y"}
    answer = client.post(f"/en/synthesis/detach/{item.id}/{item.links[0].contribution_id}", data=form)
    assert "is not recorded yet" in text_of(answer)


@pytest.mark.parametrize("typed", ["A1-P1-a2", "1.1.2", "c1-a1-p1-a2", "C1-A1-P1-a2"])
def test_the_editor_takes_the_number_that_the_page_shows(client, rapporteur, item, typed):
    factories.block_of(item.synthesis.chapter, "C1-A1-P1-a2")
    client.sign_in(rapporteur)
    page = client.post(f"/en/synthesis/edit-item/{item.id}", data={"title": "Un point", "act": "more", "more": typed})
    assert "New wording of A1-P1-a2" in text_of(page)
    assert "There is no passage" not in text_of(page)


def test_and_names_the_nearest_of_one_it_does_not_know(client, rapporteur, item):
    client.sign_in(rapporteur)
    page = text_of(client.post(f"/en/synthesis/edit-item/{item.id}", data={"title": "Un point", "act": "more", "more": "A1-P1-a7"}))
    assert "There is no passage \u2068A1-P1-a7\u2069 in this version. The nearest are: " in page
    assert 'value="A1-P1-a7"' in page
