"""Making what was asked for."""

from consult.core import states
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import long_job
from consult.core.locks import list_locked
from consult.exports import files, registry
from consult.exports.models import Export, ExportFormat, ExportState


@long_job
def make_export(export_id: int, progress) -> None:
    """Write the document, then say that it is ready; what is ready is left alone."""
    with reading():
        export = session.get(Export, export_id)
        if export is None or export.state.is_ready:
            return
        kind, format_, language = export.kind, ExportFormat(export.format), export.language
        subject_id = export.chapter_id or export.consultation_id
    name = f"export-{export_id}.{language}.{format_.value}"
    with files.replacing(files.path_of(name)) as out:
        registry.get(kind).write(subject_id, out, format=format_, language=language, progress=progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        (export,) = list_locked(Export, Export.id == export_id)
        if not export.state.is_ready:
            states.move(export, ExportState.READY)
            export.file_name, export.size, export.sha256, export.ready_at = name, size, digest, utcnow()
