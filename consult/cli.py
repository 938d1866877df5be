"""The command line: ``consult …``."""

import gzip
import logging
import os
import tarfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import flask_migrate
import flask_migrate.cli
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from flask.cli import ScriptInfo, with_appcontext

from consult import create_app, demonstration, dockets, form_files, people, searches, serving, stakeholders
from consult.adoption.checking import get_digests
from consult.chapters import apart, conversion
from consult.chapters import service as chapters_service
from consult.chapters.models import BlockFate, Chapter, Revision
from consult.chapters.source import with_front_matter
from consult.consultations import service as consultations
from consult.consultations.models import Consultation
from consult.core import audit, backup, encryption, jobs, left_out, tallies, verification
from consult.core.config import Config, ConfigError, resource_dir, this_app
from consult.core.db import db, reading, reading_first, unit_of_work
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


FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Public consultation on a national quality policy. Settings are CONSULT_* variables; the README lists them."""


cli.add_command(flask_migrate.cli.db)
cli.add_command(people.users)
cli.add_command(dockets.group_file)
cli.add_command(stakeholders.stakeholders)
cli.add_command(form_files.forms)
cli.add_command(searches.search)


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True)
@click.option("--work", "with_worker", is_flag=True, help="Run the background jobs too, in a process of their own.")
@click.option("--certificate", type=FILE, help="Of this machine, for a proxy on another one.")
@click.option("--key", type=FILE, help="Of the certificate.")
def serve(host: str, port: int, with_worker: bool, certificate: Path | None, key: Path | None) -> None:
    """Serve the platform."""
    if (certificate is None) != (key is None):
        raise click.UsageError("--certificate and --key belong together.")
    tls = serving.Tls(certificate, key) if certificate and key else None
    config = Config.from_environment()
    config.refuse_unsafe(host, is_ciphered=tls is not None)
    with serving.counting_together():
        begin_to_serve(config, host, port, with_worker, tls)


def begin_to_serve(config: Config, host: str, port: int, with_worker: bool, tls: serving.Tls | None) -> None:
    with create_app(config).app_context():
        refuse_old_tables()
    compress(resource_dir("static"))
    click.echo(f"Serving on http{'s' if tls else ''}://{host}:{port}/ (stop with Ctrl-C)")
    serving.serve(host, port, workers=int(config.workers), with_worker=with_worker, tls=tls)


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
@click.option("--parent", type=int, hidden=True, help="The process that started this one, with which it ends.")
@with_appcontext
def work(once: bool, parent: int | None) -> None:
    """Run the background jobs: mail, exports, the clock, the journal's seals."""
    if once:
        jobs.tick()
        click.echo(f"{jobs.run_pending()} jobs done")
        return
    app = this_app()
    config = app.extensions["consult_config"]
    config.refuse_unsafe()
    jobs.work(app, int(config.job_threads), may_go_on=serving.lives(parent))


@cli.command()
@click.option("--if-empty", is_flag=True, help="Leave a database that holds something as it is.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day on which the story stands; by default today.")
@click.option("--in-public", is_flag=True, help="Also where the public address is not this machine's.")
@with_appcontext
def demo(if_empty: bool, today: datetime | None, in_public: bool) -> None:
    """Create and fill the demonstration in the configured database, the same each time."""
    if this_app().extensions["consult_config"].is_public and not in_public:
        raise click.ClickException(
            f"Everybody knows the password of its accounts, and {current_app.config['BASE_URL']} is public. Nothing was done; "
            "add --in-public for a demonstration that is to be shown there.")
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
    with reading_first():
        consultation = consultations.get_current()
        if consultation is None:
            raise click.ClickException("There is no consultation yet: make one with “consult consultations add”.")
        # All of them are read first, so that nobody waits for that; what another language of a chapter changes is planned anew.
        read = [(file, *planned_of(file, consultation, chapter=chapter, language=language, title=title)) for file in files]
        for file, data, planned in read:
            try:
                revision = chapters_service.import_chapter(
                    SYSTEM, consultation, data=data, may_shrink=accept_shrink, planned=planned)
                click.echo(f"{file.name}: chapter {revision.chapter.number} ({revision.language}), version {revision.number}"
                           f"{changes_of(revision)}")
            except Conflict as same:
                click.echo(f"{file.name}: {same.message}")
            except ConsultError as refusal:
                raise refused(file, refusal) from refusal


def planned_of(file: Path, consultation: Consultation, **told: Any) -> tuple[bytes, chapters_service.Planned]:
    """Its source, and what publishing it would do."""
    try:
        data = source_of(file, consultation, **told)
        return data, chapters_service.plan_import(SYSTEM, consultation, data)
    except ConsultError as refusal:
        raise refused(file, refusal) from refusal


def refused(file: Path, refusal: ConsultError) -> click.ClickException:
    remedy = "Add --accept-shrink if it is meant." if getattr(refusal, "field", "") == "may_shrink" else refusal.remedy
    return click.ClickException(f"{file.name}: {refusal.message} {remedy}\nNothing was published.")


def source_of(file: Path, consultation: Consultation, *, chapter: int | None, language: str | None, title: str | None) -> bytes:
    """The Markdown of a file, converted when it is a document of Word or LibreOffice; what could not be kept is said."""
    data = file.read_bytes()
    if not conversion.is_document(file.name):
        say_problems(file, data)
        return data
    if chapter is None or language is None:
        raise click.ClickException(f"{file.name}: a document does not say its chapter and language: add --chapter NUMBER --language fr.")
    converted = apart.convert(data)
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
    for problem in apart.read_file(data).problems:
        if not problem.blocks:
            click.echo(f"{file.name}: {problem.message} {problem.remedy}", err=True)
    for sentence in left_out.taken():
        click.echo(f"{file.name}: {sentence}", err=True)


def changes_of(revision: Revision) -> str:
    """How many blocks of each change, after the first version."""
    counted = chapters_service.count_changes(revision.chapter).get(revision.id, Counter())
    return "".join(f", {counted[change]} {change.value}" for change in BlockFate if counted.get(change))


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
@click.option("--since", metavar="RECEIPT", help="Only what happened since: a receipt's “position:digest”, or a file that holds one.")
@click.option("--head", "heads", metavar="HEAD", multiple=True, help="A “position:digest” that the journal must hold, as receipts tell.")
@click.option("--digest", metavar="SHA256", help="Of a dossier or of its contents, as the page of the submission publishes it.")
@click.pass_context
def verify(ctx: click.Context, path: Path | None, since: str | None, heads: tuple[str, ...], digest: str | None) -> None:
    """Check the journal and the whole public record of the database, or a dossier offline; exit status 0 only when all is well.

    Nothing is written.
    """
    if path and (since or heads):
        raise click.UsageError("--since and --head are of the database: leave the file away.")
    if digest and not path:
        raise click.UsageError("--digest is of a file: name the file.")
    if since and heads:
        raise click.UsageError("--since looks at what happened since alone: --head belongs to a whole check.")
    faults = verify_file(path, digest) if path else with_appcontext(verify_database)(since, heads)
    for fault in faults:
        click.echo(f"FAULT: {fault}", err=True)
    click.echo("All is well." if not faults else f"{len(faults)} fault(s).")
    ctx.exit(1 if faults else 0)


def verify_file(path: Path, digest: str | None) -> list[str]:
    if faults := verification.verify_file(path):
        return faults
    found = get_digests(path)
    if digest is not None:
        return [] if digest.lower() in found else [f"{path.name}: its SHA-256 is {found.file or found.contents}, not {digest}"]
    said = [f"SHA-256 of the file: {found.file}"] if found.file else []
    click.echo("\n".join([*said, f"SHA-256 of its contents: {found.contents}",
                          "Nothing in it contradicts itself. Compare these digests with those that the page of the submission publishes."]))
    return []


def verify_database(since: str | None, heads: tuple[str, ...]) -> list[str]:
    logging.getLogger("alembic").setLevel(logging.WARNING)
    told = [head for text in heads for head in verification.heads_in(text)]
    if since is not None:
        text = Path(since).read_text("utf-8") if Path(since).is_file() else since
        faults = [*verification.verify_since(verification.heads_in(text)[0])]
    else:
        faults = verification.verify_database(told, verification.enough_processes())
    with reading():
        (position, head), waiting = audit.head(), audit.unsealed_count()
    click.echo(f"{position} events sealed, {waiting} waiting; head {position}:{head}")
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
@click.option("--keep", type=click.IntRange(min=1), metavar="DAYS",
              help="Once it is whole, delete backups (.tar.gz) of the same folder that are older than so many days.")
def back_up(path: Path, keep: int | None) -> None:
    """Save the database, the exports and the key into one .tar.gz, while the platform runs; encrypted for CONSULT_BACKUP_RECIPIENT."""
    config = Config.from_environment()
    click.echo(backup.back_up(config, path))
    for old in backup.prune(config, path, keep) if keep else ():
        click.echo(f"{old}: older than {keep} days, deleted")


@cli.command()
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
def backup_key(path: Path) -> None:
    """Make the key that reads encrypted backups: PATH holds it, and belongs on another machine than this one."""
    public = encryption.make_key(path)
    click.echo(f"{path}: keep it away from this machine. Here, set CONSULT_BACKUP_RECIPIENT={public}")


@cli.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path, dir_okay=False))
def restore(path: Path) -> None:
    """Put a backup into an empty database, SQLite or PostgreSQL, whichever it was made of."""
    backup.restore(Config.from_environment(), path)
    click.echo(f"{path}: restored")
    click.echo("If people were forgotten since it was made, forget them again before anybody is let in: consult users forget-again LIST")


def main() -> None:
    cli(prog_name="consult", obj=ScriptInfo(create_app=create_app, set_debug_flag=False))


