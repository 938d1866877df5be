"""Append-only tables: what the database itself refuses to rewrite or erase, by triggers, on both engines.

A model says it in ``__append_only__``: True (no row changes or goes), ``all_but("state", …)`` (no row goes, and these columns alone
may change, so that a new column is kept until somebody says otherwise), :data:`UNTIL_OVER` (no row changes, and each goes once the
period is over for which it is kept), or False, with the reason beside it. Migrations make the triggers with :func:`refuse_changes`,
which is told table and columns as they are that day, or :func:`refuse_rewriting`; :func:`faults` compares.
"""

import enum
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import sqlalchemy as sa

from consult.core.db import Base

# What each trigger runs on PostgreSQL. The fault is one of integrity, as on SQLite, and names its trigger.
FUNCTION = "refuse_change"
FUNCTION_BODY = (
    "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME "
    "USING ERRCODE = 'integrity_constraint_violation', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME; END"
)
TRIGGERS = {
    "sqlite": "SELECT name, tbl_name, sql, 'O' FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT t.tgname, c.relname, pg_get_triggerdef(t.oid, true), t.tgenabled::text FROM pg_trigger t "
                  "JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace",
}
BODY = "SELECT prosrc FROM pg_proc WHERE proname = :name AND pronamespace = current_schema()::regnamespace"
OF_COLUMNS = re.compile(r"(?<= BEFORE UPDATE OF ).+?(?= ON )")


class Lasting(enum.Enum):
    """How long rows last that nobody rewrites."""

    UNTIL_OVER = enum.auto()


UNTIL_OVER = Lasting.UNTIL_OVER


class Trigger(NamedTuple):
    name: str
    table: str
    definition: str
    is_enabled: bool = True

    @property
    def columns(self) -> set[str]:
        """The columns that it keeps; none where it keeps every one."""
        named = OF_COLUMNS.search(plain(self.definition))
        return set(named[0].split(", ")) if named else set()

    @property
    def without_columns(self) -> str:
        return OF_COLUMNS.sub("", plain(self.definition))


def plain(sql: str) -> str:
    return " ".join(sql.replace('"', "").replace(",", ", ").split())


def all_but(*columns: str) -> frozenset[str]:
    """Rows that never go, and of which these columns alone may change."""
    return frozenset(columns)


def declared() -> dict[str, tuple[str, ...]]:
    """The append-only tables, with the columns that their triggers name: none where all are kept, those of tomorrow included."""
    tables = {}
    for model in sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__tablename__):
        said, names = model.__append_only__, model.__table__.columns.keys()
        if said is False or isinstance(said, Lasting):
            continue
        changing = frozenset() if said is True else said
        if strange := changing.difference(names):
            raise ValueError(f"{model.__name__}.__append_only__ names what is no column: {', '.join(sorted(strange))}")
        tables[model.__tablename__] = tuple(name for name in names if name not in changing) if changing else ()
    return tables


def ending() -> list[str]:
    """The tables whose rows are never rewritten, and go once their period is over."""
    return sorted(mapper.class_.__tablename__ for mapper in Base.registry.mappers if mapper.class_.__append_only__ is UNTIL_OVER)


def triggers_of(dialect: sa.Dialect, table: str, columns: Iterable[str] = ()) -> tuple[Trigger, ...]:
    """What refuses UPDATE (of these columns, or of any) and DELETE, in the words of this engine."""
    quote = dialect.identifier_preparer.quote
    kept = ", ".join(map(quote, columns))
    if dialect.name == "sqlite":
        delete, then = "DELETE", f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    else:
        delete, then = "DELETE OR TRUNCATE", f"FOR EACH STATEMENT EXECUTE FUNCTION {FUNCTION}()"
    events = {"update": f"UPDATE OF {kept}" if kept else "UPDATE", "delete": delete}
    return tuple(
        Trigger(f"{table}_no_{act}", table, f"CREATE TRIGGER {table}_no_{act} BEFORE {event} ON {quote(table)} {then}")
        for act, event in events.items()
    )


def standing(connection: sa.Connection) -> dict[str, Trigger]:
    """Every trigger of the database by its name; a disabled one is there and does nothing."""
    rows = connection.exec_driver_sql(TRIGGERS[connection.dialect.name])
    return {name: Trigger(name, table, definition, state in ("O", "A")) for name, table, definition, state in sorted(rows)}


def function_body(connection: sa.Connection) -> str:
    return (connection.scalar(sa.text(BODY), {"name": FUNCTION}) or "").strip()


def faults(connection: sa.Connection) -> list[str]:
    """Where the database keeps other rows or columns than the models say: one English sentence for each trigger."""
    found, tables = standing(connection), declared()
    wanted = {trigger.name: trigger for table, columns in tables.items() for trigger in triggers_of(connection.dialect, table, columns)}
    for table in ending():
        update, _delete = triggers_of(connection.dialect, table)
        wanted[update.name] = update
    said = [f"{trigger.table}: its trigger {name} {wrong}" for name, trigger in wanted.items()
            if (wrong := fault_of(found.get(name), trigger))]
    said += [f"{trigger.table}: no model asks for its trigger {name}" for name, trigger in found.items()
             if name not in wanted and trigger.table in Base.metadata.tables]
    if connection.dialect.name == "postgresql" and (body := function_body(connection)) != FUNCTION_BODY:
        said.append(f"{', '.join(tables)}: the function {FUNCTION}() that their triggers run is “{body}”")
    return said


def fault_of(found: Trigger | None, wanted: Trigger) -> str:
    if found is None:
        return "is missing"
    if not found.is_enabled:
        return "is disabled"
    if found.without_columns != wanted.without_columns or bool(found.columns) != bool(wanted.columns):
        return f"is “{found.definition}”, not “{wanted.definition}”"
    lost, spare = wanted.columns - found.columns, found.columns - wanted.columns
    return " and ".join(f"{verb} {', '.join(sorted(names))}" for verb, names in (("does not keep", lost), ("keeps", spare)) if names)


# For migrations


def refuse_changes(connection: sa.Connection, table: str, columns: Iterable[str] = ()) -> None:
    """Have the database refuse to erase rows of a table, and to rewrite these columns or any, in place of what it refused before."""
    allow_changes(connection, table)
    for trigger in triggers_of(connection.dialect, table, columns):
        connection.exec_driver_sql(trigger.definition)


def refuse_rewriting(connection: sa.Connection, table: str) -> None:
    """The same of rewriting alone: its rows go once their period is over."""
    allow_changes(connection, table)
    update, _delete = triggers_of(connection.dialect, table)
    connection.exec_driver_sql(update.definition)


def allow_changes(connection: sa.Connection, table: str) -> None:
    on = "" if connection.dialect.name == "sqlite" else f" ON {connection.dialect.identifier_preparer.quote(table)}"
    for trigger in triggers_of(connection.dialect, table):
        connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {trigger.name}{on}")


def make_function(connection: sa.Connection, body: str = FUNCTION_BODY) -> None:
    """Make what the triggers run, in place of an earlier one; on SQLite each trigger holds it."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text(f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ {body} $$"))


@contextmanager
def triggers_kept(connection: sa.Connection, table: str) -> Iterator[None]:
    """Put a table's triggers back when what is done in here builds it anew, as Alembic's batch mode does on SQLite.

    ``with triggers_kept(op.get_bind(), "receipt"), op.batch_alter_table("receipt") as batch:``. RuntimeError when a column that they
    keep is gone: whoever renames or drops one calls :func:`allow_changes` before and :func:`refuse_changes` after.
    """
    before = [trigger for trigger in standing(connection).values() if trigger.table == table]
    yield
    there, names = standing(connection), {column["name"] for column in sa.inspect(connection).get_columns(table)}
    for trigger in before:
        if gone := trigger.columns - names:
            raise RuntimeError(f"{trigger.name} keeps columns that {table} no longer has: {', '.join(sorted(gone))}")
        if trigger.name not in there:
            connection.exec_driver_sql(trigger.definition)
