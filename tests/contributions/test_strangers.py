"""Anybody may type anybody's address beside a text: it waits, is said to come from elsewhere, and speaks for nobody."""

import re

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.contributions import service
from consult.contributions.models import Contribution, ContributionDraft
from consult.core.db import session
from consult.core.permissions import VISITOR
from tests import factories
from tests.accounts.test_views import PASSWORD, ask_for_link, register, sign_in
from tests.contributions.browsing import address, form_of, send, text_of
from tests.contributions.test_waiting import MARK, OTHER, WORDS, arrive, by_letter, link, shown_in, texts

NORA = "nora@example.org"
ASKED = [lambda client: ask_for_link(client, NORA), register,
         lambda client: client.post("/fr/accounts/reset", data={"email": NORA}),
         lambda client: client.post("/fr/accounts/confirm", data={"email": NORA})]


@pytest.fixture
def nora(block):
    return factories.a_user(email=NORA, password=accounts.hash_password(PASSWORD), organisation=factories.an_organisation())


@pytest.fixture
def stranger(app):
    return app.test_client()


def planted(stranger, block, ask=ASKED[0]) -> ContributionDraft:
    send(stranger, block, body=WORDS)
    ask(stranger)
    return session.scalars(sa.select(ContributionDraft)).one()


@pytest.mark.parametrize("ask", ASKED, ids=["link", "register", "reset", "confirm"])
def test_signing_in_does_not_land_on_it(client, stranger, block, nora, ask):
    planted(stranger, block, ask)
    sign_in(client, NORA)
    assert arrive(client) == "/fr/"
    assert shown_in(client, block) == ""
    assert MARK in text_of(client.get(address(block, "fr")))
    mine = client.get("/fr/contributions/mine")
    assert MARK in text_of(mine)
    assert WORDS in text_of(mine)


def test_a_link_that_was_asked_for_in_another_browser_does_not_either(client, stranger, block, nora):
    planted(stranger, block)
    ask_for_link(client, NORA)
    by_letter(client)
    assert arrive(client) == "/fr/"
    assert MARK in text_of(client.get("/fr/contributions/mine"))


def test_the_letter_to_another_address_shows_nothing_of_this_one(client, stranger, block, nora):
    planted(stranger, block)
    register(stranger, email="stranger@example.org")
    planted_for_nora = session.scalars(sa.select(ContributionDraft)).one()
    service.address_draft(VISITOR, planted_for_nora, address=NORA, browser=planted_for_nora.browser)
    session.commit()
    letter = re.search(r"letter=[^\s&]+", link("confirm"))[0]
    client.post(f"/fr/accounts/login?{letter}", data={"identity": NORA, "passcode": PASSWORD, "submit": "1"})
    assert arrive(client) == "/fr/"


@pytest.fixture(params=[False, True], ids=["waiting", "claimed"])
def draft(request, client, stranger, block, nora):
    """A stranger's text for Nora, who has signed in: by the page, which claims what waits for her, or not."""
    typed = planted(stranger, block)
    if request.param:
        sign_in(client, NORA)
    else:
        client.sign_in(nora)
    return typed


def test_its_form_says_so_and_speaks_for_nobody(client, draft, block, nora):
    asked = f"{address(block, 'fr')}?draft={draft.id}"
    page = client.get(asked)
    assert MARK in text_of(page)
    assert form_of(page)["body"] == WORDS
    assert "speak_as" not in form_of(page)
    fields = form_of(page)
    refused = client.post(address(block, "fr"), data={**fields, "act": "submit"})
    assert refused.status_code == 422
    assert "Indiquez au nom de qui" in text_of(refused)
    assert session.scalars(sa.select(Contribution).where(Contribution.author_id == nora.id)).all() == []
    lodged = client.post(address(block, "fr"), data={**fields, "speak_as": "self", "act": "submit"})
    assert "/contributions/receipt/" in lodged.location


def test_it_is_thrown_away_beside_its_mark(client, draft, block):
    act = f"/fr/contributions/drop-draft/{draft.id}"
    for page in ("/fr/contributions/mine", f"{address(block, 'fr')}?draft={draft.id}"):
        assert f'action="{act}"' in client.get(page).text
    client.post(act, data={"expected_digest": draft.digest})
    assert texts() == []


def test_who_saves_it_makes_it_theirs(client, stranger, block, nora):
    draft = planted(stranger, block)
    client.sign_in(nora)
    fields = form_of(client.get(f"{address(block, 'fr')}?draft={draft.id}"))
    client.post(address(block, "fr"), data={**fields, "body": WORDS + OTHER, "act": "draft"})
    assert texts() == [WORDS + OTHER]
    assert MARK not in text_of(client.get("/fr/contributions/mine"))


def test_the_letter_that_is_opened_afterwards_takes_the_mark_away(app, stranger, block, nora):
    planted(stranger, block)
    letter = link("follow-link")
    sign_in(app.test_client(), NORA)
    later = app.test_client()
    later.post(letter)
    assert arrive(later) == address(block, "fr")
    assert MARK not in text_of(later.get("/fr/contributions/mine"))


def test_no_more_than_so_many_wait_for_one_address(app, client, block, nora, monkeypatch):
    monkeypatch.setattr("consult.contributions.service.drafting.MAX_ADDRESSED", 3)
    browsers = [app.test_client() for _number in range(5)]
    for number, browser in enumerate(browsers):
        send(browser, block, body=f"{WORDS} {number}", form_key=f"form-{number}")
        ask_for_link(browser, NORA)
        send(browser, block, "draft", body=f"{OTHER} {number}", form_key=f"other-{number}")
    assert len(texts()) == 10
    assert shown_in(browsers[-1], block) == f"{OTHER} 4"
    sign_in(client, NORA)
    assert text_of(client.get("/fr/contributions/mine")).count(MARK) == 3
    assert len(service.list_waiting_drafts(nora)) == 3


# The name of the account


def test_the_name_is_the_one_that_the_owner_reads_and_may_correct(app, client, stranger, block):
    register(client)
    path = link("confirm")
    register(stranger, name="Nom d’un autre")
    owner = app.test_client()
    page = owner.get(path)
    assert 'value="Nom d’un autre"' in text_of(page)
    assert owner.post(path, data={"name": " "}).status_code == 422
    register(stranger, name="Encore un autre")
    owner.post(path, data={"name": "Nora Tazi"})
    assert accounts.get_user_by_email(NORA).name == "Nora Tazi"


@pytest.mark.parametrize("name", ["", "x" * 300, "\u202e"])
def test_no_name_is_no_name(client, block, name):
    register(client)
    path = link("confirm")
    assert client.post(path, data={"name": name}).status_code == 422
    assert accounts.get_user_by_email(NORA).confirmed_at is None
