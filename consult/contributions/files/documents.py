"""DOCX, XLSX and ODT: what refuses them, whom they name, and their words."""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from consult.contributions.files.refusing import REMEDY, of_no_kind
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.archives import DAMAGED, check, check_content_types, check_manifest, damaged
from consult.text.workbook import Bounded

PIECE = 1 << 20
MAX_NAMES, MAX_NAME = 8, 100  # of people, in one document
ODT = ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text-template")
DECLARATION = re.compile(rb"<\x00?!\x00?(?:D\x00?O\x00?C\x00?T\x00?Y\x00?P\x00?E|E\x00?N\x00?T\x00?I\x00?T\x00?Y)", re.IGNORECASE)
LONGEST_DECLARATION = 20  # bytes, with those between its letters
# Where a document says whose it is, by the name of the element or attribute.
PROPERTIES = ("docProps/core.xml", "docProps/app.xml", "meta.xml")
WHO = {"creator": "author", "initial-creator": "author", "lastModifiedBy": "author", "Manager": "author", "Company": "organisation"}
REMARKS = ("word/comments.xml", "word/document.xml", "word/people.xml")
AUTHOR = re.compile(rb'w(?:15)?:author="([^"<>]{1,400})"')
WORDS = {"docx": re.compile(r"word/(?:document|footnotes|endnotes|header\d*|footer\d*)\.xml"),
         "xlsx": re.compile(r"xl/(?:sharedStrings\.xml|worksheets/sheet\d+\.xml)"), "odt": re.compile(r"content\.xml")}
BREAKS = frozenset(("p", "h", "tr", "row", "si", "br", "tab", "c", "table-row", "table-cell", "line-break"))
TEXTS = frozenset(("t", "v"))  # of Microsoft's, the elements that hold words; a number of a shared text is no word


def check_document(data: bytes) -> str:
    """``docx``, ``xlsx`` or ``odt``; raises :class:`Invalid` (field ``file``)."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check(archive, data, REMEDY)
            kind = kind_inside(archive)
            for info in archive.infolist():
                if info.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(info) as part:
                        refuse_declarations(part)
            return kind
    except DAMAGED as error:
        raise damaged() from error


def kind_inside(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "mimetype" in names and "content.xml" in names:
        check_manifest(archive)
        with archive.open("mimetype") as part:
            if part.read(200).decode("ascii", "replace").strip() in ODT:
                return "odt"
        raise of_no_kind()
    if "[Content_Types].xml" in names:
        check_content_types(archive)
        if "word/document.xml" in names:
            return "docx"
        if "xl/workbook.xml" in names:
            return "xlsx"
    raise of_no_kind()


def refuse_declarations(part: IO[bytes]) -> None:
    """No programme of an office writes a DOCTYPE; with it a few bytes can stand for gigabytes, or for somebody's files."""
    before = b""
    while piece := part.read(PIECE):
        if DECLARATION.search(before + piece):
            raise Invalid("file", _("The file holds a declaration of XML that no office programme writes."), REMEDY)
        before = piece[-LONGEST_DECLARATION:]


def people_in(data: bytes) -> list[tuple[str, str]]:
    """Whom it names beside its content, as (``author`` or ``organisation``, name)."""
    found: dict[tuple[str, str], None] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = set(archive.namelist())
        for name in PROPERTIES:
            if name in names:
                for element in tree_of(archive, name).iter():
                    what = WHO.get(local(element))
                    if what and element.text and element.text.strip():
                        found[what, element.text.strip()[:MAX_NAME]] = None
        for name in REMARKS:
            if name in names:
                for said in AUTHOR.findall(read_part(archive, name)):
                    found["author", said.decode("utf-8", "replace")[:MAX_NAME]] = None
    return list(found)[:MAX_NAMES]


def words_of(kind: str, data: bytes, limit: int) -> str:
    """So many characters of its text, in its order."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pieces: list[str] = []
        length = 0
        for name in sorted(filter(WORDS[kind].fullmatch, archive.namelist())):
            for words in texts_in(tree_of(archive, name), kind):
                pieces.append(words)
                length += len(words)
                if length > limit:
                    return "".join(pieces)[:limit]
        return "".join(pieces)


def texts_in(root: Any, kind: str) -> Iterator[str]:
    for element in root.iter():
        name = local(element)
        if name in BREAKS:
            yield "\n" if name not in ("tab", "c") else " "
        is_shared = name == "v" and element.getparent() is not None and element.getparent().get("t") == "s"
        if element.text and not is_shared and (kind == "odt" or name in TEXTS):
            yield element.text
        if kind == "odt" and element.tail:
            yield element.tail


def local(element: Any) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def tree_of(archive: zipfile.ZipFile, name: str) -> Any:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True)
    return etree.fromstring(read_part(archive, name), parser)


def read_part(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        content, pieces = Bounded(part), []
        while piece := content.read(PIECE):
            pieces.append(piece)
    return b"".join(pieces)
