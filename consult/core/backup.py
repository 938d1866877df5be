"""A backup is one ``.tar.gz`` that either kind of database takes: every row, the files that people brought, the exports, the key that
signs, what all that is.

First ``backup.json`` says of which version it is; then come the rows of each table, in parts of JSON lines (``core/moving.py``), the
files, and last ``contents.json``: how many rows of which columns, and the digest of all. So it is written and read from end to end in
little memory, encrypted for whoever the settings name (``core/encryption.py``). It is read twice: to its end before anything is written,
then for its rows.
"""

import gzip
import hashlib
import json
import lzma
import os
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from alembic.script import ScriptDirectory

from consult.core import encryption, moving
from consult.core.config import Config, resource_dir
from consult.core.encryption import OTHER_COPY
from consult.core.errors import Conflict
from consult.core.i18n import utcnow
from consult.core.plain_tar import each_member, member_type
from consult.core.stores import Missing, Store, store_of, sync

PLATFORM, FORMAT = "consult", 2
HEAD, CONTENTS = "backup.json", "contents.json"
KEY = "secret-key"
KEPT = ("exports", KEY)
MAKING, MARK, RESTORING = ".consult-part", ".consult", ".restoring-"  # what is not whole yet; what says that an encrypted one is ours
PIECE, LARGEST_WORD, LARGEST_PART = 1 << 20, 1 << 24, 1 << 27
MAX_NAMES = 1_000_000  # of tables and files together
ROWS = re.compile(r"rows/([a-z][a-z0-9_]*)/\d{6}\.jsonl")
FILES = re.compile(r"files/(secret-key|exports/(?:[^/\0]+/)*[^/\0]+|attachments/[0-9a-f]{2}/[0-9a-f]{64})")


@dataclass
class Contents:
    """What stands in a backup, by table and by file."""

    columns: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


# Writing


def back_up(config: Config, path: Path) -> Path:
    """Write the backup to ``path`` while the platform runs; it appears there only when whole, and leaves nothing when it fails."""
    partial = path.with_name(path.name + MAKING)
    partial.unlink(missing_ok=True)
    try:
        # Every word and the key that signs are in it: its owner's alone.
        with opened(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)) as out:
            with (encryption.encrypting(out, encryption.recipients_of(config.backup_recipient)) as plain,
                  gzip.GzipFile(filename="", mode="wb", fileobj=plain, compresslevel=6) as packed,
                  tarfile.open(fileobj=packed, mode="w|") as archive):
                write_archive(config, archive)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    mark(path)
    return path


def mark(path: Path) -> None:
    """Beside an encrypted one, of which nobody could tell later whose it is."""
    beside = path.with_name(path.name + MARK)
    if is_encrypted(path):
        beside.write_text(f"{head_digest(path)}\n")
    else:
        beside.unlink(missing_ok=True)
    sync(path.parent)


def head_digest(path: Path) -> str:
    """Of the beginning, in which age has a key that is made for each file."""
    with path.open("rb") as file:
        return hashlib.sha256(file.read(4096)).hexdigest()


def prune(config: Config, newest: Path, days: int) -> list[Path]:
    """Delete what :func:`back_up` wrote beside ``newest`` more than so many days before it, and what killed runs left here and in the data
    folder; a file that only looks like a backup stays."""
    oldest = newest.stat().st_mtime - days * 86_400
    candidates = [path for path in sorted(newest.parent.glob("*.tar.gz")) if path != newest]
    whole = [path for path in candidates if path.stat().st_mtime < oldest and is_backup(path)]
    left = [path for path in left_behind(config, newest.parent) if path.stat().st_mtime < oldest]
    for path in (*whole, *left):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        path.with_name(path.name + MARK).unlink(missing_ok=True)
    return [*whole, *left]


def left_behind(config: Config, folder: Path) -> list[Path]:
    """By runs that were killed: half a backup, the files and the rows of a restore."""
    found = [*folder.glob(f"*{MAKING}"), *config.folder.glob(f"{RESTORING}*")]
    if config.database.startswith("sqlite"):
        target = Path(sa.make_url(config.database).database or "")
        found += target.parent.glob(f"{target.name}.part*")
    return sorted(found)


def is_backup(path: Path) -> bool:
    """Whether it certainly is one of this platform: by its head, or by the mark that stands beside it where it is encrypted."""
    if is_encrypted(path):
        beside = path.with_name(path.name + MARK)
        return beside.is_file() and beside.read_text(errors="replace").strip() == head_digest(path)
    try:
        with tarfile.open(path, tarinfo=member_type()) as archive:
            first = archive.next()
            content = archive.extractfile(first) if first and first.name == HEAD else None
            head = json.loads(content.read(LARGEST_WORD)) if content else None
    except (OSError, EOFError, ValueError, RecursionError, tarfile.TarError, zlib.error, lzma.LZMAError):
        return False
    return isinstance(head, dict) and head.get("platform") == PLATFORM


def is_encrypted(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(encryption.MAGIC)) == encryption.MAGIC


def opened(descriptor: int) -> IO[bytes]:
    return os.fdopen(descriptor, "wb")


def write_archive(config: Config, archive: tarfile.TarFile) -> None:
    contents = Contents()
    with moving.reading_all(config.database) as connection:
        revision = str(connection.exec_driver_sql(moving.REVISION).scalar_one())
        head = {"platform": PLATFORM, "format": FORMAT, "revision": revision, "made_at": utcnow().isoformat()}
        add(archive, HEAD, json.dumps(head).encode())
        for table in moving.tables_of(connection):
            add_rows(archive, contents, table, moving.rows_of(connection, table))
        contents.counters = moving.counters_of(connection)
    # After the rows: a file is written before its row says so.
    for name, path in kept_files(config.folder):
        with suppress(FileNotFoundError), path.open("rb") as file:  # it may be done away with meanwhile
            member = archive.gettarinfo(arcname=f"files/{name}", fileobj=file)
            archive.addfile(member, file)
            file.seek(0)
            contents.digests[member.name] = hashlib.file_digest(file, "sha256").hexdigest()
    for key, _moment in store_of(config).keys():  # noqa: SIM118 - no mapping
        with suppress(Missing), store_of(config).open(key) as brought:
            name, content = f"files/attachments/{key[:2]}/{key}", brought.read()
            add(archive, name, content)
            contents.digests[name] = hashlib.sha256(content).hexdigest()
    add(archive, CONTENTS, json.dumps(asdict(contents)).encode())


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, BytesIO(content))


def add_rows(archive: tarfile.TarFile, contents: Contents, table: moving.Table, lines: Iterable[str]) -> None:
    digest, count = hashlib.sha256(), 0
    for number, (part, rows) in enumerate(in_parts(lines)):
        add(archive, f"rows/{table.name}/{number:06}.jsonl", part)
        digest.update(part)
        count += rows
    contents.columns[table.name], contents.rows[table.name] = list(table.columns), count
    contents.digests[f"rows/{table.name}"] = digest.hexdigest()


def in_parts(lines: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    """Lines together, with how many they are: an archive says how long a part is before it comes."""
    held, length = [], 0
    for line in lines:
        encoded = f"{line}\n".encode()
        held.append(encoded)
        length += len(encoded)
        if length >= PIECE:
            yield b"".join(held), len(held)
            held, length = [], 0
    if held:
        yield b"".join(held), len(held)


def kept_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """What is whole: what is still being written has a name that begins with a dot."""
    for name in KEPT:
        for path in sorted((folder / name).rglob("*")) if (folder / name).is_dir() else [folder / name]:
            if path.is_file() and not path.name.startswith("."):
                yield path.relative_to(folder).as_posix(), path


# Reading


def restore(config: Config, path: Path) -> None:
    """Put a backup in place of an absent or empty database; :class:`Conflict` for what is none, and when there is a database already.

    Everything is looked at before anything is written, and a fault in the middle leaves nothing. The files, and the key last of them, take
    the place of those that are there when the rows are in for good.
    """
    revision, contents = look_through(config, path)
    with tempfile.TemporaryDirectory(dir=config.folder, prefix=RESTORING) as aside:
        with into(config) as url:
            try:
                with moving.loading(url, revision) as connection, moving.without_rules(connection):
                    load(config, path, contents, connection, Path(aside))
            except (sa.exc.SQLAlchemyError, *moving.DriverError, ValueError, RecursionError) as error:
                raise Conflict(f"The rows of this backup cannot be taken: {' '.join(str(error).split())[:500]}", OTHER_COPY) from error
        try:
            put_attached(Path(aside) / "files" / "attachments", store_of(config))
            put_files(Path(aside) / "files", config.folder)
        except OSError as error:
            raise Conflict(f"The rows are restored, the exports or the key are not: {error}",
                           "Empty the database, or move it away, and restore again.") from error


@contextmanager
def members(config: Config, path: Path) -> Iterator[Iterator[tuple[str, IO[bytes]]]]:
    """(name, content) of each file in a backup, in their order; :class:`Conflict` for what cannot be read to its end."""
    with encryption.decrypting(path, config.backup_identity) as plain:
        try:
            with (gzip.GzipFile(fileobj=plain, mode="rb") as packed,
                  tarfile.open(fileobj=packed, mode="r|", tarinfo=member_type()) as archive):
                yield ((member.name, content) for member in each_member(archive) if (content := content_of(archive, member)))
                while packed.read(PIECE):  # to its end, where the check sum stands
                    pass
        except (EOFError, tarfile.TarError, gzip.BadGzipFile, zlib.error) as error:
            raise Conflict(f"{path} is damaged, or no backup: {error}", OTHER_COPY) from error


def content_of(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes] | None:
    """Rows come in parts, or one line would be read without end."""
    if ROWS.fullmatch(member.name) and member.size > LARGEST_PART:
        raise tarfile.ReadError(f"{member.name} is larger than any part of ours")
    return archive.extractfile(member)


def look_through(config: Config, path: Path) -> tuple[str, Contents]:
    """The revision of its tables and what it holds; :class:`Conflict` for what is no whole backup of a version that is known."""
    digests: dict[str, Any] = {}
    with members(config, path) as each:
        revision, contents = refuse_unknown(each), None
        for name, content in each:
            if contents is not None or not (name == CONTENTS or ROWS.fullmatch(name) or is_file_of_ours(name)):
                raise Conflict(f"This archive holds what no backup does: {name[:200]}.", OTHER_COPY)
            if name == CONTENTS:
                contents = contents_of(content.read(LARGEST_WORD))
                continue
            if len(digests) > MAX_NAMES:
                raise Conflict("This archive holds more files than any backup.", OTHER_COPY)
            digest = digests.setdefault(name.rpartition("/")[0] if name.startswith("rows/") else name, hashlib.sha256())
            while piece := content.read(PIECE):
                digest.update(piece)
    if contents is None:
        raise Conflict("This backup is not whole: it has no end.", OTHER_COPY)
    empty = hashlib.sha256().hexdigest()
    found = {name: digest.hexdigest() for name, digest in digests.items()}
    wrong = [name for name in sorted({*found, *contents.digests}) if found.get(name, empty) != contents.digests.get(name)]
    if wrong or contents.columns.keys() != contents.rows.keys():
        raise Conflict(f"What this backup holds is not as it was saved: {', '.join(wrong[:5])}.", OTHER_COPY)
    return revision, contents


def is_file_of_ours(name: str) -> bool:
    return bool(FILES.fullmatch(name)) and not {"..", "."}.intersection(name.split("/"))


def refuse_unknown(each: Iterator[tuple[str, IO[bytes]]]) -> str:
    """The revision that the head of a backup tells."""
    name, content = next(each, ("", BytesIO()))
    try:
        head = json.loads(content.read(LARGEST_WORD)) if name == HEAD else None
    except (ValueError, RecursionError):
        head = None
    if not isinstance(head, dict) or head.get("platform") != PLATFORM:
        raise Conflict("This archive is no backup of this platform.", "Name a file that “consult backup” wrote.")
    if head.get("format") != FORMAT:
        raise Conflict("This backup is written as another version of the platform writes them.", "Install that version, then restore it.")
    known = {script.revision for script in ScriptDirectory(str(resource_dir("migrations"))).walk_revisions()}
    if head.get("revision") not in known:
        raise Conflict(f"This backup is of a later version of the platform (tables {head.get('revision')}).",
                       "Install that version, then restore it.")
    return str(head["revision"])


def contents_of(text: bytes) -> Contents:
    try:
        return Contents(**json.loads(text))
    except (ValueError, TypeError, RecursionError) as error:
        raise Conflict(f"What this backup says that it holds ({CONTENTS}) cannot be read.", OTHER_COPY) from error


@contextmanager
def into(config: Config) -> Iterator[str]:
    """The address of the empty database that the rows are put into. A file of SQLite takes its place when all of it is there."""
    if not config.database.startswith("sqlite"):
        with moving.engine_of(config.database).connect() as connection:
            if sa.inspect(connection).get_table_names():
                raise Conflict("The PostgreSQL database is not empty.", "Create an empty one and name it in CONSULT_DATABASE_URL.")
        yield config.database
        return
    target = Path(sa.make_url(config.database).database or "")
    there = [path for path in (target, *(target.with_name(target.name + end) for end in ("-wal", "-shm")))
             if path.exists() and path.stat().st_size]
    if there:  # SQLite would play what the others hold onto the database that is put there
        raise Conflict(f"There is a database already: {', '.join(map(str, there))}.",
                       "Stop the platform and move it away first, with the files -wal and -shm beside it.")
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)
    try:
        yield f"sqlite:///{partial}"
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(target)
        sync(target.parent)
    finally:
        partial.unlink(missing_ok=True)


def load(config: Config, path: Path, contents: Contents, connection: sa.Connection, aside: Path) -> None:
    tables, loaded = {table.name: table for table in moving.tables_of(connection)}, dict.fromkeys(contents.rows, 0)
    if lost := sorted(tables.keys() ^ contents.rows.keys()):
        raise Conflict(f"This backup is not whole, or of another version: {', '.join(lost)}.", OTHER_COPY)
    with members(config, path) as each:
        for name, content in each:
            if rows := ROWS.fullmatch(name):
                table = tables[rows[1]]
                if set(table.columns) != set(contents.columns[table.name]):
                    raise Conflict(f"The table {table.name} has other columns in this backup.", OTHER_COPY)
                loaded[table.name] += moving.load(connection, table, contents.columns[table.name], content)
            elif is_file_of_ours(name):
                target = aside / name
                target.parent.mkdir(parents=True, exist_ok=True)
                with opened(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)) as file:
                    shutil.copyfileobj(content, file, PIECE)
                    file.flush()
                    os.fsync(file.fileno())
    if loaded != contents.rows:
        raise Conflict("The backup was changed while it was read.", OTHER_COPY)
    moving.count_on(connection, contents.counters)


def put_attached(source: Path, store: Store) -> None:
    """Into the store that the settings name, be it another than the one that they came from."""
    for path in sorted(source.glob("??/*")):
        store.put(path.read_bytes())
        path.unlink()
    shutil.rmtree(source, ignore_errors=True)


def put_files(source: Path, folder: Path) -> None:
    """The key last: with another one, what is there opens nothing."""
    for path in sorted(source.rglob("*"), key=lambda path: (path == source / KEY, path)) if source.is_dir() else ():
        target = folder / path.relative_to(source)
        if path.is_dir():
            target.mkdir(exist_ok=True, mode=0o700)
        else:
            path.replace(target)
        sync(target.parent)
