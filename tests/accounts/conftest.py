"""Forms as browsers send them, letters as people read them."""

import re

import pytest
import sqlalchemy as sa

from consult import create_app
from consult.core.config import Config
from consult.core.db import db, session
from consult.core.mail import OutgoingMail
from tests.conftest import QUICK_PASSWORDS


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
