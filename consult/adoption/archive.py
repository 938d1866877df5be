"""The dossier: one ZIP holding a BagIt bag (RFC 8493) of everything the Council is sent; and whether such a file is whole.

Names are sorted and every member bears the same date, so the same data give the same bytes. Checking needs no database:
each file is compared with its digest in the manifest, and the journal's chain is computed again from its first link.
"""

import hashlib
import json
import shutil
import tempfile
import zipfile
import zlib
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
from consult.core import events as core_events
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import MOROCCO, N_, force_locale, gettext
from consult.core.permissions import Action
from consult.exports import matrix
from consult.exports.files import digest_of
from consult.exports.models import ExportFormat, ExportKind
from consult.exports.registry import Progress, between, register, silent
from consult.exports.writers import CONTRIBUTIONS, SYNTHESIS, write_submitted_data

LANGUAGES = ("fr", "ar")
# The Council is sent each document in every format in which its room writes it.
SYNTHESES, TABLES = SYNTHESIS.formats, CONTRIBUTIONS.formats
FIRST_DAY = (1980, 1, 1, 0, 0, 0)
BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MANIFEST, TAG_MANIFEST, INFO = "manifest-sha256.txt", "tagmanifest-sha256.txt", "bag-info.txt"
JOURNAL = "data/journal/journal.jsonl"
MAX_NAMES, MAX_LIST = 20_000, 64 << 20


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
        gettext("open-data/: the published contributions for machines"),
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


# Checking


@core_events.faults_of_file.fill
def verify_archive(path: str | Path) -> list[str]:
    """What is wrong with a dossier (a ZIP, or the folder it was unpacked to): an empty list when it is whole."""
    path = Path(path)
    if path.is_dir():
        return check(path)
    try:
        with zipfile.ZipFile(path) as archive:
            root = zipfile.Path(archive)
            tops = list(root.iterdir())
            if len(archive.namelist()) > MAX_NAMES:
                return [f"{path.name}: more files than a dossier can have"]
            doubles = len(archive.namelist()) - len(set(archive.namelist()))
            faults = [f"{doubles} names stand twice in the ZIP"] if doubles else []
            return faults + check(tops[0] if len(tops) == 1 and tops[0].is_dir() else root)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        return [f"{path.name}: cannot be read ({error})"]
    except zlib.error as error:
        return [f"{path} is damaged: {error}"]


def check(bag) -> list[str]:
    """``bag`` is a folder or a folder inside a ZIP: both are walked alike."""
    for name in (MANIFEST, TAG_MANIFEST, INFO):
        if not (bag / name).is_file():
            return [f"{name} is missing: this is no dossier, or not a whole one"]
    faults: list[str] = []
    listed = {**read_listing(bag, MANIFEST, faults), **read_listing(bag, TAG_MANIFEST, faults)}
    present = set(walk(bag)) - {TAG_MANIFEST}
    faults += [f"{name} is missing" for name in sorted(listed.keys() - present)]
    faults += [f"{name} is not in the manifest" for name in sorted(present - listed.keys())]
    for name in sorted(listed.keys() & present):
        with (bag / name).open("rb") as file:
            if digest_of(file) != listed[name]:
                faults.append(f"{name} was changed: its digest is not that of the manifest")
    return faults + check_journal(bag)


def walk(folder, prefix: str = "") -> Iterator[str]:
    for path in folder.iterdir():
        if path.is_dir():
            yield from walk(path, f"{prefix}{path.name}/")
        else:
            yield f"{prefix}{path.name}"


def read_listing(bag, name: str, faults: list[str]) -> dict[str, str]:
    """Digest by name; a line that is none is a fault, and so is a name that leads out of the bag."""
    listed = {}
    with (bag / name).open("rb") as file:
        text = file.read(MAX_LIST).decode("utf-8", "replace")
    for number, line in enumerate(text.splitlines(), 1):
        digest, _spaces, member = line.partition("  ")
        if len(digest) != 64 or not member or member.startswith("/") or ".." in member.split("/"):
            faults.append(f"{name}, line {number}: not a digest and a name")
        else:
            listed[member] = digest
    return listed


def check_journal(bag) -> list[str]:
    """Follow the chain again and compare its end with what the bag says."""
    if not (bag / JOURNAL).is_file():
        return [f"{JOURNAL} is missing"]
    faults: list[str] = []
    previous, count = audit.GENESIS, 0
    with (bag / JOURNAL).open("rb") as file:
        for count, line in enumerate(file, 1):
            try:
                entry = json.loads(line)
                expected = hashlib.sha256(previous.encode() + audit.canonical(entry["event"])).hexdigest()
                position, previous = entry["position"], str(entry["digest"])
            except (ValueError, KeyError, TypeError):
                return [*faults, f"{JOURNAL}, line {count}: cannot be read"]
            if position != count or previous != expected:
                faults.append(f"{JOURNAL}, line {count}: does not follow from the line before")
    said = dict(line.split(": ", 1) for line in text_of(bag / INFO).splitlines() if ": " in line)
    if (said.get("Journal-Position"), said.get("Journal-Digest")) != (str(count), previous):
        faults.append(f"{JOURNAL}: its end is not the one that {INFO} names")
    return faults


def text_of(path) -> str:
    with path.open("rb") as file:
        return file.read(MAX_LIST).decode("utf-8", "replace")
