"""What `consult verify` finds: every change by hand of every column of every table of the public record, and nothing else."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from consult.cli import recount_all
from consult.consultations.models import Consultation
from consult.contributions.models import Attachment, Contribution, PositionEntry, PositionReceipt, digest_of_position
from consult.core import audit, events, jobs, schema, verification
from consult.core.audit import AuditEvent, AuditSeal, Checkpoint
from consult.core.db import Base, note_rows, session, unit_of_work
from consult.core.latest import Latest
from consult.core.permissions import SYSTEM, Action
from consult.core.records import Layout, layouts
from consult.core.sharing import one_view
from consult.core.stores import store
from consult.core.taking_over import TAKE_OVER
from consult.exports import files
from consult.moderation.models import ModerationDecision
from tests.conftest import app_on
from tests.core.test_append_only import one_row
from tests.tampering import another, by_hand, without_checks

FAULT = re.compile(r"(\w+) (\d+)\b.* (is gone|is in no event|is not as|is there again)")


@pytest.fixture
def recorded(databases, demonstration, tmp_path, monkeypatch) -> Iterator[None]:
    """The demonstration, with a row in each table of the record that it leaves empty; everything is sealed."""
    if databases.kind == "postgresql":  # whose checks are taken away below, so that a hand can write what they refuse
        monkeypatch.setattr(schema, "_lost_checks", lambda _connection: iter(()))
    with app_on(databases.new_database(demonstration), tmp_path / "data"):
        empty = [layout for layout in layouts().values() if session.scalar(sa.select(sa.func.count()).select_from(layout.table)) == 0]
        with by_hand() as connection:
            for layout in empty:
                connection.execute(one_row(layout.table))
            connection.execute(sa.update(Attachment).values(sha256=store().put(b"A file.")))
            connection.exec_driver_sql("UPDATE submission SET chain_position = 0")
            connection.exec_driver_sql("UPDATE receipt SET chain_position = 0")
            connection.exec_driver_sql("UPDATE position_receipt SET chain_position = 0")
            files.path_of("sealed.zip").write_bytes(b"sealed")
            size, sha256 = files.measure(files.path_of("sealed.zip"))
            connection.exec_driver_sql(f"UPDATE submission_archive SET file_name = 'sealed.zip', size = {size}, sha256 = '{sha256}'")
        make_whole()
        with unit_of_work():
            recount_all()
            for layout in empty:
                note_rows(model_of(layout), [1])
            audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, session.scalars(sa.select(Consultation)).first())
        jobs.tick()
        without_checks()
        yield


def make_whole() -> None:
    """The digest of the one position is of what it holds."""
    with unit_of_work():
        position = session.scalars(sa.select(PositionReceipt)).one()
        lodged = [(entry.contribution.ref, entry.contribution.receipt.digest) for entry in session.scalars(sa.select(PositionEntry))]
        digest = digest_of_position(position.ref, position.author_id, position.lodged_at, lodged)
    session.remove()
    with by_hand() as connection:
        connection.execute(sa.update(PositionReceipt).values(digest=digest))


def model_of(layout: Layout) -> type[Base]:
    return next(mapper.class_ for mapper in Base.registry.mappers if mapper.local_table is layout.table)


def named() -> dict[tuple[str, int], str]:
    """The rows that verifying names, and what it says of each."""
    found = {}
    for fault in records_faults():
        told = FAULT.match(fault)
        assert told, fault
        found[told[1], int(told[2])] = told[3]
    return found


def records_faults() -> list[str]:
    with one_view(), Latest() as latest:
        assert verification._alone(verification._journal(latest)) == []
        return verification._alone(verification._record(latest))


class Hand:
    """Changes by hand, one a row, and back."""

    def __init__(self) -> None:
        self.before: dict[tuple[str, int], tuple[Layout, sa.Column, object]] = {}

    def change(self, layout: Layout, column: sa.Column, number: int) -> bool:
        """In a row that nothing was changed in yet; whether there was one."""
        some = sa.select(layout.key, column).order_by(layout.key).limit(40)
        with by_hand() as connection:
            for key, was in connection.execute(some).all():
                if (layout.table.name, key) not in self.before:
                    self.put(connection, layout, column, key, another(column, was, number))
                    self.before[layout.table.name, key] = layout, column, was
                    return True
        return False

    def put(self, connection: sa.Connection, layout: Layout, column: sa.Column, key: int, value: object) -> None:
        connection.execute(sa.update(layout.table).where(layout.key == key).values({column.name: value}))

    def put_back(self) -> None:
        with by_hand() as connection:
            for (_name, key), (layout, column, was) in self.before.items():
                self.put(connection, layout, column, key, was)
        self.before.clear()


def test_an_untouched_record_has_no_fault(recorded):
    assert verification.verify_database() == []
    assert verification.verify_database((), 2) == []


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # the tests' own threads hold nothing that is needed there
def test_processes_that_share_it_find_the_same(recorded, monkeypatch):
    monkeypatch.setattr(verification, "PIECE", 3)
    hand = Hand()
    for number, layout in enumerate(layouts().values()):
        hand.change(layout, layout.table.c[layout.columns[-1]], number)
    for model in (ModerationDecision, Contribution):
        by_hand_run(f"DELETE FROM {model.__tablename__} WHERE id = 4")
    last = audit.head()[0]
    by_hand_run(forged(records='{"moderation_decision": {"3": "x"}}'), f"DELETE FROM audit_seal WHERE position = {last - 2}",
                f"UPDATE audit_seal SET digest = 'x' WHERE position = {last // 2}")
    alone = verification.verify_database()
    assert len(alone) > len(layouts())
    assert sorted(verification.verify_database((), 2)) == sorted(alone)


def test_each_column_of_each_table_is_kept(recorded):
    waiting = [(layout, layout.table.c[name]) for layout in layouts().values() for name in layout.columns]
    assert len(waiting) >= 250, "and two more for each table: a row that is taken away, one that is added"
    hand = Hand()
    while waiting:
        waiting = [(layout, column) for number, (layout, column) in enumerate(waiting) if not hand.change(layout, column, number)]
        assert named() == dict.fromkeys(hand.before, "is not as"), "and no other row"
        hand.put_back()
    assert named() == {}


def test_rows_that_are_gone_or_that_nobody_made_are_named(recorded):
    gone, new = {}, {}
    with by_hand() as connection:
        for name, layout in layouts().items():
            key = connection.scalar(sa.select(sa.func.max(layout.key)))
            row = connection.execute(sa.select(layout.table).where(layout.key == key)).mappings().one()
            added = {column.name: another(column, row[column.name], 7) if column.unique or in_unique(column) else row[column.name]
                     for column in layout.table.columns}
            connection.execute(sa.delete(layout.table).where(layout.key == key))
            connection.execute(sa.insert(layout.table), {**added, layout.key.name: key + 1})
            gone[name, key], new[name, key + 1] = "is gone", "is in no event"
    assert named() == gone | new


def in_unique(column: sa.Column) -> bool:
    table = column.table
    return any(column.name in constraint.columns for constraint in table.constraints if isinstance(constraint, sa.UniqueConstraint)) or any(
        column.name in index.columns for index in table.indexes if index.unique)


def test_a_row_that_was_taken_away_and_is_there_again(recorded):
    layout = layouts()["commission"]
    with by_hand() as connection:
        row = dict(connection.execute(sa.select(layout.table).limit(1)).mappings().one())
        connection.execute(sa.delete(layout.table).where(layout.key == row["id"]))
    with unit_of_work():
        note_rows(model_of(layout), [row["id"]])
        audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, session.scalars(sa.select(Consultation)).first())
    assert named() == {}
    with by_hand() as connection:
        connection.execute(sa.insert(layout.table), row)
    assert named() == {("commission", row["id"]): "is there again"}


def test_a_value_that_no_code_writes_is_a_difference_like_any_other(recorded):
    with by_hand() as connection:
        connection.exec_driver_sql("UPDATE synthesis SET state = 'carried' WHERE id = 1")
    faults = verification.verify_database()
    assert any(re.match(r"synthesis 1\b.* is not as event", fault) for fault in faults), faults


def test_a_row_that_cannot_be_read_at_all_stops_no_other_check(recorded):
    with by_hand() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL keeps no text where a number should be")
        connection.exec_driver_sql("UPDATE alignment SET confidence = 'sure' WHERE id = 1")
        connection.exec_driver_sql("UPDATE audit_event SET details = '{' WHERE id = 5")
        connection.exec_driver_sql("UPDATE revision SET title = 'Other' WHERE id = 1")
    faults = verification.verify_database()
    for start in ("the journal cannot be read", "alignment"):
        assert any(fault.startswith(start) for fault in faults), faults


def test_a_sealed_archive_is_looked_at_on_disk(recorded):
    files.path_of("sealed.zip").write_bytes(b"Sealed")
    (fault,) = verification.verify_database()
    assert fault.startswith("the sealed archive of submission 1 (sealed.zip) was changed on disk: its SHA-256 is ")
    files.path_of("sealed.zip").unlink()
    assert verification.verify_database() == ["the sealed archive of submission 1 (sealed.zip) is missing on disk"]


# The chain's end


def cut(position: int) -> str:
    return f"DELETE FROM audit_event WHERE id IN (SELECT event_id FROM audit_seal WHERE position > {position})"


def by_hand_run(*statements: str) -> None:
    with by_hand() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def test_events_that_were_cut_off_are_missed_by_what_was_told(recorded):
    position, digest = audit.head()
    with unit_of_work():
        session.add(Checkpoint(chain_position=position, chain_digest=digest))
    by_hand_run(cut(position - 3), f"DELETE FROM audit_seal WHERE position > {position - 3}")
    faults = verification.verify_database()
    assert f"checkpoint: the journal was told to stand at {position}:{digest}, and ends before" in faults
    head = verification.Head(position, digest)
    assert verification.verify_database([head])[0] == f"the journal was told to stand at {position}:{digest}, and ends before"
    assert verification.verify_since(head) == [f"the journal was told to stand at {position}:{digest}, and ends before"]


def test_a_journal_without_its_seals_is_not_sealed_again(recorded):
    by_hand_run("DELETE FROM audit_seal")
    faults = verification.verify_database()
    assert any("events have no seal, the first of" in fault for fault in faults)
    jobs.tick()
    assert audit.head() == (0, audit.GENESIS)
    assert verification.verify_database() == faults


def test_receipts_tell_when_checkpoints_went_as_well(recorded):
    position, digest = audit.head()
    by_hand_run("DELETE FROM audit_seal", "DELETE FROM checkpoint",
                f"UPDATE receipt SET chain_position = {position}, chain_digest = '{digest}' WHERE id = 1")
    with unit_of_work():
        audit.seal_all()
    assert not any(fault.startswith("receipt: ") for fault in verification.verify_database()), "the very same chain was made again"
    by_hand_run("UPDATE audit_event SET actor_id = 1 WHERE id = 3", "DELETE FROM audit_seal")
    with unit_of_work():
        audit.seal_all()
    assert any(fault.startswith("receipt: the journal was told to stand at") for fault in verification.verify_database())


def test_verifying_writes_nothing(recorded):
    with unit_of_work():
        audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, session.scalars(sa.select(Consultation)).first())
    before = session.scalar(sa.select(sa.func.count()).select_from(AuditSeal))
    assert verification.verify_database() == []
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditSeal)) == before
    assert audit.unsealed_count() == 1


def test_what_happened_since_a_receipt_is_checked_alone(recorded):
    links = sa.select(AuditSeal.position, AuditSeal.digest).order_by(AuditSeal.position.desc())
    position, digest = session.execute(links.offset(20)).first()
    (head,) = verification.heads_in(f"Lodged; the journal stood at {position}:{digest}.")
    assert verification.verify_since(head) == []
    by_hand_run("UPDATE commission SET title_fr = 'Autre' WHERE id = 1")
    assert verification.verify_since(head) == [], "nothing happened to it since"
    told = session.scalars(sa.select(AuditEvent.records).order_by(AuditEvent.id.desc()).offset(1)).first()
    table, (key, *_others) = next((name, list(digests)) for name, digests in told.items() if name != "submission")
    by_hand_run(f"DELETE FROM {table} WHERE id = {key}")
    (fault,) = verification.verify_since(head)
    assert fault.startswith(f"{table} {key} is gone: event ")
    assert verification.verify_since(verification.Head(position, "0" * 64)) == [
        f"the journal was told to stand at {position}:{'0' * 64}, and has {digest} there"]


def test_a_receipt_of_before_the_first_seal_tells_of_nothing_lost(own_app):
    """What is told before anything was sealed is where every journal begins."""
    assert verification.verify_since(verification.BEGINNING) == []
    assert verification.verify_since(verification.Head(0, "f" * 64)) == [
        f"the journal was told to stand at 0:{'f' * 64}, and ends before"]


# The order of what is told


def test_faults_of_the_rooms_are_told_after_those_of_the_journal_in_their_order(own_app, monkeypatch):
    monkeypatch.setattr(verification, "_follow", lambda *_all: ["zero"])

    def fails():
        yield "one"
        raise LookupError("no such state")
    monkeypatch.setattr(events.faults, "fillers", [fails, lambda: iter(["two"]), lambda: iter(())])
    faults = verification.verify_database()
    assert (faults[:2], faults[-1]) == (["zero", "one"], "two")
    assert faults[2].endswith("fails cannot be read: LookupError: no such state")


def test_each_room_that_keeps_words_checks_them(app):
    rooms = [check.__module__.split(".")[1] for check in events.faults.fillers]
    assert list(dict.fromkeys(rooms)) == ["chapters", "contributions", "moderation", "synthesis", "adoption", "journal"]


# What is slipped in


FORGED = ("INSERT INTO audit_event (id, at, action, actor, subject, subject_id, details, records) "
          "VALUES (90001, '{at}', '{action}', 'system', '{subject}', 1, '{{}}', '{records}')")
NOW = "2026-11-01 08:00:00.000000+00:00"


def forged(**over: str) -> str:
    values = {"at": NOW[:26] if session.get_bind().dialect.name == "sqlite" else NOW, "action": "consultations.edit",
              "subject": "consultation", "records": "{}"}
    return FORGED.format(**{**values, **over})


@pytest.mark.parametrize(("statement", "fault"), [
    ({"action": "no.such.act"}, "event 90001 tells of “no.such.act”, which is no act"),
    ({"subject": "nothing"}, "event 90001 (consultations.edit) is about “nothing”, of which there is nothing"),
    ({"records": '{"moderation_decision": {"3": "x"}}'}, "moderation_decision 3 never changes, and event 90001 tells of it once more"),
    ({"at": "2999-01-01 08:00:00.000000"}, "event 90001 (consultations.edit) is of 2999-01-01T08:00:00+00:00, which has not come yet"),
])
def test_an_event_that_nobody_wrote_is_told(recorded, statement, fault):
    by_hand_run(forged(**statement))
    assert fault in verification.verify_database()


@pytest.mark.parametrize("records", [
    '["x"]', '{"contribution": "x"}', '{"contribution": {"x": "y"}}', f'{{"contribution": {{"{10**20}": "x"}}}}'])
def test_an_event_that_no_version_reads_is_a_fault_like_others(recorded, records):
    by_hand_run(forged(records=records))
    assert any(fault.startswith("the journal cannot be read: ") for fault in verification.verify_database())


@pytest.mark.parametrize("position", [-1, 0])
def test_an_event_that_hides_before_the_chain_is_told(recorded, position):
    seal = f"INSERT INTO audit_seal (position, event_id, digest, sealed_at) VALUES ({position}, 90001, 'x', '2026-11-01 08:00:00')"
    by_hand_run(forged(), seal)
    assert f"the seal at {position} (event 90001) is no link of the chain" in verification.verify_database()


def test_rows_that_are_taken_over_again_are_told(recorded):
    for part in (1, 2):
        by_hand_run(forged(action=TAKE_OVER, subject="commission", records='{"commission": {}}').replace("90001", f"9000{part}")
                    .replace("'{}'", f"""'{{"layout": "x", "part": {2 * part - 1}}}'"""))
    assert "commission: its rows were taken over more than once as one version records them" in verification.verify_database()


def test_a_moment_or_a_truth_written_otherwise_is_a_difference(recorded):
    with by_hand() as connection:
        if connection.dialect.name != "sqlite":
            pytest.skip("PostgreSQL keeps each in one way")
        connection.exec_driver_sql("UPDATE round SET closes_at = replace(closes_at, ' ', 'T') WHERE id = 1")
        connection.exec_driver_sql("UPDATE consultation SET is_example = 2 WHERE id = 1")
    assert named().keys() == {("round", 1), ("consultation", 1)}
