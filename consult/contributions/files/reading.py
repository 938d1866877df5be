"""A file from its bytes to what is kept of it, in a process of its own."""

import re
import unicodedata
from dataclasses import dataclass

from lxml import etree

from consult.contributions.files import documents, pdfs, pictures
from consult.contributions.files.refusing import REMEDY, of_no_kind
from consult.core.confinement import HERE, Limits, confined
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.archives import DAMAGED, damaged
from consult.text.composing import composed
from consult.text.normalising import HINTS, UNKEPT

LARGEST = 10 * 1024 * 1024
INSPECTING = Limits(cpu=8, wall=12, memory=512)
READING = Limits(cpu=40, wall=60, memory=512)
MAX_WORDS = 200_000  # characters of a file by which it is found
PROGRAMMES = (b"MZ", b"\x7fELF", b"#!", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
ARCHIVES = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ")
PAGES = re.compile(rb"\s{0,200}<")
NO_NAME = re.compile(r'[\x00-\x1f\x7f"*/:<>?\\|]+')
ENDINGS = {"jpeg": ("jpeg", "jpg")}


@dataclass(frozen=True)
class Inspected:
    """``data`` is what is kept: of a picture without what it told; ``told`` what it tells, or told, of people: (what, name)."""

    kind: str
    data: bytes
    told: list[tuple[str, str]]


def glance(data: bytes) -> str:
    """What it is by its first bytes, an office document being a ``package``; :class:`Invalid` (field ``file``) with reason and remedy."""
    if len(data) > LARGEST:
        raise Invalid("file", _("The file is larger than 10 MB."), _("Make it smaller, or attach it in several parts."))
    if not data.strip(b"\x00\t\r\n "):
        raise Invalid("file", _("The file is empty."), _("Check that it was saved, and choose it again."))
    if data.startswith(PROGRAMMES):
        raise Invalid("file", _("This is a programme, whatever its name says."), REMEDY)
    if data.startswith(ARCHIVES):
        raise Invalid("file", _("This is an archive, whatever its name says."), _("Attach what it holds, file by file."))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("file", _("The file is protected by a password, or of a format older than 2007."), REMEDY)
    for sign, kind in ((b"%PDF-", "pdf"), (pictures.PNG, "png"), (b"\xff\xd8\xff", "jpeg"), (b"PK\x03\x04", "package")):
        if data.startswith(sign):
            return kind
    if PAGES.match(data):
        raise Invalid("file", _("This is a page or a text in XML, which a browser would run."), REMEDY)
    raise of_no_kind()


def inspect(data: bytes) -> Inspected:
    """Raises :class:`Invalid` (field ``file``)."""
    kind = glance(data)
    if kind == "pdf":
        pdfs.check_pdf(data)
        return Inspected(kind, data, pdfs.people_in(data))
    if kind == "package":
        return inspect_document(data)
    kept, is_less = (pictures.clean_png if kind == "png" else pictures.clean_jpeg)(data)
    return Inspected(kind, kept, [("removed", "")] if is_less else [])


def inspect_document(data: bytes) -> Inspected:
    try:
        return Inspected(documents.check_document(data), data, documents.people_in(data))
    except (etree.XMLSyntaxError, *DAMAGED) as error:
        raise damaged() from error


def inspect_apart(data: bytes) -> Inspected:
    """The same in a process of its own; what can be refused at a glance is refused here."""
    glance(data)
    return confined(inspect, data, limits=INSPECTING)


def words_in(kind: str, data: bytes) -> str:
    """Its text as far as it can be read, for searching: none of a picture, or of a page that is one."""
    if kind == "pdf":
        words = pdfs.words_of(data, MAX_WORDS)
    elif kind in documents.WORDS:
        words = documents.words_of(kind, data, MAX_WORDS)
    else:
        return ""
    return UNKEPT.sub("", HINTS.sub("", words))


def words_apart(kind: str, data: bytes) -> str:
    return confined(words_in, kind, data, limits=READING)


def prepare() -> None:
    """For the page on which somebody is about to attach something: the first file waits less."""
    HERE.prepare(__name__)


def shown_name(given: str, kind: str, most: int) -> str:
    """A file's name as its author gave it, without its folders, signs that nobody sees or that turn the others round, and what no system
    takes in a name; with the ending of what it is.
    """
    name = composed("NFC", re.split(r"[/\\]", given)[-1])
    name = NO_NAME.sub(" ", UNKEPT.sub("", HINTS.sub("", name)))
    name = " ".join("".join(sign for sign in name if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")).split())
    stem, dot, ending = name.rpartition(".")
    if dot and ending.lower() in ENDINGS.get(kind, (kind,)):
        name = stem
    else:
        ending = kind
    name = name.strip(". ")[:most - len(ending) - 1].strip(". ") or "1"
    return f"{name}.{ending}"
