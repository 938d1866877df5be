"""One database a process, copied from one a run; each test in a transaction that is rolled back, whatever the code under test commits."""

import itertools
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from hypothesis import settings

from consult import create_app, engine_options
from consult.accounts import service as accounts
from consult.chapters import service as chapters
from consult.consultations.models import Consultation, Role
from consult.core import health, jobs
from consult.core.config import Config
from consult.core.db import db, prepare_engine, session, unit_of_work
from consult.core.i18n import force_locale, utcnow
from consult.core.pages import pages
from tests import factories, postgresql
from tests.counting import queries
from tests.sharing import folder_of_run, made_once, templates

pytest_plugins = ["tests.distribution", "tests.house.rendered", "tests.locking", "tests.kept_counts", "tests.quick", "tests.refusing",
                  "tests.untold"]

# No example has to be quick: the machine may be busy with others.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


class SqliteFiles:
    """Databases that are files of one folder."""

    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count(1)

    def new_database(self, template: str = "") -> str:
        path = self.folder / f"test-{next(self.numbers)}.sqlite"
        if template:
            shutil.copyfile(template.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def databases(tmp_path_factory):
    """Where new databases come from: SQLite files, or with ``CONSULT_TEST_DATABASE=postgresql`` a real server of our own."""
    wanted = os.environ.get("CONSULT_TEST_DATABASE", "sqlite")
    if wanted == "sqlite":
        yield SqliteFiles(tmp_path_factory.mktemp("database"))
    elif wanted == "postgresql":
        with postgresql.server() as server:
            yield server
    else:
        raise pytest.UsageError(f"CONSULT_TEST_DATABASE is sqlite or postgresql, not {wanted}")


def make_app(database_url: str, data_dir, **overrides):
    config = Config(data_dir=str(data_dir), database_url=database_url, secret_key="t" * 40, base_url="http://consult.test")
    usual = {
        "TESTING": True, "WTF_CSRF_ENABLED": False, "MAIL_BACKEND": "locmem", "RATELIMIT_ENABLED": False,
        "SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": QUICK_PASSWORDS,
    }
    app = create_app(config, **{**usual, **overrides})
    app.test_client_class = Client
    app.jinja_env.bytecode_cache = templates
    return app


# A page kept ready is asked for its age at each request: tests change the text and look at once.
pages.fresh = 0
# Passwords are hashed in no time: what slows a thief down would slow every test of an account.
CHEAP = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
accounts.PasswordHasher = partial(PasswordHasher, **CHEAP)
QUICK_PASSWORDS = {f"argon2__{name}": cost for name, cost in CHEAP.items()}


@pytest.fixture(scope="session")
def migrated(databases, tmp_path_factory) -> str:
    """A database with all tables and no row, to be copied: made once for all processes of the run."""
    def make() -> str:
        url = databases.new_database()
        with make_app(url, tmp_path_factory.mktemp("data")).app_context():
            flask_migrate.upgrade()
            let_go()
        return url
    return made_once(folder_of_run(tmp_path_factory), "migrated", make)


@pytest.fixture(scope="session")
def with_chapter(databases, migrated, tmp_path_factory) -> str:
    """The same with an open consultation and its first chapter, which most tests need: to be copied, and made once like it."""
    def make() -> str:
        url = databases.new_database(migrated)
        with make_app(url, tmp_path_factory.mktemp("data")).app_context(), force_locale("en"):
            with jobs.muted(), unit_of_work():  # what a publication promises would wait for a worker that never comes
                factories.a_chapter(factories.a_consultation(slug="consultation"), number=1)
            let_go()
        return url
    return made_once(folder_of_run(tmp_path_factory), "with-chapter", make)


@pytest.fixture(scope="session")
def app(databases, migrated, tmp_path_factory):
    app = make_app(databases.new_database(migrated), tmp_path_factory.mktemp("data"))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def engine_with_chapter(app, databases, with_chapter):
    url = databases.new_database(with_chapter)
    engine = sa.create_engine(url, **engine_options(url))
    prepare_engine(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def demonstration(databases, tmp_path_factory) -> str:
    """The database that `consult demo` makes, to be copied."""
    return demonstration_in(databases, tmp_path_factory)


def demonstration_in(databases, tmp_path_factory) -> str:
    """Made once for all processes of the run on each kind of database."""
    def make() -> str:
        url = databases.new_database()
        ours = {"CONSULT_DATABASE_URL": url, "CONSULT_DATA_DIR": str(tmp_path_factory.mktemp("data"))}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSULT_")}
        subprocess.run([sys.executable, "-m", "consult", "demo"], env={**kept, **ours}, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        return url
    return made_once(folder_of_run(tmp_path_factory), f"demonstration-{databases.kind}", make)


def let_go() -> None:
    """Close what the present application holds of its database, so that it can be copied or read by others."""
    session.remove()
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()


@contextmanager
def app_on(database_url: str, data_dir: Path):
    app = make_app(database_url, data_dir)
    pages.clear()
    with app.app_context():
        yield app
        session.remove()
        db.engine.dispose()


@pytest.fixture
def own_app(databases, migrated, tmp_path):
    """An application on a database of its own where commits are real: for threads, processes, the queue and the journal."""
    with app_on(databases.new_database(migrated), tmp_path / "data") as app:
        yield app


@pytest.fixture(autouse=True)
def just_started(monkeypatch):
    """No worker runs beside the tests, and whoever watches a platform is told after a minute."""
    monkeypatch.setattr(health, "STARTED", utcnow())


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
        connection = (request.getfixturevalue("engine_with_chapter") if "chapter" in request.fixturenames else engine).connect()
        transaction = connection.begin()
        db.engines[None] = connection
        try:
            # What services say outside of any request is said in the language of the code, whatever the catalogues hold.
            with force_locale("en"), request.getfixturevalue("counts_watched"):
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
        kwargs.setdefault("buffered", True)  # read and closed at once, as a server does: who reads the page later holds up nobody
        with self.application.app_context():
            response = super().open(*args, **kwargs)
        session.expire_all()
        return response

    def sign_in(self, user) -> "Client":
        """As this user from now on; signing in by form is tested where it belongs."""
        session.flush()
        token = accounts.open_session(user)
        proof = accounts.prove_session(user, token)
        session.commit()
        with self.session_transaction() as cookies:
            cookies["_user_id"], cookies["_fresh"], cookies["proof"] = token, True, proof
        return self


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def consultation(request, app):
    """An open consultation with two commissions; its chapter stands in the database already where a test asks for one."""
    return session.scalars(sa.select(Consultation)).one() if "chapter" in request.fixturenames else factories.a_consultation()


@pytest.fixture
def chapter(consultation):
    """In French and in Arabic, with a few blocks of each kind."""
    return chapters.get_chapter(consultation, 1)


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


@pytest.fixture
def count_queries(app):
    """How many statements a call sends."""
    def count(call) -> int:
        with queries() as sent:
            call()
        return len(sent)
    return count
