"""A database made at revision 0003 comes up to date: what it held stays word for word, verification still bites, and work goes on.

It holds two consultations, the first decided by the Council, the second open; every table has rows, every state of a contribution and
of a place is in it, some events await their seal, and work of every kind awaits the worker. ``former.json`` says what was true of it.
Both files were made by the services of their time and are not made again: what a migration renames is listed here instead.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import ScriptInfo

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters import events
from consult.chapters import service as chapters
from consult.chapters.models import Revision
from consult.cli import cli
from consult.consultations import service as consultations
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, Interest, Kind, Position, Receipt
from consult.core import audit, jobs, tallies
from consult.core.db import db, session, unit_of_work
from consult.core.i18n import clock_at
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from consult.core.permissions import Action
from consult.core.taking_over import TAKE_OVER
from consult.exports.models import Export, ExportState
from consult.moderation import service as moderation
from consult.synthesis import service as synthesis
from consult.synthesis.models import SynthesisItem
from tests.conftest import let_go, make_app
from tests.house import former

TOLD = json.loads(Path(__file__).with_name("former.json").read_text("utf-8"))
AFTERWARDS = datetime(2026, 11, 14, 10, tzinfo=UTC)  # the second consultation is open
# What migrations have renamed since: former name, present name.
TABLES = {"stale_twin": "outdated_translation"}
COLUMNS = {  # by "table.column" as it was
    "contribution.place_key": "current_key",
    "synthesis_item.position": "number",
    **{f"{table}.lock": "row_counter" for table in ("contribution", "anchor", "synthesis", "synthesis_item", "working_draft")},
}
VALUES = {  # by "table.column" as it was
    "job.name": {"synthesis.tell_outcomes": "synthesis.tell_answers", "adoption.make_export": "exports.make_export"},
}
# What stands in a table of its own since, and is compared by a test of its own.
MOVED = {"user.organisation_id"}
# Counts that are kept in other tables since: made anew, and compared with what they count.
COUNTS = {"block_tally"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory) -> dict[str, former.Rows]:
    """Every row as it was."""
    return former.rows_of(former.restored(tmp_path_factory.mktemp("former") / "former.sqlite"))


@pytest.fixture(scope="module")
def upgraded(databases, tmp_path_factory):
    """An application on the former database once it is up to date, to be read."""
    folder = tmp_path_factory.mktemp("upgraded")
    url = databases.new_database()
    former.put_into(url, folder)
    app = make_app(url, folder)
    with app.app_context():
        flask_migrate.upgrade()
        let_go()
    return app


@pytest.fixture
def old(upgraded):
    with upgraded.app_context():
        yield upgraded
        let_go()


@pytest.fixture
def own_old(upgraded, databases, tmp_path):
    """The same on a copy, to be worked on."""
    app = make_app(databases.new_database(upgraded.config["SQLALCHEMY_DATABASE_URI"]), tmp_path)
    with app.app_context():
        yield app
        session.remove()
        db.engine.dispose()


def verify(app) -> str:
    """What ``consult verify`` says."""
    session.remove()
    with unit_of_work():
        audit.seal_all()
    session.remove()
    result = CliRunner().invoke(cli, ["verify"], obj=ScriptInfo(create_app=lambda: app))
    session.remove()
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def faults_in(said: str) -> list[str]:
    """But one: the database was kept without the file of its sealed archive."""
    faults = [line.removeprefix("FAULT: ") for line in said.splitlines() if line.startswith("FAULT: ")]
    faults.remove("the sealed archive of submission 1 (submission-1.zip) is missing on disk")
    return faults


def count_taken_over() -> int:
    """Events that tell of the rows as they were when they came to be recorded."""
    return session.scalar(sa.select(sa.func.count()).select_from(audit.AuditEvent).where(audit.AuditEvent.action == TAKE_OVER))


def name_of(revision: Revision) -> str:
    return f"{revision.consultation.slug} {revision.chapter.number} {revision.language} {revision.number}"


def person(name: str) -> User:
    return accounts.get_user_by_email(f"{name}@courriel.example")


# What it held


def test_the_rows_are_those_that_were_told_of(rows):
    assert {name: len(found) for name, found in rows.items() if name != "alembic_version"} == TOLD["counts"]
    assert all(TOLD["counts"].values())


def test_no_row_is_lost_and_every_value_is_as_it_was(old, rows):
    now = former.rows_of(db.engine)
    kept = {table: found for table, found in rows.items() if table not in {"alembic_version", *COUNTS}}
    assert [line for table, found in kept.items() for line in differences(table, found, now)] == []


def test_counts_are_those_of_before(old, rows):
    kept = {(row["chapter_id"], row["key"]): row["published"] for row in rows["block_tally"].values() if row["published"]}
    now = events.published(sorted({chapter_id for chapter_id, _key in kept}))
    assert {(chapter_id, key): number for chapter_id, there in now.items() for key, number in there.items()} == kept
    assert tallies.faults() == []


def differences(table: str, found: former.Rows, now: dict[str, former.Rows]) -> Iterator[str]:
    present = now.get(TABLES.get(table, table), {})
    for key, row in found.items():
        if key not in present:
            yield f"{table} {key} is lost"
            continue
        for column, value in row.items():
            if f"{table}.{column}" in MOVED:
                continue
            value = VALUES.get(f"{table}.{column}", {}).get(value, value) if isinstance(value, str) else value
            is_now = present[key].get(COLUMNS.get(f"{table}.{column}", column), "lost")
            if is_now != value:
                yield f"{table} {key}: {column} was {value!r}, is {is_now!r}"


def test_every_contribution_has_its_reference_place_and_receipt(old):
    assert {c.ref: told_of(c) for c in session.scalars(sa.select(Contribution))} == TOLD["contributions"]
    assert all(c.digest == c.receipt.digest for c in session.scalars(sa.select(Contribution)))


def told_of(contribution: Contribution) -> dict[str, str | None]:
    return {
        "state": contribution.state.value, "written on": f"{name_of(contribution.block.revision)} {contribution.block_key}",
        "stands on": contribution.current_key, "receipt": contribution.receipt.digest, "author": contribution.author.email,
        "organisation": contribution.organisation and contribution.organisation.slug,
    }


def test_every_block_has_its_key(old):
    assert {name_of(r): [block.key for block in r.blocks] for r in session.scalars(sa.select(Revision))} == TOLD["keys"]


def test_every_item_has_its_answer_and_its_contributions(old):
    found = {
        f"{item.synthesis.consultation.slug} {item.synthesis.chapter.number} {item.title}": {
            "disposition": item.disposition and item.disposition.value, "refs": [link.contribution.ref for link in item.links],
        }
        for item in session.scalars(sa.select(SynthesisItem))
    }
    assert found == TOLD["items"]


def test_items_keep_their_numbers_and_one_that_was_dropped_has_not_given_its_own(own_old):
    with unit_of_work():
        items = session.scalars(sa.select(SynthesisItem).order_by(SynthesisItem.id)).all()
        assert [(item.synthesis_id, item.number) for item in items] == [(1, 1), (2, 1), (2, 2), (2, 3)]
        draft = items[-1].synthesis
        assert synthesis.add_item(draft.items[0].edited_by, draft, title="Un point de plus").number == 5


def test_everybody_asks_to_join_the_organisation_that_they_had_chosen_and_nobody_signs_for_one(old):
    people = session.scalars(sa.select(User)).all()
    assert {user.email: user.membership and user.membership.organisation.slug for user in people} == TOLD["members"]
    assert {user.membership.state.value for user in people if user.membership} == {"asked"}
    assert [user.email for user in people if user.organisation] == []


def test_every_author_reads_the_digest_on_the_page_of_the_receipt(old):
    for ref, told in TOLD["contributions"].items():
        page = old.test_client().sign_in(accounts.get_user_by_email(told["author"])).get(f"/en/contributions/receipt/{ref}")
        assert page.status_code == 200, ref
        assert told["receipt"] in page.text


# The journal


def test_the_events_are_those_that_were_sealed_byte_for_byte(old):
    events = session.scalars(sa.select(audit.AuditEvent).order_by(audit.AuditEvent.id).limit(TOLD["journal"]["events"])).all()
    assert hashlib.sha256(b"\n".join(audit.canonical(event.content()) for event in events)).hexdigest() == TOLD["journal"]["sha256"]
    position, digest = TOLD["journal"]["head"]
    assert session.get(audit.AuditSeal, position).digest == digest
    # Whoever asks for the events of an act is given those of its former name too.
    assert {event.action for event in events} <= {name for action in Action for name in audit.names_of(action)}


def test_verify_finds_nothing_and_the_chain_goes_on_from_the_former_head(own_old):
    assert f"{TOLD['journal']['events'] + count_taken_over()} events sealed, 0 waiting; head " in (said := verify(own_old))
    assert faults_in(said) == []
    assert session.get(audit.AuditSeal, TOLD["journal"]["head"][0]).digest == TOLD["journal"]["head"][1]
    assert TOLD["journal"]["head"][0] < audit.head()[0]


@pytest.mark.parametrize(("statement", "fault"), [
    ("UPDATE audit_event SET actor = 'nobody' WHERE id = 7", "link 7 does not match event 7"),
    ("UPDATE contribution SET body = 'Autre chose' WHERE ref = 'PNQ-C1-0001'", "PNQ-C1-0001 no longer matches its receipt"),
    ("UPDATE contribution SET body = 'Autre chose' WHERE ref = 'PNQ-C1-0001'", "PNQ-C1-0001 is not what was lodged (event "),
    ("DELETE FROM receipt WHERE id = 1", "PNQ-C1-0001 has lost its receipt"),
    ("UPDATE revision SET source = 'Autre chose' WHERE id = 1", "revision 1 of chapter 1 (fr) is not the text that was imported (event "),
    ("UPDATE revision SET source = 'Autre chose' WHERE id = 5", "revision 2 of chapter 1 (fr) is not the text that was published (event "),
    ("UPDATE synthesis_item SET rationale = 'Autre chose' WHERE id = 1", "the answer of the item “La liste” is not what was last written"),
])
def test_what_was_done_in_the_former_database_is_still_verified(own_old, statement, fault):
    assert faults_in(verify(own_old)) == []
    with db.engine.begin() as connection:
        stop_refusing(connection, statement.split()[2 if statement.startswith("DELETE") else 1])
        connection.exec_driver_sql(statement)
    assert f"FAULT: {fault}" in verify(own_old)


def stop_refusing(connection: sa.Connection, table: str) -> None:
    """What somebody with the database's own password could do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        return
    for (name,) in connection.exec_driver_sql(f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}'").all():
        connection.exec_driver_sql(f"DROP TRIGGER {name}")


def test_what_was_append_only_still_is(old, rows):
    accepted = []
    for act, table, columns in former.refusals():
        present = TABLES.get(table, table)
        names = [COLUMNS.get(f"{table}.{column}", column) for column in columns or next(iter(rows[table].values()))]
        statements = [f"DELETE FROM {present}"] if act == "DELETE" else [f"UPDATE {present} SET {name} = {name}" for name in names]
        accepted += [statement for statement in statements if not is_refused(statement)]
    assert accepted == []


def is_refused(statement: str) -> bool:
    with db.engine.connect() as connection:
        try:
            connection.exec_driver_sql(statement)
        except sa.exc.DBAPIError as refusal:
            return "append-only" in str(refusal)
        finally:
            connection.rollback()
    return False


# What goes on


def test_the_worker_does_what_was_promised_and_tells_nobody_twice(own_old):
    waiting = sa.select(Job).where(Job.state == JobState.WAITING)
    assert {job.name for job in session.scalars(waiting)} <= jobs.REGISTRY.keys()
    last = session.scalar(sa.select(sa.func.max(OutgoingMail.id)))
    session.remove()
    with clock_at(AFTERWARDS):
        jobs.run_pending()
    assert [(job.name, job.error) for job in session.scalars(waiting)] == []
    assert session.scalars(sa.select(Job.error).where(Job.state != JobState.DONE)).all() == ["OSError: [Errno 28] No space left on device"]
    assert session.scalars(sa.select(Receipt).where(Receipt.written_at.is_(None))).all() == []
    assert session.scalars(sa.select(Export).where(Export.state == ExportState.REQUESTED)).all() == []
    # Two receipts, two decisions, and the text that had changed under what was lodged late; the rest had been told.
    told = session.scalars(sa.select(OutgoingMail.recipient).where(OutgoingMail.id > last))
    assert sorted(address.partition("@")[0] for address in told) == ["amina", "karim", "karim", "omar", "salma"]


def test_people_go_on_where_they_were(own_old):
    with clock_at(AFTERWARDS):
        with unit_of_work():
            lodged = lodge(person("karim"), "C2-A2-P1-a2")
            assert lodged.ref == "PNQ-C2-0006"
            published = moderation.publish(person("moderator"), lodged, expected_counter=lodged.row_counter)
            assert published.contribution.is_public
        with unit_of_work():
            draft = chapters.get_working_draft(person("secretary"), consultations.get_current(), 2, "fr")
            revision = chapters.publish(person("chair"), draft, expected_counter=draft.row_counter, note="Relu.", may_shrink=True)
            assert (revision.number, session.get(Contribution, lodged.id).current_key) == (2, "C2-A2-P1-a2")
    assert faults_in(said := verify(own_old)) == []
    assert f"{TOLD['journal']['events'] + count_taken_over() + 3} events sealed, 0 waiting; head " in said


def lodge(author: User, key: str) -> Contribution:
    chapter = chapters.get_chapter(consultations.get_current(), 2)
    return contributions.lodge(
        author, chapters.get_block(chapter, key, "fr"), form_key="afterwards", kind=Kind.COMMENT, comment_type=CommentType.GENERAL,
        position=Position.NEUTRAL, body="Après la mise à jour.", as_organisation=author.organisation, interest=Interest.NONE,
    )
