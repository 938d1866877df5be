"""A key that decodes to the same however it is written opens nothing that it does not open as it was given, and nothing twice."""

import pytest

from consult.accounts import service
from consult.core import refused
from consult.core.db import session
from tests import factories
from tests.accounts.test_known_browsers import written_otherwise
from tests.accounts.test_views import PASSWORD, is_signed_in, register, sign_in

OTHER = "encore une phrase assez longue"


@pytest.fixture
def salma(consultation):
    return factories.a_user(email="salma@example.org", password=service.hash_password(PASSWORD))


def variants(value: str) -> list[str]:
    return [value, *(other for n in (1, 2, 3) for other in written_otherwise(value, n)), value.upper(), f"{value}%00", f" {value}"]


@pytest.mark.parametrize("name", ["consult", "remember_token"])
def test_a_session_that_is_over_is_over_however_its_cookies_are_written(app, salma, name):
    owner = app.test_client()
    sign_in(owner, remember="y")
    value = owner.get_cookie(name).value

    def is_open(written: str) -> bool:
        return app.test_client(use_cookies=False).get("/fr/accounts/profile", headers={"Cookie": f"{name}={written}"}).status_code == 200
    assert is_open(value)
    if name == "remember_token":
        assert [written for written in variants(value)[1:] if written.strip(' "') != value and is_open(written)] == []
    owner.post("/fr/accounts/logout")
    assert [written for written in variants(value) if is_open(written)] == []


def test_a_link_to_choose_a_password_serves_once(app, client, salma, letters, link_in):
    client.post("/fr/accounts/reset", data={"email": salma.email})
    path, _mark, query = link_in(letters()[0][2]).partition("?")
    start, _slash, token = path.rpartition("/")
    client.post(path, data={"password": OTHER, "password_confirm": OTHER})
    kept = session.get_one(service.User, salma.id).password
    for written in variants(token):
        app.test_client().post(f"{start}/{written}?{query}", data={"password": PASSWORD + "!", "password_confirm": PASSWORD + "!"})
    assert session.get_one(service.User, salma.id).password == kept


def test_a_link_to_confirm_serves_once(app, client, consultation, letters, link_in):
    register(client)
    path, _mark, query = link_in(letters()[0][2]).partition("?")
    start, _slash, token = path.rpartition("/")
    assert client.post(path, data={"name": "Nora Tazi"}).status_code == 303
    assert is_signed_in(client)
    for written in variants(token):
        thief = app.test_client()
        thief.post(f"{start}/{written}?{query}", data={"name": "Quelqu’un d’autre"})
        assert not is_signed_in(thief)
    assert service.get_user_by_email("nora@example.org").name == "Nora Tazi"


def test_a_form_that_is_kept_is_found_by_its_own_token_alone(client, consultation, monkeypatch):
    given = []
    keep = refused.keep
    monkeypatch.setattr(refused, "keep", lambda *said: given.append(keep(*said)) or given[-1])
    client.post("/fr/organisations/add", data={"name_fr": "Des mots"})
    token = given[0].token
    assert client.get(f"/fr/kept/{token}").status_code == 200
    assert {client.get(f"/fr/kept/{written}").status_code for written in variants(token)[1:] if written.strip() != token} == {404}
