"""What is typed to sign in counts as it is typed: passwords sign by sign, a code of a letter in the browser that asked for it."""

import re
import unicodedata

import pytest

from consult.accounts import service
from tests import factories
from tests.accounts.test_views import ask_for_link, is_signed_in, salma, sign_in

__all__ = ["salma"]
TYPED = "  Une phrase à nous, éàü  "


@pytest.fixture
def nora(consultation):
    return factories.a_user(email="nora@example.org", password=service.hash_password(TYPED))


@pytest.mark.parametrize("composed", ["NFC", "NFD", "NFKC"])
def test_a_password_is_taken_as_it_is_typed(client, nora, composed):
    """However a keyboard composes its letters."""
    assert sign_in(client, nora.email, unicodedata.normalize(composed, TYPED)).status_code == 302
    assert is_signed_in(client)


@pytest.mark.parametrize("typed", [
    TYPED.strip(), TYPED.lstrip(), TYPED.upper(), TYPED.casefold(), TYPED + " ", TYPED.replace("  ", " "), TYPED.replace("é", "e"),
    TYPED[:-1],
])
def test_and_nothing_is_left_out_or_changed(client, nora, typed):
    sign_in(client, nora.email, typed)
    assert not is_signed_in(client)


def test_the_last_sign_of_a_long_one_counts(client, consultation):
    long = "une longue phrase " * 30
    factories.a_user(email="nora@example.org", password=service.hash_password(f"{long}a"))
    sign_in(client, "nora@example.org", f"{long}b")
    assert not is_signed_in(client)
    sign_in(client, "nora@example.org", f"{long}a")
    assert is_signed_in(client)


# A code of a letter


def code_of(letters) -> str:
    return re.search(r"^\d{8}$", letters()[-1][2], re.MULTILINE).group()


def test_a_code_counts_in_the_browser_that_asked_for_it(app, client, salma, letters):
    thief, code = app.test_client(), ""
    ask_for_link(client)
    code = code_of(letters)
    sign_in(thief, password=code)
    assert not is_signed_in(thief), "who never asked"
    ask_for_link(thief)
    assert code_of(letters) != code
    sign_in(thief, password=code)
    assert not is_signed_in(thief), "who asked for another"
    assert sign_in(client, password=code).status_code == 302
    assert is_signed_in(client)


def test_its_link_opens_in_any_browser_and_is_of_its_own_letter(app, client, salma, letters, link_in):
    ask_for_link(client)
    first = link_in(letters()[-1][2])
    other = app.test_client()
    ask_for_link(other)
    second = link_in(letters()[-1][2])
    mixed = re.sub(r"letter=[^&]+", re.search(r"letter=[^&]+", second)[0], first)
    telephone = app.test_client()
    telephone.post(mixed)
    telephone.post(re.sub(r"letter=[^&]+", "letter=x", first))
    assert not is_signed_in(telephone)
    telephone.post(first)
    assert is_signed_in(telephone)
