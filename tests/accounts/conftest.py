"""Forms as browsers send them, letters as people read them."""

import re
from dataclasses import replace

import pytest
import sqlalchemy as sa
import time_machine

from consult import create_app
from consult.core.config import Config
from consult.core.db import db, session
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from tests.accounts.factors import STEP, add_passkey, set_up
from tests.accounts.keys import Key
from tests.conftest import QUICK_PASSWORDS

PASSWORD = "une phrase assez longue, éàü"


@pytest.fixture
def letters(app):
    """(recipient, subject, body) of every letter written, oldest first."""
    return lambda: [(m.recipient, m.subject, m.body) for m in session.scalars(sa.select(OutgoingMail).order_by(OutgoingMail.id))]


@pytest.fixture
def link_in():
    """The path of the first link of a body."""
    return lambda body: re.search(r"http://consult\.test(/\S+)", body).group(1)


@pytest.fixture
def guarded(databases, migrated, tmp_path):
    """An application with its guards up (forgery, attempts) and a database of its own."""
    config = Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="g" * 40,
                    base_url="https://consult.test")
    app = create_app(config, TESTING=True, SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=QUICK_PASSWORDS)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def required(app, monkeypatch):
    """As it is before the public."""
    monkeypatch.setitem(app.extensions, "consult_config", replace(app.extensions["consult_config"], second_factor="required"))


@pytest.fixture
def clock():
    with time_machine.travel(utcnow(), tick=False) as moved:
        yield moved


@pytest.fixture
def authenticator(client, salma, clock):
    """Of Salma, who has one from now on."""
    client.post("/fr/accounts/login", data={"identity": salma.email, "passcode": PASSWORD, "submit": "1"})
    held = set_up(client)
    client.post("/fr/accounts/logout")
    clock.shift(STEP)
    return held


@pytest.fixture
def key(client, salma, clock):
    """Of Salma, who has one from now on."""
    client.post("/fr/accounts/login", data={"identity": salma.email, "passcode": PASSWORD, "submit": "1"})
    made = Key()
    assert add_passkey(client, made).location == "/fr/accounts/second-factor"
    client.post("/fr/accounts/logout")
    clock.shift(STEP)
    return made
