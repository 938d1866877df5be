"""The migrated database keeps exactly what the models say: append-only rows by triggers, rules by CHECKs, on both engines."""

import enum
import re

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import sqlite

from consult.core import append_only
from consult.core.append_only import Trigger, declared, faults, standing, triggers_kept, triggers_of
from consult.core.db import Base, session

TRIGGERS = """
What a database keeps is said by `__append_only__` in the model and made by a migration. Write one, after the newest:
    append_only.refuse_changes(op.get_bind(), "table", ("column", …))   (no column where `__append_only__ = True`)
with the columns that `append_only.declared()` gives, and back again in its downgrade. A migration that builds a table anew on
SQLite (`op.batch_alter_table`) stands in `with append_only.triggers_kept(op.get_bind(), "table"), …`."""
CHECKS = """
`compare_metadata` sees no CHECK, so that no migration was made. Write one, after the newest:
    with append_only.triggers_kept(op.get_bind(), "table"), op.batch_alter_table("table") as batch:
        batch.drop_constraint(op.f("ck_table_name"), type_="check")
        batch.create_check_constraint(op.f("ck_table_name"), "…")
with the words of the model, and back again in its downgrade (whose rows may have to change first)."""
VALUE = re.compile(r"'(?:[^']|'')*'")


@pytest.fixture
def connection(app):
    """The migrated database; whatever a test changes of it is rolled back."""
    return session.connection()


# Append-only


def all_triggers() -> list[Trigger]:
    return [trigger for table, columns in declared().items() for trigger in triggers_of(sqlite.dialect(), table, columns)]


def test_every_model_says_whether_its_rows_are_append_only():
    silent = [mapper.class_.__name__ for mapper in Base.registry.mappers if "__append_only__" not in vars(mapper.class_)]
    assert silent == [], "say it in the model: `__append_only__ = True`, `all_but(…)` or False with the reason (core/append_only.py)"


def test_the_triggers_are_those_that_the_models_ask_for(connection):
    assert faults(connection) == [], TRIGGERS


def drop(connection: sa.Connection, trigger: Trigger) -> None:
    connection.exec_driver_sql(f"DROP TRIGGER {trigger.name}" + (f" ON {trigger.table}" if connection.dialect.name == "postgresql" else ""))


@pytest.mark.parametrize("trigger", all_triggers(), ids=lambda trigger: trigger.name)
def test_no_trigger_is_lost_unseen(connection, trigger):
    drop(connection, trigger)
    assert faults(connection) == [f"{trigger.table}: its trigger {trigger.name} is missing"]


@pytest.mark.parametrize("trigger", [one for one in all_triggers() if one.columns], ids=lambda trigger: trigger.name)
def test_no_column_is_let_go_unseen(connection, trigger):
    lost, *kept = declared()[trigger.table]
    append_only.refuse_changes(connection, trigger.table, kept or ("written_at",))
    (fault,) = faults(connection)
    assert fault.startswith(f"{trigger.table}: its trigger {trigger.name} does not keep {lost}")


@pytest.mark.parametrize(("columns", "said"), [
    (("contribution_id", "digest", "issued_at", "id", "written_at"), "keeps written_at"), ((), "is “CREATE TRIGGER"),
], ids=["one more", "all"])
def test_what_is_kept_too_well_is_seen(connection, columns, said):
    append_only.refuse_changes(connection, "receipt", columns)
    (fault,) = faults(connection)
    assert said in fault


def test_a_trigger_that_no_model_asks_for_is_seen(connection):
    append_only.refuse_changes(connection, "job")
    assert faults(connection) == ["job: no model asks for its trigger job_no_delete", "job: no model asks for its trigger job_no_update"]


def test_a_trigger_that_lets_everything_pass_is_seen(connection):
    """Its name and its columns are not all that it is."""
    drop(connection, standing(connection)["block_no_delete"])
    then = "BEGIN SELECT 1; END" if connection.dialect.name == "sqlite" else "EXECUTE FUNCTION refuse_change()"
    connection.exec_driver_sql(f"CREATE TRIGGER block_no_delete BEFORE DELETE ON block {then}")
    (fault,) = faults(connection)
    assert fault.startswith("block: its trigger block_no_delete is “CREATE TRIGGER"), "nothing is refused, or not TRUNCATE"


def test_triggers_that_sleep_are_seen(connection):
    if connection.dialect.name == "sqlite":
        return  # it has no sleeping triggers, and no function beside them
    connection.exec_driver_sql("ALTER TABLE receipt DISABLE TRIGGER receipt_no_update")
    assert faults(connection) == ["receipt: its trigger receipt_no_update is disabled"]
    append_only.make_function(connection, "BEGIN RETURN NULL; END")
    assert "the function refuse_change()" in faults(connection)[-1]


def built_anew(connection: sa.Connection, table: str):
    """As in a migration; on PostgreSQL the same words alter the table in place."""
    recreate = "always" if connection.dialect.name == "sqlite" else "auto"
    return Operations(MigrationContext.configure(connection)).batch_alter_table(table, recreate=recreate)


def test_a_table_built_anew_loses_its_triggers_and_that_is_seen(connection):
    with built_anew(connection, "receipt") as batch:
        batch.add_column(sa.Column("remark", sa.Text()))
    lost = ["receipt_no_update", "receipt_no_delete"] if connection.dialect.name == "sqlite" else []
    assert faults(connection) == [f"receipt: its trigger {name} is missing" for name in lost]


def test_a_table_built_anew_with_care_keeps_its_triggers_and_checks(connection, of_models):
    with triggers_kept(connection, "anchor"), built_anew(connection, "anchor") as batch:
        batch.drop_constraint("ck_anchor_quote", type_="check")
        batch.create_check_constraint("ck_anchor_quote", "quote IN ('none', 'found', 'close', 'lost', 'doubled')")
    assert faults(connection) == []
    (changed,) = differences(checks(connection), of_models)
    assert changed.startswith("anchor.ck_anchor_quote is ")
    assert "doubled" in changed


def test_a_kept_column_is_not_renamed_past_its_trigger(connection):
    if connection.dialect.name == "postgresql":
        return  # its triggers follow the column
    with pytest.raises(RuntimeError, match="receipt_no_update keeps columns that receipt no longer has: digest"), \
            triggers_kept(connection, "receipt"), built_anew(connection, "receipt") as batch:
        batch.alter_column("digest", new_column_name="sha256")


# Rules


def enum_columns() -> dict[str, type[enum.Enum]]:
    """The enum of each column that holds one, by the name of its CHECK."""
    return {
        f"{table.name}.ck_{table.name}_{column.name}": column.type.enum_class
        for table in Base.metadata.tables.values() for column in table.columns if isinstance(column.type, sa.Enum)
    }


def checks(connection: sa.Connection) -> dict[str, str]:
    """The CHECKs that stand, as the engine words them, by table and name; one without name is known by its words."""
    if connection.dialect.name == "sqlite":
        inspector = sa.inspect(connection)
        rows = [(table, check["name"], check["sqltext"]) for table in inspector.get_table_names()
                for check in inspector.get_check_constraints(table)]
        written = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'table'").scalars()
        assert len(rows) == sum(len(re.findall(r"\bCHECK\s*\(", VALUE.sub("", sql))) for sql in written), "the inspector reads each one"
    else:
        rows = connection.exec_driver_sql(
            "SELECT c.relname, k.conname, pg_get_constraintdef(k.oid) FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
            "WHERE k.contype = 'c' AND k.connamespace = current_schema()::regnamespace"
        ).all()
    found: dict[str, str] = {}
    for table, name, text in rows:
        key, words = f"{table}.{name or text}", " ".join(text.replace('"', "").split())
        found[key] = f"{found[key]}, and once more {words}" if key in found else words
    return found


@pytest.fixture(scope="module")
def of_models(databases) -> dict[str, str]:
    """The CHECKs of a database that the models alone have made: worded by the same engine, so that same means same."""
    engine = sa.create_engine(databases.new_database(), poolclass=sa.NullPool)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        return checks(connection)


def values(text: str) -> set[str]:
    return {value[1:-1].replace("''", "'") for value in VALUE.findall(text)}


def meaning(name: str, text: str) -> object:
    """The order of an enum's values is nothing."""
    return (sorted(VALUE.findall(text)), VALUE.sub("", text)) if name in enum_columns() else text


def differences(now: dict[str, str], of_models: dict[str, str]) -> list[str]:
    """One sentence for each CHECK that stands in one place alone, or says something else."""
    said = [f"{name} does not stand in the database: {of_models[name]}" for name in of_models.keys() - now.keys()]
    said += [f"{name} stands in no model: {now[name]}" for name in now.keys() - of_models.keys()]
    said += [f"{name} is {now[name]}, not {of_models[name]}" for name in now.keys() & of_models.keys()
             if meaning(name, now[name]) != meaning(name, of_models[name])]
    return sorted(said)


def test_every_enum_has_exactly_its_members_in_the_database(connection):
    now, wrong = checks(connection), []
    for name, members in enum_columns().items():
        known, meant = values(now.get(name, "")), {member.value for member in members}
        if known != meant:
            wrong.append(f"{name}: only the database knows {sorted(known - meant)}, only {members.__name__} knows {sorted(meant - known)}")
    assert wrong == [], CHECKS


def test_the_checks_are_those_of_the_models(connection, of_models):
    assert differences(checks(connection), of_models) == [], CHECKS


def test_no_check_is_lost_or_changed_unseen(connection, of_models):
    now = checks(connection)
    for name in of_models:
        assert differences({other: text for other, text in now.items() if other != name}, of_models) == [
            f"{name} does not stand in the database: {of_models[name]}"]
        (changed,) = differences({**now, name: now[name] + " OR true"}, of_models)
        assert changed.startswith(f"{name} is ")
    assert differences({**now, "job.x": "1 = 1"}, of_models) == ["job.x stands in no model: 1 = 1"]


def test_a_rule_that_names_a_state_names_one_that_exists():
    """What a hand-written CHECK compares a column with is a value of that column's enum."""
    unknown = []
    for table in Base.metadata.tables.values():
        enums = {column.name: set(column.type.enums) for column in table.columns if isinstance(column.type, sa.Enum)}
        for rule in table.constraints:
            if isinstance(rule, sa.CheckConstraint) and not rule._type_bound:
                for column, compared in re.findall(r"(\w+) (?:=|<>|IN) (\([^)]*\)|'[^']*')", str(rule.sqltext)):
                    if column in enums and (strange := values(compared) - enums[column]):
                        unknown.append(f"{rule.name}: {column} is never {sorted(strange)}")
    assert unknown == [], "a state was renamed: its rule in the model, and the CHECK by a migration, follow"
