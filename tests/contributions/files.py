"""Files of each kind that may be attached, made here, and those that are refused."""

import io
import struct
import zipfile
import zlib

import docx
import pypdf
import xlsxwriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

PNG = b"\x89PNG\r\n\x1a\n"


def a_pdf(*, author: str = "", script: bool = False, password: str = "") -> bytes:
    writer = pypdf.PdfWriter()
    writer.add_blank_page(200, 200)
    if author:
        writer.add_metadata({"/Author": author})
    if script:
        writer.root_object[NameObject("/OpenAction")] = DictionaryObject(
            {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert('x');")})
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def a_docx(words: str = "Une note.", *, author: str = "") -> bytes:
    document = docx.Document()
    document.add_paragraph(words)
    document.core_properties.author = author
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def an_xlsx(words: str = "Un tableau.") -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as workbook:
        workbook.add_worksheet().write(0, 0, words)
    return out.getvalue()


def an_odt(words: str = "Un texte.", *, author: str = "") -> bytes:
    meta = (f'<office:document-meta xmlns:office="urn:o" xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta><dc:creator>{author}'
            "</dc:creator></office:meta></office:document-meta>")
    return zipped({"mimetype": b"application/vnd.oasis.opendocument.text", "META-INF/manifest.xml": b"<manifest/>",
                   "meta.xml": meta.encode(), "content.xml": f'<d xmlns:text="urn:t"><text:p>{words}</text:p></d>'.encode()})


def zipped(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """A document with one part more, or another in its place."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {one: archive.read(one) for one in archive.namelist()}
    return zipped({**parts, name: content})


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def a_png(*more: bytes, width: int = 2, height: int = 2) -> bytes:
    rows = zlib.compress(b"".join(b"\0" + b"\x20\x40\x80" * 2 for _row in range(2)))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG + chunk(b"IHDR", header) + b"".join(more) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + struct.pack(">H", len(content) + 2) + content


def exif(*, turned: int = 6, note: bytes = b"") -> bytes:
    tiff = struct.pack("<2sHIHHHIHHI", b"II", 42, 8, 1, 0x0112, 3, 1, turned, 0, 0)
    return segment(0xE1, b"Exif\0\0" + tiff + note)


def a_jpeg(*more: bytes) -> bytes:
    """As a reader of its parts takes it: whoever decodes it sees grey."""
    frame = segment(0xC0, struct.pack(">BHHB", 8, 8, 8, 1) + b"\x01\x11\x00")
    scan = segment(0xDA, b"\x01\x01\x00\x00\x3f\x00") + b"\x12\xff\x00\x34\xff\xd0\x56"
    return b"\xff\xd8" + segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0") + b"".join(more) + frame + scan + b"\xff\xd9"


EACH = {"pdf": a_pdf, "docx": a_docx, "xlsx": an_xlsx, "odt": an_odt, "png": a_png, "jpeg": a_jpeg}
