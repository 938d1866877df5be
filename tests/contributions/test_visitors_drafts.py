"""What visitors keep takes so much room and no more: of their own network, whose neighbours sign in, and of all of them together."""

import pytest
import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.models import ContributionDraft
from consult.core.db import session
from consult.core.permissions import VISITOR
from tests.contributions.browsing import FILLED, address, form_of, send, text_of
from tests.contributions.test_saving import Window, kept

drafting = "consult.contributions.service.drafting"
FAR = {"REMOTE_ADDR": "10.9.8.7"}


def window(app, block, place=None):
    """Of a browser without any cookie."""
    client = app.test_client()
    client.environ_base.update(place or {})
    return Window(client, block, None)


@pytest.fixture(autouse=True)
def three(monkeypatch):
    monkeypatch.setattr(f"{drafting}.MAX_OF_NETWORK", 3)


def test_a_network_keeps_so_many_and_others_go_on(app, block):
    windows = [window(app, block) for _number in range(3)]
    for number, one in enumerate(windows):
        one.save(f"Avis {number}")
    told = window(app, block).save("Un de trop", status=422)
    assert "Sign in from another window" in told["said"]
    windows[0].save("Avis 0, et la suite")
    window(app, block, FAR).save("De loin")
    assert kept() == ["Avis 0, et la suite", "Avis 1", "Avis 2", "De loin"]


def test_by_the_button_nothing_is_kept_either_and_no_word_is_lost(app, client, block):
    for number in range(3):
        window(app, block).save(f"Avis {number}")
    page = send(client, block, act="draft", body="Un de trop, par le bouton")
    assert page.status_code == 422
    assert "Un de trop, par le bouton" in text_of(page)
    assert len(kept()) == 3


@pytest.mark.parametrize("bound", ["MAX_SIZE_OF_NETWORK", "MAX_SIZE_OF_VISITORS", "MAX_OF_VISITORS"])
def test_how_much_it_is_counts_as_well(app, block, monkeypatch, bound):
    first = window(app, block)
    first.save("Avis")
    size = session.scalar(sa.select(ContributionDraft.size))
    monkeypatch.setattr(f"{drafting}.{bound}", size + 10 if "SIZE" in bound else 1)
    window(app, block, {} if bound == "MAX_SIZE_OF_NETWORK" else FAR).save("Un de trop", status=422)
    if bound == "MAX_SIZE_OF_NETWORK":
        first.save("Avis" + "x" * 11, status=422)
    first.save("Avi")
    assert kept() == ["Avi"]


def of_authors():
    return session.execute(sa.select(ContributionDraft.author_id, ContributionDraft.network, ContributionDraft.size)).all()


def test_whoever_signs_in_makes_room_and_needs_none(client, citizen, block):
    draft = service.keep_draft(VISITOR, block, token="sans-compte", fields={"body": "Avis"}, address=citizen.email, network="n" * 64)
    assert of_authors() == [(None, "n" * 64, 4)]
    service.claim_draft(citizen, draft)
    client.sign_in(citizen)
    for number in range(4):
        Window(client, block, citizen).save(f"Avis {number}", form_key=f"signed-{number:024}", draft="", expected_counter="")
    answer = client.post(address(block), data={**form_of(client.get(address(block))), **FILLED, "act": "draft", "body": "Par le bouton"})
    assert answer.status_code == 303
    session.expire_all()
    assert len(of_authors()) >= 5
    assert set(of_authors()) == {(citizen.id, "", 0)}
