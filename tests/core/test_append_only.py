"""What the database refuses to rewrite or erase, tried on one row of each append-only table."""

from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from consult.contributions.models import ContributionState, DraftWording, Receipt
from consult.core import append_only
from consult.core.append_only import declared
from consult.core.db import Base, UtcDateTime, session
from tests import factories

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = {bool: False, int: 1, float: 1.0, str: "x", object: {}, date: MOMENT.date()}
# Where a value of the right type is not enough.
FITTING = {"alignment": {"old_block_id": 1, "new_block_id": 1}, "declaration": {"interests": ""},
           "extension": {"extended_to": MOMENT + timedelta(1)},
           "early_closing": {"announced_for": MOMENT + timedelta(1)},
           "appeal": {"contribution_id": 1, "decision_id": 1}, "moderation_hint": {"contribution_id": 1},
           "redaction": {"decision_id": 1, "begins": 0, "ends": 1}, "rephrasing": {"contribution_id": 1, "decision_id": 1},
           "flag": {"contribution_id": 1}, "point": {"rejoined_at": MOMENT}, "rephrasing_answer": {"contribution_id": 1},
           "batch": {"origin": "paper", "announced": 2, "set_aside": 0, "set_aside_reason": ""}}


def any_value(column: sa.Column):
    if column.nullable:
        return None
    if isinstance(column.type, sa.Enum):
        return next(iter(column.type.enum_class))
    return MOMENT if isinstance(column.type, UtcDateTime) else SAMPLES[column.type.python_type]


def one_row(table: sa.Table) -> sa.Insert:
    """A row whose relatives nobody asks for."""
    values = {column.name: 1 if column.primary_key else any_value(column) for column in table.columns}
    return sa.insert(table).values({**values, **FITTING.get(table.name, {})})


@pytest.fixture
def connection(app) -> sa.Connection:
    """In a transaction that asks for no relatives, and is rolled back."""
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
    return connection


@pytest.fixture
def row(connection, request) -> sa.Table:
    """A table that holds one row."""
    table = Base.metadata.tables[request.param]
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # without foreign keys
    connection.execute(one_row(table))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")
    return table


every_table = pytest.mark.parametrize("row", declared(), indirect=True)


def refusal(connection: sa.Connection, statement: str) -> str:
    point = connection.begin_nested()
    try:
        connection.exec_driver_sql(statement)
    except IntegrityError as error:
        return str(error.orig)
    finally:
        point.rollback()
    return ""


@every_table
def test_what_was_recorded_cannot_be_rewritten(connection, row):
    kept, names = declared()[row.name], row.columns.keys()
    refused = [name for name in names if refusal(connection, f'UPDATE {row.name} SET "{name}" = "{name}"') == f"{row.name} is append-only"]
    assert refused == (list(kept) or names)


@every_table
def test_what_was_recorded_cannot_be_erased(connection, row):
    assert refusal(connection, f"DELETE FROM {row.name}") == f"{row.name} is append-only"
    if connection.dialect.name == "postgresql":
        assert "is append-only" in refusal(connection, f"TRUNCATE {row.name} CASCADE")


@every_table
def test_no_row_takes_the_place_of_what_was_recorded(connection, row):
    """An INSERT that replaces is refused as well, on SQLite because ``recursive_triggers`` is on."""
    if connection.dialect.name == "sqlite":
        with pytest.raises(IntegrityError, match="is append-only"):
            connection.execute(one_row(row).prefix_with("OR REPLACE"))
    key = ", ".join(row.primary_key.columns.keys())
    changing = ", ".join(f'"{name}" = excluded."{name}"' for name in declared()[row.name] or row.columns.keys())
    again = f"INSERT INTO {row.name} SELECT * FROM {row.name} WHERE true ON CONFLICT ({key}) DO UPDATE SET {changing}"
    assert refusal(connection, again) == f"{row.name} is append-only"
    assert connection.exec_driver_sql(f"SELECT count(*) FROM {row.name}").scalar() == 1


@pytest.mark.parametrize("row", ["receipt"], indirect=True)
def test_the_refusal_says_by_which_trigger(connection, row):
    if connection.dialect.name == "sqlite":
        return  # which says the table alone
    with pytest.raises(IntegrityError) as refused:
        connection.exec_driver_sql("DELETE FROM receipt")
    assert (refused.value.orig.diag.table_name, refused.value.orig.diag.constraint_name) == ("receipt", "receipt_no_delete")


def test_what_may_still_change_of_a_contribution_can(contribution):
    contribution.state = ContributionState.PUBLISHED
    session.flush()
    with pytest.raises(IntegrityError, match="append-only"), session.begin_nested():
        session.execute(sa.update(type(contribution)).values(lodged_body="Autre chose"))


def test_a_model_that_names_no_column_of_its_own_is_an_error(monkeypatch):
    monkeypatch.setattr(Receipt, "__append_only__", append_only.all_but("writen_at"))
    with pytest.raises(ValueError, match="Receipt.__append_only__ names what is no column: writen_at"):
        declared()


def test_a_new_column_is_kept_until_the_model_says_otherwise(monkeypatch):
    assert "digest" in declared()["receipt"]
    monkeypatch.setattr(Receipt, "__append_only__", append_only.all_but("written_at", "digest"))
    assert "digest" not in declared()["receipt"]
    monkeypatch.setattr(Receipt, "__append_only__", True)
    assert declared()["receipt"] == (), "a trigger without columns keeps those of tomorrow"


def test_what_lasts_until_it_is_over_is_not_rewritten_and_goes(app, block):
    """Its one trigger is asked for like the others, and one that refuses its end is one too many."""
    offered = factories.an_offered_draft(block=block)
    wording = sa.select(DraftWording).where(DraftWording.offered_draft_id == offered.id)
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(sa.update(DraftWording).values(number=7).execution_options(synchronize_session=False))
    session.execute(sa.delete(DraftWording))
    assert session.scalars(wording).all() == []
    connection = session.connection()
    assert append_only.faults(connection) == []
    append_only.allow_changes(connection, "draft_wording")
    assert append_only.faults(connection) == ["draft_wording: its trigger draft_wording_no_update is missing"]
    append_only.refuse_changes(connection, "draft_wording")
    assert append_only.faults(connection) == ["draft_wording: no model asks for its trigger draft_wording_no_delete"]
    append_only.refuse_rewriting(connection, "draft_wording")
    assert append_only.faults(connection) == []
