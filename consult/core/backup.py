"""A backup is one ``.tar.gz``: the database as its engine saves it, the exports, and the key that signs."""

import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from pathlib import Path

import sqlalchemy as sa

from consult.core.config import Config
from consult.core.errors import Conflict

KEPT = ("exports", "secret-key")


def back_up(config: Config, path: Path) -> Path:
    """Write the backup to ``path`` while the platform runs; it appears there only when whole."""
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    partial.touch(0o600)  # every word and the key that signs are in it: its owner's alone
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / ("database.sqlite" if config.database.startswith("sqlite") else "database.dump")
        dump_database(config, dump)
        with tarfile.open(partial, "w:gz") as archive:
            archive.add(dump, dump.name)
            for name in KEPT:
                if (config.folder / name).exists():
                    archive.add(config.folder / name, name)
    partial.replace(path)
    return path


def sqlite_path(config: Config) -> Path:
    return Path(sa.make_url(config.database).database or "")


def dump_database(config: Config, dump: Path) -> None:
    if config.database.startswith("sqlite"):
        source = sqlite3.connect(sqlite_path(config))
        target = sqlite3.connect(dump)
        with source, target:
            source.backup(target)
        source.close()
        target.close()
    else:
        run_postgresql(config, "pg_dump", "--format=custom", f"--file={dump}")


def restore(config: Config, path: Path) -> None:
    """Put a backup in place of an absent or empty database; :class:`Conflict` when there is one already."""
    with tarfile.open(path) as archive, tempfile.TemporaryDirectory() as folder:
        archive.extractall(folder, filter="data")
        restore_database(config, Path(folder))
        for name in KEPT:
            source, target = Path(folder) / name, config.folder / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy2(source, target)


def restore_database(config: Config, folder: Path) -> None:
    if config.database.startswith("sqlite"):
        target = sqlite_path(config)
        if target.exists() and target.stat().st_size:
            raise Conflict(f"There is a database already: {target}.", "Stop the platform and move that file away first.")
        if not (folder / "database.sqlite").exists():
            raise Conflict("This backup was made from PostgreSQL.", "Set CONSULT_DATABASE_URL to a PostgreSQL database.")
        shutil.copyfile(folder / "database.sqlite", target)
        return
    if not (folder / "database.dump").exists():
        raise Conflict("This backup was made from SQLite.", "Leave CONSULT_DATABASE_URL empty, or name an SQLite file.")
    with sa.create_engine(config.database, poolclass=sa.NullPool).connect() as connection:
        if sa.inspect(connection).get_table_names():
            raise Conflict("The PostgreSQL database is not empty.", "Create an empty one and name it in CONSULT_DATABASE_URL.")
    run_postgresql(config, "pg_restore", "--no-owner", "--exit-on-error", str(folder / "database.dump"))


def run_postgresql(config: Config, program: str, *arguments: str) -> None:
    """One of PostgreSQL's own programmes on our database; the password goes by the environment, where no other user reads it."""
    url = sa.make_url(config.database)
    address = url._replace(drivername="postgresql", password=None).render_as_string()
    environment = {**os.environ, **({"PGPASSWORD": str(url.password)} if url.password else {})}
    command = [program, f"--dbname={address}", *arguments]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - our own fixed programmes
    except FileNotFoundError as error:
        raise Conflict(f"{program} is not installed.", "Install PostgreSQL's client programmes (Debian: postgresql-client).") from error
    except subprocess.CalledProcessError as error:
        raise Conflict(f"{program} failed: {error.stderr.strip()[-500:]}") from error
