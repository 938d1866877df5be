"""What goes wrong on the way to the OpenID provider and back: each is a page in the reader's language, and signs nobody in."""

import logging
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest
import requests
import sqlalchemy as sa
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from consult.accounts import openid
from consult.accounts import provider as provider_module
from consult.accounts.models import ProviderIdentity, User
from consult.accounts.provider import Failure, NotSignedIn, Provider
from consult.core.config import Config, ConfigError
from consult.core.db import session
from tests.accounts.provider import CLIENT, SECRET, come_back, go, running, say, used_by
from tests.accounts.test_views import is_signed_in, salma

__all__ = ["salma"]
ISSUER = "https://provider.example"
PUBLIC = Config(base_url="https://consult.example.org", mail_url="smtps://mail.example.org", mail_from="a@example.org", trusted_proxies="1",
                secret_key="0123456789abcdefghijklmnopqrstuvwxyz", oidc_issuer=ISSUER, oidc_client_id=CLIENT, oidc_client_secret=SECRET,
                oidc_name_fr="X", oidc_name_ar="X", oidc_name_en="X")


@pytest.fixture(scope="module")
def server():
    with running() as running_server:
        yield running_server


@pytest.fixture
def provider(app, consultation, server, monkeypatch, salma):
    moments = {"bound_at": salma.created_at, "used_at": salma.created_at}
    session.add(ProviderIdentity(user_id=salma.id, issuer=server.issuer, subject="salma", **moments))
    session.flush()
    server.knows("salma", email=salma.email, email_verified=True)
    return used_by(app, monkeypatch, **server.settings())


def is_told(answer, failure: Failure) -> bool:
    """Its status, its words in French, and the way on."""
    return (answer.status_code == failure.status and "Vous n’êtes pas connecté" in answer.text and "Que faire maintenant" in answer.text
            and "Identité Exemple" in answer.text and answer.headers["Cache-Control"] == "private, no-store")


# The browser


def test_an_answer_that_this_browser_did_not_ask_for_does_nothing(client, app, provider):
    path = say(go(client), "salma")
    other = app.test_client()
    assert is_told(other.get(path), Failure.LOST)
    assert not is_signed_in(other)
    assert client.get(path).location == "/fr/accounts/arrive", "it still serves in its own"


@pytest.mark.parametrize("query", ["", "?code=x", "?state=x&code=y", "?error=access_denied", "?state=%00", "?state=a&state=b"])
def test_whatever_is_made_up_does_nothing(client, provider, server, query):
    server.told()
    assert is_told(client.get(f"/fr/accounts/come-back{query}"), Failure.LOST)
    assert server.told() == ["/control"], "the provider is asked nothing"


def test_an_answer_serves_once(client, provider):
    path = say(go(client), "salma")
    assert client.get(path).location == "/fr/accounts/arrive"
    client.post("/fr/accounts/logout")
    assert is_told(client.get(path), Failure.LOST)
    assert not is_signed_in(client)


def test_an_answer_serves_once_whoever_kept_the_cookie(client, app, provider, monkeypatch):
    path = say(go(client), "salma")
    kept = client.get_cookie(app.config["SESSION_COOKIE_NAME"]).value
    assert client.get(path).location == "/fr/accounts/arrive"
    other = app.test_client()
    other.set_cookie(app.config["SESSION_COOKIE_NAME"], kept)
    assert is_told(other.get(path), Failure.USED), "the provider takes a code once"
    assert not is_signed_in(other)


def test_a_question_is_answered_within_ten_minutes(client, provider, monkeypatch):
    path = say(go(client), "salma")
    now = time.time()
    monkeypatch.setattr(openid.time, "time", lambda: now + openid.ASKED_FOR + 1)
    assert is_told(client.get(path), Failure.LOST)


def test_looking_at_an_answer_without_opening_it_does_nothing(client, provider):
    path = say(go(client), "salma")
    assert client.head(path).status_code == 404
    assert not is_signed_in(client)
    assert client.get(path).location == "/fr/accounts/arrive"


def test_two_windows_do_not_disturb_each_other(client, provider):
    first, _second = say(go(client), "salma"), go(client)
    assert client.get(first).location == "/fr/accounts/arrive"


def test_an_answer_for_another_issuer_is_refused(client, provider):
    path = say(go(client), "salma")
    assert is_told(client.get(f"{path}&iss=https%3A%2F%2Fevil.example"), Failure.MISTRUSTED)


# The person, the provider


def test_who_refuses_there_is_told_how_to_go_on(client, provider):
    answer = come_back(client, "", refuse="1")
    assert is_told(answer, Failure.CANCELLED)
    assert 'href="/fr/accounts/login"' in answer.text


@pytest.mark.parametrize(("claims", "failure"), [
    ({}, Failure.NO_ADDRESS), ({"email": "", "email_verified": True}, Failure.NO_ADDRESS),
    ({"email": "no address", "email_verified": True}, Failure.NO_ADDRESS), ({"email": "new@example.org"}, Failure.UNVERIFIED),
    ({"email": "new@example.org", "email_verified": False}, Failure.UNVERIFIED),
    ({"email": "salma@example.org", "email_verified": False}, Failure.UNVERIFIED),
])
def test_an_address_that_is_missing_or_that_nobody_checked_makes_no_account(client, provider, server, claims, failure):
    server.knows("nobody", email="", email_verified=False)
    server.knows("nobody", **claims)
    answer = come_back(client, "nobody")
    assert is_told(answer, failure)
    assert 'href="/fr/accounts/register"' in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
    assert client.get("/fr/accounts/register-by-provider").location == "/fr/accounts/login"


def test_keys_that_were_renewed_are_asked_for_again(client, provider, server):
    assert come_back(client, "salma").location == "/fr/accounts/arrive"
    client.post("/fr/accounts/logout")
    server.told(renew=True)
    server.told()
    assert come_back(client, "salma").location == "/fr/accounts/arrive"
    assert "/jwks" in server.told()
    assert is_signed_in(client)


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_a_provider_that_is_down_is_told_in_ones_language(client, app, provider, monkeypatch, language, caplog):
    gone = "http://127.0.0.1:9"
    used_by(app, monkeypatch, **{**vars_of(provider), "oidc_issuer": gone})
    answer = client.get(client.post(f"/{language}/accounts/go-to-provider").location)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert {"fr": "ne répond pas", "ar": "لا جواب من", "en": "does not answer"}[language] in answer.text
    assert not is_signed_in(client)


def vars_of(provider: Provider) -> dict[str, str]:
    return {name: getattr(provider.config, name) for name in provider.config.__dataclass_fields__ if name.startswith("oidc_")}


def test_nothing_of_anybody_is_logged(client, app, provider, server, caplog):
    caplog.set_level(logging.DEBUG)
    path = say(go(client), "salma")
    client.get(path)
    client.get(path)
    server.knows("x", email="marked@example.org", email_verified=False, name="Marked")
    come_back(client, "x")
    told = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("urllib3", "werkzeug")))
    assert "LOST" in told
    for word in (path.partition("code=")[2].partition("&")[0], "marked@example.org", "Marked", SECRET, "salma@example.org"):
        assert word not in told


def test_nothing_is_held_while_the_provider_is_asked(client, provider, server, monkeypatch):
    held, ask = [], OAuth2Session.request

    def watched(self, *arguments, **options):
        held.append(session().in_transaction())
        return ask(self, *arguments, **options)
    monkeypatch.setattr(OAuth2Session, "request", watched)
    come_back(client, "salma")
    assert held
    assert not any(held)


def test_a_few_only_wait_for_the_provider_at_once(client, provider):
    for _turn in range(provider_module.AT_ONCE):
        provider.turns.acquire()
    assert is_told(client.get(client.post("/fr/accounts/go-to-provider").location), Failure.BUSY)


@contextmanager
def answering(monkeypatch, answer):
    """Whatever is asked of the provider is answered so."""
    monkeypatch.setattr(provider_module.HTTPAdapter, "send", lambda self, request, **_options: answer(request))
    yield


class Endless:
    def read1(self, _amount, decode_content):
        return b"x" * 65_536


def test_an_answer_without_end_is_not_read_to_its_end(provider, monkeypatch):
    def endless(request):
        response = requests.Response()
        response.status_code, response.raw = 200, Endless()
        response.close = lambda: None
        return response
    provider.known.clear()
    with answering(monkeypatch, endless), pytest.raises(NotSignedIn, match="UNREACHABLE"):
        provider.metadata()


# What the ID token says: made here, as no provider that is right would


RSA, OTHER, EC = RSAKey.generate_key(2048, {"kid": "a"}), RSAKey.generate_key(2048, {"kid": "a"}), ECKey.generate_key("P-256", {"kid": "e"})


@pytest.fixture
def judging(monkeypatch):
    found = Provider(PUBLIC)
    monkeypatch.setattr(found, "_fetch_keys", lambda: KeySet([RSA, EC]))
    return found


def signed(key=RSA, header=None, **claims):
    now = int(time.time())
    said = {"iss": ISSUER, "aud": CLIENT, "sub": "s", "nonce": "n", "iat": now, "exp": now + 300, **claims}
    header = {"alg": "RS256", "kid": "a", **(header or {})}
    said = {name: value for name, value in said.items() if value is not None}
    return {"id_token": jwt.encode(header, said, key, algorithms=[header["alg"]])}


def test_a_right_token_is_taken(judging):
    assert judging.claims(signed(), "n")["sub"] == "s"
    assert judging.claims(signed(EC, {"alg": "ES256", "kid": "e"}, aud=[CLIENT]), "n")["sub"] == "s"
    assert judging.claims(signed(exp=int(time.time()) - 30), "n"), "clocks differ a little"


@pytest.mark.parametrize(("claims", "failure"), [
    ({"iss": "https://evil.example"}, Failure.MISTRUSTED), ({"iss": None}, Failure.MISTRUSTED), ({"aud": "another"}, Failure.MISTRUSTED),
    ({"aud": None}, Failure.MISTRUSTED), ({"aud": [CLIENT, "another"], "azp": CLIENT}, Failure.MISTRUSTED),
    ({"azp": "another"}, Failure.MISTRUSTED), ({"nonce": "another"}, Failure.MISTRUSTED), ({"nonce": None}, Failure.MISTRUSTED),
    ({"sub": None}, Failure.MISTRUSTED), ({"sub": ""}, Failure.MISTRUSTED), ({"sub": 7}, Failure.MISTRUSTED),
    ({"sub": "x" * 256}, Failure.MISTRUSTED), ({"exp": 1}, Failure.CLOCK), ({"exp": None}, Failure.CLOCK), ({"iat": None}, Failure.CLOCK),
    ({"iat": int(time.time()) + 9_999}, Failure.CLOCK), ({"nbf": int(time.time()) + 9_999}, Failure.CLOCK),
    ({"at_hash": "wrong"}, Failure.MISTRUSTED), ({"amr": "mfa"}, Failure.MISTRUSTED),
])
def test_a_token_that_is_not_for_us_now_is_refused(judging, claims, failure):
    with pytest.raises(NotSignedIn, match=failure.name):
        judging.claims({**signed(**claims), "access_token": "of this answer"}, "n")


@pytest.mark.parametrize(("key", "header"), [
    (OTHER, {}), (OctKey.import_key(SECRET), {"alg": "HS256"}), (OctKey.import_key(CLIENT * 8), {"alg": "HS512"}),
    (EC, {"alg": "ES256"}),
])
def test_a_signature_that_is_not_the_providers_is_refused(judging, key, header):
    with pytest.raises(NotSignedIn, match="MISTRUSTED"):
        judging.claims(signed(key, header), "n")


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJzIn0.", "é"])
def test_what_is_no_token_is_refused(judging, text):
    with pytest.raises(NotSignedIn, match="MISTRUSTED"):
        judging.claims({"id_token": text}, "n")


def test_keys_are_looked_for_again_once_in_a_while_only(judging, monkeypatch):
    asked = []
    monkeypatch.setattr(judging, "_fetch_keys", lambda: asked.append(1) or KeySet([EC]))
    for _times in range(5):
        with pytest.raises(NotSignedIn, match="MISTRUSTED"):
            judging.claims(signed(), "n")
    assert len(asked) == 2


@pytest.mark.parametrize("over", [
    {"issuer": "https://evil.example"}, {"token_endpoint": None}, {"jwks_uri": "http://provider.example/jwks"},
    {"authorization_endpoint": "javascript:alert(1)"}, {"end_session_endpoint": "data:text/html,x"},
])
def test_what_a_provider_says_of_itself_is_looked_at(judging, monkeypatch, over):
    said = {"issuer": ISSUER, **{name: f"{ISSUER}/{name}" for name in provider_module.NEEDED}, **over}
    monkeypatch.setattr(judging, "_get", lambda _url: said)
    with pytest.raises(NotSignedIn, match="UNUSABLE"):
        judging.metadata()


# Settings


@pytest.mark.parametrize(("over", "named"), [
    ({"oidc_issuer": "http://127.0.0.1:8080"}, "CONSULT_OIDC_ISSUER"), ({"oidc_client_secret": "secret"}, "CONSULT_OIDC_CLIENT_SECRET"),
])
def test_what_is_unsafe_before_the_public_is_named(over, named):
    PUBLIC.check()
    PUBLIC.refuse_unsafe()
    unsafe = replace(PUBLIC, **over)
    unsafe.check()
    with pytest.raises(ConfigError, match=named):
        unsafe.refuse_unsafe()


@pytest.mark.parametrize(("over", "named"), [
    ({"oidc_issuer": "http://provider.example.org"}, "CONSULT_OIDC_ISSUER"), ({"oidc_issuer": f"{ISSUER}?x=1"}, "CONSULT_OIDC_ISSUER"),
    ({"oidc_second_factor": "mfa"}, "CONSULT_OIDC_SECOND_FACTOR"), ({"oidc_logout": "maybe"}, "CONSULT_OIDC_LOGOUT"),
    ({"oidc_client_secret": ""}, "CONSULT_OIDC_CLIENT_SECRET"), ({"oidc_name_ar": " "}, "CONSULT_OIDC_NAME_AR"),
])
def test_what_is_wrong_or_half_set_is_named_at_the_start(over, named):
    with pytest.raises(ConfigError, match=named):
        replace(PUBLIC, **over).check()
