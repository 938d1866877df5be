"""A Word or LibreOffice document as the Markdown of a chapter: every word, in order, and a remark about whatever could not be kept."""

import io
import json
import lzma
import re
import subprocess
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from lxml import etree

from consult.chapters.dialect import WORDY, Writer, flat, words_of
from consult.chapters.opendocument import OpenDocument
from consult.chapters.parsing import ACTION, FACT, Cutter
from consult.chapters.source import shown
from consult.chapters.word import WordDocument
from consult.core import markup
from consult.core.errors import Invalid
from consult.core.i18n import _

LARGEST = 30 * 1024 * 1024
LARGEST_UNPACKED = 64 * 1024 * 1024  # of XML; the text of a thousand pages takes a tenth
MAX_PARTS = 2000
TIME = 60  # seconds
# --sandbox: pandoc opens no other file; the memory of its run is bounded.
LIMITS = ("--sandbox", "--track-changes=accept", "+RTS", "-M512M", "-RTS")
OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
STRICT_WORD = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
ANNOTATION = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}annotation"
TEXT_PARTS = ("content.xml", "document.xml", "footnotes.xml", "endnotes.xml")
PICTURE = re.compile(rb"<pic:pic[ >]|<v:imagedata\b|<draw:image\b")
SAID_MISSING = 20  # words, at most
# The number of a chapter is shown before its title everywhere.
CHAPTER = re.compile(r"^(?:chapitre|chapter|الباب|باب)\s+\d+\s*[—–:.-]+\s*(?=\S)", re.IGNORECASE)


@dataclass(frozen=True)
class Converted:
    """``title`` is what the document calls itself, or empty; ``remarks`` say what somebody should look at."""

    title: str
    body: str
    remarks: tuple[Any, ...]


def is_document(filename: str) -> bool:
    """Whether a file of this name is to be converted, or refused with the way to convert it; anything else is read as Markdown."""
    return filename.lower().rpartition(".")[2] in ("docx", "odt", "doc", "docm", "dotx", "rtf", "pdf", "ott", "xlsx", "pptx", "pages")


def convert(data: bytes) -> Converted:
    """Raises :class:`Invalid` (field ``file``) with reason and remedy."""
    parts, kind = read_parts(data)
    document = OpenDocument(parts, parsed) if kind == "odt" else WordDocument(parts, parsed)
    document.make_as_read()
    tree = json.loads(run_pandoc(packed(parts), kind))
    writer = Writer(pictures=sum(len(PICTURE.findall(part)) for name, part in parts.items() if name.endswith(TEXT_PARTS)))
    title = words_of(tree["meta"]["title"]["c"]).strip() if tree["meta"].get("title", {}).get("t") == "MetaInlines" else ""
    body = writer.document(with_actions([*front(tree), *tree["blocks"]]))
    if not body.strip():
        raise Invalid("file", _("There is no text in this document."), _("Pictures of pages cannot be read: choose a document of words."))
    missing = missing_words(stated_words(parts, kind), [title, *(block.text for block in Cutter(1).cut(markup.to_html(body)))])
    remarks = (*document.remarks, *writer.remarks(), *numbered_by_word(parts), *missing)
    return Converted(CHAPTER.sub("", title or first_heading(tree)), body, remarks)


# What is in the file


def read_parts(data: bytes) -> tuple[dict[str, bytes], str]:
    """Its XML parts by name, their true size bounded, and ``docx`` or ``odt``."""
    refuse_other_formats(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            if any(info.flag_bits & 1 for info in infos):
                raise locked()
            if len(infos) > MAX_PARTS:
                raise too_large()
            parts = unpacked(archive, [info for info in infos if is_wanted(info.filename)])
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, EOFError, OSError, ValueError) as error:
        raise damaged() from error
    kind = kind_of(parts)
    if any(b"<!DOCTYPE" in part[:2000] or b"<!ENTITY" in part[:2000] for part in parts.values()):
        raise damaged()
    return parts, kind


def refuse_other_formats(data: bytes) -> None:
    as_docx = _("Open it, choose “Save as” and “Word document (.docx)”, then import that file.")
    if not data.strip():
        raise Invalid("file", _("The file is empty."), _("Check that the document was saved, and choose it again."))
    if len(data) > LARGEST:
        raise Invalid("file", _("The file is larger than 30 MB."), _("Remove its pictures, which are not taken over, and save it again."))
    if data.startswith(OLD_WORD):
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise locked()
        raise Invalid("file", _("This is the format of Word before 2007 (.doc)."), as_docx)
    if data.startswith((b"{\\rtf", b"%PDF")):
        raise Invalid("file", _("This is neither a .docx nor an .odt document."), as_docx)
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise damaged()


def is_wanted(name: str) -> bool:
    """Words and what they mean; pictures, fonts and macros are not even unpacked."""
    return name == "mimetype" or name.endswith((".xml", ".rels"))


def unpacked(archive: zipfile.ZipFile, infos: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    parts, left = {}, LARGEST_UNPACKED
    for info in infos:
        with archive.open(info) as part:
            parts[info.filename] = part.read(left + 1)  # what is stated of its size is not believed
        left -= len(parts[info.filename])
        if left < 0:
            raise too_large()
    return parts


def kind_of(parts: dict[str, bytes]) -> str:
    if parts.get("mimetype", b"").startswith(b"application/vnd.oasis.opendocument.text"):
        if b"encryption-data" in parts.get("META-INF/manifest.xml", b""):
            raise locked()
        if "content.xml" in parts:
            return "odt"
    if b"wordprocessingml" in parts.get("[Content_Types].xml", b"") and any(name.startswith("word/") for name in parts):
        return "docx"
    raise Invalid("file", _("This is neither a .docx nor an .odt document."),
                  _("Open it, choose “Save as” and “Word document (.docx)”, then import that file."))


def packed(parts: dict[str, bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return whole.getvalue()


def damaged() -> Invalid:
    return Invalid("file", _("The document is damaged and cannot be opened."),
                   _("Open it in Word or LibreOffice, save it again and import it."))


def locked() -> Invalid:
    return Invalid("file", _("The document is protected by a password."), _("Save it without its password, then import it."))


def too_large() -> Invalid:
    return Invalid("file", _("What the document holds is too large."), _("Split it into chapters, and save each as a document of its own."))


# Pandoc


@cache
def programme() -> str:
    import pypandoc  # 30 ms that only those who import a document pay

    return pypandoc.get_pandoc_path()


def run_pandoc(document: bytes, kind: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - our own programme; what was uploaded goes in by its input alone
            [programme(), f"--from={kind}", "--to=json", *LIMITS], input=document, capture_output=True, timeout=TIME, check=True)
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise damaged() from error
    return done.stdout


def front(tree: dict) -> list[dict]:
    """The blocks that Word calls title, author and so on: words of the first page, which pandoc takes for particulars."""
    found = []
    for name in ("title", "subtitle", "author", "date", "abstract"):
        for kind, content in values_of(tree["meta"].get(name)):
            if kind == "MetaBlocks":
                found += content
            elif name == "title" and not repeats(content, tree["blocks"]):
                found.append({"t": "Header", "c": [1, ["", [], []], content]})
            elif name != "title":
                found.append({"t": "Para", "c": content})
    return found


def values_of(value: dict | None):
    if value and value["t"] == "MetaList":
        for part in value["c"]:
            yield from values_of(part)
    elif value and value["t"] in ("MetaInlines", "MetaBlocks"):
        yield value["t"], value["c"]


def repeats(title: list[dict], blocks: list[dict]) -> bool:
    """Whether the first heading says the title already."""
    first = next((block for block in blocks if block["t"] == "Header"), None)
    return first is not None and first["c"][0] == 1 and words_of(title).casefold() in words_of(first["c"][2]).casefold()


def first_heading(tree: dict) -> str:
    return next((words_of(block["c"][2]).strip() for block in tree["blocks"] if block["t"] == "Header" and block["c"][0] == 1), "")


def with_actions(blocks: list[dict]) -> list[dict]:
    """Actions as items of lists, each with its lead body, term and indicator, as chapters have them; Word leaves them loose."""
    out: list[dict] = []
    actions: list | None = None  # the items of the list at the end, when it is one of actions
    for block in flat(blocks):
        items = items_of(block)
        is_action = bool(items and items[0]) and ACTION.match(bare(items[0][0])) is not None
        if is_action and actions is not None:
            actions += items
        elif is_action:
            actions = list(items)
            out.append({"t": "BulletList", "c": actions})
        elif actions is not None and len(items) == 1 and is_facts(items[0]):
            actions[-1] = [*actions[-1], *items[0]]
        else:
            actions = None
            out.append(block)
    return out


def items_of(block: dict) -> list[list[dict]]:
    return block["c"] if block["t"] == "BulletList" else [[block]] if block["t"] in WORDY else []


def bare(block: dict) -> str:
    return words_of(block["c"]).strip() if block["t"] in WORDY else ""


def is_facts(item: list[dict]) -> bool:
    """Whether these are the lead body, term and indicator of the action above."""
    first = item[0]["c"][:1] if len(item) == 1 and item[0]["t"] in WORDY else []
    return bool(first) and first[0]["t"] == "Emph" and FACT.match(words_of(first[0]["c"])) is not None


# Whether each word is there


def stated_words(parts: dict[str, bytes], kind: str) -> list[str]:
    """The words of the document by its own XML, notes after the text."""
    if kind == "odt":
        return words_in(odt_text(parsed(parts["content.xml"])))
    names = [name for name in parts if re.fullmatch(r"word/(document\d*|footnotes|endnotes)\.xml", name)]
    return [word for name in sorted(names) for word in words_in(docx_text(parsed(parts[name])))]


def parsed(part: bytes):
    try:
        return etree.fromstring(part, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise damaged() from error


def docx_text(element) -> str:
    """Words as they stand once tracked changes are accepted."""
    tag = element.tag if isinstance(element.tag, str) else ""
    if tag == FALLBACK:
        return ""
    name = tag.removeprefix(WORD).removeprefix(STRICT_WORD)
    if name in ("t", "noBreakHyphen"):
        return element.text or "" if name == "t" else "-"
    if name in ("del", "moveFrom", "instrText", "delText", "rPr", "pPr", "sectPr"):
        return ""
    within = "".join(docx_text(child) for child in element)
    return f" {within} " if name in ("p", "tab", "br", "cr", "tc") else within


def odt_text(element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    name = tag.removeprefix(TEXT)
    if tag == ANNOTATION or not tag or name in ("tracked-changes", "note-citation", "number"):
        return element.tail or ""
    within = (element.text or "") + "".join(odt_text(child) for child in element)
    apart = name in ("p", "h", "s", "tab", "line-break", "note", "list-item") or tag.endswith("}table-cell")
    return (f" {within} " if apart else within) + (element.tail or "")


def words_in(text: str) -> list[str]:
    return re.findall(r"\w+", shown(text))


def missing_words(stated: list[str], texts: list[str]) -> list:
    lost = Counter(stated) - Counter(word for text in texts for word in words_in(text))
    if not lost:
        return []
    shown = " · ".join(list(lost)[:SAID_MISSING])
    return [_("Words of the document that were not found in the text, to be looked for: %(words)s", words=shown)]


def numbered_by_word(parts: dict[str, bytes]) -> list:
    """A remark when Word counts titles by a rule that the document does not hold: nobody may make up such numbers."""
    styles = parsed(parts["word/styles.xml"]) if "word/styles.xml" in parts else None
    if styles is None or "word/document.xml" not in parts:
        return []
    titles = {style.get(f"{WORD}styleId"): style for style in styles.iter(f"{WORD}style") if style.find(f".//{WORD}outlineLvl") is not None}
    counting = {name for name, style in titles.items() if style.find(f".//{WORD}numPr") is not None}
    for paragraph in parsed(parts["word/document.xml"]).iter(f"{WORD}pPr"):
        style, number = paragraph.find(f"{WORD}pStyle"), paragraph.find(f"{WORD}numPr")
        name = style.get(f"{WORD}val") if style is not None else None
        list_id = number.find(f"{WORD}numId") if number is not None else None
        if list_id is not None and list_id.get(f"{WORD}val") == "0":
            continue  # its number was written out, or it has none
        if name in counting or name in titles and number is not None:
            return [_("Word numbers the titles of this document by itself; those numbers are not words, and are missing here. "
                      "Type them, such as “Axe 1 — …”, so that each axis and project is known by its number.")]
    return []
