"""A passkey alone signs in: its device made sure of its owner. Whatever is forged, replayed or somebody else's opens nothing."""

import html
import json
import re
from datetime import timedelta

import pytest

from consult.accounts import service
from consult.accounts.models import Passkey
from consult.core.attempts import GUESSES
from consult.core.db import session
from tests import factories
from tests.accounts.factors import STEP, add_passkey, options_of
from tests.accounts.keys import PRESENT, VERIFIED, Key, b64
from tests.accounts.test_views import PASSWORD, is_signed_in, salma, sign_in

__all__ = ["salma"]
ADDRESS = "/fr/accounts/use-passkey"
OWNER = PRESENT | VERIFIED


def asked(client, **query) -> dict:
    page = client.get(ADDRESS, query_string=query)
    assert page.status_code == 200
    return options_of(page)[0]


def answer(client, key: Key, options: dict | None = None, flags: int = OWNER, handle: str | None = "own", **query):
    said = key.answer(options or asked(client, **query), flags, key.handle if handle == "own" else handle)
    return client.post(ADDRESS, data={"credential": said})


def told(client, sent) -> str:
    """Why it was refused."""
    assert (sent.status_code, sent.location) == (303, ADDRESS)
    page = html.unescape(client.get(ADDRESS).text)
    return re.search(r'<p class="notice notice-error[^>]*>([^<]+)', page)[1] if "notice-error" in page else page


def test_a_passkey_alone_signs_in_with_no_second_step(client, salma, key):
    options = asked(client)
    assert options.get("allowCredentials", []) == [], "it is found without any address"
    assert options["userVerification"] == "required"
    sent = answer(client, key, options)
    assert (sent.status_code, sent.location) == (303, "/fr/accounts/arrive")
    assert is_signed_in(client)
    assert salma.webauthn[0].sign_count == key.count


def test_whoever_was_going_somewhere_arrives_there(client, salma, key):
    assert answer(client, key, next="/fr/contributions/mine").location == "/fr/accounts/arrive"
    assert client.get("/fr/accounts/arrive").location == "/fr/contributions/mine"


def test_it_goes_no_further_than_this_site(client, salma, key):
    answer(client, key, next="https://elsewhere.example/")
    assert "elsewhere" not in client.get("/fr/accounts/arrive").location


def test_one_that_does_not_make_sure_of_its_owner_is_no_more_than_a_second_factor(client, salma, key):
    answer(client, key, flags=PRESENT)
    assert not is_signed_in(client)
    sign_in(client)
    options, address = options_of(client.post("/fr/accounts/wan-signin"))
    assert client.post(address, data={"credential": key.answer(options)}).status_code == 302
    assert is_signed_in(client)


def another_question(_client, key, options):
    return key.answer({**options, "challenge": "x" * len(options["challenge"])}, OWNER, key.handle)


def another_site(_client, key, options):
    key.origin = "http://consult.example"
    return key.answer(options, OWNER, key.handle)


def another_host(_client, key, options):
    key.host = "consult.example"
    return key.answer(options, OWNER, key.handle)


def another_signature(_client, key, options):
    said = json.loads(key.answer(options, OWNER, key.handle))
    said["response"]["signature"] = b64(b"0" * 70)
    return json.dumps(said)


def another_key(_client, key, options):
    forged = Key()
    forged.id = key.id
    return forged.answer(options, OWNER, key.handle)


def flags_raised_afterwards(_client, key, options):
    """As if it had made sure of its owner."""
    said = json.loads(key.answer(options, PRESENT, key.handle))
    data = bytearray.fromhex(key.authenticator_data(OWNER).hex())
    said["response"]["authenticatorData"] = b64(bytes(data))
    return json.dumps(said)


def without_its_owner(_client, key, options):
    return key.answer(options, OWNER, None)


def of_another_owner(_client, key, options):
    return key.answer(options, OWNER, b64(b"somebody else"))


def unknown(_client, _key, options):
    stranger = Key()
    return stranger.answer(options, OWNER, b64(b"x"))


def nothing(_client, _key, _options):
    return ""


def no_answer(_client, _key, _options):
    return '{"response": [1]}'


FORGED = (another_question, another_site, another_host, another_signature, another_key, flags_raised_afterwards, without_its_owner,
          of_another_owner, unknown, nothing, no_answer)


@pytest.mark.parametrize("forge", FORGED, ids=lambda forge: forge.__name__)
def test_what_is_forged_opens_nothing_and_is_told_alike(client, salma, key, forge):
    said = forge(client, key, asked(client))
    sent = client.post(ADDRESS, data={"credential": said})
    assert not is_signed_in(client)
    assert "La clé d’accès n’a pas pu être vérifiée" in html.unescape(told(client, sent))


def test_an_answer_serves_once(client, app, salma, key, clock):
    options = asked(client)
    clock.shift(timedelta(seconds=2))
    said = key.answer(options, OWNER, key.handle)
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"]).value
    assert client.post(ADDRESS, data={"credential": said}).location == "/fr/accounts/arrive"
    session.get(Passkey, salma.webauthn[0].id).sign_count = 0  # as those of telephones, which count nothing
    session.commit()
    thief = app.test_client()
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], cookie)  # with all that the browser held
    assert thief.post(ADDRESS, data={"credential": said}).location == ADDRESS
    assert not is_signed_in(thief)


def test_it_answers_the_question_of_its_own_browser(client, app, salma, key):
    other = app.test_client()
    asked(other)
    other.post(ADDRESS, data={"credential": key.answer(asked(client), OWNER, key.handle)})
    assert not is_signed_in(other)
    third = app.test_client()
    third.post(ADDRESS, data={"credential": key.answer(asked(client), OWNER, key.handle)})
    assert not is_signed_in(third)


def test_it_answers_within_five_minutes(client, salma, key, clock):
    options = asked(client)
    clock.shift(timedelta(minutes=5, seconds=2))
    answer(client, key, options)
    assert not is_signed_in(client)


def test_a_closed_account_stays_closed_and_is_told_as_what_is_unknown(client, app, salma, key):
    salma.active = False
    session.commit()
    known = told(client, answer(client, key))
    assert not is_signed_in(client)
    assert known == told(client, client.post(ADDRESS, data={"credential": unknown(client, key, asked(client))}))


def test_a_passkey_that_was_removed_opens_nothing(client, salma, key):
    service.remove_passkey(salma, salma, passkey=salma.webauthn[0])
    answer(client, key)
    assert not is_signed_in(client)


def test_each_signs_in_its_owner(client, app, salma, key, clock):
    karim = factories.a_user(email="karim@example.org", password=service.hash_password(PASSWORD))
    his, browser = Key(), app.test_client()
    sign_in(browser, karim.email)
    add_passkey(browser, his)
    browser.post("/fr/accounts/logout")
    clock.shift(STEP)
    answer(browser, his)
    assert "karim@example.org" in browser.get("/fr/accounts/profile").text
    his.handle = key.handle
    other = app.test_client()
    answer(other, his)
    assert not is_signed_in(other)


def test_where_it_is_asked_for_and_the_other_ways(client, salma):
    assert 'href="/fr/accounts/use-passkey' in client.get("/fr/accounts/login").text
    page = client.get(ADDRESS).text
    assert 'href="/fr/accounts/login"' in page
    assert "<noscript>" in page


def test_attempts_are_limited_for_each_passkey_and_place(guarded):
    client = guarded.test_client()
    page = client.get(ADDRESS, base_url="https://consult.test").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]

    def attempt(id_: str) -> int:
        return client.post(ADDRESS, base_url="https://consult.test", headers={"Referer": "https://consult.test/"},
                           data={"csrf_token": token, "credential": json.dumps({"id": id_, "response": {}})}).status_code
    allowed = int(GUESSES[0].split()[0])
    assert [attempt("abc") for _time in range(allowed + 1)] == [*[303] * allowed, 429]
    assert attempt("another") == 303, "nobody is kept out by what others try"
