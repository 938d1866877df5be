"""What somebody wrote before they had an account, or signed in: it follows the address that they typed, into whichever browser."""

import re

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.consultations.models import Phase
from consult.contributions import service
from consult.contributions.models import ContributionDraft
from consult.core.db import session
from consult.core.errors import NotAllowed
from consult.core.mail import OutgoingMail
from consult.core.permissions import VISITOR
from tests import factories
from tests.accounts.test_views import PASSWORD, ask_for_link, register, sign_in
from tests.contributions.browsing import address, form_of, send, text_of

WORDS = "Un texte écrit avant d’avoir un compte."
MARK = "Saisi dans un autre navigateur avec votre adresse."
OTHER = "Un autre, sur un autre passage."


@pytest.fixture
def elsewhere(app):
    """Another browser: the telephone on which the letter is opened."""
    return app.test_client()


@pytest.fixture
def known(block):
    """Who has had an account for long."""
    return factories.a_user(email="nora@example.org", password=accounts.hash_password(PASSWORD))


def link(what: str = "accounts") -> str:
    """Of the last letter."""
    body = session.scalars(sa.select(OutgoingMail.body).order_by(OutgoingMail.id.desc())).first()
    return re.search(rf"http://consult\.test(/\S*{what}\S*)", body)[1]


def arrive(client) -> str:
    return client.get("/fr/accounts/arrive").location


def texts() -> list[str]:
    return [draft.fields["body"] for draft in session.scalars(sa.select(ContributionDraft).order_by(ContributionDraft.id))]


def shown_in(client, block) -> str:
    return form_of(client.get(address(block, "fr")))["body"]


def by_password(client) -> None:
    sign_in(client, "nora@example.org")


# Registering


@pytest.mark.parametrize("act", ["submit", "draft"])
@pytest.mark.parametrize("query", ["", "?next=/fr/"])
def test_the_confirmed_person_lands_on_their_text_in_another_browser(client, elsewhere, block, act, query):
    """By the button of the form that asks to sign in, or by that of the head on another page."""
    send(client, block, act, body=WORDS)
    client.get(f"/fr/accounts/register{query}")
    register(client)
    elsewhere.post(link("confirm"))
    assert arrive(elsewhere) == address(block, "fr")
    assert shown_in(elsewhere, block) == WORDS
    assert WORDS in text_of(elsewhere.get("/fr/contributions/mine"))
    assert texts() == [WORDS]


def test_and_in_the_same_browser(client, block):
    send(client, block, body=WORDS)
    register(client)
    client.post(link("confirm"))
    assert arrive(client) == address(block, "fr")
    assert shown_in(client, block) == WORDS
    lodged = send(client, block, body=WORDS, speak_as="self")
    assert "/contributions/receipt/" in lodged.location
    assert texts() == []


def test_the_head_of_each_page_leads_back_to_it(client, block):
    page = client.get(address(block, "fr"))
    assert f'href="/fr/accounts/register?next={address(block, "fr")}"' in page.text
    client.get(f"/fr/accounts/register?next={address(block, 'fr')}")
    register(client)
    client.post(link("confirm"))
    assert arrive(client) == address(block, "fr")


def test_what_is_written_after_registering_waits_too(client, elsewhere, block):
    register(client)
    path = link("confirm")
    send(client, block, "draft", body=WORDS)
    elsewhere.post(path)
    assert arrive(elsewhere) == address(block, "fr")
    assert shown_in(elsewhere, block) == WORDS


def test_the_newest_of_several_is_gone_on_with_and_all_wait(client, elsewhere, block):
    other = factories.block_of(block.chapter, "C1-A1-P1-a2")
    send(client, other, "draft", body=OTHER, form_key="form-key-2")
    send(client, block, "draft", body=WORDS)
    register(client)
    elsewhere.post(link("confirm"))
    assert arrive(elsewhere) == address(block, "fr")
    mine = text_of(elsewhere.get("/fr/contributions/mine"))
    assert WORDS in mine
    assert OTHER in mine


def test_until_then_the_browser_keeps_it(client, block):
    send(client, block, body=WORDS)
    register(client)
    assert shown_in(client, block) == WORDS
    send(client, block, "draft", body=WORDS + OTHER)
    assert texts() == [WORDS + OTHER]


def test_an_address_typed_again_otherwise_is_the_one_that_counts(client, elsewhere, block):
    send(client, block, body=WORDS)
    register(client, email="mora@example.org")
    stranger = link("confirm")
    register(client)
    elsewhere.post(link("confirm"))
    assert shown_in(elsewhere, block) == WORDS
    third = elsewhere.application.test_client()
    third.post(stranger)
    assert arrive(third) == "/fr/"
    assert WORDS not in text_of(third.get("/fr/contributions/mine"))


def test_an_address_is_one_however_it_is_spelt(client, elsewhere, block):
    send(client, block, body=WORDS)
    register(client, email=" Nora@EXAMPLE.org ")
    elsewhere.post(link("confirm"))
    assert shown_in(elsewhere, block) == WORDS


def test_nobody_else_sees_it(client, elsewhere, block, citizen, participant):
    send(client, block, body=WORDS)
    register(client)
    for visitor in (elsewhere, elsewhere.application.test_client().sign_in(citizen)):
        assert shown_in(visitor, block) == ""
        assert WORDS not in visitor.get("/fr/contributions/mine").text
    draft = session.scalars(sa.select(ContributionDraft)).one()
    for actor in (citizen, VISITOR):
        with pytest.raises(NotAllowed):
            service.claim_draft(actor, draft)


def test_when_none_can_be_lodged_it_waits_among_ones_own(client, elsewhere, consultation, block):
    send(client, block, body=WORDS)
    register(client)
    consultation.phase = Phase.CLOSED
    elsewhere.post(link("confirm"))
    assert arrive(elsewhere) == "/fr/contributions/mine"
    assert WORDS in text_of(elsewhere.get("/fr/contributions/mine"))


# Who has an account already


def by_letter(client) -> None:
    client.post(link("follow-link"))


def by_link_to_sign_in(client) -> None:
    client.post(link("accounts/login"), data={"identity": "nora@example.org", "passcode": PASSWORD, "submit": "1"})


def by_new_password(client) -> None:
    client.post(link("reset"), data={"password": PASSWORD, "password_confirm": PASSWORD})
    sign_in(client, "nora@example.org")


@pytest.mark.parametrize(("ask", "enter"), [
    (lambda client: ask_for_link(client, "nora@example.org"), by_letter), (register, by_link_to_sign_in), (register, by_new_password),
    (lambda client: client.post("/fr/accounts/reset", data={"email": "nora@example.org"}), by_new_password),
], ids=["sign-in link", "registering again", "registering again, password forgotten", "forgotten password"])
def test_it_follows_who_has_an_account_by_the_letter_that_came_with_it(client, elsewhere, block, known, ask, enter):
    send(client, block, body=WORDS)
    ask(client)
    enter(elsewhere)
    assert arrive(elsewhere) == address(block, "fr")
    assert shown_in(elsewhere, block) == WORDS
    assert WORDS in text_of(elsewhere.get("/fr/contributions/mine"))
    assert MARK not in text_of(elsewhere.get("/fr/contributions/mine"))


def test_it_is_theirs_in_the_browser_in_which_they_typed_it(client, block, known):
    send(client, block, body=WORDS)
    ask_for_link(client, "nora@example.org")
    by_password(client)
    assert arrive(client) == address(block, "fr")
    assert MARK not in text_of(client.get(address(block, "fr")))


def test_it_is_landed_on_once(client, elsewhere, block, known):
    send(client, block, body=WORDS)
    ask_for_link(client, "nora@example.org")
    by_letter(elsewhere)
    assert arrive(elsewhere) == address(block, "fr")
    elsewhere.post("/fr/accounts/logout")
    by_password(elsewhere)
    assert arrive(elsewhere) == "/fr/"


def test_who_was_going_elsewhere_gets_there(client, elsewhere, block, known):
    send(client, block, body=WORDS)
    register(client)
    answer = sign_in(elsewhere, "nora@example.org", next="/fr/organisations/add")
    assert answer.location == "/fr/organisations/add"
    assert arrive(elsewhere) == "/fr/"
    assert WORDS in text_of(elsewhere.get("/fr/contributions/mine"))


def test_it_can_be_discarded(client, elsewhere, block, known):
    send(client, block, body=WORDS)
    register(client)
    by_password(elsewhere)
    page = elsewhere.get("/fr/contributions/mine").text
    (number,) = re.findall(r"/contributions/drop-draft/(\d+)", page)
    digest = re.search(r'name="expected_digest" value="(\w+)"', page)[1]
    elsewhere.post(f"/fr/contributions/drop-draft/{number}", data={"expected_digest": digest})
    assert texts() == []
