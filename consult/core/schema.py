"""Does the database still refuse what the models say? Unique indexes, foreign keys, CHECKs and columns; triggers are compared by
``core/append_only.py``. Whoever takes a rule away by hand leaves no row that differs, until somebody makes use of it."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from consult.core.db import Base


def faults(connection: sa.Connection) -> Iterator[str]:
    """One English sentence for each rule, index or column that stands in the database alone, or in the models alone."""
    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _is_ours})
    for difference in compare_metadata(context, Base.metadata):
        for operation in difference if isinstance(difference, list) else [difference]:
            yield _sentence(*operation)
    yield from _lost_checks(connection)


def _is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Tables of another programme, such as the queue's where it shares the database, are missed by none of ours, with their indexes."""
    return kind != "table" or name in Base.metadata.tables


def _sentence(operation: str, *told: Any) -> str:
    """Of what Alembic would do to make the database what the models say."""
    verb, _underscore, kind = operation.partition("_")
    if verb == "modify":
        _schema, table, column, *_how, now, wanted = told
        return f"{table}: the {kind} of its column {column} is {now}, not {wanted}"
    thing = told[-1]
    table = thing if kind == "table" else thing.table
    name = f"{kind} {thing.name}" if kind != "fk" else f"foreign key {thing.name}"
    return f"{table.name}: its {name} is missing" if verb == "add" else f"{table.name}: no model asks for its {name}"


def _lost_checks(connection: sa.Connection) -> Iterator[str]:
    inspector = sa.inspect(connection)
    standing = {table: {check["name"] for check in found} for (_schema, table), found in inspector.get_multi_check_constraints().items()}
    for name, table in sorted(Base.metadata.tables.items()):
        asked = {str(check.name) for check in table.constraints if isinstance(check, sa.CheckConstraint) and check.name}
        for lost in sorted(asked - standing.get(name, set())):
            yield f"{name}: its check {lost} is missing"
