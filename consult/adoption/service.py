"""The submission to the Council, and what the Council decided."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.adoption import jobs
from consult.adoption.models import (
    AdoptionDecision,
    CouncilOutcome,
    FailureCause,
    Submission,
    SubmissionArchive,
    SubmissionFailure,
    SubmissionRequest,
)
from consult.chapters.models import Chapter, Revision
from consult.consultations.models import Consultation, Phase
from consult.contributions import service as contributions
from consult.contributions.models import Anchor, Contribution
from consult.core import audit, states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import MOROCCO, _, day, gettext, utcnow
from consult.core.jobs import Job, later, latest
from consult.core.locks import lock, lock_all
from consult.core.permissions import Action, Actor, require
from consult.exports import events as exports_events
from consult.exports import service as exports
from consult.synthesis import service as synthesis_service
from consult.synthesis.models import Synthesis
from consult.text.normalising import is_blank, validated_text

# Submission


def list_syntheses(consultation: Consultation) -> list[tuple[Chapter, Synthesis | None]]:
    """Each chapter with its synthesis, when somebody began one."""
    found = (
        sa.select(Chapter, Synthesis).outerjoin(Synthesis, Synthesis.chapter_id == Chapter.id)
        .where(Chapter.consultation_id == consultation.id).order_by(Chapter.number)
    )
    return [(chapter, synthesis) for chapter, synthesis in session.execute(found)]


@command
def submit(actor: User, consultation: Consultation) -> SubmissionRequest:
    """Ask that the syntheses be sent to the Council: the worker makes and seals every document first, then the submission happens.

    :class:`Conflict` unless all of them are validated and complete, or while an earlier request is under way.
    """
    synthesis_service.refuse_to_submit(_list_ready(consultation))
    earlier = get_request(consultation)
    if earlier and earlier.is_under_way:
        raise Conflict(_("The submission is being prepared already."),
                       _("Wait until its archive is sealed: the page of the submission says so."))
    request = SubmissionRequest(consultation=consultation, requested_by_id=actor.id)
    session.add(request)
    return request


def _list_ready(consultation: Consultation) -> list[Synthesis]:
    """The syntheses, held from here on; :class:`Conflict` where one is not validated, or contributions look for their places."""
    lock(consultation, "phase")
    # Whoever publishes or restores on these chapters ends first, or finds the consultation submitted.
    lock_all(Chapter, Chapter.consultation_id == consultation.id)
    syntheses = list_syntheses(consultation)
    missing = [chapter.number for chapter, synthesis in syntheses if synthesis is None or not synthesis.state.awaits_submission]
    if missing or not syntheses:
        raise Conflict(
            _("Not every synthesis is validated. Still missing: chapters %(chapters)s.", chapters=" · ".join(map(str, missing)) or "—"),
            _("The chair of each commission validates its synthesis first."),
        )
    if sought := contributions.list_chapters_sought_in(consultation):
        raise Conflict(
            _("Contributions are still being given their places in a version that has just been published: chapters %(chapters)s.",
              chapters=" · ".join(map(str, sought))),
            _("Wait until that is done, a minute at most, and submit again."),
        )
    return [synthesis for _chapter, synthesis in syntheses if synthesis]


@dataclass(frozen=True, kw_only=True)
class MadeArchive:
    """An archive that is whole and on disk: of what (``stamp``), and the journal's head that is in it."""

    stamp: str
    position: int
    digest: str
    file_name: str
    size: int
    sha256: str


def get_archive_stamp(consultation: Consultation) -> str:
    """Changes with each change of what an archive holds."""
    said = (
        sa.select(sa.func.count(), sa.func.sum(Contribution.row_counter)).join(Chapter, Chapter.id == Contribution.chapter_id)
        .where(Chapter.consultation_id == consultation.id)
    )
    placed = (
        sa.select(sa.func.count(), sa.func.sum(Anchor.row_counter)).join(Revision, Revision.id == Anchor.revision_id)
        .join(Chapter, Chapter.id == Revision.chapter_id).where(Chapter.consultation_id == consultation.id)
    )
    counts = [list(session.execute(counted).one()) for counted in (said, placed)]
    return audit.digest_of([exports.get_data_stamp(consultation), counts])


@command
def seal(_actor: Actor, request: SubmissionRequest, *, archive: MadeArchive) -> Submission:
    """The submission happens, with the archive that was made of it; the journal's head that it names is the one that is in there.

    :class:`Conflict` when it was called off, when what the archive holds has changed since, or when a synthesis is no longer validated.
    """
    consultation = request.consultation
    syntheses = _list_ready(consultation)
    session.refresh(request, ["failure"])
    if not request.is_under_way or get_archive_stamp(consultation) != archive.stamp:
        raise Conflict(_("Something changed while the documents were being made."), _("Look at what changed, then submit again."))
    synthesis_service.submit_all(syntheses)
    states.move(consultation, Phase.SUBMITTED, attribute="phase")
    submission = Submission(
        consultation=consultation, submitted_by_id=request.requested_by_id, chain_position=archive.position, chain_digest=archive.digest)
    submission.archive = SubmissionArchive(file_name=archive.file_name, size=archive.size, sha256=archive.sha256)
    session.add(submission)
    return submission


@command
def call_off(_actor: Actor, request: SubmissionRequest, *, cause: FailureCause, details: str) -> SubmissionFailure:
    """Nothing is submitted, and whoever asked is told why; :class:`Conflict` when it was submitted, or called off before."""
    lock(request.consultation, "phase")
    session.refresh(request, ["failure"])
    if not request.is_under_way:
        raise Conflict(_("The submission is no longer being prepared."), _("The page of the submission says what became of it."))
    failure = SubmissionFailure(request=request, cause=cause, details=details)
    session.add(failure)
    later(jobs.tell_failure, failure)
    return failure


def get_request(consultation: Consultation) -> SubmissionRequest | None:
    """The latest that the secretariat asked for."""
    asked = sa.select(SubmissionRequest).where(SubmissionRequest.consultation_id == consultation.id)
    return session.scalars(asked.options(joinedload(SubmissionRequest.failure)).order_by(SubmissionRequest.id.desc()).limit(1)).first()


def get_submission(consultation: Consultation) -> Submission:
    """The submission, for everybody to read; :class:`NotFound` while there is none."""
    submission = session.scalar(
        sa.select(Submission).where(Submission.consultation_id == consultation.id).options(joinedload(Submission.archive))
    )
    if submission is None:
        raise NotFound(_("Nothing has been submitted to the Council yet."), _("The page of the consultation says in which phase it is."))
    return submission


def get_milestones(consultation: Consultation) -> dict[Phase, date]:
    """When it was submitted and, once the Council has decided on all chapters, when it did."""
    sent, decided = session.execute(
        sa.select(Submission.submitted_at, sa.func.max(AdoptionDecision.decided_on)).outerjoin(AdoptionDecision)
        .where(Submission.consultation_id == consultation.id).group_by(Submission.id)
    ).first() or (None, None)
    reached: dict[Phase, date] = {}
    if sent:
        reached[Phase.SUBMITTED] = sent
    if decided and consultation.phase == Phase.ADOPTED:
        reached[Phase.ADOPTED] = decided
    return reached


def get_sealing(submission: Submission) -> Job | None:
    """How far the archive is, of a submission that an earlier version of this program made before its archive."""
    return latest(jobs.seal_submission, submission.id)


def get_archive_file(actor: Actor, submission: Submission) -> tuple[SubmissionArchive, Path]:
    """Raises :class:`NotFound` as :func:`sealed` does."""
    require(actor, Action.ADOPTION_ARCHIVE, submission)
    return sealed(submission)


def get_public_archive(submission: Submission) -> Path:
    """The archive, for the documents in it that everybody may read (the syntheses); :class:`NotFound` as of :func:`sealed`."""
    return sealed(submission)[1]


def sealed(submission: Submission) -> tuple[SubmissionArchive, Path]:
    """The archive with its file; :class:`NotFound` while it is being prepared, or when the file is gone."""
    if submission.archive is None:
        raise NotFound(_("The archive is still being prepared."), _("Wait a moment, then look again."))
    return submission.archive, exports.present(submission.archive.file_name)


# The Council's decision


@command
def decide(actor: User, submission: Submission, *, chapter: Chapter, outcome: CouncilOutcome, words: str,
           decided_on: date) -> AdoptionDecision:
    """Record what the Council decided on one chapter; once every chapter has its decision the consultation is over.

    :class:`NotFound` for a chapter of another consultation; :class:`Conflict` when its decision is recorded already; :class:`Invalid`
    for words that are missing or cannot be kept, and for a date that is before the submission or still to come.
    """
    # Of two people who record the last two decisions at once, the second sees the first: the consultation ends with both.
    lock(submission.consultation, "phase")
    words = validated_text("words", words, max_length=10_000).strip()
    check_decision(submission, chapter, outcome, words, decided_on)
    synthesis = session.scalars(sa.select(Synthesis).where(Synthesis.chapter_id == chapter.id)).one()
    synthesis_service.record_council_outcome(synthesis, outcome.to)
    decision = AdoptionDecision(
        submission=submission, chapter=chapter, outcome=outcome, words=words, decided_on=decided_on, recorded_by_id=actor.id
    )
    session.add(decision)
    session.flush()
    later(jobs.tell_authors, decision)
    later(jobs.tell_of_decision, decision)
    if len(list_decisions(submission)) == len(list_syntheses(submission.consultation)):
        states.move(submission.consultation, Phase.ADOPTED, attribute="phase")
    return decision


def check_decision(submission: Submission, chapter: Chapter, outcome: CouncilOutcome, words: str, decided_on: date) -> None:
    """:class:`NotFound` for a chapter of another consultation; :class:`Conflict` when its decision is recorded already;
    :class:`Invalid` (field ``words`` or ``decided_on``) for what cannot be recorded.
    """
    if chapter.consultation_id != submission.consultation_id:
        raise NotFound
    if any(decision.chapter_id == chapter.id for decision in list_decisions(submission)):
        raise Conflict(_("The decision on chapter %(number)s is recorded already.", number=chapter.number),
                       _("A recorded decision is not changed."))
    if outcome.needs_words and is_blank(words):
        raise Invalid("words", _("Give the Council’s words: what it changed, or why it returned the chapter."))
    if decided_on > utcnow().astimezone(MOROCCO).date():
        raise Invalid("decided_on", _("This date is still to come."))
    if decided_on < submission.submitted_at.astimezone(MOROCCO).date():
        raise Invalid("decided_on", _("The Council decides after the submission."))


def get_decision(chapter: Chapter) -> AdoptionDecision | None:
    """What the Council decided on one chapter, for everybody to read."""
    return session.scalar(sa.select(AdoptionDecision).where(AdoptionDecision.chapter_id == chapter.id))


@exports_events.chapter_facts.fill
def fact_of(chapter: Chapter) -> exports_events.Fact | None:
    """What the documents about a chapter say of the Council."""
    decision = get_decision(chapter)
    if decision is None:
        return None
    return exports_events.Fact(gettext("Decision of the Council"), f"{decision.outcome.label} ({day(decision.decided_on)})", decision.words)


def list_decisions(submission: Submission) -> list[AdoptionDecision]:
    """In the order of the chapters, for everybody to read."""
    return list(session.scalars(
        sa.select(AdoptionDecision).join(Chapter, Chapter.id == AdoptionDecision.chapter_id)
        .where(AdoptionDecision.submission_id == submission.id).order_by(Chapter.number)
        .options(joinedload(AdoptionDecision.chapter))
    ))
