"""Exports on request, and open data."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core import audit
from consult.core.commands import command, on
from consult.core.db import Base, after_commit, reading, scalar_count, session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _
from consult.core.jobs import Job, job, later, name_of
from consult.core.locks import list_locked
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import DECIDING, HIDING, NAMING, Action, Actor, can, require
from consult.exports import files, jobs, registry
from consult.exports.models import Export, ExportFormat, ExportKind, ExportState
from consult.exports.registry import Definition
from consult.exports.tables import Column as Column  # of tables that other rooms let people take away, with their writers
from consult.exports.tables import write_csv as write_csv
from consult.exports.tables import write_xlsx as write_xlsx
from consult.synthesis.models import Synthesis

REACTIONS = (Action.CONTRIBUTIONS_SUPPORT, Action.CONTRIBUTIONS_TAKE_BACK_SUPPORT, Action.CONTRIBUTIONS_REPLY,
             Action.CONTRIBUTIONS_WITHDRAW_REPLY, *DECIDING)


@command
def request(actor: Actor, target: Consultation | Chapter, *, kind: ExportKind, format: ExportFormat, language: str) -> Export:
    """Ask for a document; the worker makes it and the page of exports follows it.

    Raises :class:`Invalid` for a format, a language or a target (field ``chapter``) that the document does not have.
    """
    definition = registry.get(kind)
    if format not in definition.formats:
        raise Invalid("format", _("This document is not made in this format."))
    if language not in (definition.languages or LANGUAGES):
        raise Invalid("language", _("No such language."))
    if not isinstance(target, definition.of):
        raise Invalid("chapter", _("Choose a chapter: a synthesis is made chapter by chapter."))
    require(actor, definition.action, target)
    chapter = target if isinstance(target, Chapter) else None
    consultation = chapter.consultation if chapter else target
    export = Export(consultation=consultation, chapter=chapter, kind=kind, format=format, language=language, requested_by_id=actor.id)
    session.add(export)
    later(jobs.make_export, export)
    return export


def list_kinds(actor: Actor, consultation: Consultation) -> list[Definition]:
    """What this person may ask for."""
    return [definition for definition in map(registry.get, ExportKind) if can(actor, definition.action, consultation)]


def list_exports(actor: Actor, consultation: Consultation, *, before: Cursor | None = None) -> Page[Export]:
    """The newest first: all of them for the secretariat, one's own for the others."""
    require(actor, Action.EXPORTS_REQUEST, consultation)
    wanted = sa.select(Export).where(Export.consultation_id == consultation.id).options(joinedload(Export.chapter))
    if not can(actor, Action.EXPORTS_VIEW_ALL, consultation):
        wanted = wanted.where(Export.requested_by_id == actor.id)
    return get_page(wanted, falling(Export.id), after=before, size=ENTRY_PAGE_SIZE)


def list_progress(actor: Actor, consultation: Consultation, exports: Iterable[Export]) -> dict[int, Job]:
    """The job of each export that is not ready, by the export's id."""
    require(actor, Action.EXPORTS_REQUEST, consultation)
    waiting = [export.id for export in exports if not export.state.is_ready]
    if not waiting:
        return {}
    found = sa.select(Job).where(Job.name == name_of(jobs.make_export), Job.subject_id.in_(waiting)).order_by(Job.id)
    return {job.subject_id: job for job in session.scalars(found)}


def count_under_way(work: Iterable[Job]) -> int:
    return sum(job.state.is_under_way for job in work)


def get_export(actor: Actor, export_id: int) -> Export:
    """Raises :class:`NotFound` when nobody asked for it."""
    export = session.get(Export, export_id)
    if export is None:
        raise NotFound
    require(actor, Action.EXPORTS_DOWNLOAD, export)
    return export


def get_export_file(actor: Actor, export_id: int) -> tuple[Export, Path]:
    """The document itself, once it is made; :class:`NotFound` before, or when its file is gone."""
    export = get_export(actor, export_id)
    if not export.state.is_ready:
        raise NotFound(_("This document is still being prepared."), _("Wait a moment, then look again at the page of exports."))
    return export, present(export.file_name or "")


def present(name: str) -> Path:
    """Where the file of this name is; :class:`NotFound` when it is no longer there."""
    path = files.path_of(name)
    if not path.is_file():
        raise NotFound(_("The file is no longer there."), _("Ask for the document again."))
    return path


def take_back_files(*which: sa.ColumnElement[bool]) -> int:
    """Documents that were made are gone, with their rows: these, or all. What is being made is begun anew (``jobs.make_export``)."""
    taken = list_locked(Export, *which)  # one that becomes ready meanwhile is waited for
    for export in (one for one in taken if one.file_name):
        after_commit(files.path_of(export.file_name or "").unlink, True)
        if export.state.is_ready:
            session.delete(export)
        else:
            export.file_name = None
    session.flush()
    return sum(export.state.is_ready for export in taken)


@on(*HIDING)
def promise_to_take_back(_actor: Actor, _decision: Base, subject: Base) -> None:
    """Words that are kept out of sight stand in no document that was made before either: by the worker, who holds nothing else."""
    later(take_back_files_of, subject.consultation)  # type: ignore[attr-defined]  # of a contribution, or of a reply


@job
def take_back_files_of(consultation_id: int) -> None:
    take_back_files(Export.consultation_id == consultation_id)


def drop_nameless_files() -> int:
    """What a worker or a server that was killed left behind: files that no document which is ready has, an hour after they were written."""
    kept = set(session.scalars(sa.select(Export.file_name).where(Export.state.in_(ExportState.where(is_ready=True)))))
    return files.drop("export-*", kept)


def count_exports(consultation: Consultation) -> int:
    return scalar_count(sa.select(sa.func.count()).select_from(Export).where(Export.consultation_id == consultation.id))


def get_data_stamp(consultation: Consultation) -> str:
    """Changes with each change of what the public sees: the ETag of open data."""
    activity, syntheses = session.execute(
        sa.select(sa.func.sum(Chapter.activity), sa.func.sum(Synthesis.row_counter)).select_from(Chapter)
        .outerjoin(Synthesis, Synthesis.chapter_id == Chapter.id).where(Chapter.consultation_id == consultation.id)
    ).one()
    # Whoever no longer agrees to be named is out of it at once; what others do beside contributions leaves the chapters as they are.
    told = audit.newest(*NAMING, *REACTIONS)
    return audit.digest_of([consultation.id, consultation.phase.value, activity, syntheses, told])[:24]


# The command line


def list_names() -> list[str]:
    """What ``consult export`` writes."""
    return list(registry.command_names())


def export_to(consultation: Consultation, name: str, out: str | Path, language: str = "fr") -> list[Path]:
    """``consult export NAME --out PATH``: what was written. Raises :class:`KeyError` for an unknown name.

    Documents about each chapter are written into the folder ``out``; another is the file ``out``, or goes into it when it is a
    folder. Must be called outside of a unit of work: it opens its own short ones.
    """
    definition, formats = registry.command_names()[name]
    out = Path(out)
    with reading():
        consultation_id = consultation.id
    if definition.is_by_chapter:
        return export_chapters(definition, consultation_id, out, formats=formats, language=language)
    path = out / definition.file_name(formats[0]) if out.is_dir() else out
    with files.replacing(path) as file:
        definition.write(consultation_id, file, format=formats[0], language=language)
    return [path]


def export_chapters(
    definition: Definition, consultation_id: int, folder: Path, *, formats: Sequence[ExportFormat], language: str,
) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with reading():
        chapters = session.execute(sa.select(Chapter.id, Chapter.number).where(Chapter.consultation_id == consultation_id)).all()
    written: list[Path] = []
    for chapter_id, number in chapters:
        paths = {format: folder / f"chapter-{number}.{language}.{format.value}" for format in formats}
        definition.write_each(chapter_id, partial(opened_in, paths), formats=formats, language=language)
        written += paths.values()
    return written


def opened_in(paths: Mapping[ExportFormat, Path], format: ExportFormat) -> AbstractContextManager[IO[bytes]]:
    return files.replacing(paths[format])
