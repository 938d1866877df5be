"""What kind of file it is, by its content, and whether anything in it is to be refused before it is opened.

Names and what a file states of its own sizes are not believed.
"""

import io
import zipfile

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.archives import DAMAGED, check, check_content_types, check_manifest, damaged

LARGEST = 10 * 1024 * 1024
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
            check(archive, data, REMEDY)
            return kind_inside(archive)
    except DAMAGED as error:
        raise damaged() from error


def kind_inside(archive: zipfile.ZipFile) -> str:
    names = set(archive.namelist())
    if "mimetype" in names and "content.xml" in names:
        check_manifest(archive)
        with archive.open("mimetype") as part:
            told = part.read(200).decode("ascii", "replace").strip()
        if told in ("application/vnd.oasis.opendocument.spreadsheet", "application/vnd.oasis.opendocument.spreadsheet-template"):
            return "ods"
        raise Invalid("file", _("This is neither a Word document nor a table."), REMEDY)
    if "[Content_Types].xml" in names:
        check_content_types(archive)
    if "word/document.xml" in names:
        return "docx"
    if any(name.startswith("xl/worksheets/") for name in names):
        return "xlsx"
    raise Invalid("file", _("This is neither a Word document nor a table."), REMEDY)
