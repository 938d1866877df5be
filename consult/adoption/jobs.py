"""Telling the secretariat what became of its request; sealing what an earlier version of this program submitted before it was sealed."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from consult.adoption import archive
from consult.adoption.models import Submission, SubmissionArchive, SubmissionFailure
from consult.core import mail
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import long_job, outbound_job
from consult.core.mail import Letter
from consult.exports import files


@outbound_job
def tell_failure(failure_id: int) -> Callable[[], None] | None:
    """Write to whoever asked that nothing was submitted, and why."""
    return mail.tell(failure_id, word_failure, mark_failure)


def word_failure(failure_id: int) -> list[Letter[int]]:
    failure = session.get_one(SubmissionFailure, failure_id)
    if failure.told_at:
        return []
    request = failure.request
    worded = mail.worded(request.requested_by, "adoption/called_off", failure=failure, consultation=request.consultation)
    return [Letter(worded, frozenset([failure_id]))]


def mark_failure(letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    ((failure_id,),) = (letter.facts for letter in letters)
    failure = SubmissionFailure.__table__
    told = sa.update(failure).where(failure.c.id == failure_id, failure.c.told_at.is_(None)).values(told_at=utcnow())
    return letters if session.connection().execute(told).rowcount else ()


@long_job
def seal_submission(submission_id: int, progress) -> None:
    """Make the archive of a submission that has none, once."""
    with reading():
        if session.get(SubmissionArchive, submission_id):
            return
        consultation_id = session.get_one(Submission, submission_id).consultation_id
    name = f"submission-{submission_id}.zip"
    with files.replacing(files.path_of(name)) as out:
        archive.build(consultation_id, out, progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        if session.get(SubmissionArchive, submission_id) is None:
            session.add(SubmissionArchive(submission_id=submission_id, file_name=name, size=size, sha256=digest))
