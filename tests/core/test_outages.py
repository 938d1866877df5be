"""What the platform stands on is out of reach: a page says so with what was typed, the log says it once, and it goes on by itself."""

import errno
import logging
import shutil
import subprocess
import sys
import tempfile
import threading

import flask_migrate
import pytest
import sqlalchemy as sa

import consult
from consult import create_app
from consult.contributions.models import Contribution
from consult.core import db as database
from consult.core import jobs, outage, turns
from consult.core.config import Config
from consult.core.db import db, session, unit_of_work
from tests import factories, postgresql
from tests.conftest import app_on
from tests.contributions.browsing import FILLED, address, form_of, text_of
from tests.waiting import PATIENCE, until

HOLD = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def nothing_lasts(caplog):
    outage._lasting.clear()
    caplog.set_level(logging.WARNING)
    yield
    outage._lasting.clear()


def writing(app):
    """(a browser with the form open, its address, its fields)."""
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
        person, at = factories.a_user(), address(block)
    client = app.test_client().sign_in(person)
    values = {**form_of(client.get(at)), **FILLED, "speak_as": "self", "act": "submit"}
    session.rollback()
    return client, at, values


def looks_out_of_reach(answer, words: str = FILLED["body"]) -> None:
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) <= 30
    assert words in text_of(answer)
    assert "<main" in answer.text, "a page like the others"


def said(caplog, part: str) -> int:
    return sum(part in record.getMessage() for record in caplog.records)


def test_a_locked_sqlite(databases, migrated, tmp_path, monkeypatch, caplog):
    """Another programme holds its file."""
    if databases.kind != "sqlite":
        pytest.skip("no file to lock")
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    monkeypatch.setattr(database, "BUSY", 100)
    url = databases.new_database(migrated)
    with app_on(url, tmp_path) as app:
        client, at, values = writing(app)
        holding = subprocess.Popen([sys.executable, "-c", HOLD, url.removeprefix("sqlite:///")],  # noqa: S603 - our own lines
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with holding:
            assert holding.stdout.readline() == b"held\n"
            for _again in range(3):
                looks_out_of_reach(client.post(at, data=values))
            assert client.get(at).status_code == 200, "what is read is read"
            assert client.get("/readyz").status_code == 200
            assert client.get("/healthz").json["database"] == "trouble"
            jobs.tick()
        assert said(caplog, outage.Outage.BUSY.value) == 1
        assert [record for record in caplog.records if record.exc_info] == []
        assert client.post(at, data=values).status_code == 303
        assert client.get("/healthz").json["database"] == "ok"
        assert said(caplog, "over: ") == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(Contribution)) == 1


def test_who_writes_leaves_turns_to_who_reads(databases, migrated, tmp_path, monkeypatch):
    """While another programme holds the file more people write than a process has turns; those beyond are told, with their words."""
    if databases.kind != "sqlite":
        pytest.skip("no file to lock")
    monkeypatch.setattr(consult, "WAITING_WRITERS", 4)
    url, answers = databases.new_database(migrated), []
    with app_on(url, tmp_path) as app:
        client, at, values = writing(app)

        def write() -> None:
            with app.app_context():
                answer = app.test_client().post("/en/accounts/login", data={"email": "a@example.org", "password": "x"})
                answers.append(answer.status_code)
                session.remove()
        many = [threading.Thread(target=write) for _ in range(consult.THREADS + 4)]
        holding = subprocess.Popen([sys.executable, "-c", HOLD, url.removeprefix("sqlite:///")],  # noqa: S603 - our own lines
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        with holding:
            assert holding.stdout.readline() == b"held\n"
            for thread in many:
                thread.start()
            refused = len(many) - consult.WRITERS - consult.WAITING_WRITERS
            until(lambda: len(answers) == refused, "nobody is told that it is not possible now")
            assert client.get(at).status_code == 200
            looks_out_of_reach(client.post(at, data=values))
            assert answers == [503] * refused, "somebody let go of a turn for it"
            holding.stdin.close()
        for thread in many:
            thread.join(PATIENCE)
        assert client.post(at, data=values).status_code == 303
        assert app.wsgi_app.app.turns._value == consult.THREADS
        assert app.wsgi_app.app.writing._value == consult.WRITERS


def test_an_outage_of_the_sign_in_is_over_soon(databases, migrated, tmp_path, monkeypatch):
    """Not when its counted attempts are forgotten."""
    settings = Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="t" * 40)
    app = create_app(settings, TESTING=True, WTF_CSRF_ENABLED=False)

    def locked(*_given, **_values):
        raise sa.exc.TimeoutError
    monkeypatch.setattr("consult.core.web.reading_first", locked)
    monkeypatch.setattr("consult.core.web.unit_of_work", locked)
    for path in ("/en/accounts/login", "/en/accounts/follow-link"):
        answer = app.test_client().post(path, data={"email": "a@example.org", "password": "x"})
        assert (answer.status_code, int(answer.headers["Retry-After"]) <= 30) == (503, True)
    with app.app_context():
        db.engine.dispose()


def test_an_outage_while_a_refusal_is_drawn_is_said(client, monkeypatch):
    def locked(*_given):
        raise outage.TooBusy
    monkeypatch.setattr("consult.core.error_pages.came_from", locked)
    answer = client.post("/en/accounts/nothing", data={"x": "1"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")


def test_what_is_answered_says_nothing_of_again(client):
    assert "Retry-After" not in client.get("/en/accounts/login").headers
    assert "Retry-After" not in client.post("/en/accounts/login", data={"email": "a@example.org", "password": "x"}).headers


def test_a_stopped_postgresql(databases, tmp_path, caplog):
    """Stopped and started, as for a new version of it."""
    if databases.kind != "postgresql":
        pytest.skip("no server to stop")
    folder = tempfile.mkdtemp(prefix="consult-outage-")
    try:
        with postgresql.lasting_server(folder) as server:
            url = server.new_database()
            with app_on(url, tmp_path) as app:
                flask_migrate.upgrade()
                client, at, values = writing(app)
        with app.app_context():
            for _again in range(3):
                looks_out_of_reach(client.post(at, data=values))
                assert client.get("/fr/").status_code == 503
                assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [503, 503]
                jobs.tick()
            assert said(caplog, outage.Outage.DOWN.value) == 1
            assert [record for record in caplog.records if record.exc_info] == []
            with postgresql.lasting_server(folder):
                assert client.post(at, data=values).status_code == 303
                assert client.get("/readyz").status_code == 200
                assert said(caplog, "over: ") == 1
                session.remove()
                db.engine.dispose()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_full_disk(own_app, monkeypatch, caplog):
    """SQLite itself says so, of a file that may not grow; of other files the system does."""
    client, at, values = writing(own_app)
    if db.engine.dialect.name == "sqlite":
        with db.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        monkeypatch.setattr(database, "_sqlite_connect", database._sqlite_connect)
        sa.event.listen(db.engine, "connect", lambda connection, _record: connection.execute(f"PRAGMA max_page_count={pages}"))
        db.engine.dispose()
        answer = client.post(at, data={**values, "body": "Texte long. " * 400})
        looks_out_of_reach(answer, "Texte long.")
        assert "no room left" in answer.text
        assert said(caplog, outage.Outage.FULL.value) == 1

    def no_room(*_given, **_values):
        raise OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr("consult.contributions.views.pages.service.get_seen_block", no_room)
    looks_out_of_reach(client.post(at, data=values))


def test_a_fault_of_ours_stays_one():
    for error in (ValueError(), OSError(errno.ENOENT, "no such file"), sa.exc.ProgrammingError("SELECT", {}, Exception())):
        assert outage.outage_of(error) is None
