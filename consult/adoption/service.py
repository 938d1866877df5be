"""Exports on request, the submission to the Council, and what the Council decided."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.adoption import files, jobs
from consult.adoption.archive import EXPORT_NAMES as EXPORT_NAMES  # the command line's
from consult.adoption.archive import export_to as export_to
from consult.adoption.models import (
    FORMATS,
    AdoptionDecision,
    CouncilOutcome,
    Export,
    ExportFormat,
    ExportKind,
    ExportState,
    Submission,
    SubmissionArchive,
)
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation, Phase
from consult.contributions.models import Contribution, ContributionState
from consult.core import audit, states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import LANGUAGES, MOROCCO, _, utcnow
from consult.core.jobs import Job, JobState, later, latest, name_of
from consult.core.permissions import Action, require
from consult.synthesis import service as synthesis_service
from consult.synthesis.models import Synthesis, SynthesisState
from consult.text.normalising import is_blank, validated_text

PAGE = 30
AFTER_DECISION = {
    CouncilOutcome.ADOPTED: SynthesisState.ADOPTED,
    CouncilOutcome.ADOPTED_WITH_CHANGES: SynthesisState.ADOPTED_WITH_CHANGES,
    CouncilOutcome.RETURNED: SynthesisState.RETURNED,
}


# Exports


@command
def request_export(actor: User, target: Consultation | Chapter, *, kind: ExportKind, format: ExportFormat, language: str) -> Export:
    """Ask for a document; the worker makes it and the page of exports follows it."""
    if format not in FORMATS[kind]:
        raise Invalid("format", _("This document is not made in this format."))
    if language not in LANGUAGES:
        raise Invalid("language", _("No such language."))
    chapter = target if isinstance(target, Chapter) else None
    if (kind == ExportKind.SYNTHESIS) != (chapter is not None):
        raise Invalid("chapter", _("Choose a chapter: a synthesis is made chapter by chapter."))
    if kind == ExportKind.DOSSIER and not (actor.is_system or actor.holds("secretariat")):
        raise NotAllowed(_("The whole dossier is made by the secretariat."))
    consultation = chapter.consultation if chapter else target
    export = Export(consultation=consultation, chapter=chapter, kind=kind, format=format, language=language, requested_by_id=actor.id)
    session.add(export)
    later(jobs.make_export, export)
    return export


def list_exports(actor: User, consultation: Consultation, *, before: int | None = None) -> list[Export]:
    """The newest first: all of them for the secretariat, one's own for the others."""
    require(actor, Action.ADOPTION_REQUEST_EXPORT, consultation)
    wanted = sa.select(Export).where(Export.consultation_id == consultation.id).options(joinedload(Export.chapter))
    if not actor.holds("secretariat"):
        wanted = wanted.where(Export.requested_by_id == actor.id)
    if before:
        wanted = wanted.where(Export.id < before)
    return list(session.scalars(wanted.order_by(Export.id.desc()).limit(PAGE + 1)))


def list_progress(actor: User, consultation: Consultation, exports: Iterable[Export]) -> dict[int, Job]:
    """The job of each export that is not ready, by the export's id."""
    require(actor, Action.ADOPTION_REQUEST_EXPORT, consultation)
    waiting = [export.id for export in exports if export.state != ExportState.READY]
    if not waiting:
        return {}
    found = sa.select(Job).where(Job.name == name_of(jobs.make_export), Job.subject_id.in_(waiting)).order_by(Job.id)
    return {job.subject_id: job for job in session.scalars(found)}


def count_under_way(work: Iterable[Job]) -> int:
    return sum(job.state in (JobState.WAITING, JobState.RUNNING) for job in work)


def get_export(actor: User, export_id: int) -> Export:
    export = session.get(Export, export_id)
    if export is None:
        raise NotFound
    require(actor, Action.ADOPTION_DOWNLOAD, export)
    return export


def get_export_file(actor: User, export_id: int) -> tuple[Export, Path]:
    """The document itself, once it is made."""
    export = get_export(actor, export_id)
    if export.state != ExportState.READY:
        raise NotFound(_("This document is still being prepared."), _("Wait a moment, then look again at the page of exports."))
    return export, present(export.file_name)


def present(name: str) -> Path:
    path = files.path_of(name)
    if not path.is_file():
        raise NotFound(_("The file is no longer there."), _("Ask for the document again."))
    return path


def count_exports(consultation: Consultation) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(Export).where(Export.consultation_id == consultation.id))


def count_published(consultation: Consultation) -> int:
    """How many contributions open data holds."""
    return session.scalar(
        sa.select(sa.func.count()).select_from(Contribution).join(Chapter, Chapter.id == Contribution.chapter_id)
        .where(Chapter.consultation_id == consultation.id, Contribution.state == ContributionState.PUBLISHED)
    )


def get_data_stamp(consultation: Consultation) -> str:
    """Changes with each change of what the public sees: the ETag of open data."""
    activity, syntheses = session.execute(
        sa.select(sa.func.sum(Chapter.activity), sa.func.sum(Synthesis.row_counter)).select_from(Chapter)
        .outerjoin(Synthesis, Synthesis.chapter_id == Chapter.id).where(Chapter.consultation_id == consultation.id)
    ).one()
    named = audit.newest(Action.ACCOUNTS_EDIT_PROFILE)  # whoever no longer agrees to be named is out of it at once
    return audit.digest_of([consultation.id, consultation.phase.value, activity, syntheses, named])[:24]


# Submission


def list_syntheses(consultation: Consultation) -> list[tuple[Chapter, Synthesis | None]]:
    """Each chapter with its synthesis, when somebody began one."""
    found = (
        sa.select(Chapter, Synthesis).outerjoin(Synthesis, Synthesis.chapter_id == Chapter.id)
        .where(Chapter.consultation_id == consultation.id).order_by(Chapter.number)
    )
    return [(chapter, synthesis) for chapter, synthesis in session.execute(found)]


@command
def submit(actor: User, consultation: Consultation) -> Submission:
    """Send the syntheses to the Council: all of them validated, or none is sent. The archive is sealed by the worker."""
    # Whoever publishes or restores on these chapters ends first, or finds the consultation submitted.
    chapters = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id).order_by(Chapter.id)
    session.execute(chapters.with_for_update(key_share=True))
    syntheses = list_syntheses(consultation)
    missing = [chapter.number for chapter, synthesis in syntheses if synthesis is None or synthesis.state != SynthesisState.VALIDATED]
    if missing or not syntheses:
        raise Conflict(
            _("Not every synthesis is validated. Still missing: chapters %(chapters)s.", chapters=", ".join(map(str, missing)) or "—"),
            _("The chair of each commission validates its synthesis first."),
        )
    audit.seal_all()
    position, digest = audit.head()
    synthesis_service.submit_all([synthesis for _chapter, synthesis in syntheses])
    states.move(consultation, Phase.SUBMITTED, attribute="phase")
    submission = Submission(consultation=consultation, submitted_by_id=actor.id, chain_position=position, chain_digest=digest)
    session.add(submission)
    later(jobs.seal_submission, submission)
    return submission


def get_submission(consultation: Consultation) -> Submission:
    """The submission, for everybody to read."""
    submission = session.scalar(
        sa.select(Submission).where(Submission.consultation_id == consultation.id).options(joinedload(Submission.archive))
    )
    if submission is None:
        raise NotFound(_("Nothing has been submitted to the Council yet."), _("The page of the consultation says in which phase it is."))
    return submission


def get_sealing(submission: Submission) -> Job | None:
    """How far the archive is."""
    return latest(jobs.seal_submission, submission.id)


def get_archive_file(actor: User, submission: Submission) -> tuple[SubmissionArchive, Path]:
    require(actor, Action.ADOPTION_DOWNLOAD, submission)
    return sealed(submission)


def get_public_archive(submission: Submission) -> Path:
    """The archive, for the documents in it that everybody may read (the syntheses)."""
    return sealed(submission)[1]


def sealed(submission: Submission) -> tuple[SubmissionArchive, Path]:
    if submission.archive is None:
        raise NotFound(_("The archive is still being prepared."), _("Wait a moment, then look again."))
    return submission.archive, present(submission.archive.file_name)


# The Council's decision


@command
def decide(actor: User, submission: Submission, *, chapter: Chapter, outcome: CouncilOutcome, words: str,
           decided_on: date) -> AdoptionDecision:
    """Record what the Council decided on one chapter; once every chapter has its decision the consultation is over."""
    # Of two people who record the last two decisions at once, the second sees the first: the consultation ends with both.
    session.execute(sa.select(Submission.id).where(Submission.id == submission.id).with_for_update())
    words = validated_text("words", words, max_length=10_000).strip()
    check_decision(submission, chapter, outcome, words, decided_on)
    synthesis = session.scalar(sa.select(Synthesis).where(Synthesis.chapter_id == chapter.id))
    synthesis_service.record_council_outcome(synthesis, AFTER_DECISION[outcome])
    decision = AdoptionDecision(
        submission=submission, chapter=chapter, outcome=outcome, words=words, decided_on=decided_on, recorded_by_id=actor.id
    )
    session.add(decision)
    session.flush()
    if len(list_decisions(submission)) == len(list_syntheses(submission.consultation)):
        states.move(submission.consultation, Phase.ADOPTED, attribute="phase")
    return decision


def check_decision(submission: Submission, chapter: Chapter, outcome: CouncilOutcome, words: str, decided_on: date) -> None:
    if chapter.consultation_id != submission.consultation_id:
        raise NotFound
    if any(decision.chapter_id == chapter.id for decision in list_decisions(submission)):
        raise Conflict(_("The decision on chapter %(number)s is recorded already.", number=chapter.number),
                       _("A recorded decision is not changed."))
    if outcome != CouncilOutcome.ADOPTED and is_blank(words):
        raise Invalid("words", _("Give the Council’s words: what it changed, or why it returned the chapter."))
    if decided_on > utcnow().astimezone(MOROCCO).date():
        raise Invalid("decided_on", _("This date is still to come."))
    if decided_on < submission.submitted_at.astimezone(MOROCCO).date():
        raise Invalid("decided_on", _("The Council decides after the submission."))


def get_decision(chapter: Chapter) -> AdoptionDecision | None:
    """What the Council decided on one chapter, for everybody to read."""
    return session.scalar(sa.select(AdoptionDecision).where(AdoptionDecision.chapter_id == chapter.id))


def list_decisions(submission: Submission) -> list[AdoptionDecision]:
    """In the order of the chapters, for everybody to read."""
    return list(session.scalars(
        sa.select(AdoptionDecision).join(Chapter, Chapter.id == AdoptionDecision.chapter_id)
        .where(AdoptionDecision.submission_id == submission.id).order_by(Chapter.number)
        .options(joinedload(AdoptionDecision.chapter))
    ))
