"""PDF: what refuses it, whom it names, and its words (ISO 32000)."""

import io
import re
from collections.abc import Iterator
from typing import Any

import pypdf
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from consult.contributions.files.refusing import REMEDY, damaged_pdf, two_things, with_programme
from consult.text.archives import with_password

END = re.compile(rb"%%EOF[\r\n\t\x00 ]*\Z")
LAST = 4096  # bytes at its end in which the end stands
ACTIVE = (b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia")
ACTS = frozenset(("/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/Rendition", "/GoToE"))
KEYS = frozenset(("/JS", "/JavaScript", "/EmbeddedFiles", "/RichMediaContent", "/XFA", "/EF"))
MAX_OBJECTS = 30_000  # that are looked at one by one; there are some for each page
MAX_NAME = 100
FAULTS = (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OverflowError, NotImplementedError,
          AssertionError, OSError)


def check_pdf(data: bytes) -> None:
    """Raises :class:`Invalid` (field ``file``)."""
    if not END.search(data[-LAST:]) or b"PK\x05\x06" in data[-66_000:]:
        raise two_things(REMEDY) if b"%%EOF" in data else damaged_pdf()
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise with_password()
        count = len(reader.pages)
    except FAULTS as error:
        raise damaged_pdf() from error
    if not count:
        raise damaged_pdf()
    if any(sign in data for sign in ACTIVE):
        raise with_programme()
    refuse_acts(reader)


def refuse_acts(reader: pypdf.PdfReader) -> None:
    """Whatever its catalogue leads to, names written in other signs and objects that are packed included."""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer.get("/Root")]
    looked_at = 0
    while waiting and looked_at < MAX_OBJECTS:
        found = waiting.pop()
        if isinstance(found, IndirectObject):
            if found.idnum in seen:
                continue
            seen.add(found.idnum)
            try:
                found = found.get_object()
            except FAULTS:  # what no reader finds does nothing
                continue
        looked_at += 1
        if isinstance(found, DictionaryObject):
            if KEYS.intersection(found) or found.get("/S") in ACTS:
                raise with_programme()
            waiting.extend(found.values())
        elif isinstance(found, ArrayObject):
            waiting.extend(one for one in found if isinstance(one, IndirectObject | DictionaryObject | ArrayObject))


def people_in(data: bytes) -> list[tuple[str, str]]:
    """Whom it names beside its content, as (``author``, name)."""
    try:
        said = pypdf.PdfReader(io.BytesIO(data)).metadata
        names = [said.author] if said is not None else []
    except FAULTS:
        return []
    return [("author", str(name).strip()[:MAX_NAME]) for name in names if name and str(name).strip()]


def words_of(data: bytes, limit: int) -> str:
    """So many characters of its text; none of a page that is a picture."""
    pieces: list[str] = []
    for words in texts_in(data):
        pieces.append(words)
        if sum(map(len, pieces)) > limit:
            break
    return "\n".join(pieces)[:limit]


def texts_in(data: bytes) -> Iterator[str]:
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        try:
            yield page.extract_text()
        except FAULTS:
            continue
