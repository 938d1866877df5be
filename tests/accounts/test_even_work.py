"""Whether there is an account, and which one it is, changes nothing of the work of an answer: as many passwords are hashed, as many letters
prepared.
"""

from collections import Counter

import pytest
import sqlalchemy as sa

from consult.accounts import service
from consult.core import mail
from consult.core.db import session
from consult.core.mail import OutgoingMail
from tests import factories
from tests.accounts.test_views import PASSWORD, register, sign_in

PEOPLE = {
    "confirmed": {"password": True}, "without-password": {}, "unconfirmed": {"confirmed_at": None},
    "unconfirmed-with-password": {"confirmed_at": None, "password": True}, "closed": {"active": False},
    "closed-with-password": {"active": False, "password": True},
}


def asked_at(path: str, field: str = "email", **more):
    return lambda browser, email: browser.post(f"/fr/accounts/{path}", data={field: email, **more})


# What is asked → (passwords hashed, letters prepared).
DOORS = {
    "login": (lambda browser, email: sign_in(browser, email, "not this one"), (1, 0)),
    "login-without-a-password": (lambda browser, email: sign_in(browser, email, ""), (0, 0)),
    "us-signin": (asked_at("us-signin", "identity", passcode="not this one", submit="1"), (1, 0)),
    "us-signin-without-a-password": (asked_at("us-signin", "identity"), (0, 0)),
    "link": (asked_at("us-signin/send-code", "identity", submit_send_code="1"), (0, 1)),
    "link-beside-a-password": (asked_at("us-signin/send-code", "identity", submit_send_code="1", passcode="not this one"), (0, 1)),
    "reset": (asked_at("reset"), (1, 1)),
    "confirm": (asked_at("confirm"), (0, 1)),
    "register": (lambda browser, email: register(browser, email=email), (1, 1)),
    "register-with-a-password": (lambda browser, email: register(browser, email=email, password=PASSWORD), (2, 1)),
    "register-wrongly": (lambda browser, email: register(browser, email=email, password="court"), (0, 0)),
}


@pytest.fixture
def people(consultation):
    for name, so in PEOPLE.items():
        password = service.hash_password(PASSWORD) if so.get("password") else None
        factories.a_user(email=f"{name}@example.org", **{**so, "password": password})


@pytest.fixture
def work(app, monkeypatch):
    """How often a password was hashed or compared, and a letter worded."""
    done, context, worded = Counter(), app.extensions["security"].pwd_context, mail.worded

    def counted(name, function):
        def count(*args, **values):
            done[name] += 1
            return function(*args, **values)
        return count
    for name in ("hash", "verify"):
        monkeypatch.setattr(context, name, counted("hashes", getattr(context, name)))
    monkeypatch.setattr(mail, "worded", counted("letters", worded))
    return done


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("door", DOORS)
def test_the_work_is_the_same(app, work, door):
    ask, expected = DOORS[door]
    told = {}
    for name in (*PEOPLE, "nobody"):
        work.clear()
        ask(app.test_client(), f"{name}@example.org")
        told[name] = work["hashes"], work["letters"]
    assert told == dict.fromkeys(told, expected)


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("door", ["link", "reset", "confirm"])
@pytest.mark.parametrize("name", ["closed", "nobody"])
def test_what_is_prepared_for_nobody_is_sent_to_nobody(app, door, name):
    accounts = session.scalar(sa.select(sa.func.count()).select_from(service.User))
    DOORS[door][0](app.test_client(), f"{name}@example.org")
    assert session.scalars(sa.select(OutgoingMail)).all() == []
    assert session.scalar(sa.select(sa.func.count()).select_from(service.User)) == accounts


def test_every_door_of_an_address_is_even_in_time_too(app):
    even = app.extensions["consult_even"]
    doors = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.rpartition("/accounts/")[2] in (
        "login", "us-signin", "us-signin/send-code", "reset", "confirm", "register")}
    assert doors == even


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("door", "made"), [("link", "secrets"), ("reset", "keys"), ("confirm", "keys")])
def test_so_is_that_of_the_keys_of_a_letter_also_when_it_is_asked_for_again(app, monkeypatch, door, made):
    """A code and the digest in a key are made slowly as well."""
    security, done = app.extensions["security"], Counter()

    def counted(name, function):
        def count(*args, **values):
            done[name] += 1
            return function(*args, **values)
        return count
    monkeypatch.setattr(security.totp_factory, "generate_totp_secret", counted("secrets", security.totp_factory.generate_totp_secret))
    monkeypatch.setattr(security.hashing_context, "hash", counted("keys", security.hashing_context.hash))
    told = {}
    for name in ("confirmed", "without-password", "unconfirmed", "nobody"):
        for time in range(2):
            done.clear()
            DOORS[door][0](app.test_client(), f"{name}@example.org")
            told[name, time] = done[made]
    assert told == dict.fromkeys(told, 1)
