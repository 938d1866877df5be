"""What is no whole backup of ours is refused in words, and neither a failed backup nor a refused restore leaves anything behind."""

import gzip
import io
import json
import os
import sqlite3
import tarfile
from contextlib import closing, contextmanager
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa

from consult.core import backup, encryption, moving
from consult.core.config import Config
from consult.core.errors import Conflict
from consult.core.stores import store_of
from consult.core.verification import verify_database
from tests.conftest import app_on

SECRET = "t" * 40


@pytest.fixture(scope="module")
def saved(demonstration, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("backup")
    (folder / "exports" / "deep").mkdir(parents=True)
    (folder / "exports" / "deep" / "dossier.zip").write_bytes(b"PK" * 999)
    (folder / "exports" / ".making-now").write_bytes(b"half")
    store_of(Config(data_dir=str(folder))).put(b"a note")
    return backup.back_up(Config(data_dir=str(folder), database_url=demonstration, secret_key=SECRET), folder / "all.tar.gz")


@pytest.fixture(scope="module")
def whole(saved) -> dict[str, bytes]:
    """The members of a backup, in their order."""
    with tarfile.open(saved) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


@pytest.fixture
def empty(databases, tmp_path) -> Config:
    """Where nothing is yet; on SQLite not even a file."""
    return Config(data_dir=str(tmp_path / "data"), database_url=databases.new_database(), secret_key=SECRET)


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def said(members: dict[str, bytes], name: str, **other) -> dict[str, bytes]:
    return {**members, name: json.dumps({**json.loads(members[name]), **other}).encode()}


def without(members: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: content for name, content in members.items() if name not in names}


def is_untouched(config: Config) -> bool:
    with moving.engine_of(config.database).connect() as connection:
        return not sa.inspect(connection).get_table_names() and [*Path(config.data_dir).rglob("*")] == []


def rows(members: dict[str, bytes], table: str) -> str:
    return next(name for name in members if name.startswith(f"rows/{table}/"))


SPOILT = {
    "no backup of this platform": lambda whole: {"notes.txt": b"x"},
    "is no backup": lambda whole: without(whole, backup.HEAD),
    "no backup of this": lambda whole: {**whole, backup.HEAD: b"[1]"},
    "of a later version of the platform": lambda whole: said(whole, backup.HEAD, revision="9999"),
    "as another version of the platform writes them": lambda whole: said(whole, backup.HEAD, format=backup.FORMAT + 1),
    "it has no end": lambda whole: without(whole, backup.CONTENTS),
    "says that it holds": lambda whole: {**whole, backup.CONTENTS: b"\xff{"},
    "not as it was saved: rows/contribution": lambda whole: {**whole, rows(whole, "contribution"): b"[]\n"},
    "not as it was saved: rows/consultation": lambda whole: without(whole, rows(whole, "consultation")),
    "not as it was saved: files/exports/deep/dossier.zip": lambda whole: without(whole, "files/exports/deep/dossier.zip"),
    "what no backup does: files/exports/../../x": lambda whole: {
        **without(whole, backup.CONTENTS), "files/exports/../../x": b"x", backup.CONTENTS: whole[backup.CONTENTS]},
    "what no backup does: /etc/passwd": lambda whole: {
        **without(whole, backup.CONTENTS), "/etc/passwd": b"x", backup.CONTENTS: whole[backup.CONTENTS]},
    "what no backup does: more.txt": lambda whole: {**whole, "more.txt": b""},
}


@pytest.mark.parametrize("words", SPOILT)
def test_what_is_no_whole_backup_is_refused_before_anything_is_written(whole, empty, tmp_path, words):
    path = packed(tmp_path / "spoilt.tar.gz", SPOILT[words](whole))
    with pytest.raises(Conflict, match=words):
        backup.restore(empty, path)
    assert is_untouched(empty)


def test_rows_that_the_database_refuses_leave_nothing(whole, empty, tmp_path):
    """Their digests are as they should be: somebody made the archive so."""
    name = rows(whole, "contribution")
    contents = json.loads(whole[backup.CONTENTS])
    for spoilt in (whole[name].replace(b"null", b'"words"', 40), whole[name] + whole[name].splitlines(keepends=True)[0],
                   b"not JSON\n", b'["too few"]\n'):
        digest = backup.hashlib.sha256(spoilt).hexdigest()
        count = {**contents["rows"], "contribution": spoilt.count(b"\n")}
        made = said({**whole, name: spoilt}, backup.CONTENTS, rows=count, digests={**contents["digests"], "rows/contribution": digest})
        with pytest.raises(Conflict, match=r"cannot be taken|point to rows"):
            backup.restore(empty, packed(tmp_path / "made.tar.gz", made))
        assert is_untouched(empty)


@pytest.mark.parametrize("spoil", [
    lambda data: data[:len(data) // 2], lambda data: data[:-4], lambda data: data[:-9000] + bytes(100) + data[-8900:],
    lambda data: b"no archive", lambda data: b"", lambda data: gzip.compress(b"no archive"),
], ids=["half", "end", "middle", "words", "nothing", "packed words"])
def test_a_file_that_is_cut_or_changed_or_no_archive_is_refused(saved, empty, tmp_path, spoil):
    path = tmp_path / "spoilt.tar.gz"
    path.write_bytes(spoil(saved.read_bytes()))
    with pytest.raises(Conflict, match=r"is damaged, or no backup|no backup of this platform|not as it was saved"):
        backup.restore(empty, path)
    assert is_untouched(empty)


def test_an_earlier_backup_of_another_kind_is_refused(empty, tmp_path):
    with pytest.raises(Conflict, match="no backup of this platform"):
        backup.restore(empty, packed(tmp_path / "old.tar.gz", {"database.sqlite": b"SQLite format 3\0", "backup.json": b'{"format": 1}'}))


def test_files_and_key_come_along_for_their_owner_alone(saved, empty, tmp_path):
    backup.restore(empty, saved)
    assert (empty.folder / "exports" / "deep" / "dossier.zip").read_bytes() == b"PK" * 999
    assert not (empty.folder / "exports" / ".making-now").exists()
    (key, _moment), = store_of(empty).keys()
    with store_of(empty).open(key) as brought:
        assert brought.read() == b"a note"
    assert [path for path in empty.folder.rglob("*") if path.is_file() and path.stat().st_mode & 0o077] == []
    with pytest.raises(Conflict, match=r"There is a database already|is not empty"):
        backup.restore(empty, saved)


def test_one_of_an_earlier_version_is_restored_as_it_was_and_brought_up_to_date_then(databases, empty, tmp_path):
    earlier = Config(data_dir=str(tmp_path / "earlier"), database_url=databases.new_database(), secret_key=SECRET)
    with moving.loading(earlier.database, "0024"):
        pass
    backup.restore(empty, backup.back_up(earlier, tmp_path / "earlier.tar.gz"))
    with moving.reading_all(empty.database) as connection:
        assert connection.exec_driver_sql(moving.REVISION).scalar_one() == "0024"
    with app_on(empty.database, empty.folder):
        flask_migrate.upgrade()
        assert verify_database() == []


@pytest.fixture
def sealed(demonstration, tmp_path) -> tuple[Path, Path]:
    """(an encrypted backup, the file of its key)."""
    public = encryption.make_key(tmp_path / "key")
    config = Config(data_dir=str(tmp_path / "from"), database_url=demonstration, secret_key=SECRET, backup_recipient=public)
    return backup.back_up(config, tmp_path / "sealed"), tmp_path / "key"


def with_key(config: Config, key: Path | str) -> Config:
    return Config(data_dir=config.data_dir, database_url=config.database_url, secret_key=SECRET, backup_identity=str(key))


def test_an_encrypted_backup_is_opened_by_its_key_alone(sealed, empty, tmp_path):
    path, key = sealed
    encryption.make_key(tmp_path / "another")
    (tmp_path / "words").write_text("no key")
    assert key.stat().st_mode & 0o077 == 0
    assert b"contribution" not in path.read_bytes()
    for given, words in (("", "is encrypted"), (tmp_path / "another", "for another key"), (tmp_path / "words", "holds no key")):
        with pytest.raises(Conflict, match=words):
            backup.restore(with_key(empty, given), path)
        assert is_untouched(empty)
    backup.restore(with_key(empty, key), path)
    with moving.reading_all(empty.database) as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM contribution").scalar() > 0


@pytest.mark.parametrize("spoil", [
    lambda data: data[:40], lambda data: data[:300], lambda data: data[:len(data) // 2], lambda data: data[:-1], lambda data: data + b"x",
    lambda data: data[:-5000] + b"\0" * 9 + data[-4991:],
], ids=["head", "keys", "half", "end", "more", "middle"])
def test_an_encrypted_backup_that_is_cut_or_changed_is_refused(sealed, empty, spoil):
    path, key = sealed
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(Conflict, match="is damaged"):
        backup.restore(with_key(empty, key), path)
    assert is_untouched(empty)


def test_a_key_is_written_over_no_other(tmp_path):
    encryption.make_key(tmp_path / "key")
    with pytest.raises(FileExistsError):
        encryption.make_key(tmp_path / "key")


@pytest.mark.parametrize("recipient", ["", "encrypted"])
def test_a_backup_that_fails_leaves_nothing(databases, migrated, tmp_path, monkeypatch, recipient):
    class Full(io.FileIO):
        def write(self, data) -> int:
            raise OSError(28, "No space left on device", "all.tar.gz")
    public = encryption.make_key(tmp_path / "key") if recipient else ""
    monkeypatch.setattr(backup, "opened", lambda descriptor: Full(descriptor, "wb"))
    database = databases.new_database(migrated)
    config = Config(data_dir=str(tmp_path / "data"), database_url=database, secret_key=SECRET, backup_recipient=public)
    with app_on(config.database, tmp_path / "data"), pytest.raises(OSError, match="No space"):
        backup.back_up(config, tmp_path / "all.tar.gz")
    assert list(tmp_path.glob("all*")) == []


def test_where_there_is_no_database_none_is_made(tmp_path):
    config = Config(data_dir=str(tmp_path / "data"), secret_key=SECRET)
    with pytest.raises(Conflict, match="There is no database"):
        backup.back_up(config, tmp_path / "all.tar.gz")
    assert list(tmp_path.rglob("*.sqlite")) == []


@pytest.mark.parametrize("end", ["-wal", "-shm"])
def test_nothing_is_put_beside_what_another_database_left(saved, tmp_path, end):
    """SQLite would play the log of the former database onto the restored one."""
    config = Config(data_dir=str(tmp_path / "data"), secret_key=SECRET)
    left = config.folder / f"consult.sqlite{end}"
    left.write_bytes(b"left by a crash")
    with pytest.raises(Conflict, match=f"consult.sqlite{end}"):
        backup.restore(config, saved)
    assert [*config.folder.iterdir()] == [left]


def test_what_a_hand_put_into_sqlite_is_brought_back_as_it_stands(tmp_path):
    """A backup is no judge: `consult verify` names it, before and after."""
    odd = ("not a day", 7, "{not JSON", "2", b"\0\xff")
    path, text = tmp_path / "odd.sqlite", "CREATE TABLE odd (at DATETIME, is_so BOOLEAN, facts JSON, body TEXT, raw BLOB)"
    with closing(sqlite3.connect(path)) as file:
        file.execute(text)
        file.execute("INSERT INTO odd VALUES (?, ?, ?, ?, ?)", odd)
        file.execute("""INSERT INTO odd VALUES ('2026-11-23 10:00:00.000001', 1, 'null', 'ا', NULL)""")
        file.commit()
    with moving.engine_of(f"sqlite:///{path}").connect() as connection:
        (table,) = moving.tables_of(connection)
        lines = [line.encode() for line in moving.rows_of(connection, table)]
        before = connection.exec_driver_sql("SELECT * FROM odd").all()
        connection.exec_driver_sql("DELETE FROM odd")
        assert moving.load(connection, table, table.columns, lines) == 2
        assert connection.exec_driver_sql("SELECT * FROM odd").all() == before
    assert json.loads(lines[1]) == ["2026-11-23T10:00:00.000001+00:00", True, "null", "ا", None]


def aged(path: Path, days: int) -> Path:
    then = path.stat().st_mtime - days * 86_400
    os.utime(path, (then, then))
    return path


def test_backups_beyond_their_term_go_and_nothing_else(empty, tmp_path):
    folder = tmp_path / "kept"
    folder.mkdir()
    ours, head = json.dumps({"platform": backup.PLATFORM}).encode(), backup.HEAD
    newest, old, recent = (packed(folder / f"{name}.tar.gz", {head: ours}) for name in ("new", "old", "recent"))
    others = [packed(folder / "other.tar.gz", {"photos.txt": b"x"}), packed(folder / "of-another.tar.gz", {head: b'{"platform": "x"}'}),
              packed(folder / "odd.tar.gz", {head: b"{"})]
    sealed, payroll, replaced = (folder / f"{name}.tar.gz" for name in ("sealed", "payroll", "replaced"))
    for path in (sealed, replaced):
        path.write_bytes(encryption.MAGIC + path.name.encode())
        backup.mark(path)
    for path in (payroll, replaced):
        path.write_bytes(encryption.MAGIC + b" of others")
    (folder / "broken.tar.gz").write_bytes(b"x")
    (folder / "film.part").write_bytes(b"x")
    for path in (*others, payroll, replaced, folder / "broken.tar.gz", folder / "film.part"):
        aged(path, 99)
    assert backup.prune(empty, newest, 30) == []
    for path in (old, sealed):
        aged(path, 31)
    aged(recent, 29)
    assert backup.prune(empty, newest, 30) == [old, sealed]
    assert sorted(path.name for path in folder.iterdir()) == [
        "broken.tar.gz", "film.part", "new.tar.gz", "odd.tar.gz", "of-another.tar.gz", "other.tar.gz", "payroll.tar.gz", "recent.tar.gz",
        "replaced.tar.gz", "replaced.tar.gz.consult"]


def test_an_encrypted_backup_is_told_from_those_of_others(sealed):
    path, _key = sealed
    assert backup.is_backup(path)
    path.with_name(f"{path.name}.consult").unlink()
    assert not backup.is_backup(path)


def test_what_killed_runs_left_goes_with_its_term(empty, tmp_path):
    newest = packed(tmp_path / "new.tar.gz", {})
    half, files, rows_ = tmp_path / "x.tar.gz.consult-part", empty.folder / ".restoring-x", empty.folder / "consult.sqlite.part"
    (files / "files").mkdir(parents=True)
    (files / "files" / "secret-key").write_text("k")
    half.write_bytes(b"x")
    rows_.write_bytes(b"x")
    empty = Config(data_dir=empty.data_dir, secret_key=SECRET)  # of SQLite, at its usual place
    assert backup.prune(empty, newest, 30) == []
    left = [aged(path, 31) for path in (files, rows_, half)]
    assert sorted(backup.prune(empty, newest, 30)) == sorted(left)
    assert not any(path.exists() for path in left)


def test_files_and_key_stay_as_they_are_until_the_rows_are_in_for_good(saved, whole, empty, tmp_path, monkeypatch):
    loading, put = moving.loading, backup.put_files
    made = packed(tmp_path / "made.tar.gz", {**without(whole, backup.CONTENTS), "files/secret-key": b"new", **said(
        whole, backup.CONTENTS, digests={**json.loads(whole[backup.CONTENTS])["digests"],
                                         "files/secret-key": backup.hashlib.sha256(b"new").hexdigest()})})
    (empty.folder / "secret-key").write_text("old")

    @contextmanager
    def failing(url, revision):
        with loading(url, revision) as connection:
            yield connection
            raise OSError(28, "No space left on device")
    monkeypatch.setattr(moving, "loading", failing)
    with pytest.raises(OSError, match="No space"):
        backup.restore(empty, made)
    assert (empty.folder / "secret-key").read_text() == "old"
    assert [path.name for path in empty.folder.iterdir()] == ["secret-key"]
    monkeypatch.setattr(moving, "loading", loading)

    def look(*given):
        with moving.reading_all(empty.database) as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM contribution").scalar() > 0
        put(*given)
    monkeypatch.setattr(backup, "put_files", look)
    backup.restore(empty, made)
    assert (empty.folder / "secret-key").read_text() == "new"


def test_the_key_is_the_last_of_the_files(tmp_path, monkeypatch):
    source, folder, done = tmp_path / "files", tmp_path / "data", []
    (source / "tables").mkdir(parents=True)
    folder.mkdir()
    for name in ("secret-key", "tables/late.csv"):
        (source / name).write_text(name)
    monkeypatch.setattr(backup, "sync", lambda _folder: done.append((folder / "secret-key").exists()))
    backup.put_files(source, folder)
    assert done == [False, False, True]
