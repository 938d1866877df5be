"""One database a run; each test in a transaction that is rolled back, whatever the code under test commits."""

import os

import flask_migrate
import pytest
from flask.testing import FlaskClient

from consult import create_app
from consult.consultations.models import Role
from consult.core.config import Config
from consult.core.db import db, session
from consult.core.pages import pages
from tests import factories


@pytest.fixture(scope="session")
def database_url(tmp_path_factory):
    """SQLite, or with ``CONSULT_TEST_DATABASE=postgresql`` a real PostgreSQL server of our own."""
    wanted = os.environ.get("CONSULT_TEST_DATABASE", "sqlite")
    folder = tmp_path_factory.mktemp("database")
    if wanted == "sqlite":
        yield f"sqlite:///{folder / 'test.sqlite'}"
    elif wanted == "postgresql":
        from tests.postgresql import server

        with server(folder) as url:
            yield url
    else:
        yield wanted


@pytest.fixture(scope="session")
def app(database_url, tmp_path_factory):
    config = Config(
        data_dir=str(tmp_path_factory.mktemp("data")), database_url=database_url, secret_key="t" * 40, base_url="http://consult.test",
    )
    app = create_app(config, TESTING=True, WTF_CSRF_ENABLED=False, MAIL_BACKEND="locmem", RATELIMIT_ENABLED=False)
    app.test_client_class = Client
    with app.app_context():
        flask_migrate.upgrade()
    return app


@pytest.fixture(autouse=True)
def rolled_back(request):
    """The outer transaction of one test; tests that run their own server (`browser`, `own_database`) stay out of it."""
    if "app" not in request.fixturenames and not {"client", "consultation"} & set(request.fixturenames):
        yield
        return
    app = request.getfixturevalue("app")
    pages.clear()
    with app.app_context():
        engine = db.engines[None]
        connection = engine.connect()
        transaction = connection.begin()
        db.engines[None] = connection
        try:
            yield
        finally:
            session.remove()
            transaction.rollback()
            connection.close()
            db.engines[None] = engine
            app.extensions["mailman"].__dict__.pop("outbox", None)


class Client(FlaskClient):
    """A browser for tests: each request in an application context of its own, as on a server."""

    def open(self, *args, **kwargs):
        session.flush()
        session.commit()
        with self.application.app_context():
            response = super().open(*args, **kwargs)
        session.expire_all()
        return response

    def sign_in(self, user) -> "Client":
        """As this user from now on; signing in by form is tested where it belongs."""
        session.flush()
        with self.session_transaction() as cookies:
            cookies["_user_id"] = user.fs_uniquifier
            cookies["_fresh"] = True
        return self


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def consultation(app):
    """An open consultation with two commissions and two chapters of a few blocks, and noise beside it."""
    return factories.a_consultation()


@pytest.fixture
def chapter(consultation):
    return factories.a_chapter(consultation, number=1)


@pytest.fixture
def block(chapter):
    """An action of the first chapter."""
    return factories.block_of(chapter, "C1-A1-P1-a1")


@pytest.fixture
def participant(app):
    return factories.a_user(organisation=factories.an_organisation())


@pytest.fixture
def citizen(app):
    return factories.a_user()


@pytest.fixture
def rapporteur(chapter):
    return factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)


@pytest.fixture
def chair(chapter):
    return factories.a_user(role=Role.CHAIR, commission=chapter.commission)


@pytest.fixture
def secretary(consultation):
    return factories.a_user(role=Role.SECRETARIAT)


@pytest.fixture
def contribution(block, participant):
    """Lodged by ``participant`` on ``block``, waiting for moderation; another one on another block is there as noise."""
    factories.a_contribution(block=factories.block_of(block.chapter, "C1-A1-P1-a2"))
    return factories.a_contribution(block=block, author=participant)


@pytest.fixture
def outbox(app):
    """Mails sent during the test."""
    from flask_mailman import EmailMessage  # noqa: F401 - the box exists once the backend has been used

    return lambda: getattr(app.extensions["mailman"], "outbox", [])
