"""Rows by the ten thousand: kept by table, with keys given here, and written together in the order of their foreign keys."""

import enum
from collections import defaultdict
from typing import Any

import sqlalchemy as sa

from consult.core.db import Base, session
from consult.core.records import Layout, Records, layouts

CACHE = "PRAGMA cache_size=-400000"  # of this connection: the indexes that grow stay in memory


class Bulk:
    """What is to be written. Each row of a table names the same columns: no default is asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.last: dict[str, int] = {}
        self.told: dict[str, int] = {}  # rows of each table that an event tells of

    def add(self, model: type[Base], **values: Any) -> int:
        """Keep a row for :meth:`write` and return its id; 0 where it has none."""
        if "id" in model.__table__.c and "id" not in values:
            values["id"] = self.next_id(model)
        self.rows[model.__tablename__].append(values)
        return values.get("id", 0)

    def next_id(self, model: type[Base]) -> int:
        name = model.__tablename__
        if name not in self.last:
            self.last[name] = session.scalar(sa.select(sa.func.max(model.id))) or 0
        self.last[name] += 1
        return self.last[name]

    def digests_since(self) -> Records:
        """Of the rows of the public record that were added since the last time."""
        records: Records = {}
        for name, layout in layouts().items():
            rows = self.rows.get(name, [])
            if new := rows[self.told.get(name, 0):]:
                records[name] = {str(row[layout.key.name]): layout.digest(kept(layout, row)) for row in new}
                self.told[name] = len(rows)
        return records

    def write(self) -> None:
        self.told.clear()
        for table in Base.metadata.sorted_tables:
            if rows := self.rows.pop(table.name, None):
                insert(table, rows)


def kept(layout: Layout, row: dict[str, Any]) -> list[Any]:
    """As :meth:`~consult.core.records.Layout.rows` selects it."""
    salt = [row["salt"]] if layout.personal else []
    values = [row[layout.key.name], *(row[name] for name in layout.columns), *salt]
    return [value.value if isinstance(value, enum.Enum) else value for value in values]


def insert(table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """By the driver alone, which is five times as fast as a statement of SQLAlchemy's; values as its types tell them to the database."""
    connection, names = session.connection(), list(rows[0])
    dialect = connection.dialect
    told = [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in names]
    values = ([tell(row[name]) if tell else row[name] for name, tell in zip(names, told, strict=True)] for row in rows)
    columns = ", ".join(f'"{name}"' for name in names)
    cursor = connection.connection.cursor()
    if dialect.name == "sqlite":
        cursor.execute(CACHE)
        cursor.executemany(f'INSERT INTO "{table.name}" ({columns}) VALUES ({", ".join("?" * len(names))})', values)  # noqa: S608 - our tables
    else:
        with cursor.copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in values:
                copy.write_row(row)
    cursor.close()


def settle() -> None:
    """Let PostgreSQL's sequences go on after the keys that were given, and the planner know what grew, as both do in use."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        for table in Base.metadata.sorted_tables:
            if "id" in table.c:
                connection.execute(sa.text(
                    f"SELECT setval(pg_get_serial_sequence('\"{table.name}\"', 'id'), max(id)) FROM \"{table.name}\" HAVING max(id) > 0"))
    connection.exec_driver_sql("ANALYZE")
