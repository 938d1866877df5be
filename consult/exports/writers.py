"""What this room exports: the data are read from one view of the database, which is let go of before the file is written."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import reading, session
from consult.core.i18n import DEFAULT_LANGUAGE, N_, gettext
from consult.core.permissions import Action
from consult.exports import decisions, matrix, replies, tables
from consult.exports.documents import pandoc, pdf, report, word
from consult.exports.documents.parts import Report
from consult.exports.matrix import Audience
from consult.exports.models import ExportFormat, ExportKind
from consult.exports.registry import Progress, register
from consult.exports.tables import Sheet, Table
from consult.synthesis import service as answers


@contextmanager
def all_contributions(consultation_id: int, language: str) -> Iterator[Sheet]:
    """In words of ``language``."""
    with reading():
        consultation = session.get_one(Consultation, consultation_id)
        title = f"{consultation.title(language)} — {gettext('Contributions')}"
        created = matrix.last_change(consultation)
        spool = tables.Spool(tables.worded(matrix.rows(consultation, language)))
    with spool:
        yield Sheet(spool.lines, title, language, created)


@contextmanager
def published_contributions(consultation_id: int, language: str) -> Iterator[Table]:
    """With lasting codes, and nothing private; read while it is written."""
    with reading():
        rows = matrix.rows(session.get_one(Consultation, consultation_id), language, audience=Audience.PUBLIC)
        yield Table(lambda _progress: tables.coded(rows))


@contextmanager
def published_replies(consultation_id: int, language: str) -> Iterator[Table]:
    """The same of replies to contributions."""
    with reading():
        lines = replies.lines(session.get_one(Consultation, consultation_id), language)
        yield Table(lambda _progress: lines)


@contextmanager
def register_of_moderation(consultation_id: int, language: str) -> Iterator[Table]:
    """The same of what moderators decided."""
    with reading():
        lines = decisions.lines(session.get_one(Consultation, consultation_id), language)
        yield Table(lambda _progress: lines)


@contextmanager
def synthesis(chapter_id: int, language: str) -> Iterator[Report]:
    with reading():
        gathered = report.gather(session.get_one(Chapter, chapter_id), language)
    yield gathered


CONTRIBUTIONS = register(
    ExportKind.CONTRIBUTIONS, of=Consultation, action=Action.EXPORTS_REQUEST, read=all_contributions, command_format=ExportFormat.CSV,
    about=N_("One line for each contribution: passage, author, words, and the answer given to it."), file_title=N_("Contributions"),
)
SYNTHESIS = register(
    ExportKind.SYNTHESIS, of=Chapter, action=Action.EXPORTS_REQUEST, read=synthesis,
    about=N_("Figures, points with their answers, new wordings as a redline, traceability matrix."),
    file_title=N_("Synthesis, chapter %(number)s"),
)
OPEN_DATA = register("open-data", of=Consultation, action=Action.EXPORTS_OPEN_DATA, read=published_contributions, stem="contributions")
OPEN_REPLIES = register("open-data-replies", of=Consultation, action=Action.EXPORTS_OPEN_DATA, read=published_replies, stem="replies")
OPEN_DECISIONS = register(
    "open-data-decisions", of=Consultation, action=Action.EXPORTS_OPEN_DATA, read=register_of_moderation, stem="decisions",
    command_format=ExportFormat.CSV)


@CONTRIBUTIONS.writes(ExportFormat.XLSX)
def write_xlsx(sheet: Sheet, out: IO[bytes], progress: Progress) -> None:
    tables.write_xlsx(sheet.lines(progress), out, language=sheet.language, title=sheet.title, created=sheet.created)


@CONTRIBUTIONS.writes(ExportFormat.CSV)
@OPEN_DATA.writes(ExportFormat.CSV)
@OPEN_REPLIES.writes(ExportFormat.CSV)
@OPEN_DECISIONS.writes(ExportFormat.CSV)
def write_csv(table: Table, out: IO[bytes], progress: Progress) -> None:
    tables.write_csv(table.lines(progress), out)


@OPEN_DECISIONS.writes(ExportFormat.JSON)
def write_json(table: Table, out: IO[bytes], progress: Progress) -> None:
    """A list of objects, one on each line, named as the columns are."""
    lines = iter(table.lines(progress))
    names, between = next(lines), b"["
    for line in lines:
        out.write(between + b"\n" + json.dumps(dict(zip(names, line, strict=True)), ensure_ascii=False).encode())
        between = b","
    out.write(b"\n]\n" if between == b"," else b"[]\n")


@CONTRIBUTIONS.writes(ExportFormat.EXCEL_CSV)
def write_excel_csv(table: Table, out: IO[bytes], progress: Progress) -> None:
    tables.write_csv(table.lines(progress), out, separator=tables.OF_EXCEL_IN_FRENCH)


@SYNTHESIS.writes(ExportFormat.DOCX)
def write_word(gathered: Report, out: IO[bytes], _progress: Progress) -> None:
    out.write(word.word(gathered))


@SYNTHESIS.writes(ExportFormat.PDF)
def write_pdf(gathered: Report, out: IO[bytes], _progress: Progress) -> None:
    out.write(pdf.pdf(gathered))


@SYNTHESIS.writes(ExportFormat.MARKDOWN)
def write_markdown(gathered: Report, out: IO[bytes], _progress: Progress) -> None:
    out.write(pandoc.markdown(gathered))


def write_submitted_data(consultation_id: int, out: IO[bytes]) -> None:
    """The open data that the Council is sent: with the answers, which become public by the submission."""
    with reading():
        consultation = session.get_one(Consultation, consultation_id)
        points = answers.list_placed_items(consultation)
        rows = matrix.rows(consultation, DEFAULT_LANGUAGE, audience=Audience.PUBLIC, points=points)
        tables.write_csv(tables.coded(rows), out)
