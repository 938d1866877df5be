"""Sealing what was submitted."""

from consult.adoption import archive
from consult.adoption.models import Submission, SubmissionArchive
from consult.core.db import reading, session, unit_of_work
from consult.core.jobs import long_job
from consult.exports import files


@long_job
def seal_submission(submission_id: int, progress) -> None:
    """Make the archive of a submission, once."""
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
