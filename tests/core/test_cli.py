"""The command line: what it does, what it says, and with which status it ends."""

from datetime import timedelta

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import ScriptInfo

from consult import create_app
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Revision
from consult.cli import cli
from consult.consultations import service as consultations
from consult.consultations.models import Consultation, Phase, Role
from consult.core import audit, mail
from consult.core.config import resource_dir
from consult.core.db import Base, db, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM, Action
from tests import factories
from tests.conftest import make_app
from tests.core.test_audit import without_triggers


@pytest.fixture
def consult(own_app):
    """`consult …` on a database of its own; answers (status, what was said)."""
    def run(*arguments, status: int = 0) -> str:
        session.rollback()
        session.expire_all()
        result = CliRunner().invoke(cli, [str(a) for a in arguments], obj=ScriptInfo(create_app=lambda: own_app))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == status, result.output
        assert "Traceback" not in result.output
        session.rollback()
        session.expire_all()
        return result.output
    return run


@pytest.fixture
def environment(own_app, tmp_path, monkeypatch):
    """The settings of the same database in the process's environment, for what reads them there."""
    monkeypatch.setenv("CONSULT_DATABASE_URL", own_app.config["SQLALCHEMY_DATABASE_URI"])
    monkeypatch.setenv("CONSULT_DATA_DIR", str(tmp_path / "data"))
    return monkeypatch


@pytest.fixture
def filled(own_app) -> None:
    with unit_of_work():
        consultation = factories.a_consultation()
        block = factories.block_of(factories.a_chapter(consultation), "C1-A1-P1-a1")
        factories.a_published_contribution(block=block, replacement="Autrement.")
        audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, consultation)


PASSWORD = ("--password", "un long mot de passe")


def count(table) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(table))


def names(group=cli, before=()):
    for name, command in sorted(group.commands.items()):
        yield (*before, name)
        if isinstance(command, click.Group):
            yield from names(command, (*before, name))


@pytest.mark.parametrize("command", [(), *names()], ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_is_everywhere(app, command, option):
    if option == "-h" and command[:1] == ("db",):
        return  # Flask-Migrate's own commands
    result = CliRunner().invoke(cli, [*command, option], obj=ScriptInfo(create_app=lambda: app))
    assert result.exit_code == 0
    assert "Usage:" in result.output


@pytest.mark.slow
def test_a_consultation_is_made_filled_and_peopled(consult):
    consult("consultations", "add", "--help")
    with unit_of_work():
        factories.a_consultation()
    said = consult("chapters", "import", resource_dir("policy_drafts") / "1-normalisation.fr.md")
    assert "chapter 1 (fr), version 1" in said
    assert count(Block) > 200
    assert "exactly this text" in consult("chapters", "import", resource_dir("policy_drafts") / "1-normalisation.fr.md")
    assert count(Revision) == 1


def test_one_refused_file_publishes_none(consult, tmp_path, own_app):
    with unit_of_work():
        factories.a_consultation()
    (tmp_path / "1.md").write_text(factories.markdown(1))
    (tmp_path / "2.md").write_text("pas de tête")
    said = consult("chapters", "import", tmp_path, status=1)
    assert "2.md: " in said
    assert "Nothing was published." in said
    assert count(Revision) == 0


def test_chapters_need_a_consultation_and_a_file(consult, tmp_path):
    (tmp_path / "1.md").write_text(factories.markdown(1))
    assert "no consultation" in consult("chapters", "import", tmp_path, status=1)
    (tmp_path / "empty").mkdir()
    assert "no .md file" in consult("chapters", "import", tmp_path / "empty", status=1)


def test_users_are_added_with_their_role(consult, filled):
    consult("users", "add", "Chair@Example.org", "--name", "Présidente", "--role", "chair", "--commission", 1, *PASSWORD)
    user = session.scalars(sa.select(User).where(User.email == "chair@example.org")).one()
    assert user.holds(Role.CHAIR, user.appointments[0].commission_id)
    assert user.password
    assert user.confirmed_at


@pytest.mark.parametrize(("options", "said"), [
    (("--role", "chair"), "add --commission"), (("--role", "chair", "--commission", 9), ""), (("--role", "emperor"), "emperor"),
])
def test_a_role_that_cannot_be_given_adds_nobody(consult, filled, options, said):
    before = count(User)
    with_status = 2 if "emperor" in options else 1
    assert said in consult("users", "add", "x@example.org", "--name", "X", *PASSWORD, *options, status=with_status)
    assert count(User) == before


def test_the_same_address_twice_is_refused(consult, filled):
    consult("users", "add", "x@example.org", "--name", "X", *PASSWORD)
    consult("users", "add", "x@example.org", "--name", "X", "--password", "un long mot de passe", status=1)


def test_whoever_lost_every_factor_is_helped_with_trace_and_told(consult, filled):
    consult("users", "add", "chief@example.org", "--name", "X", "--role", "administrator", *PASSWORD)
    assert "no second factor" in consult("users", "reset-factors", "chief@example.org", status=1)
    assert "no account" in consult("users", "reset-factors", "nobody@example.org", status=1)
    with unit_of_work():
        session.scalars(sa.select(User).where(User.email == "chief@example.org")).one().tf_totp_secret = "{}"
    consult("users", "reset-factors", "Chief@example.org")
    assert session.scalars(sa.select(User.tf_totp_secret).where(User.email == "chief@example.org")).one() is None
    assert session.scalars(sa.select(audit.AuditEvent.action).order_by(audit.AuditEvent.id.desc())).first() == "accounts.reset_factors"
    assert session.scalars(sa.select(mail.OutgoingMail.recipient).order_by(mail.OutgoingMail.id.desc())).first() == "chief@example.org"


def test_a_password_that_is_tried_first_is_refused(consult, filled):
    said = consult("users", "add", "x@example.org", "--name", "X", "--password", "Password2026!", status=1)
    assert "tried first" in said


def test_what_waits_is_done_at_once(consult, own_app, filled):
    consult("work", "--once")  # what there is to be done for the first time
    with unit_of_work():
        mail.post("x@example.org", "Bonjour", "…")
    assert "1 jobs done" in consult("work", "--once")
    assert audit.unsealed_count() == 0
    assert [letter.subject for letter in own_app.extensions["mailman"].outbox] == ["Bonjour"]


def test_what_the_dates_decided_is_written_down_by_the_worker(consult, own_app):
    with unit_of_work():
        shown = factories.a_consultation()
        shown.round.opens_at, shown.round.closes_at = (utcnow() - timedelta(days=days) for days in (30, 1))
    assert shown.phase == Phase.OPEN
    consult("work", "--once")
    assert session.get_one(Consultation, shown.id).phase == Phase.CLOSED
    assert [event.actor for event in audit.events_of(Action.CONSULTATIONS_CLOSE)] == ["system"]


def test_an_honest_database_is_well(consult, filled):
    waiting = audit.unsealed_count()
    assert f"0 events sealed, {waiting} waiting" in consult("verify")
    assert audit.unsealed_count() == waiting, "nothing was written"
    consult("work", "--once")
    position, digest = audit.head()
    said = consult("verify", "--head", f"{position}:{digest}")
    assert "All is well." in said
    assert f"{waiting} events sealed, 0 waiting; head {position}:{digest}" in said


def test_a_head_that_the_journal_does_not_hold_is_told(consult, filled, tmp_path):
    consult("work", "--once")
    assert "FAULT: the journal was told to stand at 7:" in consult("verify", "--head", "7:" + "a" * 64, status=1)
    (tmp_path / "receipt.txt").write_text(f"… {audit.head()[0]}:{audit.head()[1]} …")
    assert "All is well." in consult("verify", "--since", tmp_path / "receipt.txt")
    assert "No place in the journal is named here." in consult("verify", "--since", "nothing", status=1)


def test_a_tampered_journal_is_found(consult, filled):
    consult("work", "--once")
    without_triggers("UPDATE audit_event SET actor = 'nobody' WHERE id = (SELECT min(id) FROM audit_event)")
    assert "FAULT: link 1 " in consult("verify", status=1)


def test_a_rewritten_contribution_is_found(consult, filled):
    consult("verify")
    with db.engine.begin() as connection:
        drop = "DROP TRIGGER contribution_no_update" + (" ON contribution" if db.engine.dialect.name == "postgresql" else "")
        connection.exec_driver_sql(drop)
        connection.exec_driver_sql("UPDATE contribution SET body = 'Autre chose'")
    assert "no longer matches its receipt" in consult("verify", status=1)


def behind_its_back(trigger: str, statement: str) -> None:
    with db.engine.begin() as connection:
        table = trigger.rpartition("_no_")[0]
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}" + (f" ON {table}" if db.engine.dialect.name == "postgresql" else ""))
        connection.exec_driver_sql(statement)


def test_a_lost_receipt_is_found(consult, filled):
    consult("verify")
    behind_its_back("receipt_no_delete", "DELETE FROM receipt")
    assert "has lost its receipt" in consult("verify", status=1)


def test_a_database_that_no_longer_refuses_is_told_of(consult, filled):
    behind_its_back("receipt_no_delete", "SELECT 1")
    assert "FAULT: receipt: its trigger receipt_no_delete is missing" in consult("verify", status=1)


def test_a_rewritten_text_is_found(consult, filled):
    consult("chapters", "import", resource_dir("policy_drafts") / "1-normalisation.fr.md")
    assert "All is well." in consult("verify")
    behind_its_back("revision_no_update", "UPDATE revision SET source = 'Autre texte'")
    assert "is not the text that was imported" in consult("verify", status=1)


def test_a_rewritten_text_that_was_published_from_a_draft_is_found(consult, filled):
    with unit_of_work():
        secretary = factories.a_user(role=Role.SECRETARIAT)
        source = factories.markdown().replace("Former les techniciens", "Former chaque année les techniciens")
        draft = chapters.keep_working_draft(secretary, consultations.get_current(), data=source.encode())
        chapters.publish(secretary, draft, expected_counter=draft.row_counter, note="Relu.")
    assert "All is well." in consult("verify")
    behind_its_back("revision_no_update", "UPDATE revision SET source = 'Autre texte' WHERE number = 2")
    assert "revision 2 of chapter 1 (fr) is not the text that was published" in consult("verify", status=1)


def rows(url: str, folder) -> dict[str, int]:
    app = make_app(url, folder)
    with app.app_context():
        try:
            return {name: count(table) for name, table in Base.metadata.tables.items()}
        finally:
            session.remove()
            db.engine.dispose()


def test_a_backup_brings_everything_back(consult, filled, environment, databases, tmp_path, own_app):
    (tmp_path / "data" / "exports").mkdir(parents=True)
    (tmp_path / "data" / "exports" / "dossier.zip").write_bytes(b"PK")
    (tmp_path / "data" / "secret-key").write_text("s" * 64)
    consult("backup", tmp_path / "all.tar.gz")
    assert (tmp_path / "all.tar.gz").stat().st_mode & 0o077 == 0
    before = rows(own_app.config["SQLALCHEMY_DATABASE_URI"], tmp_path / "look")
    url, other = databases.new_database(), tmp_path / "other"
    environment.setenv("CONSULT_DATABASE_URL", url)
    environment.setenv("CONSULT_DATA_DIR", str(other))
    assert "restored" in consult("restore", tmp_path / "all.tar.gz")
    assert rows(url, tmp_path / "look") == before
    assert before["contribution"] == 1
    assert (other / "exports" / "dossier.zip").read_bytes() == b"PK"
    assert (other / "secret-key").read_text() == "s" * 64
    assert list(tmp_path.glob("*.part")) == []
    consult("restore", tmp_path / "all.tar.gz", status=1)


@pytest.mark.parametrize(("name", "value"), [("CONSULT_WORKERS", "zero"), ("CONSULT_NOTHING", "x"), ("CONSULT_DATABASE_URL", "mysql://x")])
def test_a_wrong_setting_is_a_sentence(monkeypatch, tmp_path, name, value):
    monkeypatch.setenv("CONSULT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv(name, value)
    result = CliRunner().invoke(cli, ["work", "--once"], obj=ScriptInfo(create_app=create_app))
    assert result.exit_code == 1
    assert f"Error: {name}: " in result.output


@pytest.mark.slow
def test_an_export_is_written(consult, filled, tmp_path):
    consult("export", "contributions", "--out", tmp_path / "contributions.csv")
    assert any(path.stat().st_size for path in tmp_path.rglob("contributions*"))
    assert "Invalid value" in consult("export", "everything", "--out", tmp_path, status=2)


def test_inviting_from_the_command_line(consult, filled):
    assert "Nobody is invited" in consult("users", "invitations")
    assert "add --commission" in consult("users", "invite", "new@example.org", "--role", "chair", status=1)
    assert "invited, chair" in consult("users", "invite", "New@example.org", "--role", "chair", "--commission", 1)
    assert "invited to this role already" in consult("users", "invite", "new@example.org", "--role", "chair", "--commission", 1, status=1)
    assert "new@example.org chair of commission 1: sent" in consult("users", "invitations")
    assert "(invitation 2)" in consult("users", "invite-again", 1)
    assert "withdrawn" in consult("users", "withdraw-invitation", 2)
    consult("users", "withdraw-invitation", 99, status=1)
    assert [line.split(": ")[1].split(",")[0] for line in consult("users", "invitations").splitlines()] == ["withdrawn", "replaced"]
    assert count(mail.OutgoingMail) >= 2


def test_signing_somebody_out_from_the_command_line(consult, filled):
    consult("users", "add", "chief@example.org", "--name", "X", *PASSWORD)
    assert "signed out everywhere" in consult("users", "end-sessions", "chief@example.org")
    consult("users", "end-sessions", "nobody@example.org", status=1)
