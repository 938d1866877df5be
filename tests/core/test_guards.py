"""Signing in, in vain or not, what is refused and whoever is too fast are lines of the log: the same person throughout, named by nobody."""

import json

import pytest
from werkzeug.exceptions import TooManyRequests

from consult.accounts.service import hash_password
from consult.core import logs
from tests import factories
from tests.core.test_logs import SAID, logged, names_nobody

ADDRESS, PASSWORD = "plantee.9731@example.org", "une longue phrase 9731"


def lines(text: str) -> list[dict]:
    return [line for line in map(json.loads, text.splitlines()) if line["logger"] == "consult.security"]


@pytest.fixture
def salma(app):
    return factories.a_user(email=ADDRESS, name="Planté-9731", password=hash_password(PASSWORD))


def test_signing_in_and_failing_to(client, salma):
    with logged("json") as said:
        for password in ("wrong 9731", PASSWORD):
            client.post("/fr/accounts/login", data={"identity": ADDRESS.title(), "passcode": password, "submit": "1"})
        client.post("/fr/accounts/follow-link?id=autre.9731@example.org&token=9731")
    first, second, third = lines(said())
    assert [line["event"] for line in (first, second, third)] == ["sign-in failed", "signed in", "sign-in failed"]
    assert first["who"] == second["who"] != third["who"]
    assert first["network"] == third["network"] != ""
    assert [line["page"] for line in (first, second, third)] == ["security.login", "security.login", "accounts.follow_link"]
    assert names_nobody(said())


@pytest.mark.parametrize("form", logs.FORMATS)
def test_what_is_refused(client, salma, form, monkeypatch, app):
    client.sign_in(salma)
    with logged(form) as said:
        assert client.post("/fr/accounts/profile", json={"name": "9731"}).status_code == 415
        monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
        assert client.post("/fr/consultations/close", data={"csrf_token": "9731"}).status_code == 400

        def too_fast(*_given):
            raise TooManyRequests
        monkeypatch.setitem(app.view_functions, "organisations.mine", too_fast)
        assert client.get("/fr/organisations/mine").status_code == 429
    for event in ("refused: no form", "refused: not understood", "refused: too many"):
        assert event in said()
    assert names_nobody(said())


def test_no_permission(client, salma, consultation):
    client.sign_in(salma)
    with logged("json") as said:
        assert client.get("/fr/consultations/dashboard").status_code == 403
    (line,) = lines(said())
    assert (line["event"], line["page"], line["method"]) == ("refused: not allowed", "consultations.dashboard", "GET")
    assert len(line["who"]) == 16


def test_nobody_is_found_by_trying_whom_without_the_key():
    assert logs.whose("a" * 40, ADDRESS) == logs.whose("a" * 40, ADDRESS) != logs.whose("b" * 40, ADDRESS)
    assert logs.whose("a" * 40, "") == ""


@pytest.mark.parametrize("form", logs.FORMATS)
@pytest.mark.parametrize("sign", ["\n", "\r", "\r\n", "\x0b", "\x1b[2K", "\x85", "\u2028", "\u202e", "\x00", "\x7f"])
def test_nobody_begins_a_line(form, sign):
    """In a message, and in what an error says."""
    forged = f"x{sign}2026-11-29 INFO consult.security signed in"
    with logged(form) as said:
        SAID.warning("a name: %s", forged)
        try:
            raise ValueError(forged)
        except ValueError:
            SAID.exception("in vain")
    assert sign not in said().rstrip("\n") if form == "text" and sign != "\n" else True
    assert [line for line in said().splitlines() if line.startswith("2026-11-29")] == []
    assert sum(line.startswith(("WARNING", "ERROR", "{")) for line in said().splitlines()) == 2
