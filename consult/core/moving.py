"""All rows of a database, out of one engine and into another: the same rows, whichever writes them and whichever takes them.

A row is a list of JSON values in the order of its table's columns: moments as ISO 8601 in UTC, JSON as its text (so that ``null`` and
nothing stay two), bytes in base64. A value that no code writes, as a hand put it into SQLite, goes as it stands. Rows are loaded into the
tables that migrations make, in one transaction, without triggers and foreign keys, which are put back and asked after.
"""

import base64
import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig

from consult.core import append_only
from consult.core.config import resource_dir
from consult.core.errors import Conflict

VERSION_TABLE = "alembic_version"
REVISION = "SELECT version_num FROM alembic_version"
SQLITE_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00")
POSTGRESQL_MOMENT = """to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
AT_ONCE = 1000
DriverError = (sqlite3.Error, psycopg.Error)
FOREIGN_KEYS = (
    "SELECT c.conrelid::regclass::text, quote_ident(c.conname), pg_get_constraintdef(c.oid) FROM pg_constraint c "
    "WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace ORDER BY 1, 2"
)
SEQUENCES = (
    "SELECT t.relname, s.oid::regclass::text, a.attname FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype IN ('a', 'i') "
    "JOIN pg_class t ON t.oid = d.refobjid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid "
    "WHERE s.relkind = 'S' AND t.relnamespace = current_schema()::regnamespace ORDER BY 1"
)


class Form(Enum):
    """How the values of a column are written."""

    PLAIN, MOMENT, TRUTH, JSON = range(4)

    @classmethod
    def of(cls, kind: sa.types.TypeEngine[Any]) -> "Form":
        forms = ((sa.DateTime, cls.MOMENT), (sa.Boolean, cls.TRUTH), (sa.JSON, cls.JSON))
        return next((form for known, form in forms if isinstance(kind, known)), cls.PLAIN)


class Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    forms: tuple[Form, ...]
    key: tuple[str, ...]


def tables_of(connection: sa.Connection) -> list[Table]:
    inspector, tables = sa.inspect(connection), []
    for name in sorted(set(inspector.get_table_names()) - {VERSION_TABLE}):
        columns = inspector.get_columns(name)
        tables.append(Table(name, tuple(column["name"] for column in columns), tuple(Form.of(column["type"]) for column in columns),
                            tuple(inspector.get_pk_constraint(name)["constrained_columns"])))
    return tables


def is_sqlite(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"


def quoted(connection: sa.Connection, names: Iterable[str]) -> str:
    return ", ".join(map(connection.dialect.identifier_preparer.quote, names))


# Out


@contextmanager
def reading_all(url: str) -> Iterator[sa.Connection]:
    """One moment of a database, in which others go on writing; :class:`Conflict` where there is none."""
    path = sa.make_url(url).database
    if url.startswith("sqlite") and path and not Path(path).exists():
        raise Conflict(f"There is no database: {path}.", "Name it in CONSULT_DATABASE_URL or CONSULT_DATA_DIR.")
    with engine_of(url).connect() as connection:
        if not is_sqlite(connection):
            connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            raise Conflict("The database has no tables.", "Run: consult db upgrade")
        yield connection


def engine_of(url: str) -> sa.Engine:
    engine = sa.create_engine(url, poolclass=sa.NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", begin_ourselves)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def begin_ourselves(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # or SQLite's driver begins at the first that is written, and what is read is of many moments


def rows_of(connection: sa.Connection, table: Table) -> Iterator[str]:
    """A line of JSON each, by rising key."""
    order = f" ORDER BY {quoted(connection, table.key)}" if table.key else ""
    parts = ", ".join(selected(connection, name, form) for name, form in zip(table.columns, table.forms, strict=True))
    statement = f"SELECT {parts} FROM {quoted(connection, [table.name])}{order}"  # noqa: S608 - our own names
    write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=as_json).encode
    forms = table.forms if is_sqlite(connection) else ()
    for row in connection.execution_options(stream_results=True, yield_per=AT_ONCE).exec_driver_sql(statement):
        yield write([from_sqlite(value, form) for value, form in zip(row, forms, strict=True)] if forms else list(row))


def selected(connection: sa.Connection, name: str, form: Form) -> str:
    column = quoted(connection, [name])
    if is_sqlite(connection):
        return column
    return POSTGRESQL_MOMENT.format(column) if form is Form.MOMENT else f"{column}::text" if form is Form.JSON else column


def from_sqlite(value: Any, form: Form) -> Any:
    if form is Form.MOMENT and isinstance(value, str) and SQLITE_MOMENT.fullmatch(value):
        return f"{value[:10]}T{value[11:]}+00:00"
    return bool(value) if form is Form.TRUTH and type(value) is int and value in (0, 1) else value


def as_json(value: Any) -> Any:
    """What JSON has no word for: bytes, days, exact numbers."""
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else str(value)


def counters_of(connection: sa.Connection) -> dict[str, int]:
    """The last number that each table gave; it is not given twice, though its row be gone."""
    if is_sqlite(connection):
        return {}  # it goes on behind the last row that there is
    return {table: last for table, name, _column in connection.exec_driver_sql(SEQUENCES).all()
            if (last := connection.exec_driver_sql(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {name}").scalar_one())}  # noqa: S608


# In


@contextmanager
def loading(url: str, revision: str) -> Iterator[sa.Connection]:
    """An empty database with the tables of that revision, for :func:`load`; it keeps all of it when this ends well, or nothing."""
    with engine_of(url).connect() as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF") if is_sqlite(connection) else ():
            sqlite_of(connection).execute(f"PRAGMA {pragma}")
        with connection.begin():
            make_tables(connection, revision)
            yield connection
            if not is_sqlite(connection):
                connection.exec_driver_sql("ANALYZE")


def make_tables(connection: sa.Connection, revision: str) -> None:
    settings = AlembicConfig(attributes={"connection": connection})
    settings.set_main_option("script_location", str(resource_dir("migrations")))
    command.upgrade(settings, revision)


@contextmanager
def without_rules(connection: sa.Connection) -> Iterator[None]:
    """Empty tables without triggers, which keep what is there, and foreign keys: rows of a table may name some that come later."""
    if is_sqlite(connection):
        triggers = append_only.standing(connection).values()
        for trigger in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}")
        empty_tables(connection)
        yield
        for trigger in triggers:
            connection.exec_driver_sql(trigger.definition)
        if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise Conflict(f"Rows of {broken[0]} in this backup point to rows of {broken[2]} that are not there.")
        return
    keys = connection.exec_driver_sql(FOREIGN_KEYS).all()
    for table, name, _definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    names = [quoted(connection, [table.name]) for table in tables_of(connection)]
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {name} DISABLE TRIGGER USER")
    empty_tables(connection)
    yield
    for table, name, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    for name in names:
        connection.exec_driver_sql(f"ALTER TABLE {name} ENABLE TRIGGER USER")


def empty_tables(connection: sa.Connection) -> None:
    """Of what migrations write."""
    for table in tables_of(connection):
        connection.exec_driver_sql(f"DELETE FROM {quoted(connection, [table.name])}")  # noqa: S608 - our own names


def load(connection: sa.Connection, table: Table, columns: Sequence[str], lines: Iterable[bytes]) -> int:
    """Put rows into a table; how many."""
    forms = dict(zip(table.columns, table.forms, strict=True))
    into = to_sqlite if is_sqlite(connection) else to_postgresql
    rows = ([into(value, form) for value, form in zip(json.loads(line), order, strict=True)]
            for order in [[forms[name] for name in columns]] for line in lines)
    names, count = f"{quoted(connection, [table.name])} ({quoted(connection, columns)})", 0
    if is_sqlite(connection):
        statement = f"INSERT INTO {names} VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own names
        return sqlite_of(connection).executemany(statement, rows).rowcount
    with closing(connection.connection.cursor()) as cursor, cursor.copy(f"COPY {names} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
            count += 1
    return count


def sqlite_of(connection: sa.Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for whoever reads types
    return driver


def to_sqlite(value: Any, form: Form) -> Any:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    if form is Form.MOMENT and isinstance(value, str) and MOMENT.fullmatch(value):
        return f"{value[:10]} {value[11:26]}"
    if form is Form.JSON and isinstance(value, str):
        with suppress(ValueError):
            return json.dumps(json.loads(value))
    return value


def to_postgresql(value: Any, form: Form) -> Any:
    return base64.b64decode(value["base64"]) if isinstance(value, dict) else value


def count_on(connection: sa.Connection, counters: dict[str, int]) -> None:
    """Let each table number its next row behind all that were ever there."""
    if is_sqlite(connection):
        return
    for table, name, column in connection.exec_driver_sql(SEQUENCES).all():
        last = connection.exec_driver_sql(f"SELECT max({quoted(connection, [column])}) FROM {quoted(connection, [table])}").scalar() or 0  # noqa: S608
        if last := max(last, counters.get(table, 0)):
            connection.execute(sa.text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})
