"""What says the same is read once on the workbench, gathered together, and accounted for."""

import re

import pytest
import sqlalchemy as sa

from consult.contributions.models import ContributionState, Position
from consult.core import tallies
from consult.core.db import session
from consult.grouping import service as grouping
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.synthesis import service
from consult.synthesis.models import Disposition, ItemContribution
from tests import factories
from tests.grouping.conftest import CAMPAIGN, OTHER, OWN
from tests.synthesis.conftest import DECIDED


@pytest.fixture
def alike(block):
    """Five of a campaign, of which one adds words; one other."""
    rows = [factories.a_published_contribution(block=block, body=body, position=Position.OPPOSED)
            for body in (CAMPAIGN, CAMPAIGN, OTHER, CAMPAIGN + OWN, CAMPAIGN, CAMPAIGN.upper())]
    grouping.fold(block.chapter.id, [row.id for row in rows])
    return rows


@pytest.fixture
def signed_in(client, rapporteur):
    return client.sign_in(rapporteur)


def shown(page) -> list[str]:
    return re.findall(r'<article class="contribution on-bench" id="([^"]+)"', page.text)


def ticked(*rows) -> dict:
    return {"scope": "chosen", "choice": [f"{row.id}:" for row in rows], "title": "Délais des essais"}


def gathered(block) -> set[int]:
    return set(session.scalars(sa.select(ItemContribution.contribution_id)))


def test_each_different_one_is_shown_once_with_how_many_say_it(signed_in, alike):
    page = signed_in.get("/en/synthesis/workbench/1")
    assert shown(page) == [alike[place].ref for place in (0, 2, 3)]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.text))
    assert re.search(r"6 contributions in this filter\s*, 3 different ones to read", text)
    assert "5 contributions say this in nearly the same words (5 organisations); 1 adds words of its own" in text
    assert "<mark>Dans notre atelier de Safi" in page.text
    assert len(shown(signed_in.get("/en/synthesis/workbench/1?repeated=1"))) == 6


def test_another_filter_shows_all_of_it(signed_in, alike):
    assert len(shown(signed_in.get("/en/synthesis/workbench/1?position=opposed"))) == 6


def test_one_tick_gathers_all_that_say_hardly_anything_besides(signed_in, alike, block):
    answer = signed_in.post("/en/synthesis/add-item/1", data=ticked(alike[0]))
    assert answer.status_code == 303
    assert gathered(block) == {alike[place].id for place in (0, 1, 4, 5)}
    page = signed_in.get("/en/synthesis/workbench/1")
    assert "4 contributions gathered into item 1" in page.text
    assert shown(page) == [alike[2].ref, alike[3].ref]
    assert tallies.faults() == []


def test_what_stands_in_another_item_is_left_there(signed_in, rapporteur, alike, block):
    item = service.add_item(rapporteur, service.get_or_new(block.chapter), title="Un seul", contributions=[alike[1]])
    signed_in.post("/en/synthesis/add-item/1", data=ticked(alike[0]))
    in_it = sa.select(ItemContribution.contribution_id).where(ItemContribution.item_id == item.id)
    assert session.scalars(in_it).all() == [alike[1].id]


def test_one_that_adds_words_is_gathered_alone(signed_in, alike, block):
    signed_in.post("/en/synthesis/add-item/1", data=ticked(alike[3]))
    assert gathered(block) == {alike[3].id}


def test_where_all_are_shown_each_tick_is_one(signed_in, alike, block):
    signed_in.post("/en/synthesis/add-item/1?repeated=1", data=ticked(alike[0]))
    assert gathered(block) == {alike[0].id}


def test_the_whole_filter_is_all_of_them(signed_in, alike, block):
    page = signed_in.get("/en/synthesis/workbench/1")
    total = re.search(r'name="total" value="([^"]+)"', page.text)[1]
    assert total == "6"
    signed_in.post("/en/synthesis/add-item/1", data={"scope": "filter", "total": total, "title": "Tout"})
    assert len(gathered(block)) == 6


def test_what_is_decided_elsewhere_leaves_the_next_to_be_read(signed_in, rapporteur, alike, block):
    item = service.add_item(rapporteur, service.get_or_new(block.chapter), title="Un seul", contributions=[alike[0]])
    assert shown(signed_in.get("/en/synthesis/workbench/1")) == [alike[place].ref for place in (1, 2, 3)]
    service.edit_item(rapporteur, item, expected_counter=item.row_counter, **{**DECIDED, "disposition": Disposition.NOTED})
    assert shown(signed_in.get("/en/synthesis/workbench/1?answer=answered")) == [alike[0].ref]
    assert service.count_repeated(item.synthesis, "to_gather") == 2
    assert service.count_repeated(item.synthesis, "all") == 3


def test_what_is_withheld_is_neither_shown_nor_counted(signed_in, rapporteur, alike, block):
    moderation.withhold(rapporteur, alike[0], reason=Reason.INSULT, words="Propos injurieux.", expected_counter=alike[0].row_counter)
    page = signed_in.get("/en/synthesis/workbench/1")
    assert shown(page) == [alike[place].ref for place in (1, 2, 3)]
    assert "4 contributions say this" in page.text
    assert tallies.faults() == []


def test_one_voice_that_says_it_often_is_told(client, rapporteur, block):
    author = factories.a_user(organisation=factories.an_organisation())
    rows = [factories.a_published_contribution(block=block, body=CAMPAIGN, author=author) for _time in range(3)]
    grouping.fold(block.chapter.id, [row.id for row in rows])
    page = client.sign_in(rapporteur).get("/en/synthesis/workbench/1")
    assert "all of it from the same one" in page.text


# Where each stands


def test_every_contribution_is_accounted_for(signed_in, rapporteur, alike, block):
    item = service.add_item(rapporteur, service.get_or_new(block.chapter), title="Délais", contributions=[alike[1], alike[2]])
    service.edit_item(rapporteur, item, expected_counter=item.row_counter, **DECIDED)
    moderation.withhold(rapporteur, alike[4], reason=Reason.PERSONAL_DATA, words="Un nom.", expected_counter=alike[4].row_counter)
    waiting = factories.a_contribution(block=block, body="Encore un avis.")
    factories.change(waiting, state=ContributionState.SUBMITTED)
    page = signed_in.get("/en/synthesis/account/1").text
    found = re.findall(r'<tr role="row" id="([^"]+)">(.*?)</tr>', page, re.DOTALL)
    rows = {ref: re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", row)) for ref, row in found}
    assert list(rows) == [row.ref for row in (*alike, waiting)]
    assert f"says what {alike[0].ref}" in rows[alike[1].ref].replace("⁨", "").replace("⁩", "")
    assert "1 · Liste des étalons" in rows[alike[2].ref]
    assert "Noted" in rows[alike[2].ref]
    assert "not yet in an item" in rows[alike[0].ref]
    assert "Personal data of somebody else" in rows[alike[4].ref]
    assert "Awaiting moderation" in rows[waiting.ref]


def test_the_account_begins_at_a_reference(signed_in, alike):
    page = signed_in.get(f"/en/synthesis/account/1?since={alike[3].ref.lower()}")
    assert re.findall(r'<tr role="row" id="([^"]+)">', page.text) == [row.ref for row in alike[3:]]
    unknown = signed_in.get("/en/synthesis/account/1?since=PNQ-C1-9999")
    assert (unknown.status_code, "has no contribution" in unknown.text) == (404, True)


def test_the_account_is_for_those_in_charge(client, participant, alike):
    assert client.sign_in(participant).get("/en/synthesis/account/1").status_code == 403
