"""Signing in by an OpenID provider: a real one runs beside these tests."""

import json
import re

import pytest
import sqlalchemy as sa
from authlib.integrations.requests_client import OAuth2Session

from consult.accounts import service
from consult.accounts.models import ProviderIdentity, User, UserSession
from consult.core.audit import AuditEvent
from consult.core.db import session
from tests import factories
from tests.accounts.factors import second
from tests.accounts.provider import TWICE, come_back, go, onwards, running, say, used_by
from tests.accounts.test_views import is_signed_in, salma, sign_in
from tests.letters import letters_to
from tests.own_data import own_data

__all__ = ["salma"]


@pytest.fixture(scope="module")
def server():
    with running() as running_server:
        yield running_server


@pytest.fixture
def provider(app, consultation, server, monkeypatch):
    server.told()
    return used_by(app, monkeypatch, **server.settings())


def identities() -> list[tuple[int, str]]:
    return [(one.user_id, one.subject) for one in session.scalars(sa.select(ProviderIdentity))]


def bound(user: User, server, subject: str) -> None:
    session.add(ProviderIdentity(user_id=user.id, issuer=server.issuer, subject=subject, bound_at=user.created_at, used_at=user.created_at))
    session.flush()


def acts() -> list[str]:
    return [event.action for event in session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id))]


# Whose account it is


def test_a_new_address_gets_an_account_as_its_owner_names_it(client, provider, server):
    server.knows("amina", email="Amina@Example.org", email_verified=True, name="Amina B.")
    answer = come_back(client, "amina")
    assert (answer.status_code, answer.location) == (303, "/fr/accounts/register-by-provider")
    page = client.get(answer.location)
    assert "09-08" in page.text
    assert 'value="Amina B."' in page.text
    assert identities() == []
    assert client.post(answer.location, data={"name": "", "language": "ar"}).status_code == 422
    assert client.post(answer.location, data={"name": "Amina Berrada", "language": "ar"}).location == "/fr/accounts/arrive"
    user = session.scalars(sa.select(User).where(User.email == "amina@example.org")).one()
    assert (user.name, user.language, bool(user.confirmed_at), user.password) == ("Amina Berrada", "ar", True, None)
    assert user.is_name_public is False
    assert identities() == [(user.id, "amina")]
    assert is_signed_in(client)
    assert acts()[-1] == "accounts.register_by_provider"
    [letter] = letters_to(user)
    assert "هوية مثال" in letter.body
    assert client.get("/fr/accounts/register-by-provider").location == "/fr/accounts/login", "it has served"


def test_who_is_bound_signs_in_whatever_their_address_is_there_now(client, provider, server, salma):
    bound(salma, server, "s-1")
    server.knows("s-1", email="another@example.org", email_verified=False)
    assert come_back(client, "s-1", "ar").location == "/ar/accounts/arrive"
    assert is_signed_in(client)
    assert session.scalars(sa.select(User)).all() == [salma]


def test_the_address_alone_opens_no_account_that_there_is(client, provider, server, salma):
    server.knows("s-2", email=salma.email, email_verified=True, name="Salma")
    answer = come_back(client, "s-2")
    assert answer.location == "/fr/accounts/login?next=/fr/accounts/bind-identity"
    assert not is_signed_in(client)
    assert salma.email in client.get(answer.location).text
    assert client.post("/fr/accounts/register-by-provider", data={"name": "Salma", "language": "fr"}).status_code in (409, 422)
    assert identities() == []
    sign_in(client, next="/fr/accounts/bind-identity")
    page = client.get("/fr/accounts/bind-identity")
    assert "Identité Exemple" in page.text
    assert identities() == [], "looking binds nothing"
    session.add(UserSession(user_id=salma.id, token_hash="x" * 64, opened_at=salma.created_at, seen_at=salma.created_at))
    assert client.post("/fr/accounts/bind-identity").location == "/fr/accounts/profile"
    assert identities() == [(salma.id, "s-2")]
    assert session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1, "every other session is over"
    assert acts()[-1] == "accounts.bind_identity"
    assert "هوية مثال" in letters_to(salma)[-1].body
    client.post("/fr/accounts/logout")
    assert come_back(client, "s-2").location == "/fr/accounts/arrive"


def test_an_account_that_nobody_confirmed_is_its_verified_owners(client, app, provider, server):
    app.test_client().post("/fr/accounts/register", data={
        "name": "Mallory", "email": "amina2@example.org", "language": "fr", "password": "une phrase de Mallory"})
    server.knows("amina2", email="amina2@example.org", email_verified=True, name="Amina")
    there = come_back(client, "amina2").location
    assert client.post(there, data={"name": "Amina", "language": "fr"}).location == "/fr/accounts/arrive"
    user = service.get_user_by_email("amina2@example.org")
    assert (user.name, user.password) == ("Amina", None)
    link = re.search(r"http://consult\.test(/\S+)", letters_to(user)[0].body)[1]
    app.test_client().post(link, data={"name": "Mallory", "language": "fr"})
    assert (session.get(User, user.id).name, session.get(User, user.id).password) == ("Amina", None), "the former link confirms nothing"


def test_somebody_else_who_signs_in_meanwhile_is_bound_to_nothing(client, provider, server, salma):
    factories.a_user(email="karim@example.org", password=service.hash_password("une phrase à Karim"), confirmed_at=salma.created_at)
    server.knows("s-3", email=salma.email, email_verified=True)
    come_back(client, "s-3")
    sign_in(client, "karim@example.org", "une phrase à Karim")
    assert "Lier mon compte" not in client.get("/fr/accounts/bind-identity").text
    assert client.post("/fr/accounts/bind-identity").location == "/fr/accounts/leave-for-provider"
    assert identities() == []


def test_one_binds_any_identity_of_ones_own_from_ones_profile(client, provider, server, salma):
    sign_in(client)
    assert "/fr/accounts/bind-identity" in client.get("/fr/accounts/profile").text
    leave = client.post("/fr/accounts/bind-identity").location
    server.knows("work", email="salma@work.example", email_verified=False, name="Salma, at work")
    assert client.get(say(onwards(client.get(leave)), "work")).location == "/fr/accounts/bind-identity"
    assert "Salma, at work" in client.get("/fr/accounts/bind-identity").text
    client.post("/fr/accounts/bind-identity")
    assert identities() == [(salma.id, "work")]
    page = client.get("/fr/accounts/profile")
    assert "Identité Exemple" in page.text
    number = session.scalar(sa.select(ProviderIdentity.id))
    assert "work" in json.dumps(own_data(client))
    assert client.get(f"/fr/accounts/unbind-identity/{number}").status_code == 200
    assert identities()
    assert client.post(f"/fr/accounts/unbind-identity/{number}").location == "/fr/accounts/profile"
    assert identities() == []
    assert acts()[-1] == "accounts.unbind_identity"
    assert is_signed_in(client)


def test_anothers_identity_is_neither_bound_twice_nor_taken_away(client, provider, server, salma):
    karim = factories.a_user(email="karim@example.org")
    bound(karim, server, "k-1")
    sign_in(client)
    number = session.scalar(sa.select(ProviderIdentity.id))
    assert client.post(f"/fr/accounts/unbind-identity/{number}").status_code == 404
    leave = client.post("/fr/accounts/bind-identity").location
    server.knows("k-1", email="karim@example.org", email_verified=True)
    client.get(say(onwards(client.get(leave)), "k-1"))
    assert client.post("/fr/accounts/bind-identity").status_code == 409
    assert identities() == [(karim.id, "k-1")]


def test_a_person_who_is_forgotten_is_forgotten_here_too(client, provider, server, salma):
    bound(salma, server, "s-4")
    client.sign_in(salma)
    client.post("/fr/privacy/forget", data={"is_sure": "y"})
    assert identities() == []


# Second factors


def test_the_second_factor_is_asked_for_after_the_provider(client, provider, server, salma, authenticator):
    bound(salma, server, "s-5")
    server.knows("s-5")
    assert come_back(client, "s-5").location.startswith("/fr/accounts/tf-validate")
    assert not is_signed_in(client)
    assert second(client, authenticator.generate().token).status_code == 302
    assert is_signed_in(client)


def test_the_providers_own_factor_stands_for_ours_where_the_settings_say_so(
    client, app, provider, server, salma, authenticator, monkeypatch,
):
    bound(salma, server, "s-6")
    server.knows("s-6")
    used_by(app, monkeypatch, **server.settings(oidc_second_factor=f"acr:{TWICE}"))
    assert f"acr_values={TWICE.replace(':', '%3A')}" in go(client)
    assert come_back(client, "s-6").location == "/fr/accounts/arrive"
    assert is_signed_in(client)
    used_by(app, monkeypatch, **server.settings(oidc_second_factor="amr:hwk"))
    client.post("/fr/accounts/logout")
    assert come_back(client, "s-6").location.startswith("/fr/accounts/tf-validate"), "it proved something else"


@pytest.mark.parametrize("proof", ["", f"acr:{TWICE}"])
def test_those_in_charge_act_with_the_providers_factor_in_that_session_alone(
    client, app, provider, server, required, secretary, proof, monkeypatch,
):
    used_by(app, monkeypatch, **server.settings(oidc_second_factor=proof))
    bound(secretary, server, "boss")
    server.knows("boss", roles=["administrator"])
    come_back(client, "boss")
    page = client.get("/fr/consultations/dashboard")
    assert (page.status_code == 200) == bool(proof)
    other = app.test_client().sign_in(secretary)
    assert other.get("/fr/consultations/dashboard").status_code == 403, "another session of theirs proved nothing"


def test_no_claim_gives_a_role(client, provider, server, salma):
    bound(salma, server, "s-7")
    server.knows("s-7", roles=["administrator", "secretariat"], groups=["secretariat"])
    come_back(client, "s-7")
    assert client.get("/fr/consultations/dashboard").status_code == 403
    assert session.get(User, salma.id).appointments == []


def test_no_token_of_the_provider_is_kept_or_reaches_the_browser(client, provider, server, salma, monkeypatch):
    given, ask = [], OAuth2Session.fetch_token
    monkeypatch.setattr(OAuth2Session, "fetch_token", lambda *said, **named: given.append(ask(*said, **named)) or given[-1])
    bound(salma, server, "s-10")
    server.knows("s-10")
    page = come_back(client, "s-10")
    with client.session_transaction() as cookies:
        told = f"{dict(cookies)}{page.headers}{page.text}"
    assert given[0]["access_token"]
    assert not any(given[0][name] in told for name in ("access_token", "id_token"))


# Leaving


@pytest.mark.parametrize("leaves", ["yes", "no"])
def test_whoever_signs_out_here_may_sign_out_there(client, app, provider, server, salma, leaves, monkeypatch):
    used_by(app, monkeypatch, **server.settings(oidc_logout=leaves))
    bound(salma, server, "s-8")
    server.knows("s-8")
    come_back(client, "s-8")
    answer = client.post("/fr/accounts/logout")
    assert not is_signed_in(client)
    assert (answer.location == "/fr/accounts/signed-out") == (leaves == "yes")
    if leaves == "yes":
        address = onwards(client.get(answer.location))
        assert address.startswith(f"{server.issuer}/session?client_id=consult&post_logout_redirect_uri=http")


def test_an_account_that_is_closed_stays_closed(client, provider, server, salma):
    bound(salma, server, "s-9")
    salma.active = False
    session.flush()
    assert come_back(client, "s-9").status_code == 403
    assert not is_signed_in(client)


def test_without_the_setting_there_is_no_such_door(client, consultation):
    assert "go-to-provider" not in client.get("/fr/accounts/login").text
    assert client.post("/fr/accounts/go-to-provider").status_code == 404
    assert client.get("/fr/accounts/come-back?code=x&state=y").status_code == 404
    assert service.get_user_of_identity("", "") is None
