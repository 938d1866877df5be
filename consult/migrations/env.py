"""Alembic's environment: our metadata, on the engine of the running application."""

import sqlalchemy as sa
from alembic import context
from flask import current_app

from consult.core.db import Base, UtcDateTime, db
from consult.core.taking_over import take_over


def render_item(kind, item, autogenerate):
    """Write our column types as plain ones: a migration must run long after the code that wrote it has changed."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        autogenerate.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def is_upgraded(before: set[str]) -> bool:
    """Whether tables were brought up to date just now: other commands come by here too, and write nothing."""
    now = set(context.get_context().get_current_heads())
    return now != before and now == set(context.script.get_heads())


def run_on(connection: sa.Connection) -> None:
    """In somebody else's transaction, whose rows come from elsewhere: nothing of them is taken over."""
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    engine = db.engine
    with engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        if sqlite:
            # A table rebuilt in batch mode is dropped: with foreign keys on, its children would be refused or lost.
            # Detached: a connection that keeps no foreign keys must not go back to the pool.
            connection.detach()
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        context.configure(
            connection=connection, target_metadata=Base.metadata, render_item=render_item,
            **current_app.extensions["migrate"].configure_args,
        )
        before = set(context.get_context().get_current_heads())
        with context.begin_transaction():
            context.run_migrations()
        if is_upgraded(before):
            take_over(connection)
        if sqlite:
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"the migration would break foreign keys: {broken[:5]}")
        connection.commit()


if (given := context.config.attributes.get("connection")) is not None:
    run_on(given)
else:
    run()
