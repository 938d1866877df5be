"""The pages on which a contribution is split: without JavaScript boxes do it; nothing typed is lost, and opening a page changes nothing."""

import re

import pytest
import sqlalchemy as sa

from consult.core.db import session
from consult.moderation.models import Part
from consult.synthesis import service
from consult.synthesis.models import ItemContribution, Point
from tests import factories
from tests.synthesis.test_points import BODY, JUSTIFICATION, SECOND, THIRD


@pytest.fixture
def said(block):
    return factories.a_published_contribution(block=block, body=BODY, justification=JUSTIFICATION, replacement="Un nouveau libellé")


@pytest.fixture
def split(rapporteur, said):
    service.split(rapporteur, said, cuts=[(Part.BODY, SECOND), (Part.BODY, THIRD)])
    return service.list_points([said.id])[said.id]


@pytest.fixture
def signed_in(client, rapporteur):
    return client.sign_in(rapporteur)


def boxes(page) -> list[str]:
    return re.findall(r'name="cut" value="([^"]+)"', page.text)


def test_each_sentence_has_a_box_but_the_first(signed_in, said):
    page = signed_in.get(f"/en/synthesis/split/{said.ref}")
    assert boxes(page) == [f"body:{SECOND}", f"body:{THIRD}", "justification:0", f"justification:{JUSTIFICATION.index('Un registre')}"]
    assert "checked" not in page.text.split('id="cutting"')[1]
    assert session.scalars(sa.select(Point)).all() == []


def test_what_is_ticked_is_split(signed_in, said):
    answer = signed_in.post(f"/en/synthesis/split/{said.ref}", data={"cut": [f"body:{SECOND}", f"body:{THIRD}"]})
    assert answer.status_code == 303
    page = signed_in.get(f"/en/synthesis/split/{said.ref}")
    assert re.findall(r'class="point-mark" title="[^"]+">(.)<', page.text) == ["①", "②", "③"]
    assert boxes(page) == ["justification:0", f"justification:{JUSTIFICATION.index('Un registre')}"]


def test_a_cut_within_a_word_is_refused_and_what_was_ticked_stays(signed_in, said):
    page = signed_in.post(f"/en/synthesis/split/{said.ref}", data={"cut": [f"body:{SECOND}", "body:3"]})
    assert page.status_code == 422
    assert "A request begins with a whole word." in page.text
    assert re.search(rf'value="body:{SECOND}" id="cut-body-{SECOND}" checked', page.text)
    assert session.scalars(sa.select(Point)).all() == []


@pytest.mark.parametrize("cut", ["body:x", "title:3", "", "body:99999999999", "replacement:1", "body:-1", "\x00"])
def test_what_is_no_place_splits_nothing(signed_in, said, cut):
    assert signed_in.post(f"/en/synthesis/split/{said.ref}", data={"cut": [cut]}).status_code == 422
    assert session.scalars(sa.select(Point)).all() == []


def test_two_clicks_split_once(signed_in, said):
    form = {"cut": [f"body:{SECOND}"]}
    assert signed_in.post(f"/en/synthesis/split/{said.ref}", data=form).status_code == 303
    assert signed_in.post(f"/en/synthesis/split/{said.ref}", data=form).status_code == 409
    assert len(session.scalars(sa.select(Point)).all()) == 2


def test_the_points_are_joined_again(signed_in, said, split):
    data = {"point": [point.id for point in split]}
    assert signed_in.get(f"/en/synthesis/rejoin/{said.ref}").status_code == 303
    assert len(service.list_points([said.id])[said.id]) == 3
    assert signed_in.post(f"/en/synthesis/rejoin/{said.ref}", data=data).status_code == 303
    assert service.list_points([said.id]) == {}


def test_the_place_of_a_point_is_said_by_its_number_or_key(signed_in, said, split):
    address = f"/en/synthesis/edit-point/{split[1].id}"
    page = signed_in.post(address, data={"place": "nowhere"})
    assert page.status_code == 422
    assert 'value="nowhere"' in page.text
    assert signed_in.post(address, data={"place": "C1-A1-P1-a2"}).status_code == 303
    assert session.get(Point, split[1].id).place_key == "C1-A1-P1-a2"


def test_the_bench_shows_the_points_as_lines_with_a_box_each(signed_in, said, split):
    page = signed_in.get("/en/synthesis/workbench/1")
    assert re.findall(r'name="choice" value="(p\d+:)"', page.text) == [f"p{point.id}:" for point in split]
    assert f'value="{said.id}:' not in page.text


def test_points_are_gathered_by_their_boxes(signed_in, said, split):
    form = {"scope": "chosen", "choice": [f"p{split[0].id}:", f"p{split[2].id}:"], "title": "Liste"}
    page = signed_in.post("/en/synthesis/add-item/1", data=form, follow_redirects=True)
    assert "2 requests of split contributions gathered into item 1" in page.text
    assert session.scalars(sa.select(ItemContribution.point_id).order_by(ItemContribution.point_id)).all() == [split[0].id, split[2].id]
    [item_id] = set(session.scalars(sa.select(ItemContribution.item_id)))
    desk = signed_in.get(f"/en/synthesis/edit-item/{item_id}")
    assert "Publier la liste" in desk.text
    assert "Ouvrir un guichet" not in desk.text
    signed_in.post(f"/en/synthesis/detach/{item_id}/{said.id}?point={split[0].id}")
    assert session.scalars(sa.select(ItemContribution.point_id)).all() == [split[2].id]


def test_the_whole_filter_gathers_the_points_that_wait(signed_in, rapporteur, synthesis, published, said, split):
    item = service.add_item(rapporteur, synthesis, title="Liste", points=split[:1])
    signed_in.post("/en/synthesis/add-item/1", data={"scope": "filter", "total": "4", "title": "Reste"})
    held = {link.point_id: link.item_id for link in session.scalars(sa.select(ItemContribution))}
    assert held[split[0].id] == item.id
    assert held[split[1].id] == held[split[2].id] != item.id


def test_who_does_not_answer_the_chapter_may_not(client, said):
    stranger = factories.a_user()
    client.sign_in(stranger)
    assert client.get(f"/en/synthesis/split/{said.ref}").status_code == 403
    assert client.post(f"/en/synthesis/split/{said.ref}", data={"cut": [f"body:{SECOND}"]}).status_code == 403


def test_its_own_page_leads_to_splitting_and_shows_the_marks(client, signed_in, said, split):
    page = signed_in.get(f"/en/contributions/{said.ref}")
    assert f"/en/synthesis/split/{said.ref}" in page.text
    assert page.text.count('class="point-mark"') == 3


def test_the_public_reads_it_whole_until_it_is_answered(client, said, split):
    page = client.get(f"/en/contributions/{said.ref}")
    assert "point-mark" not in page.text
    assert BODY in page.text


def test_where_each_stands_tells_of_each_point(signed_in, rapporteur, synthesis, said, split):
    service.add_item(rapporteur, synthesis, title="Liste", points=split[:1])
    page = signed_in.get("/en/synthesis/account/1")
    row = page.text.split(f'id="{said.ref}"')[1].split("</tr>")[0]
    assert [mark in row for mark in "①②③"] == [True] * 3
