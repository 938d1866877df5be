"""The dossier: one ZIP holding a BagIt bag (RFC 8493) of everything the Council is sent.

Names are sorted and every member bears the same date, so the same data give the same bytes. ``checking.py`` reads it again.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from consult.adoption.models import Submission
from consult.chapters.models import Chapter, Revision
from consult.consultations.models import Consultation
from consult.core import audit
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import DEFAULT_LANGUAGE, MOROCCO, N_, force_locale, gettext
from consult.core.permissions import Action
from consult.exports import matrix
from consult.exports.files import digest_of
from consult.exports.models import ExportFormat, ExportKind
from consult.exports.registry import Progress, between, register, silent
from consult.exports.writers import CONTRIBUTIONS, OPEN_REPLIES, SYNTHESIS, write_submitted_data

LANGUAGES = ("fr", "ar")
# The Council is sent each document in every format in which its room writes it.
SYNTHESES, TABLES = SYNTHESIS.formats, CONTRIBUTIONS.formats
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
JOURNAL = "data/journal/journal.jsonl"


DOSSIER = register(
    ExportKind.DOSSIER, of=Consultation, action=Action.ADOPTION_REQUEST_DOSSIER, languages=(),
    about=N_("Everything that a submission holds, in French and Arabic, in one archive with its digests."),
    file_title=N_("Dossier of the public consultation"),
)


@DOSSIER.writes(ExportFormat.ZIP)
def build(consultation_id: int, out: IO[bytes], progress: Progress = silent) -> None:
    """A dossier, with the journal as it is now."""
    make(consultation_id, out, settled_head(consultation_id), progress)


def make(consultation_id: int, out: IO[bytes], head: tuple[int, str], progress: Progress = silent) -> None:
    """Make every document, then the bag around them, then the ZIP; the journal goes to this ``head`` of it."""
    position, digest = head
    with tempfile.TemporaryDirectory(prefix="consult-") as folder:
        bag = Path(folder) / "bag"
        fill(bag / "data", consultation_id, position, between(progress, 0, 90))
        with reading():
            consultation = session.get_one(Consultation, consultation_id)
            name, day = f"{consultation.slug}-dossier", matrix.last_change(consultation).astimezone(MOROCCO).date()
            seal(bag, identifier=consultation.slug, day=day.isoformat(), position=position, digest=digest)
        progress(95)
        pack(bag, name, out)


def settled_head(consultation_id: int) -> tuple[int, str]:
    """The journal's head at the submission when there is one, else now: events not yet chained are chained first."""
    with unit_of_work():
        submission = session.scalar(sa.select(Submission).where(Submission.consultation_id == consultation_id))
        if submission:
            return submission.chain_position, submission.chain_digest
        audit.seal_all()
        return audit.head()


def fill(data: Path, consultation_id: int, position: int, progress: Progress) -> None:
    with reading():
        chapters = session.execute(
            sa.select(Chapter.id, Chapter.number).where(Chapter.consultation_id == consultation_id).order_by(Chapter.number)
        ).all()
    write_syntheses(data / "syntheses", chapters, between(progress, 0, 75))
    for start, language in ((75, "fr"), (83, "ar")):
        CONTRIBUTIONS.write_each(
            consultation_id, named(data / "contributions", f"contributions.{language}"), formats=TABLES, language=language,
            progress=between(progress, start, start + 8),
        )
        with opened(data / f"README.{language}.txt") as out, force_locale(language):
            out.write(read_me().encode())
    progress(91)
    with opened(data / "open-data" / "contributions.csv") as out:
        write_submitted_data(consultation_id, out)
    with opened(data / "open-data" / "replies.csv") as out:
        OPEN_REPLIES.write(consultation_id, out, format=ExportFormat.CSV, language=DEFAULT_LANGUAGE)
    with reading():
        write_sources(data / "chapters", consultation_id)
        write_journal(data.parent / JOURNAL, position)
    progress(100)


def write_syntheses(folder: Path, chapters, progress: Progress) -> None:
    steps = [(chapter_id, number, language) for chapter_id, number in chapters for language in LANGUAGES]
    for done, (chapter_id, number, language) in enumerate(steps):
        step = between(progress, 100 * done // len(steps), 100 * (done + 1) // len(steps))
        name = f"chapter-{number}.{language}"
        SYNTHESIS.write_each(chapter_id, named(folder, name), formats=SYNTHESES, language=language, progress=step)
        step(100)


def named(folder: Path, name: str) -> Callable[[ExportFormat], AbstractContextManager[IO[bytes]]]:
    """Each format in a file of that name."""
    return lambda format: opened(folder / f"{name}.{format.value}")


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w+b") as out:
        try:
            yield out
        except Exception as error:
            error.add_note(f"while {path.name} was written")
            raise


def read_me() -> str:
    """What is in the archive and how to check it, in the language in force."""
    return "\n".join((
        gettext("Dossier of the public consultation"), "",
        gettext("syntheses/: the synthesis of each chapter, with its traceability matrix, as DOCX, PDF and Markdown, in French and Arabic"),
        gettext("contributions/: all contributions with the answer given to each, as CSV and XLSX"),
        gettext("open-data/: the published contributions, and apart from them the replies to them, for machines"),
        gettext("chapters/: the text of each chapter as it was published, every revision"),
        gettext("journal/: who did what and when, each entry chained to the one before it by its SHA-256 digest"), "",
        gettext("To check that nothing was changed: “consult verify” followed by the name of the file, or any tool that validates a "
                "BagIt bag with SHA-256."), "",
    ))


def write_sources(folder: Path, consultation_id: int) -> None:
    revisions = (
        sa.select(Chapter.number, Revision.language, Revision.number, Revision.source).join(Chapter, Chapter.id == Revision.chapter_id)
        .where(Chapter.consultation_id == consultation_id).order_by(Chapter.number, Revision.language, Revision.number)
    )
    for chapter, language, number, source in session.execute(revisions):
        with opened(folder / f"chapter-{chapter}.{language}.r{number}.md") as out:
            out.write(source.encode())


def write_journal(path: Path, position: int) -> None:
    """Every link up to ``position``, one JSON object a line."""
    with opened(path) as out:
        for link, event in takewhile(lambda pair: pair[0].position <= position, audit.chain()):
            out.write(audit.canonical({"position": link.position, "digest": link.digest, "event": event.content()}) + b"\n")


# The bag


def names_in(bag: Path) -> list[str]:
    return sorted(path.relative_to(bag).as_posix() for path in bag.rglob("*") if path.is_file())


def seal(bag: Path, *, identifier: str, day: str, position: int, digest: str) -> None:
    """Write the manifest, what the bag is, and the manifest of these."""
    payload = [name for name in names_in(bag) if name.startswith("data/")]
    size = sum((bag / name).stat().st_size for name in payload)
    (bag / MANIFEST).write_text(listing(bag, payload), encoding="utf-8", newline="\n")
    (bag / "bagit.txt").write_text(BAGIT, encoding="utf-8", newline="\n")
    (bag / INFO).write_text(
        f"External-Identifier: {identifier}\nBagging-Date: {day}\nPayload-Oxum: {size}.{len(payload)}\n"
        f"Journal-Position: {position}\nJournal-Digest: {digest}\n", encoding="utf-8", newline="\n",
    )
    (bag / TAG_MANIFEST).write_text(listing(bag, ["bagit.txt", INFO, MANIFEST]), encoding="utf-8", newline="\n")


def listing(bag: Path, names: list[str]) -> str:
    lines = []
    for name in sorted(names):
        with (bag / name).open("rb") as file:
            lines.append(f"{digest_of(file)}  {name}\n")
    return "".join(lines)


def pack(bag: Path, name: str, out: IO[bytes]) -> None:
    with zipfile.ZipFile(out, "w") as target:
        for member in names_in(bag):
            info = zipfile.ZipInfo(f"{name}/{member}", FIRST_DAY)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            with (bag / member).open("rb") as source, target.open(info, "w") as copy:
                shutil.copyfileobj(source, copy)
