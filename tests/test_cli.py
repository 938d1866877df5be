"""From an empty database to a consultation that can be opened, by the command line alone."""

import zipfile
from dataclasses import replace

import docx
import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from flask.cli import ScriptInfo

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.cli import cli
from consult.consultations import service as consultations
from consult.consultations.models import Phase, Role
from consult.core import audit
from consult.core.config import resource_dir
from consult.core.db import session, unit_of_work
from consult.privacy import service as privacy
from tests import factories


@pytest.fixture
def run(own_app):
    """Runs ``consult …`` on a database that has tables and no row."""
    def run(*arguments, ok: bool = True) -> str:
        session.remove()
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], obj=ScriptInfo(create_app=lambda: own_app))
        session.remove()
        assert (result.exit_code == 0) is ok, result.output
        return result.output
    return run


def test_a_consultation_is_made_with_the_five_commissions_of_the_policy(run):
    assert run("consultations", "add", "Politique de la qualité", "--title-en", "Quality policy") == (
        "Politique de la qualité: in preparation, with 5 commissions\n"
    )
    made = consultations.get_current()
    assert (made.slug, made.phase, made.is_example) == ("pnq", Phase.PREPARATION, False)
    assert [(body.number, body.title("en")) for body in made.commissions][:2] == [
        (1, "Commission on standardisation"), (2, "Commission on conformity certification"),
    ]
    assert all(body.title_ar for body in made.commissions)
    assert session.scalar(sa.select(audit.AuditEvent.action).where(audit.AuditEvent.action == "consultations.add"))


def test_no_demonstration_before_the_public(run, own_app, monkeypatch):
    """Everybody can read the password of its accounts."""
    monkeypatch.setitem(own_app.extensions, "consult_config", replace(own_app.extensions["consult_config"], base_url="https://avis.example.ma"))
    filled = []
    monkeypatch.setattr("consult.cli.demonstration.fill", filled.append)
    for arguments in ((), ("--if-empty",)):
        assert "--in-public" in run("demo", *arguments, ok=False)
    assert filled == []
    run("demo", "--in-public")
    assert filled == [None]


def test_other_commissions_may_be_named_and_the_text_marked_as_an_example(run):
    run("consultations", "add", "Essai", "--slug", "essai", "--commission", "Une", "واحدة", "One", "--example")
    made = consultations.get_current()
    assert (made.slug, made.is_example, [body.title("ar") for body in made.commissions]) == ("essai", True, ["واحدة"])


def test_one_database_holds_one_consultation(run):
    run("consultations", "add", "Première")
    assert "There is a consultation already" in run("consultations", "add", "Seconde", ok=False)
    assert consultations.get_current().title_fr == "Première"


def test_without_a_consultation_each_refusal_names_the_way(run):
    for command in (("chapters", "import", resource_dir("policy_drafts")), ("export", "contributions", "--out", "unwritten"),
                    ("users", "add", "a@example.org", "--name", "A", "--role", "administrator", "--password", "")):
        assert "consult consultations add" in run(*command, ok=False)
    assert accounts_with("a@example.org") == []


def test_roles_are_held_from_the_command_line(run):
    run("consultations", "add", "Politique")
    run("users", "add", "secretary@example.org", "--name", "S", "--role", "secretariat", "--password", "")
    assert "--commission" in run("users", "add", "r@example.org", "--name", "R", "--role", "rapporteur", "--password", "", ok=False)
    run("users", "add", "r@example.org", "--name", "R", "--role", "rapporteur", "--commission", "2", "--password", "")
    made = consultations.get_current()
    held = {(a.user.email, a.role, a.commission and a.commission.number) for a in consultations.list_appointments(made)}
    assert held == {("secretary@example.org", Role.SECRETARIAT, None), ("r@example.org", Role.RAPPORTEUR, 2)}


@pytest.mark.parametrize(("address", "name", "said"), [
    ("a@exemple,gov,ma", "A", "This is not an e-mail address."), ("a@exemple", "A", "This is not an e-mail address."),
    ("a@example.org", " ", "Write your name"), ("a@example.org", "\u200b", "Write your name"),
])
def test_an_account_has_an_address_and_a_name_as_on_the_site(run, address, name, said):
    assert said in run("users", "add", address, "--name", name, "--password", "", ok=False)


def test_an_account_is_one_however_its_address_is_spelt(run):
    assert run("users", "add", "A@XN--bcher-kva.example", "--name", "A", "--password", "").startswith("a@bücher.example: account made")
    assert "already an account" in run("users", "add", "a@bücher.example", "--name", "A", "--password", "", ok=False)


def test_a_password_is_as_long_as_on_the_site(run):
    assert "characters" in run("users", "add", "a@example.org", "--name", "A", "--password", "court", ok=False)
    assert accounts_with("a@example.org") == []
    run("users", "add", "a@example.org", "--name", "A", "--password", "une phrase assez longue")


def test_what_of_a_text_is_not_taken_is_said_before_it_is_published(run, tmp_path):
    run("consultations", "add", "Essai")
    file = tmp_path / "1.fr.md"
    file.write_text(factories.markdown() + "\nVoir [sic](note).\n\n<!-- à revoir -->\n")
    said = run("chapters", "import", file).splitlines()
    assert [line.partition(":")[2].partition(",")[0] for line in said[:-1]] == [
        " Line 38: the link “sic” leads to “note”", " Line 40: this comment is not published. If it is to be read"]
    assert said[-1] == "1.fr.md: chapter 1 (fr), version 1"


def test_an_empty_title_keeps_the_one_that_is_published(run, tmp_path):
    run("consultations", "add", "Essai")
    document, file = docx.Document(), tmp_path / "texte.docx"
    document.add_heading("Chapitre 2 — Certification", 1)
    document.save(file)
    where = ("--chapter", "2", "--language", "fr")
    run("chapters", "import", file, *where, "--title", "Conformité")
    document.add_paragraph("Un paragraphe de plus.")
    document.save(file)
    run("chapters", "import", file, *where)
    assert [revision.title for revision in chapters.list_published(consultations.get_current()).values()] == ["Conformité"]


def test_chapters_are_imported_once(run):
    run("consultations", "add", "Politique")
    folder = resource_dir("policy_drafts")
    assert "5-promotion.fr.md: chapter 5 (fr), version 1" in run("chapters", "import", folder)
    assert [c.number for c in chapters.list_chapters(consultations.get_current())] == [1, 2, 3, 4, 5]
    assert "exactly this text already" in run("chapters", "import", folder / "1-normalisation.fr.md")
    assert "All is well." in run("verify")


def test_the_next_version_says_what_it_changes_and_a_loss_of_half_is_meant(run, tmp_path):
    run("consultations", "add", "Politique")
    file = tmp_path / "1.fr.md"
    file.write_text(factories.markdown())
    assert run("chapters", "import", file) == "1.fr.md: chapter 1 (fr), version 1\n"
    file.write_text(factories.markdown().replace("chaque année", "chaque mois").replace("Intention de l’axe.\n\n", ""))
    assert run("chapters", "import", file) == "1.fr.md: chapter 1 (fr), version 2, 11 kept, 1 changed, 1 deleted\n"
    file.write_text(factories.markdown()[: factories.markdown().index("## Axe 1")] + "## Axe 1 — Mesurer\n")
    assert "--accept-shrink" in run("chapters", "import", file, ok=False)
    assert "version 3" in run("chapters", "import", file, "--accept-shrink")


def test_a_word_document_is_imported_with_its_chapter_and_language(run, tmp_path):
    run("consultations", "add", "Politique")
    document, file = docx.Document(), tmp_path / "texte.docx"
    document.add_heading("Axe 1 — Mesurer", 2)
    document.add_paragraph("Des mots.")
    document.save(file)
    assert "--chapter NUMBER --language fr" in run("chapters", "import", file, ok=False)
    assert "texte.docx: chapter 2 (fr), version 1" in run("chapters", "import", file, "--chapter", "2", "--language", "fr")
    file.write_bytes(b"torn")
    assert "damaged" in run("chapters", "import", file, "--chapter", "2", "--language", "fr", ok=False)


def accounts_with(email: str) -> list:
    return session.scalars(sa.select(accounts.User).where(accounts.User.email == email)).all()


def test_a_file_that_is_no_dossier_is_a_fault(tmp_path):
    damaged = tmp_path / "dossier.zip"
    with zipfile.ZipFile(damaged, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pnq-dossier/bagit.txt", "BagIt-Version: 1.0\n" * 200)
    whole = damaged.read_bytes()
    for bytes_ in (whole[:60] + b"\xff" * 20 + whole[80:], whole[:70], b"text"):
        damaged.write_bytes(bytes_)
        result = CliRunner().invoke(cli, ["verify", str(damaged)])
        assert result.exit_code == 1, result.output
        assert "FAULT" in result.output


def test_what_the_disk_refuses_is_a_sentence(run, tmp_path):
    run("consultations", "add", "Politique")
    nowhere = tmp_path / "nowhere" / "contributions.csv"
    assert f"Error: {nowhere.parent}" in run("export", "contributions", "--out", nowhere, ok=False)


def test_who_was_forgotten_is_forgotten_again_after_a_restore(run, tmp_path):
    for name in ("a", "b"):
        run("users", "add", f"{name}@example.org", "--name", f"Personne {name}", "--password", "")
    with unit_of_work():
        person = accounts.get_user_by_email("a@example.org")
        before = {column.name: getattr(person, column.name) for column in person.__table__.columns}
        privacy.forget(person, person)
    assert "1 forgotten" in run("users", "forgotten", "--out", tmp_path / "list.txt")
    assert "example.org" not in (tmp_path / "list.txt").read_text()
    with unit_of_work():  # as an older backup has them
        session.connection().exec_driver_sql("DROP TRIGGER erasure_no_delete" + (
            " ON erasure" if session.get_bind().dialect.name == "postgresql" else ""))
        session.connection().exec_driver_sql("DELETE FROM erasure")
        session.execute(sa.update(User).where(User.id == before.pop("id")).values(**before))
    assert "1 forgotten again, of 1" in run("users", "forget-again", tmp_path / "list.txt")
    assert session.scalars(sa.select(User.name).order_by(User.id)).all() == ["", "Personne b"]
    assert "0 forgotten again, of 1" in run("users", "forget-again", tmp_path / "list.txt")
    (tmp_path / "other.txt").write_text("a b")
    assert "is no list" in run("users", "forget-again", tmp_path / "other.txt", ok=False)


def test_whoever_cannot_be_forgotten_again_keeps_nobody_else_from_it(run, tmp_path):
    run("consultations", "add", "Politique")
    for name, role in (("a", []), ("b", ["--role", "administrator"]), ("c", [])):
        run("users", "add", f"{name}@example.org", "--name", f"Personne {name}", "--password", "", *role)
    people = session.execute(sa.select(User.id, User.created_at).order_by(User.id)).all()
    (tmp_path / "list.txt").write_text("".join(f"{number} {created_at.isoformat()}\n" for number, created_at in people))
    session.rollback()
    said = run("users", "forget-again", tmp_path / "list.txt", ok=False)
    assert "2 forgotten again, of 3" in said
    assert f"account {people[1].id}: Nobody else could manage the consultation any more." in said
    assert session.scalars(sa.select(User.name).order_by(User.id)).all() == ["", "Personne b", ""]
