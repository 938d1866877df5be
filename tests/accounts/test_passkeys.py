"""Passkeys: registered, used as the second step, named and removed by their owner alone; what one answers serves once."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts import service
from consult.accounts.models import Passkey
from consult.core.db import session
from tests import factories
from tests.accounts.factors import STEP, acts_of, add_passkey, options_of, second, set_up
from tests.accounts.keys import Key
from tests.accounts.test_views import PASSWORD, is_signed_in, salma, sign_in
from tests.letters import letters_to

__all__ = ["salma"]


def test_a_passkey_is_the_second_step(client, salma, key):
    assert acts_of(salma)[-1] == "accounts.add_passkey"
    assert "Clé du tiroir" in letters_to(salma)[-1].body
    assert sign_in(client).location == "/fr/accounts/wan-signin"
    assert not is_signed_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    assert client.post(address, data={"credential": key.answer(options)}).status_code == 302
    assert is_signed_in(client)
    assert "Clé du tiroir" in client.get("/fr/accounts/second-factor").text


def test_an_answer_serves_once(client, app, salma, key, clock):
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    clock.shift(timedelta(seconds=2))
    answer = key.answer(options)
    assert client.post(address, data={"credential": answer}).status_code == 302
    session.get(Passkey, salma.webauthn[0].id).sign_count = 0  # as those of telephones, which count nothing
    session.commit()
    thief = app.test_client()
    sign_in(thief)
    thief.post(address, data={"credential": answer})
    assert not is_signed_in(thief)


def test_a_passkey_of_another_opens_nothing(client, app, salma, key):
    factories.a_user(email="karim@example.org", password=service.hash_password(PASSWORD))
    karim, his = app.test_client(), Key()
    sign_in(karim, "karim@example.org")
    add_passkey(karim, his)
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    client.post(address, data={"credential": his.answer(options)})
    assert not is_signed_in(client)


@pytest.mark.parametrize("answer", ["", "{}", "null", "[1]", '{"id": "x"}', "\ud83d"])
def test_what_is_no_answer_opens_nothing(client, salma, key, answer):
    sign_in(client)
    _options, address = options_of(client.post("/fr/accounts/wan-signin"))
    assert client.post(address, data={"credential": answer.encode("utf-8", "replace")}).status_code == 302
    assert not is_signed_in(client)


def test_a_passkey_is_not_asked_for_elsewhere(client, salma, clock):
    sign_in(client)
    add_passkey(client, Key("http://consult.example"))
    assert session.scalar(sa.select(Passkey.id)) is None


def test_names_of_passkeys(client, salma, key):
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    client.post(address, data={"credential": key.answer(options)})
    for name in ("", "...", "clé du TIROIR", "x" * 61):
        assert client.post("/fr/accounts/wan-register", data={"name": name}).status_code == 422
    page = client.post("/fr/accounts/wan-register", data={"name": "<b>Téléphone</b> d’Awa & co"})
    options, _address = options_of(page)
    assert [one["id"] for one in options["excludeCredentials"]], "one device is registered once"


def test_a_passkey_is_removed_by_its_owner_alone(client, app, salma, key):
    number = session.scalar(sa.select(Passkey.id))
    factories.a_user(email="karim@example.org", password=service.hash_password(PASSWORD))
    karim = app.test_client()
    sign_in(karim, "karim@example.org")
    assert karim.get(f"/fr/accounts/remove-passkey/{number}").status_code == 404
    assert karim.post(f"/fr/accounts/remove-passkey/{number}").status_code == 404
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    client.post(address, data={"credential": key.answer(options)})
    assert "Clé du tiroir" in client.get(f"/fr/accounts/remove-passkey/{number}").text
    assert client.post(f"/fr/accounts/remove-passkey/{number}").status_code == 303
    assert acts_of(salma)[-1] == "accounts.remove_passkey"
    client.post("/fr/accounts/logout")
    assert sign_in(client).location != "/fr/accounts/wan-signin"


def test_a_passkey_cannot_be_registered_with_what_was_asked_long_ago(client, salma, clock):
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-register", data={"name": "x"}))
    clock.shift(timedelta(minutes=16))
    assert client.post(address, data={"credential": Key().make(options)}).location.startswith("/fr/accounts/us-verify")


def test_with_both_one_chooses(client, salma, key, clock):
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    client.post(address, data={"credential": key.answer(options)})
    held = set_up(client)
    client.post("/fr/accounts/logout")
    clock.shift(STEP)
    assert sign_in(client).location == "/fr/accounts/tf-select"
    assert client.get("/fr/accounts/tf-select").status_code == 200
    assert client.post("/fr/accounts/tf-select", data={"which": "authenticator"}).location == "/fr/accounts/tf-validate"
    assert second(client, held.generate().token).status_code == 302
    assert is_signed_in(client)
