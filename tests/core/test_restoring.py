"""The drill: saved while people lodge, restored on the other kind of database and back again, verified, compared."""

import json
import shutil
import tempfile
import threading
import uuid

import pytest
import sqlalchemy as sa
import time_machine

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.consultations import service as consultations
from consult.contributions.models import Contribution, Receipt
from consult.core import audit, backup, moving
from consult.core.config import Config
from consult.core.db import reading, session, unit_of_work
from consult.core.verification import verify_database
from consult.exports import service as exports
from tests import postgresql
from tests.conftest import SqliteFiles, app_on
from tests.contributions.test_service import lodge
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.postgres
WRITERS, SECRET = 4, "t" * 40


@pytest.fixture(scope="module")
def others(databases, tmp_path_factory):
    """Databases of the other kind."""
    if databases.kind == "postgresql":
        yield SqliteFiles(tmp_path_factory.mktemp("other"))
    else:
        folder = tempfile.mkdtemp(prefix="consult-restoring-")
        try:
            with postgresql.lasting_server(folder) as server:
                yield server
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class Lodging:
    """People who lodge until told to stop; what each was told is kept."""

    def __init__(self, app) -> None:
        self.app, self.told, self.over = app, [], threading.Event()
        with reading():
            self.block = session.scalars(sa.select(Block.id).where(Block.key == "C1-A1-P1-a1").order_by(Block.id.desc())).first()
            people = session.scalars(sa.select(User.id).order_by(User.id).limit(WRITERS)).all()
        self.threads = [threading.Thread(target=self.lodge, args=(person,)) for person in people]

    def lodge(self, person: int) -> None:
        with self.app.app_context():
            while not self.over.is_set():
                form = uuid.uuid4().hex
                with unit_of_work():
                    said = lodge(session.get_one(User, person), session.get_one(Block, self.block), form, body=f"Texte {form}.").ref
                self.told.append(said)
            session.remove()

    def __enter__(self) -> "Lodging":
        for thread in self.threads:
            thread.start()
        until(lambda: len(self.told) > WRITERS, "nobody lodges")
        return self

    def __exit__(self, *_exception) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)


def all_rows(config: Config) -> dict[str, list]:
    """Each with its JSON read, whose spaces and order are the engine's own."""
    with moving.reading_all(config.database) as connection:
        return {table.name: [[json.loads(value) if form is moving.Form.JSON and value else value
                              for value, form in zip(json.loads(row), table.forms, strict=True)]
                             for row in moving.rows_of(connection, table)] for table in moving.tables_of(connection)}


def all_exports(config: Config, folder) -> dict[str, bytes]:
    with app_on(config.database, config.folder), reading(), time_machine.travel("2027-03-01", tick=False):
        consultation, found = consultations.get_current(), {}
        for name in ("contributions.csv", "contributions.xlsx", "open-data", "synthesis.md", "synthesis.docx"):
            (folder / name).mkdir(parents=True)
            exports.export_to(consultation, name, folder / name if "." not in name else folder / name / "file")
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
        return found


def is_whole(config: Config) -> bool:
    with app_on(config.database, config.folder):
        return verify_database() == []


def config_on(database: str, tmp_path, name: str) -> Config:
    return Config(data_dir=str(tmp_path / name), database_url=database, secret_key=SECRET)


def test_saved_under_load_and_restored_on_the_other_database_and_back(demonstration, databases, others, tmp_path):
    first = config_on(databases.new_database(demonstration), tmp_path, "first")
    second, third = config_on(others.new_database(), tmp_path, "second"), config_on(databases.new_database(), tmp_path, "third")
    with app_on(first.database, first.folder) as app, Lodging(app) as lodging:
        acknowledged = list(lodging.told)
        backup.back_up(first, tmp_path / "one")
        assert len(lodging.told) > len(acknowledged), "nobody lodged meanwhile"
    backup.restore(second, tmp_path / "one")
    backup.restore(third, backup.back_up(second, tmp_path / "two"))
    assert [is_whole(config) for config in (first, second, third)] == [True] * 3
    on_other, back = all_rows(second), all_rows(third)
    assert on_other.keys() == back.keys()
    assert [name for name, rows in on_other.items() if rows != back[name]] == []
    with app_on(second.database, second.folder) as app:
        refs = set(session.scalars(sa.select(Contribution.ref)))
        assert set(acknowledged) <= refs
        assert session.scalar(sa.select(sa.func.count()).select_from(Receipt)) == len(refs)
        session.rollback()
        with Lodging(app) as lodging:  # numbers go on behind those that were given
            pass
        assert not refs.intersection(lodging.told)
        with unit_of_work():
            audit.seal()
        assert verify_database() == []
    assert all_exports(third, tmp_path / "exports-3") == all_exports(restored_again(tmp_path, others), tmp_path / "exports-2")


def restored_again(tmp_path, others) -> Config:
    config = config_on(others.new_database(), tmp_path, "fourth")
    backup.restore(config, tmp_path / "two")
    return config


def test_numbers_that_were_given_are_not_given_again(migrated, databases, tmp_path):
    """Though their rows be gone: the journal knows them."""
    if databases.kind != "postgresql":
        pytest.skip("SQLite goes on behind the last row that there is")
    first = config_on(databases.new_database(migrated), tmp_path, "first")
    second = config_on(databases.new_database(), tmp_path, "second")
    with sa.create_engine(first.database, poolclass=sa.NullPool).begin() as connection:
        connection.exec_driver_sql("SELECT setval(pg_get_serial_sequence('contribution', 'id'), 4711)")
    backup.restore(second, backup.back_up(first, tmp_path / "all"))
    with sa.create_engine(second.database, poolclass=sa.NullPool).begin() as connection:
        assert connection.exec_driver_sql("SELECT nextval(pg_get_serial_sequence('contribution', 'id'))").scalar() == 4712
