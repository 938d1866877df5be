"""Making one document: read what it needs from one view of the database, let go of it, then write."""

from collections.abc import Callable
from typing import IO

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import reading, session
from consult.core.i18n import force_locale, gettext
from consult.exports import matrix, tables
from consult.exports.documents import pandoc, pdf, report, word
from consult.exports.matrix import Audience
from consult.exports.models import ExportFormat, ExportKind

Progress = Callable[[int], None]
WRITERS = {ExportFormat.DOCX: word.word, ExportFormat.PDF: pdf.pdf, ExportFormat.MARKDOWN: pandoc.markdown}


def silent(_percent: int) -> None:
    """For whoever does not watch."""


def between(progress: Progress, start: int, end: int) -> Progress:
    """A part of the whole: 0–100 of it are ``start``–``end`` of the whole."""
    return lambda percent: progress(start + (end - start) * percent // 100)


def write_contributions(
    consultation_id: int, out: IO[bytes], *, format: ExportFormat, language: str, progress: Progress = silent
) -> None:
    """All contributions as CSV or XLSX, in words of ``language``."""
    with force_locale(language):
        with reading():
            consultation = session.get_one(Consultation, consultation_id)
            title = f"{consultation.title(language)} — {gettext('Contributions')}"
            created = matrix.last_change(consultation)
            spool = tables.Spool(tables.worded(matrix.rows(consultation, language)))
        with spool:
            progress(20)
            lines = spool.lines(between(progress, 20, 95))
            if format == ExportFormat.CSV:
                tables.write_csv(lines, out)
            else:
                tables.write_xlsx(lines, out, language=language, title=title, created=created)


def write_open_data(consultation_id: int, out: IO[bytes], *, language: str = "fr") -> None:
    """The published contributions as CSV with lasting codes, and nothing private."""
    with reading():
        consultation = session.get_one(Consultation, consultation_id)
        tables.write_csv(tables.coded(matrix.rows(consultation, language, audience=Audience.PUBLIC)), out)


def write_synthesis(chapter_id: int, out: IO[bytes], *, format: ExportFormat, language: str, progress: Progress = silent) -> None:
    """The synthesis of one chapter as DOCX, PDF or Markdown."""
    for _format, made in syntheses(chapter_id, language=language, formats=[format], progress=progress):
        out.write(made)


def syntheses(chapter_id: int, *, language: str, formats=tuple(WRITERS), progress: Progress = silent):
    """(format, bytes) for each format, all from one reading of the data."""
    with force_locale(language):
        with reading():
            gathered = report.gather(session.get_one(Chapter, chapter_id), language)
        progress(30)
        for number, format_ in enumerate(formats, 1):
            yield format_, WRITERS[format_](gathered)
            progress(30 + 65 * number // len(formats))


# What makes each kind, of a consultation or of a chapter; a higher room adds its own.
MAKERS: dict[ExportKind, Callable[..., None]] = {ExportKind.CONTRIBUTIONS: write_contributions, ExportKind.SYNTHESIS: write_synthesis}
