"""Whether the sealed archives on disk are still those that were submitted."""

from collections.abc import Iterator

import sqlalchemy as sa

from consult.adoption.models import Submission, SubmissionArchive
from consult.core import events as core_events
from consult.core.db import session
from consult.exports import files


@core_events.faults.fill
def verify_archives() -> Iterator[str]:
    """Each file as it was when it was sealed; the rows themselves are a part of the record."""
    sealed = sa.select(SubmissionArchive).join(Submission).order_by(SubmissionArchive.submission_id)
    for archive in session.scalars(sealed):
        said = f"the sealed archive of submission {archive.submission_id} ({archive.file_name})"
        path = files.path_of(archive.file_name)
        if not path.is_file():
            yield f"{said} is missing on disk"
        elif (measured := files.measure(path)) != (archive.size, archive.sha256):
            yield f"{said} was changed on disk: its SHA-256 is {measured[1]}, not {archive.sha256}"
