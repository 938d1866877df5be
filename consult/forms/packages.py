"""What kind of file it is, by its content, and whether anything in it is to be refused before it is opened.

Names and what a file states of its own sizes are not believed.
"""

import io
import zipfile

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.workbook import MAX_PARTS

LARGEST = 10 * 1024 * 1024
LARGEST_UNPACKED = 96 * 1024 * 1024
MOST_TIMES = 200  # so much larger than its file no part of an office document is
SMALL = 1024 * 1024  # a part that stays under this may be as dense as it likes
MACROS = ("vbaproject.bin", "vbadata.xml")
SCRIPTS = ("basic/", "scripts/")
REMEDY = _("Save it as .docx, .xlsx, .ods or .csv, and choose it again.")
SIGNS: tuple[tuple[bytes, object], ...] = (
    (b"MZ", _("This is a programme, not a form.")),
    (b"\x7fELF", _("This is a programme, not a form.")),
    (b"#!", _("This is a programme, not a form.")),
    (b"\xca\xfe\xba\xbe", _("This is a programme, not a form.")),
    (b"%PDF", _("A form as PDF cannot be read line by line.")),
    (b"{\\rtf", _("This is neither a Word document nor a table.")),
    (b"\x89PNG", _("This is a picture, not a form.")),
    (b"\xff\xd8\xff", _("This is a picture, not a form.")),
    (b"GIF8", _("This is a picture, not a form.")),
    (b"Rar!", _("This is an archive, not a form.")),
    (b"7z\xbc\xaf", _("This is an archive, not a form.")),
    (b"\x1f\x8b", _("This is an archive, not a form.")),
)


def kind_of(data: bytes) -> str:
    """``docx``, ``xlsx``, ``ods`` or ``csv``; :class:`Invalid` (field ``file``) with reason and remedy for everything else."""
    if len(data) > LARGEST:
        raise Invalid("file", _("The file is larger than 10 MB."), _("Take the pictures out of it, or split it into several forms."))
    if not data.strip():
        raise Invalid("file", _("The file is empty."), _("Check that the form was saved, and choose it again."))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise Invalid("file", _("The file is protected by a password, or of a format older than 2007."), REMEDY)
    for sign, said in SIGNS:
        if data.startswith(sign):
            raise Invalid("file", said, REMEDY)
    if data.startswith(b"PK\x03\x04"):
        return package_kind(data)
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Invalid("file", _("This is neither a Word document nor a table."), REMEDY)
    if data.lstrip()[:1] == b"<":
        raise Invalid("file", _("This is a page or a text in XML, not a form."), REMEDY)
    return "csv"


def package_kind(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            check(archive, data)
            return kind_inside(archive)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, KeyError, RuntimeError) as error:
        raise damaged() from error


def damaged() -> Invalid:
    return Invalid("file", _("The file is damaged, or is something else than its name says."),
                   _("Open it in Word, Excel or LibreOffice, save it again, and choose it again."))


def too_large() -> Invalid:
    return Invalid("file", _("What the file holds is too large once unpacked."),
        _("Save the form alone, without pictures, and choose it again."))


def check(archive: zipfile.ZipFile, data: bytes) -> None:
    infos = archive.infolist()
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > LARGEST_UNPACKED:
        raise too_large()
    if any(info.file_size > SMALL and info.file_size > MOST_TIMES * max(1, info.compress_size) for info in infos):
        raise too_large()
    if any(info.flag_bits & 1 for info in infos):
        raise Invalid("file", _("The file is protected by a password."), _("Save it without a password, and choose it again."))
    names = [info.filename.lower() for info in infos]
    if any(name.endswith(MACROS) or name.startswith(SCRIPTS) for name in names):
        raise Invalid("file", _("The file holds macros."), _("Save it without macros, as .docx, .xlsx or .ods, and choose it again."))
    if min((info.header_offset for info in infos), default=0) != 0 or not ends_where_it_ends(archive, data):
        raise Invalid("file", _("The file is two things at once: something else is hidden before or behind its content."), REMEDY)


def ends_where_it_ends(archive: zipfile.ZipFile, data: bytes) -> bool:
    """Whether nothing stands behind the end of the archive."""
    return data.rfind(b"PK\x05\x06") + 22 + len(archive.comment) == len(data)


def kind_inside(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "mimetype" in names and "content.xml" in names:
        if "manifest:encryption-data" in archive.read("META-INF/manifest.xml")[:LARGEST].decode("utf-8", "replace"):
            raise Invalid("file", _("The file is protected by a password."), _("Save it without a password, and choose it again."))
        with archive.open("mimetype") as part:
            told = part.read(200).decode("ascii", "replace").strip()
        if told in ("application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet-template"):
            return "ods"
        raise Invalid("file", _("This is neither a Word document nor a table."), REMEDY)
    if "[Content_Types].xml" in names:
        with archive.open("[Content_Types].xml") as part:
            if b"macroenabled" in part.read(SMALL).lower():
                raise Invalid("file", _("The file holds macros."),
                    _("Save it without macros, as .docx, .xlsx or .ods, and choose it again."))
    if "word/document.xml" in names:
        return "docx"
    if any(name.startswith("xl/worksheets/") for name in names):
        return "xlsx"
    raise Invalid("file", _("This is neither a Word document nor a table."), REMEDY)
