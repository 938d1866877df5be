
import pytest
import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations.models import Role
from consult.contributions.models import Position
from consult.core.db import session
from consult.synthesis import service
from consult.synthesis.models import Disposition, ItemContribution, SynthesisItem, SynthesisState
from consult.synthesis.service import workbench
from tests import factories
from tests.counting import queries
from tests.synthesis.conftest import DECIDED

KEY = "C1-A1-P1-a1"
TYPED = {"title": "Titre tapé", "summary": "Résumé tapé", "disposition": "noted", "ground": "", "rationale": "Raison tapée", "act": "save"}


@pytest.fixture
def signed_in(client, rapporteur):
    return client.sign_in(rapporteur)


def items():
    return session.scalars(sa.select(SynthesisItem).order_by(SynthesisItem.id)).all()


def held(item):
    return session.scalar(sa.select(sa.func.count()).where(ItemContribution.item_id == item.id))


# Workbench


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_workbench_shows_what_is_to_gather(signed_in, published, item, language):
    page = signed_in.get(f"/{language}/synthesis/workbench/1")
    assert page.status_code == 200
    assert published[0].body in page.text
    assert published[1].body not in page.text
    assert published[1].body in signed_in.get(f"/{language}/synthesis/workbench/1?answer=undecided").text


def test_the_short_address_leads_to_ones_own_chapter(client, consultation, chapter):
    factories.a_chapter(consultation, number=2)
    client.sign_in(factories.a_user(role=Role.RAPPORTEUR, commission=consultation.commissions[1]))
    assert client.get("/fr/synthesis/workbench").location.endswith("/fr/synthesis/workbench/2")
    assert client.get("/fr/synthesis/workbench/1").status_code == 403
    assert client.get("/fr/synthesis/workbench/7").status_code == 404


def test_the_bench_is_for_those_in_charge(client, participant, secretary, item):
    for path in ("workbench", "workbench/1", "overview/1", "read/1", f"edit-item/{item.id}"):
        assert client.get(f"/fr/synthesis/{path}").status_code == 403
        assert client.sign_in(participant).get(f"/fr/synthesis/{path}").status_code == 403
        assert client.sign_in(secretary).get(f"/fr/synthesis/{path}").status_code in (200, 303)
        client.delete_cookie("consult")
    page = client.sign_in(secretary).get("/fr/synthesis/workbench/1")
    assert 'id="gather"' not in page.text
    assert client.post("/fr/synthesis/add-item/1", data={"title": "Un point"}).status_code == 403


def test_filters_that_mean_nothing_are_no_filters(signed_in, published):
    page = signed_in.get("/fr/synthesis/workbench/1?answer=x&position=x&category=x&kind=x&language_of=x&after=x-y&block=")
    assert published[0].body in page.text


def test_what_is_ticked_goes_into_a_new_item(signed_in, published):
    answer = signed_in.post("/fr/synthesis/add-item/1?position=opposed", data={
        "title": "Une liste", "scope": "chosen", "choice": [f"{published[0].id}:", f"{published[1].id}:"]})
    assert answer.status_code == 303
    assert "position=opposed" in answer.location
    assert [(item.title, held(item)) for item in items()] == [("Une liste", 2)]


@pytest.mark.parametrize("choice", ["nonsense", "999999:", "²:", "9" * 5000])
def test_what_is_no_contribution_of_the_chapter_is_not_left_out_in_silence(signed_in, published, item, choice):
    choices = {"choice": [f"{published[0].id}:", choice]}
    for address, values in (("add-item", {"title": "Une liste"}), ("attach", {"item": item.id})):
        page = signed_in.post(f"/fr/synthesis/{address}/1", data={**choices, **values})
        assert page.status_code == 422
        assert "Tout ce qui a été coché n’est pas une contribution à ce chapitre." in page.text
    assert [(one.title, held(one)) for one in items()] == [(item.title, 2)]


def test_gathering_can_go_on_to_deciding(signed_in, published):
    answer = signed_in.post("/fr/synthesis/add-item/1", data={"title": "Une liste", "choice": f"{published[0].id}:", "then": "decide"})
    assert answer.location.endswith(f"/fr/synthesis/edit-item/{items()[0].id}")


def test_all_of_the_filter_goes_into_one_item(signed_in, item, published, block):
    for _n in range(30):
        factories.a_published_contribution(block=block)
    page = signed_in.get("/fr/synthesis/workbench/1")
    assert page.text.count('name="choice"') == 25
    answer = signed_in.post("/fr/synthesis/attach/1", data={"scope": "filter", "total": "31", "item": item.id})
    assert answer.status_code == 303
    assert held(item) == 33


def test_a_filter_that_was_not_counted_to_its_end_asks_first(signed_in, item, published, block, monkeypatch):
    monkeypatch.setattr(workbench, "LOOKED_FOR", 3)
    monkeypatch.setattr(workbench, "MAX_COUNTED", 2)
    monkeypatch.setattr(workbench, "WORK_PAGE_SIZE", 2)  # what one page holds is known without being counted
    for _n in range(4):
        factories.a_published_contribution(block=block, position=Position.OPPOSED)
    address = "/fr/synthesis/attach/1?position=opposed"
    page = signed_in.get("/fr/synthesis/workbench/1?position=opposed").text
    assert ('name="total" value="2+"' in page, "Plus de 2 contributions dans ce filtre" in page) == (True, True)
    refused = signed_in.post(address, data={"scope": "filter", "total": "2+", "item": item.id})
    assert (refused.status_code, 'name="total" value="4"' in refused.text, held(item)) == (422, True, 2)
    factories.a_published_contribution(block=block, position=Position.OPPOSED)
    assert signed_in.post(address, data={"scope": "filter", "total": "4", "item": item.id}).status_code == 409
    assert signed_in.post(address, data={"scope": "filter", "total": "5", "item": item.id}).status_code == 303
    assert held(item) == 7


def test_a_filter_that_changed_meanwhile_gathers_nothing(signed_in, item, published):
    assert signed_in.post("/fr/synthesis/attach/1", data={"scope": "filter", "total": "9", "item": item.id}).status_code == 409
    assert held(item) == 2


def test_what_somebody_gathered_meanwhile_is_not_taken_away(signed_in, item, published):
    answer = signed_in.post("/fr/synthesis/add-item/1", data={"title": "À moi", "choice": f"{published[1].id}:"})
    assert answer.status_code == 409
    assert held(item) == 2


def test_moving_says_so(signed_in, rapporteur, item, published):
    answer = signed_in.post("/fr/synthesis/add-item/1", data={"title": "À part", "choice": f"{published[1].id}:{item.id}"},
                            follow_redirects=True)
    assert answer.status_code == 200
    assert held(item) == 1
    with signed_in.session_transaction():
        pass
    assert "<bdi" in answer.text


@pytest.mark.parametrize(("path", "data"), [("add-item", {"title": " "}), ("attach", {}), ("attach", {"item": "mine"})])
def test_a_refused_gathering_comes_back_with_its_ticks(signed_in, item, published, path, data):
    answer = signed_in.post(f"/fr/synthesis/{path}/1", data={"choice": f"{published[0].id}:", **data})
    assert answer.status_code == 422
    assert f'id="tick-{published[0].id}" checked' in answer.text
    assert signed_in.get(f"/fr/synthesis/{path}/1").status_code == 303


def test_an_item_of_another_chapter_is_not_found(signed_in, consultation, published):
    other = factories.an_item(factories.a_synthesis(chapters.get_chapter(consultation, 2)))
    answer = signed_in.post("/fr/synthesis/attach/1", data={"choice": f"{published[0].id}:", "item": other.id})
    assert answer.status_code in (403, 404)


# An item


def test_the_item_shows_what_was_said_and_the_wording_to_change(signed_in, item, published, block):
    page = signed_in.get(f"/ar/synthesis/edit-item/{item.id}")
    assert page.status_code == 200
    assert published[1].body in page.text
    assert f">\n{block.lead}</textarea>" in page.text
    assert signed_in.get("/fr/synthesis/edit-item/9999").status_code == 404


def test_recording_an_item(signed_in, item, block):
    answer = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={
        **TYPED, "disposition": "accepted", "expected_counter": item.row_counter, "key": [KEY, "C1-A1-P1-a2"],
        "wording": ["Publier la liste.", factories.block_of(block.chapter, "C1-A1-P1-a2").lead]})
    assert answer.status_code == 303
    assert (item.title, item.disposition, [c.wording for c in item.changes]) == ("Titre tapé", Disposition.ACCEPTED, ["Publier la liste."])


@pytest.mark.parametrize("over", [{"rationale": ""}, {"disposition": "not_accepted"}, {"title": ""}, {"disposition": "nonsense"},
                                  {"key": KEY, "wording": "Des mots."}, {"rationale": "a\u202eb"}])
def test_a_refused_item_comes_back_as_it_was_typed_and_nothing_is_written(signed_in, item, over):
    answer = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={**TYPED, "expected_counter": item.row_counter, **over})
    assert answer.status_code == 422
    assert "Résumé tapé" in answer.text
    assert (item.title, item.row_counter) == ("Liste des étalons", 1)


def test_an_edit_made_meanwhile_is_shown_beside_what_was_typed(signed_in, chair, item):
    service.edit_item(chair, item, expected_counter=item.row_counter, **{**DECIDED, "title": "Celui du président"})
    answer = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={**TYPED, "expected_counter": 1})
    assert answer.status_code == 409
    shown = " ".join(answer.text.split())
    for words in ("Titre tapé", "Raison tapée", "Celui du président", chair.name, f'name="expected_counter" value="{item.row_counter}"'):
        assert words in shown
    assert item.title == "Celui du président"


def test_what_is_typed_beside_it_outlives_taking_a_contribution_out(signed_in, item, published):
    target, before = f"/fr/synthesis/detach/{item.id}/{published[1].id}", held(item)
    page = signed_in.get(f"/fr/synthesis/edit-item/{item.id}").text
    assert f'formaction="{target}"' in page
    answer = signed_in.post(target, data={**TYPED, "expected_counter": item.row_counter, "key": KEY, "wording": "Publier chaque mois."})
    assert answer.status_code == 200
    assert held(item) == before - 1
    for words in ("Titre tapé", "Résumé tapé", "Raison tapée", "Publier chaque mois.", "data-unsaved"):
        assert words in answer.text
    assert (item.title, item.row_counter) == ("Liste des étalons", 1), "nothing of it is recorded"
    assert signed_in.get(target).status_code == 303, "a reload, or the page in another language"


@pytest.mark.parametrize("with_form", [True, False])
def test_taking_out_without_other_words_leads_back(signed_in, item, published, with_form):
    said = {"title": item.title, "summary": item.summary, "rationale": item.rationale}
    data = {**said, "disposition": "", "ground": "", "expected_counter": 1}
    answer = signed_in.post(f"/fr/synthesis/detach/{item.id}/{published[1].id}", data=data if with_form else {})
    assert (answer.status_code, answer.location) == (303, f"/fr/synthesis/edit-item/{item.id}")


def test_a_title_typed_beside_another_act_is_said_not_to_be_used(signed_in, item, published):
    answer = signed_in.post("/en/synthesis/attach/1", data={"choice": f"{published[0].id}:", "item": item.id, "title": "Un titre tapé"},
                            follow_redirects=True)
    assert "“Un titre tapé”" in answer.text


def test_preview_and_another_passage_write_nothing(signed_in, item):
    data = {**TYPED, "expected_counter": 1, "key": KEY, "wording": "Publier chaque mois la liste des étalons nationaux."}
    page = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={**data, "act": "preview"})
    assert page.status_code == 200
    assert "<ins>" in page.text
    page = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={**data, "act": "more", "more": "C1-contexte-§1"})
    assert "Un paragraphe de contexte" in page.text
    assert "Publier chaque mois" in page.text
    page = signed_in.post(f"/fr/synthesis/edit-item/{item.id}", data={**data, "act": "more", "more": "C9"})
    assert "C9" in page.text
    assert item.row_counter == 1


def test_detaching_and_dropping(signed_in, item, published):
    for contribution in published[1:]:
        assert signed_in.post(f"/fr/synthesis/detach/{item.id}/{contribution.id}").status_code == 303
    assert signed_in.post(f"/fr/synthesis/detach/{item.id}/99999").status_code == 404
    assert 'drop-item' in signed_in.get(f"/fr/synthesis/edit-item/{item.id}").text
    assert signed_in.post(f"/fr/synthesis/drop-item/{item.id}").status_code == 303
    assert items() == []


# The chair


def test_the_overview_says_what_changes_what_is_contested_and_what_is_missing(client, chair, rapporteur, item, block, published):
    against = factories.a_published_contribution(block=block, position=Position.OPPOSED)
    service.attach(rapporteur, item, contributions=[against])
    decided = {**DECIDED, "disposition": Disposition.ACCEPTED}
    service.edit_item(rapporteur, item, expected_counter=item.row_counter, **decided, changes={KEY: "Publier la liste."})
    page = client.sign_in(chair).get("/fr/synthesis/overview/1")
    assert page.status_code == 200
    assert "<del>" in page.text
    assert "answer=unanswered" in page.text
    assert published[0].ref in page.text


def test_validating_and_reopening(client, chair, complete):
    client.sign_in(chair)
    assert client.post("/fr/synthesis/validate/1").status_code == 303
    assert complete.state == SynthesisState.VALIDATED
    assert client.get("/ar/synthesis/overview/1").status_code == 200
    assert client.post("/fr/synthesis/reopen/1", data={"reason": " "}).status_code == 422
    assert client.post("/fr/synthesis/reopen/1", data={"reason": "Un oubli."}).status_code == 303
    assert complete.state == SynthesisState.DRAFT
    assert "Un oubli." in client.get("/fr/synthesis/overview/1").text
    assert client.get("/fr/synthesis/reopen/1").status_code == client.get("/fr/synthesis/validate/1").status_code == 303


def test_an_incomplete_synthesis_shows_what_is_missing(client, chair, item, in_synthesis):
    answer = client.sign_in(chair).post("/fr/synthesis/validate/1")
    assert answer.status_code == 409
    assert "answer=unanswered" in answer.text
    assert item.synthesis.state == SynthesisState.DRAFT


def test_a_rapporteur_does_not_validate(signed_in, complete):
    assert signed_in.post("/fr/synthesis/validate/1").status_code == 403
    assert "/synthesis/validate/1" not in signed_in.get("/fr/synthesis/overview/1").text


# Everybody


@pytest.fixture
def submitted(chair, complete):
    service.validate(chair, complete)
    service.submit_all([complete])
    return complete


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_everybody_reads_a_submitted_synthesis(client, submitted, published, language):
    page = client.get(f"/{language}/synthesis/read/1")
    assert page.status_code == 200
    assert DECIDED["rationale"] in page.text
    assert f"/{language}/contributions/{published[0].ref}" in page.text
    assert "edit-item" not in page.text


def test_each_contribution_shows_what_became_of_it(client, submitted, published):
    page = client.get(f"/fr/contributions/{published[0].ref}")
    assert DECIDED["rationale"] in page.text
    assert published[1].ref in page.text
    assert "/fr/synthesis/read/1?item=1#item-1" in page.text
    mine = client.sign_in(published[0].author).get("/fr/contributions/mine")
    assert DECIDED["rationale"] in mine.text


def test_before_submission_the_public_sees_no_answer(client, complete, published, chair):
    assert DECIDED["rationale"] not in client.get(f"/fr/contributions/{published[0].ref}").text
    assert client.get("/fr/synthesis/read/1").status_code == 403
    assert client.get("/fr/synthesis/read/2").status_code == 404
    assert client.sign_in(chair).get("/fr/synthesis/read/1").status_code == 200


def test_peoples_words_are_escaped(signed_in, rapporteur, item):
    hostile = "<script>alert(1)</script>"
    service.edit_item(rapporteur, item, expected_counter=item.row_counter, **{
        **DECIDED, "title": hostile, "summary": hostile, "rationale": hostile, "disposition": Disposition.ACCEPTED}, changes={KEY: hostile})
    for path in ("workbench/1", f"edit-item/{item.id}", "overview/1", "read/1"):
        page = signed_in.get(f"/fr/synthesis/{path}")
        assert page.status_code == 200
        assert hostile not in page.text


@pytest.mark.parametrize("path", ["workbench/1?answer=all", "overview/1", "read/1", "edit-item/{id}"])
def test_a_page_asks_the_database_as_often_for_many_as_for_few(signed_in, rapporteur, published, block, path):
    synthesis = service.get_or_new(block.chapter)
    item = service.add_item(rapporteur, synthesis, title="Un point", contributions=published)
    service.edit_item(rapporteur, item, expected_counter=1, **{**DECIDED, "disposition": Disposition.ACCEPTED},
                      changes={KEY: "Publier la liste."})
    counts = []
    for number in (0, 57):
        for n in range(number):
            one = factories.a_published_contribution(block=block, replacement=f"Autre {n}.")
            if n % 2:
                service.attach(rapporteur, item, contributions=[one])
            else:
                service.add_item(rapporteur, item.synthesis, title=f"Point {n}", contributions=[one])
        session.flush()
        session.commit()
        with queries() as sent:
            assert signed_in.get(f"/fr/synthesis/{path.format(id=item.id)}").status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1], counts
    assert counts[1] <= (14 if path == "overview/1" else 12), "\n".join(sent)


def test_the_chair_is_told_what_a_reader_may_find_wanting(client, chair, rapporteur, published, in_synthesis):
    synthesis = service.get_or_new(published[0].chapter)
    for said in published:
        item = service.add_item(rapporteur, synthesis, title="Un point", contributions=[said])
        service.edit_item(rapporteur, item, expected_counter=1, **{
            **DECIDED, "disposition": Disposition.ACCEPTED, "rationale": "Pris  en compte."})
    page = client.sign_in(chair).get("/en/synthesis/overview/1").text
    assert "3 points are accepted without new wording" in page
    assert "answers several points: “Pris en compte.”. Points: 3 · contributions: 3" in page
    assert "Validate the synthesis" in page
