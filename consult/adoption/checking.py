"""Whether a dossier is whole: a ZIP, or the folder it was unpacked to, with no database.

Each file is compared with its digest in the manifest, the journal's chain is computed again from its first link, and the texts with what
the journal says was published. Whoever rewrites a document and the manifests can make all of it agree: then the digest of the whole,
which the platform publishes, is another one (:func:`get_digests`). What is read is read in pieces, whatever the file claims to be.
"""


import json
import os
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from consult.adoption.archive import INFO, JOURNAL, MANIFEST, TAG_MANIFEST
from consult.core import audit
from consult.core import events as core_events
from consult.core.permissions import Action
from consult.exports.files import digest_of

MAX_NAMES, MAX_LIST, MAX_LINE = 20_000, 64 << 20, 64 << 20
SOURCE = re.compile(r"data/chapters/chapter-(\d+)\.([a-z]+)\.r(\d+)\.md")
PUBLISHED = (*audit.names_of(Action.CHAPTERS_IMPORT_CHAPTER), *audit.names_of(Action.CHAPTERS_PUBLISH))


class Damaged(Exception):
    """It cannot be read any further; says why."""


class Bag(Protocol):
    """A folder, or a folder inside a ZIP."""

    names: set[str]

    def open(self, name: str) -> IO[bytes]: ...


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = set(self._walk())

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def _walk(self) -> Iterator[str]:
        waiting, seen = [self.path], 0
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen > MAX_NAMES:
                        raise Damaged("more files and folders than a dossier can have")
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif entry.is_symlink():
                        raise Damaged(f"{entry.name} leads elsewhere: a dossier holds no links")
                    else:
                        yield Path(entry.path).relative_to(self.path).as_posix()


class Zipped:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        members = archive.namelist()
        if len(members) > MAX_NAMES:
            raise Damaged("more files than a dossier can have")
        if doubles := len(members) - len(set(members)):
            raise Damaged(f"{doubles} names stand twice in the ZIP")
        tops = {name.partition("/")[0] for name in members}
        self.archive = archive
        self.top = f"{tops.pop()}/" if len(tops) == 1 and all("/" in name for name in members) else ""
        self.names = {name.removeprefix(self.top) for name in members if not name.endswith("/")}

    def open(self, name: str) -> IO[bytes]:
        return self.archive.open(self.top + name)


@contextmanager
def opened_bag(path: Path) -> Iterator[Bag]:
    """:class:`Damaged` for what cannot be read, here or inside of the block."""
    try:
        if path.is_dir():
            yield Folder(path)
        else:
            with zipfile.ZipFile(path) as archive:
                yield Zipped(archive)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError) as error:
        raise Damaged(f"cannot be read ({error})") from error
    except zlib.error as error:
        raise Damaged(f"is damaged: {error}") from error


class Digests(NamedTuple):
    """What tells one dossier from all others, in hexadecimal SHA-256: of the file (None: of a folder), and of its tag manifest."""

    file: str | None
    contents: str


def get_digests(path: Path) -> Digests:
    """:class:`Damaged` for what is no dossier."""
    file = None
    if path.is_file():
        with path.open("rb") as whole:
            file = digest_of(whole)
    with opened_bag(path) as bag:
        if TAG_MANIFEST not in bag.names:
            raise Damaged(f"{TAG_MANIFEST} is missing: this is no dossier, or not a whole one")
        with bag.open(TAG_MANIFEST) as tags:
            return Digests(file, digest_of(tags))


@core_events.faults_of_file.fill
def verify_archive(path: Path) -> list[str]:
    """What is wrong with a dossier: an empty list when it is whole."""
    try:
        with opened_bag(path) as bag:
            return list(check(bag))
    except Damaged as damage:
        return [f"{path.name}: {damage}"]


def check(bag: Bag) -> Iterator[str]:
    for name in (MANIFEST, TAG_MANIFEST, INFO):
        if name not in bag.names:
            yield f"{name} is missing: this is no dossier, or not a whole one"
            return
    faults: list[str] = []
    listed = {**read_listing(bag, MANIFEST, faults), **read_listing(bag, TAG_MANIFEST, faults)}
    yield from faults
    present = bag.names - {TAG_MANIFEST}
    yield from (f"{name} is missing" for name in sorted(listed.keys() - present))
    yield from (f"{name} is not in the manifest" for name in sorted(present - listed.keys()))
    for name in sorted(listed.keys() & present):
        with bag.open(name) as file:
            if digest_of(file) != listed[name]:
                yield f"{name} was changed: its digest is not that of the manifest"
    yield from check_journal(bag, {name: listed[name] for name in listed.keys() & present if SOURCE.fullmatch(name)})


def read_listing(bag: Bag, name: str, faults: list[str]) -> dict[str, str]:
    """Digest by name; a line that is none is a fault, and so is a name that leads out of the bag."""
    listed = {}
    for number, line in enumerate(text_of(bag, name).splitlines(), 1):
        digest, _spaces, member = line.partition("  ")
        if len(digest) != 64 or not member or member.startswith("/") or ".." in member.split("/"):
            faults.append(f"{name}, line {number}: not a digest and a name")
        else:
            listed[member] = digest
    return listed


def check_journal(bag: Bag, sources: dict[str, str]) -> Iterator[str]:
    """Follow the chain again, compare its end with what the bag says, and each text with what was published (its digest by name)."""
    if JOURNAL not in bag.names:
        yield f"{JOURNAL} is missing"
        return
    previous, count = audit.GENESIS, 0
    published: dict[str, set[str]] = {}
    for count, line in enumerate(lines_of(bag, JOURNAL), 1):
        try:
            entry = json.loads(line)
            expected = audit.link(previous, entry["event"])
            position, previous = entry["position"], str(entry["digest"])
            for name, source in told_by(entry["event"]):
                published.setdefault(name, set()).add(source)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            yield f"{JOURNAL}, line {count}: cannot be read"
            return
        if position != count or previous != expected:
            yield f"{JOURNAL}, line {count}: does not follow from the line before"
    said = dict(line.split(": ", 1) for line in text_of(bag, INFO).splitlines() if ": " in line)
    if (said.get("Journal-Position"), said.get("Journal-Digest")) != (str(count), previous):
        yield f"{JOURNAL}: its end is not the one that {INFO} names"
    for name, digest in sorted(sources.items()):
        if digest not in published.get(name, {digest}):
            yield f"{name} is not the text that was published: the journal names another digest of it"


def told_by(event: dict) -> Iterator[tuple[str, str]]:
    """The source that this event published: its name in the bag, and its digest. Several consultations may have one of that name."""
    if event["action"] in PUBLISHED and "sha256" in event["details"]:
        yield "data/chapters/chapter-{chapter}.{language}.r{number}.md".format_map(event["details"]), str(event["details"]["sha256"])


def lines_of(bag: Bag, name: str) -> Iterator[bytes]:
    with bag.open(name) as file:
        while line := file.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise Damaged(f"{name} has a line that is longer than any of ours")
            yield line


def text_of(bag: Bag, name: str) -> str:
    with bag.open(name) as file:
        text = file.read(MAX_LIST + 1)
    if len(text) > MAX_LIST:
        raise Damaged(f"{name} is larger than any of ours")
    return text.decode("utf-8", "replace")
