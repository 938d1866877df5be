"""The database of ``former.sql.gz``, put into an engine at the revision at which it was made, and its rows read before and after."""

import gzip
import re
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa

from consult.core.db import db
from tests.conftest import let_go, make_app

REVISION = "0003"
DUMP = Path(__file__).with_name("former.sql.gz")
TRIGGER = re.compile(r"CREATE TRIGGER \w+ BEFORE (UPDATE|DELETE)(?: OF ([\w, ]+?))? ON (\w+) ")

Rows = dict[tuple, dict[str, Any]]


def dump() -> str:
    return gzip.decompress(DUMP.read_bytes()).decode()


def restored(path: Path) -> sa.Engine:
    """The dump as the SQLite file that it was."""
    connection = sqlite3.connect(path)
    connection.executescript(dump())
    connection.close()
    return sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool)


def put_into(url: str, folder: Path) -> None:
    """The former database under this address; on PostgreSQL the migrations of its time make the tables and its rows are copied."""
    if url.startswith("sqlite"):
        restored(Path(url.removeprefix("sqlite:///")))
        return
    with make_app(url, folder).app_context():
        flask_migrate.upgrade(revision=REVISION)
        tables = reflected(db.engine)
        with db.engine.begin() as connection:
            for name, rows in rows_of(restored(folder / "former.sqlite")).items():
                if name != "alembic_version":
                    connection.execute(sa.insert(tables[name]), list(rows.values()))
            for table in tables.values():
                if "id" in table.columns:
                    count_on(connection, table.name)
        let_go()


def count_on(connection: sa.Connection, table: str) -> None:
    """Rows that came with their ids have not moved PostgreSQL's counter."""
    connection.exec_driver_sql(f"""SELECT setval(pg_get_serial_sequence('"{table}"', 'id'), (SELECT max(id) FROM "{table}"))""")


def reflected(engine: sa.Engine) -> dict[str, sa.Table]:
    """Tables by name, each after those that it points to."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    return {table.name: table for table in metadata.sorted_tables}


def rows_of(engine: sa.Engine) -> dict[str, Rows]:
    """Every row of every table, by its primary key."""
    found = {}
    with engine.connect() as connection:
        for name, table in reflected(engine).items():
            rows = [{column: as_kept(value) for column, value in row.items()} for row in connection.execute(sa.select(table)).mappings()]
            found[name] = {tuple(row[column.name] for column in table.primary_key.columns): row for row in rows}
    return found


def as_kept(value: Any) -> Any:
    """SQLite keeps moments without their zone."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def refusals() -> Iterator[tuple[str, str, list[str]]]:
    """(act, table, columns) of each trigger of the time; no columns: the whole row."""
    for act, columns, table in TRIGGER.findall(dump()):
        yield act, table, [name.strip() for name in columns.split(",") if name]
