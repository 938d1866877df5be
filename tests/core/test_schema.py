"""`consult verify` names each rule that somebody took away from the database."""

import pytest
import sqlalchemy as sa

from consult.core import append_only
from consult.core.db import Base, session
from consult.core.schema import faults
from tests.house.test_database import built_anew


@pytest.fixture
def connection(app) -> sa.Connection:
    """The migrated database; whatever a test changes of it is rolled back."""
    return session.connection()


def unique_indexes() -> list[sa.Index]:
    indexes = [index for table in Base.metadata.sorted_tables for index in table.indexes if index.unique]
    return sorted(indexes, key=lambda index: str(index.name))


def test_a_migrated_database_has_every_rule(connection):
    assert list(faults(connection)) == []


@pytest.mark.parametrize("index", unique_indexes(), ids=lambda index: index.name)
def test_each_unique_index_that_is_lost_is_named(connection, index):
    connection.exec_driver_sql(f'DROP INDEX "{index.name}"')
    assert list(faults(connection)) == [f"{index.table.name}: its index {index.name} is missing"]


RULES = [("receipt", "foreignkey", "fk_receipt_contribution_id"),
         ("anchor", "check", "ck_anchor_quote"),
         ("audit_seal", "unique", "uq_audit_seal_event_id")]


@pytest.mark.parametrize(("table", "kind", "name"), RULES)
def test_each_kind_of_constraint_that_is_lost_is_named(connection, table, kind, name):
    with append_only.triggers_kept(connection, table), built_anew(connection, table) as batch:
        batch.drop_constraint(name, type_=kind)
    (fault,) = faults(connection)
    assert fault.startswith(f"{table}: its ")
    assert fault.endswith(" is missing")
    assert name in fault


def test_every_constraint_that_postgresql_lets_go_is_named(connection):
    if connection.dialect.name != "postgresql":
        pytest.skip("SQLite builds a table anew to take one away")
    taken = [(table, constraint) for table in Base.metadata.sorted_tables for constraint in table.constraints
             if not isinstance(constraint, sa.PrimaryKeyConstraint)]
    for table, constraint in taken:
        connection.exec_driver_sql(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{constraint.name}" CASCADE')
    found = list(faults(connection))
    for table, constraint in taken:
        named = [fault for fault in found if fault.startswith(f"{table.name}: ") and str(constraint.name) in fault]
        assert named, f"{table.name} {constraint.name}"


def test_other_changes_of_the_tables_are_named(connection):
    connection.exec_driver_sql("CREATE TABLE of_another_programme (id INTEGER)")
    connection.exec_driver_sql("CREATE INDEX ix_of_another_programme ON of_another_programme (id)")
    connection.exec_driver_sql("CREATE INDEX ix_added ON receipt (digest)")
    connection.exec_driver_sql("ALTER TABLE receipt ADD COLUMN remark TEXT")
    assert sorted(faults(connection)) == ["receipt: no model asks for its column remark", "receipt: no model asks for its index ix_added"]
