"""From the request to the submission: everything is made, sealed and checked before anything is submitted.

It stands on the service and on the archive, as the clock of the consultations does on theirs; hence its own file.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from consult.adoption import archive, checking, service
from consult.adoption.models import FailureCause, SubmissionFailure, SubmissionRequest
from consult.adoption.service import MadeArchive
from consult.consultations.models import Consultation
from consult.core.commands import on
from consult.core.db import reading, session, unit_of_work
from consult.core.errors import Conflict
from consult.core.jobs import Job, JobState, every_second, later, latest, long_job, name_of
from consult.core.permissions import SYSTEM, Action
from consult.exports import files

log = logging.getLogger(__name__)

TRIES = 3  # of making it anew, when something changed meanwhile
MAX_DETAILS = 2_000


@on(Action.ADOPTION_SUBMIT)
def promise(_actor, request: SubmissionRequest, _consultation) -> None:
    later(make_submission, request)


def get_preparation(request: SubmissionRequest) -> Job | None:
    """How far its documents are."""
    return latest(make_submission, request.id)


@long_job
def make_submission(request_id: int, progress: Callable[[int], None]) -> None:
    """What cannot be made is called off, with its reason: nothing was submitted, and the secretariat can try again."""
    for attempt in range(1, TRIES + 1):
        with reading():
            request = session.get_one(SubmissionRequest, request_id)
            if not request.is_under_way:
                return
            consultation_id = request.consultation_id
        path = files.path_of(f"sealed-{request_id}.zip")
        try:
            made = make_archive(consultation_id, path, progress)
        except Exception as error:  # whatever it was, nobody may take the consultation for submitted
            log.exception("the documents of submission request %s could not be made", request_id)
            call_off(request_id, FailureCause.DOCUMENT, told(error))
            return
        try:
            with unit_of_work():
                service.seal(SYSTEM, session.get_one(SubmissionRequest, request_id), archive=made)
            return
        except Conflict as conflict:
            path.unlink(missing_ok=True)
            if attempt == TRIES:
                call_off(request_id, FailureCause.CHANGE, str(conflict))


def make_archive(consultation_id: int, path: Path, progress: Callable[[int], None]) -> MadeArchive:
    """The archive of what stands now, on disk and read again; raises what went wrong, and leaves no file then."""
    with reading():
        stamp = service.get_archive_stamp(session.get_one(Consultation, consultation_id))
    position, digest = archive.settled_head(consultation_id)
    with files.replacing(path) as out:
        archive.make(consultation_id, out, (position, digest), progress)
    if faults := checking.verify_archive(path):
        path.unlink()
        raise RuntimeError(f"the archive is not whole: {'; '.join(faults)}")
    size, sha256 = files.measure(path)
    return MadeArchive(stamp=stamp, position=position, digest=digest, file_name=path.name, size=size, sha256=sha256)


def told(error: Exception) -> str:
    """The fault, and of which document."""
    notes = getattr(error, "__notes__", ())
    return "\n".join([f"{type(error).__name__}: {error}"[:MAX_DETAILS], *notes])


def call_off(request_id: int, cause: FailureCause, details: str) -> None:
    with unit_of_work():
        service.call_off(SYSTEM, session.get_one(SubmissionRequest, request_id), cause=cause, details=details)


@every_second
def call_off_interrupted() -> None:
    """What took its worker down each time is called off as well: nobody waits for it."""
    given_up = (
        sa.select(SubmissionRequest, Job.error)
        .join(Job, sa.and_(Job.name == name_of(make_submission), Job.subject_id == SubmissionRequest.id))
        .outerjoin(SubmissionFailure, SubmissionFailure.request_id == SubmissionRequest.id)
        .where(Job.state.in_(JobState.where(has_failed=True)), SubmissionFailure.id.is_(None))
    )
    for request, error in session.execute(given_up).all():
        if request.is_under_way:
            service.call_off(SYSTEM, request, cause=FailureCause.WORKER, details=error or "")
