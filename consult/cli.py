"""The command line: ``consult …``."""

import gzip
import logging
import os
import subprocess
import sys
import tarfile
import zlib
from collections import Counter
from datetime import datetime
from pathlib import Path

import click
import flask_migrate
import flask_migrate.cli
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import ScriptInfo, with_appcontext
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from consult import THREADS, create_app, demonstration
from consult.accounts import service as accounts
from consult.chapters import conversion
from consult.chapters import service as chapters_service
from consult.chapters.models import BlockFate, Chapter, Revision
from consult.chapters.parsing import read_file
from consult.chapters.source import with_front_matter
from consult.consultations import service as consultations
from consult.consultations.models import COMMISSION_ROLES, Consultation, Role
from consult.core import audit, backup, jobs, left_out, tallies, verification
from consult.core.config import Config, ConfigError, resource_dir, this_app
from consult.core.db import db, reading, unit_of_work
from consult.core.errors import Conflict, ConsultError
from consult.core.i18n import LANGUAGES
from consult.core.locks import lock_all
from consult.core.permissions import SYSTEM
from consult.exports import service as exports


class Group(click.Group):
    """Refusals are sentences on standard error and exit status 1, never tracebacks."""

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except ConsultError as error:
            raise click.ClickException(f"{error.message} {error.remedy}".strip()) from error
        except (ConfigError, tarfile.TarError) as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.filename}: {error.strerror}" if error.filename else str(error)) from error


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Public consultation on a national quality policy. Settings are CONSULT_* variables; the README lists them."""


cli.add_command(flask_migrate.cli.db)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--work", "with_worker", is_flag=True, help="Run the background jobs too, in a process of their own.")
def serve(host: str, port: int, with_worker: bool) -> None:
    """Serve the platform."""
    config = Config.from_environment()
    with create_app(config).app_context():
        refuse_old_tables()
    compress(resource_dir("static"))
    click.echo(f"Serving on http://{host}:{port}/ (stop with Ctrl-C)")
    worker = subprocess.Popen([sys.executable, "-m", "consult", "work"]) if with_worker else None  # noqa: S603 - our own programme
    try:
        Granian(
            "consult:create_app", factory=True, interface=Interfaces.WSGI, address=host, port=port, workers=int(config.workers),
            log_access=False, log_level=LogLevels.warning, respawn_failed_workers=True, backpressure=64,
            blocking_threads=THREADS,
        ).serve()
    finally:
        if worker:
            worker.terminate()
            worker.wait(30)


def refuse_old_tables() -> None:
    """Stop where the database lacks its tables, or has those of another version."""
    logging.getLogger("alembic").setLevel(logging.WARNING)
    scripts = ScriptDirectory(current_app.extensions["migrate"].directory)
    with db.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    if set(found) != set(scripts.get_heads()):
        raise click.ClickException("The database has no tables, or those of another version. Run: consult db upgrade")


def compress(folder: Path) -> None:
    """Keep a .gz beside each text file of ``folder``, where one may write; the server then sends it as it is."""
    if not os.access(folder, os.W_OK):
        return
    for path in folder.rglob("*"):
        packed = path.with_name(path.name + ".gz")
        if path.suffix in (".css", ".js", ".svg") and (not packed.exists() or packed.stat().st_mtime < path.stat().st_mtime):
            partial = packed.with_name(f"{packed.name}.{os.getpid()}")
            partial.write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            partial.replace(packed)


@cli.command()
@click.option("--once", is_flag=True, help="Do what waits now, then stop.")
@with_appcontext
def work(once: bool) -> None:
    """Run the background jobs: mail, exports, the clock, the journal's seals."""
    if once:
        jobs.tick()
        click.echo(f"{jobs.run_pending()} jobs done")
        return
    app = this_app()
    jobs.work(app, int(app.extensions["consult_config"].job_threads))


@cli.command()
@click.option("--if-empty", is_flag=True, help="Leave a database that holds something as it is.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the story stands; by default today.")
@with_appcontext
def demo(if_empty: bool, today: datetime | None) -> None:
    """Create and fill the demonstration in the configured database, the same each time."""
    migrate()
    with reading():
        empty = demonstration.is_empty()
    if empty or not if_empty:
        click.echo("Filling the demonstration (a few seconds)…")
        demonstration.fill(today.date() if today else None)
    with reading():
        shown = consultations.get_current()
        is_demonstration = bool(shown and shown.is_example)
    if is_demonstration:
        print_accounts()


def migrate() -> None:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    flask_migrate.upgrade()


def print_accounts() -> None:
    base = current_app.config["BASE_URL"]
    click.echo(f"\nDemonstration: {base}/fr/  {base}/ar/  {base}/en/")
    click.echo(f"Accounts, all with the password “{demonstration.PASSWORD}” (they exist in a demonstration database alone):")
    for role, name, email in demonstration.accounts_to_print():
        click.echo(f"  {role:<30} {email:<38} {name}")


@cli.group("consultations")
def consultations_group() -> None:
    """The consultation and its commissions."""


@consultations_group.command("add")
@click.argument("title")
@click.option("--title-ar", help="The title in Arabic.")
@click.option("--title-en", help="The title in English.")
@click.option("--slug", default="pnq", show_default=True, help="Short name, in the names of exported files.")
@click.option("--commission", "titles", nargs=3, multiple=True, metavar="FR AR EN",
              help="Titles of a commission, in the order of the chapters; by default the five of the quality policy.")
@click.option("--example", "is_example", is_flag=True, help="Mark the text as an example on every page and document.")
@with_appcontext
def consultations_add(titles: tuple[tuple[str, str, str], ...], **values) -> None:
    """Make the consultation TITLE (in French), in preparation, with its commissions; the rest is set in the browser."""
    with unit_of_work():
        if consultations.get_current():
            raise click.ClickException("There is a consultation already: one database holds one.")
        bodies = [
            {"number": number, "title_fr": fr, "title_ar": ar, "title_en": en}
            for number, (fr, ar, en) in enumerate(titles or demonstration.COMMISSIONS, 1)
        ]
        consultation = consultations.add(SYSTEM, None, title_fr=values.pop("title"), commissions=bodies, **values)
        click.echo(f"{consultation.title_fr}: in preparation, with {len(bodies)} commissions")


@cli.group("chapters")
def chapters_group() -> None:
    """The chapters of the text."""


@chapters_group.command("import")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--chapter", type=int, help="Number of the chapter, for .docx and .odt; a Markdown file says it.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="Language of the text, for .docx and .odt.")
@click.option("--title", help="Title of the chapter, for .docx and .odt; by default the published one, or the document's.")
@click.option("--accept-shrink", is_flag=True, help="Publish a text that keeps less than half of the words of the one before.")
@with_appcontext
def chapters_import(path: Path, chapter: int | None, language: str | None, title: str | None, accept_shrink: bool) -> None:
    """Publish a file (.md, .docx, .odt), or every .md of a folder: all of them or, when one is refused, none."""
    files = sorted(path.glob("*.md")) if path.is_dir() else [path]
    if not files:
        raise click.ClickException(f"There is no .md file in {path}.")
    with unit_of_work():
        consultation = consultations.get_current()
        if consultation is None:
            raise click.ClickException("There is no consultation yet: make one with “consult consultations add”.")
        for file in files:
            try:
                data = source_of(file, consultation, chapter=chapter, language=language, title=title)
                revision = chapters_service.import_chapter(SYSTEM, consultation, data=data, may_shrink=accept_shrink)
                click.echo(f"{file.name}: chapter {revision.chapter.number} ({revision.language}), version {revision.number}"
                           f"{changes_of(revision)}")
            except Conflict as same:
                click.echo(f"{file.name}: {same.message}")
            except ConsultError as refusal:
                remedy = "Add --accept-shrink if it is meant." if getattr(refusal, "field", "") == "may_shrink" else refusal.remedy
                raise click.ClickException(f"{file.name}: {refusal.message} {remedy}\nNothing was published.") from refusal


def source_of(file: Path, consultation: Consultation, *, chapter: int | None, language: str | None, title: str | None) -> bytes:
    """The Markdown of a file, converted when it is a document of Word or LibreOffice; what could not be kept is said."""
    data = file.read_bytes()
    if not conversion.is_document(file.name):
        say_problems(file, data)
        return data
    if chapter is None or language is None:
        raise click.ClickException(f"{file.name}: a document does not say its chapter and language: add --chapter NUMBER --language fr.")
    converted = conversion.convert(data)
    for remark in converted.remarks:
        click.echo(f"{file.name}: {remark}", err=True)
    commission = consultations.get_commission(consultation, chapter).title(language)
    published = chapters_service.list_published(consultation).get((chapter, language))
    title = title or (published.title if published else "") or converted.title or commission
    meta = {"title": title, "commission": commission, "chapter": chapter, "language": language}
    data = with_front_matter(meta, converted.body).encode()
    say_problems(file, data)
    return data


def say_problems(file: Path, data: bytes) -> None:
    """What of a file is not taken over, or looks wrong, before it is published."""
    left_out.begin_telling()
    for problem in read_file(data).problems:
        if not problem.blocks:
            click.echo(f"{file.name}: {problem.message} {problem.remedy}", err=True)
    for sentence in left_out.taken():
        click.echo(f"{file.name}: {sentence}", err=True)


def changes_of(revision: Revision) -> str:
    """How many blocks of each change, after the first version."""
    counted = chapters_service.count_changes(revision.chapter).get(revision.id, Counter())
    return "".join(f", {counted[change]} {change.value}" for change in BlockFate if counted.get(change))


@cli.group()
def users() -> None:
    """The accounts."""


@users.command("add")
@click.argument("email")
@click.option("--name", required=True)
@click.option("--role", type=click.Choice([role.value for role in Role]), help="None: a participant.")
@click.option("--commission", type=int, help="Number of the commission, for its roles.")
@click.option("--language", default="fr", show_default=True)
@click.option("--password", help="Asked for when missing; an empty answer: sign-in by link only.", prompt=True, hide_input=True, default="")
@with_appcontext
def users_add(email: str, name: str, role: str | None, commission: int | None, language: str, password: str) -> None:
    """Make a confirmed account, with a role or none."""
    shortest = current_app.config["SECURITY_PASSWORD_LENGTH_MIN"]
    if password and len(password) < shortest:
        raise click.ClickException(f"The password needs {shortest} characters at least.")
    with unit_of_work():
        user = accounts.add(SYSTEM, None, email=email, name=name, language=language, password=password or None)
        if role:
            consultation = consultations.get_current()
            if consultation is None:
                raise click.ClickException("There is no consultation yet to hold a role in: make one with “consult consultations add”.")
            needs = Role(role) in COMMISSION_ROLES
            if needs and commission is None:
                raise click.ClickException(f"The role {role} belongs to a commission: add --commission NUMBER.")
            body = consultations.get_commission(consultation, commission) if needs and commission is not None else None
            consultations.appoint(SYSTEM, consultation, user=user, role=Role(role), commission=body)
    click.echo(f"{user.email}: account made{f', {role}' if role else ''}")


@cli.command()
@click.argument("name", type=click.Choice(exports.list_names()))
@click.option("--out", "out", required=True, type=click.Path(path_type=Path), help="File, or folder for several files.")
@click.option("--language", default="fr", show_default=True, type=click.Choice(list(LANGUAGES)))
@with_appcontext
def export(name: str, out: Path, language: str) -> None:
    """Write an export."""
    consultation = consultations.get_current()
    if consultation is None:
        raise click.ClickException("There is no consultation to export: make one with “consult consultations add”.")
    for path in exports.export_to(consultation, name, out, language):
        click.echo(path)


@cli.command()
@click.argument("path", required=False, type=click.Path(exists=True, path_type=Path))
@click.pass_context
def verify(ctx: click.Context, path: Path | None) -> None:
    """Check the journal and every contribution of the database, or a dossier offline; exit status 0 only when all is well."""
    faults = verification.verify_file(path) if path else with_appcontext(verify_database)()
    for fault in faults:
        click.echo(f"FAULT: {fault}", err=True)
    click.echo("All is well." if not faults else f"{len(faults)} fault(s).")
    ctx.exit(1 if faults else 0)


def verify_database() -> list[str]:
    faults = verification.verify_database()
    position, head = audit.head()
    click.echo(f"{position} events, head {head}")
    return faults


@cli.command()
@with_appcontext
def recount() -> None:
    """Make all counts that are kept anew from what they count; for when `consult verify` finds one that differs."""
    with unit_of_work():
        recount_all()
    click.echo("Counted.")


def recount_all() -> None:
    lock_all(Chapter)  # whoever changes a count holds one: people wait meanwhile, and nothing is missed
    tallies.recount_all()


@cli.command("backup")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def back_up(path: Path) -> None:
    """Save the database, the exports and the key into one .tar.gz, while the platform runs."""
    click.echo(backup.back_up(Config.from_environment(), path))


@cli.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path, dir_okay=False))
def restore(path: Path) -> None:
    """Put a backup into an empty database."""
    try:
        backup.restore(Config.from_environment(), path)
    except (EOFError, zlib.error) as error:
        raise Conflict(f"{path} is damaged: {error}", "Take another copy of the backup.") from error
    click.echo(f"{path}: restored")


def main() -> None:
    cli(prog_name="consult", obj=ScriptInfo(create_app=create_app, set_debug_flag=False))


