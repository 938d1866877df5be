"""Packages of office programmes, which are ZIP archives: what of them is refused before any part is opened.

Names and what a file states of its own sizes are not believed.
"""

import zipfile
from typing import Any

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.text.workbook import MAX_PARTS

LARGEST_UNPACKED = 96 * 1024 * 1024
MOST_TIMES = 200  # so much larger than its file no part of an office document is
SMALL = 1024 * 1024  # a part that stays under this may be as dense as it likes
MACROS = ("vbaproject.bin", "vbadata.xml")
SCRIPTS = ("basic/", "scripts/")
CONTROLS = "/activex/"
DAMAGED = (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError, KeyError, RuntimeError)


def damaged() -> Invalid:
    return Invalid("file", _("The file is damaged, or is something else than its name says."),
                   _("Open it in Word, Excel or LibreOffice, save it again, and choose it again."))


def too_large() -> Invalid:
    return Invalid("file", _("What the file holds is too large once unpacked."),
                   _("Take pictures out of it, or split it, and choose it again."))


def with_macros() -> Invalid:
    return Invalid("file", _("The file holds macros."), _("Save it without macros, as .docx, .xlsx or .ods, and choose it again."))


def with_password() -> Invalid:
    return Invalid("file", _("The file is protected by a password."), _("Save it without a password, and choose it again."))


def two_things(remedy: Any) -> Invalid:
    return Invalid("file", _("The file is two things at once: something else is hidden before or behind its content."), remedy)


def check(archive: zipfile.ZipFile, data: bytes, remedy: Any) -> None:
    """Raises :class:`Invalid` (field ``file``); ``remedy`` says as what the document is to be saved."""
    infos = archive.infolist()
    if len(infos) > MAX_PARTS or sum(info.file_size for info in infos) > LARGEST_UNPACKED:
        raise too_large()
    if any(info.file_size > SMALL and info.file_size > MOST_TIMES * max(1, info.compress_size) for info in infos):
        raise too_large()
    if any(info.flag_bits & 1 for info in infos):
        raise with_password()
    names = [info.filename.lower() for info in infos]
    if any(name.endswith(MACROS) or name.startswith(SCRIPTS) or CONTROLS in name for name in names):
        raise with_macros()
    if min((info.header_offset for info in infos), default=0) != 0 or not ends_where_it_ends(archive, data):
        raise two_things(remedy)


def ends_where_it_ends(archive: zipfile.ZipFile, data: bytes) -> bool:
    """Whether nothing stands behind the end of the archive."""
    return data.rfind(b"PK\x05\x06") + 22 + len(archive.comment) == len(data)


def check_content_types(archive: zipfile.ZipFile) -> None:
    """Raises :class:`Invalid` where a document of Microsoft's says of itself that it may hold macros."""
    with archive.open("[Content_Types].xml") as part:
        if b"macroenabled" in part.read(SMALL).lower():
            raise with_macros()


def check_manifest(archive: zipfile.ZipFile) -> None:
    """Raises :class:`Invalid` where a part of an OpenDocument is encrypted."""
    with archive.open("META-INF/manifest.xml") as part:
        if "manifest:encryption-data" in part.read(LARGEST_UNPACKED).decode("utf-8", "replace"):
            raise with_password()
