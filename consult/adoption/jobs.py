"""Making what was asked for, and sealing what was submitted."""

from consult.adoption import archive, files, writers
from consult.adoption.models import Export, ExportFormat, ExportKind, ExportState, Submission, SubmissionArchive
from consult.core import states
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import long_job


@long_job
def make_export(export_id: int, progress) -> None:
    """Write the document, then say that it is ready; what is ready is left alone."""
    with reading():
        export = session.get(Export, export_id)
        if export is None or export.state == ExportState.READY:
            return
        kind, format_, language = export.kind, ExportFormat(export.format), export.language
        consultation_id, chapter_id = export.consultation_id, export.chapter_id
    name = f"export-{export_id}.{language}.{format_.value}"
    with files.replacing(files.path_of(name)) as out:
        if kind == ExportKind.CONTRIBUTIONS:
            writers.write_contributions(consultation_id, out, format=format_, language=language, progress=progress)
        elif kind == ExportKind.SYNTHESIS:
            writers.write_synthesis(chapter_id, out, format=format_, language=language, progress=progress)
        else:
            archive.build(consultation_id, out, progress=progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        export = session.get_one(Export, export_id, with_for_update=True)
        if export.state != ExportState.READY:
            states.move(export, ExportState.READY)
            export.file_name, export.size, export.sha256, export.ready_at = name, size, digest, utcnow()


@long_job
def seal_submission(submission_id: int, progress) -> None:
    """Make the archive of a submission, once."""
    with reading():
        if session.get(SubmissionArchive, submission_id):
            return
        consultation_id = session.get_one(Submission, submission_id).consultation_id
    name = f"submission-{submission_id}.zip"
    with files.replacing(files.path_of(name)) as out:
        archive.build(consultation_id, out, progress=progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        if session.get(SubmissionArchive, submission_id) is None:
            session.add(SubmissionArchive(submission_id=submission_id, file_name=name, size=size, sha256=digest))
