"""A fold on its page, put right there; who sees it; how it is found, in words."""

import pytest
import sqlalchemy as sa

from consult.contributions.models import Position
from consult.core.db import session
from consult.grouping.models import FoldChoice
from tests import factories
from tests.grouping.conftest import CAMPAIGN, OTHER, OWN, TURNED, fold_of


@pytest.fixture
def alike(said):
    return said(CAMPAIGN, CAMPAIGN + OWN, CAMPAIGN, TURNED)


@pytest.fixture
def signed_in(client, rapporteur):
    return client.sign_in(rapporteur)


def test_the_shared_words_stand_once_and_own_ones_are_marked(signed_in, alike):
    page = signed_in.get("/en/grouping/1/1")
    assert page.status_code == 200
    assert page.text.count(CAMPAIGN[:120].replace("’", "’")) == 1
    assert "<mark>Dans notre atelier de Safi" in page.text
    assert "No words of its own." in page.text


def test_what_is_kept_apart_is_told_with_the_words_that_differ(signed_in, alike):
    page = signed_in.get("/en/grouping/1/1").text
    assert "a figure, a date or a negation differs" in page
    assert alike[3].ref in page
    assert "<bdi>cinq</bdi>" in page


def test_one_is_taken_out_and_put_in_again_by_its_reference(signed_in, alike):
    answer = signed_in.post(f"/en/grouping/part/{alike[2].ref}")
    assert (answer.status_code, answer.location.endswith("/en/grouping/1/1"), fold_of(alike[2])) == (303, True, None)
    page = signed_in.get(answer.location).text
    assert "is out of its fold" in page
    assert "taken out of its fold" in page
    answer = signed_in.post("/en/grouping/join/1/1", data={"other": alike[2].ref.lower()})
    assert answer.status_code == 303
    assert fold_of(alike[2]) == fold_of(alike[0]) is not None
    assert len(session.scalars(sa.select(FoldChoice)).all()) == 2


def test_of_a_fold_that_is_gone_the_way_leads_to_what_was_taken_out(signed_in, said):
    one, _two = said(CAMPAIGN, CAMPAIGN)
    answer = signed_in.post(f"/en/grouping/part/{one.ref}")
    assert answer.location.endswith(f"/contributions/{one.ref}")
    assert signed_in.get("/en/grouping/1/1").status_code == 404


@pytest.mark.parametrize(("typed", "words"), [("", "no contribution"), ("PNQ-C1-9999", "no contribution"), ("\x00", "no contribution")])
def test_a_reference_of_nothing_is_refused_with_what_was_typed(signed_in, alike, typed, words):
    answer = signed_in.post("/en/grouping/join/1/1", data={"other": typed})
    assert (answer.status_code, words in answer.text) == (422, True)
    assert f'value="{typed}"' in answer.text or typed == "\x00"


def test_another_position_is_refused_with_the_way_out(signed_in, said, alike):
    (against,) = said(OTHER, position=Position.IN_FAVOUR)
    answer = signed_in.post("/en/grouping/join/1/1", data={"other": against.ref})
    assert answer.status_code == 422
    assert "takes another position" in answer.text
    assert "Gather both into one item instead." in answer.text
    assert signed_in.get("/en/grouping/join/1/1").status_code == 303


def test_whoever_is_not_in_charge_sees_none_of_it(client, alike, participant, chapter, consultation):
    elsewhere = factories.a_chapter(consultation, number=2)
    for person in (None, participant, factories.a_user(role="rapporteur", commission=elsewhere.commission)):
        visitor = client.sign_in(person) if person else client
        assert visitor.get("/en/grouping/1/1").status_code in (302, 303, 403)
        assert visitor.post(f"/en/grouping/part/{alike[2].ref}").status_code in (302, 303, 403)
        assert visitor.post("/en/grouping/join/1/1", data={"other": alike[3].ref}).status_code in (302, 303, 403)
    assert session.scalars(sa.select(FoldChoice)).all() == []


def test_whoever_only_watches_is_told_so_before_what_is_wrong(client, alike, secretary):
    client.sign_in(secretary)
    assert client.get("/en/grouping/1/1").status_code == 200
    assert client.post("/en/grouping/join/1/1", data={"other": ""}).status_code == 403


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_everybody_reads_how_it_is_found(client, consultation, language):
    assert client.get(f"/{language}/grouping/method").status_code == 200
