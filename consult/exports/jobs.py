"""Making what was asked for."""

from consult.core import states
from consult.core.db import unit_of_work
from consult.core.i18n import utcnow
from consult.core.jobs import long_job
from consult.core.locks import list_locked
from consult.exports import files, registry
from consult.exports.models import Export, ExportFormat, ExportState


@long_job
def make_export(export_id: int, progress) -> None:
    """Write the document, then say that it is ready; what is ready is left alone."""
    with unit_of_work():
        export = next(iter(list_locked(Export, Export.id == export_id)), None)
        if export is None or export.state.is_ready:
            return
        kind, format_, language = export.kind, ExportFormat(export.format), export.language
        subject_id = export.chapter_id or export.consultation_id
        export.file_name = name = f"export-{export_id}.{language}.{format_.value}"  # until somebody's name may not be in it any more
    with files.replacing(files.path_of(name)) as out:
        registry.get(kind).write(subject_id, out, format=format_, language=language, progress=progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        (export,) = list_locked(Export, Export.id == export_id)
        if export.file_name != name:
            files.path_of(name).unlink(missing_ok=True)
            raise RuntimeError("who may be named changed meanwhile; it is made again")
        if not export.state.is_ready:
            states.move(export, ExportState.READY)
            export.size, export.sha256, export.ready_at = size, digest, utcnow()
