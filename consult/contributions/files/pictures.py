"""PNG and JPEG, part by part: what shows the picture is kept as it stands, and what tells where, when, by whom and with what it was taken
is left out. No pixel is decoded.
"""

import re
import struct
import zlib
from collections.abc import Iterator

from consult.contributions.files.refusing import REMEDY, damaged_picture, two_things
from consult.core.errors import Invalid
from consult.core.i18n import _

MAX_PIXELS = 100_000_000
PNG = b"\x89PNG\r\n\x1a\n"
# Of the parts that may be left out, those that change how the picture looks.
PNG_LOOKS = frozenset((b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYs", b"hIST", b"sPLT", b"cICP", b"acTL", b"fcTL",
                       b"fdAT"))
SIZES = frozenset((0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF))  # frames, which say how large it is
ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a content
END, SCAN, COMMENT = 0xD9, 0xDA, 0xFE
AFTER_SCAN = re.compile(b"\xff[^\x00\xff\xd0-\xd7]")
# What may not stand behind a picture: a programme, an archive, a page, a document.
OTHERS = (b"PK\x03\x04", b"PK\x05\x06", b"%PDF", b"MZ", b"\x7fELF", b"#!", b"<", b"Rar!", b"7z\xbc\xaf")
ORIENTATION = 0x0112


def clean_png(data: bytes) -> tuple[bytes, bool]:
    """The picture, and whether something was left out; :class:`Invalid` (field ``file``) where it is none, or more than one."""
    kept, is_less, place, names = [PNG], False, len(PNG), []
    while place < len(data):
        length, name = struct.unpack_from(">I4s", data, place) if place + 12 <= len(data) else (len(data), b"")
        end = place + 12 + length
        if end > len(data) or zlib.crc32(data[place + 4:end - 4]) != int.from_bytes(data[end - 4:end], "big"):
            raise damaged_picture()
        if name == b"IHDR":
            check_size(*struct.unpack_from(">II", data, place + 8))
        if name[:1].isupper() or name in PNG_LOOKS:
            kept.append(data[place:end])
        else:
            is_less = True
        names.append(name)
        place = end
        if name == b"IEND":
            break
    if names[:1] != [b"IHDR"] or names[-1:] != [b"IEND"] or b"IDAT" not in names:
        raise damaged_picture()
    check_rest(data[place:])
    return b"".join(kept), is_less or place < len(data)


def clean_jpeg(data: bytes) -> tuple[bytes, bool]:
    """The same of JPEG; how the picture is turned is kept, where it said so."""
    kept, is_less, turned, place, has_size = [], False, 0, 2, False
    for place, marker, part in jpeg_parts(data):  # noqa: B007 - where the last one ends
        content = part[4:]
        if marker in SIZES:
            height, width = struct.unpack_from(">HH", content, 1) if len(content) >= 5 else (0, 0)
            check_size(width, height)
            has_size = True
        if marker == 0xE1 and content.startswith(b"Exif\0\0"):
            turned = turned or orientation(content[6:])
        if is_kept(marker, content):
            kept.append(part)
        else:
            is_less = True
    if not has_size:
        raise damaged_picture()
    check_rest(data[place:])
    how = [exif_of(turned)] if turned > 1 else []
    return b"".join([b"\xff\xd8", *kept[:1], *how, *kept[1:]]), is_less or place < len(data)


def jpeg_parts(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(where it ends, marker, all of it) of each part after the first, to the end of the picture; raises :class:`Invalid`."""
    place = 2
    while True:
        while data[place:place + 2] == b"\xff\xff":  # filling
            place += 1
        if data[place:place + 1] != b"\xff" or place + 2 > len(data):
            raise damaged_picture()
        marker, end = data[place + 1], place + 2
        if marker not in ALONE and marker != END:
            length = int.from_bytes(data[end:end + 2], "big")
            end += length
            if length < 2 or end > len(data):
                raise damaged_picture()
        if marker == SCAN:
            following = AFTER_SCAN.search(data, end)
            if following is None:
                raise damaged_picture()
            end = following.start()
        yield end, marker, data[place:end]
        if marker == END:
            return
        place = end


def is_kept(marker: int, content: bytes) -> bool:
    """Of what programmes add to a picture, what its colours need."""
    if marker == 0xE0:
        return content.startswith(b"JFIF\0")
    if marker == 0xE2:
        return content.startswith(b"ICC_PROFILE\0")
    if marker == 0xEE:
        return content.startswith(b"Adobe")
    return not (0xE1 <= marker <= 0xEF or marker == COMMENT)


def orientation(tiff: bytes) -> int:
    """How a picture is turned, 1 to 8, as EXIF says it (TIFF 6.0, tag 274); 0 where it does not."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 0
    start = struct.unpack_from(f"{order}I", tiff, 4)[0]
    if start + 2 > len(tiff):
        return 0
    for number in range(min(struct.unpack_from(f"{order}H", tiff, start)[0], 200)):
        place = start + 2 + 12 * number
        if place + 12 > len(tiff):
            return 0
        if struct.unpack_from(f"{order}H", tiff, place)[0] == ORIENTATION:
            value = struct.unpack_from(f"{order}H", tiff, place + 8)[0]
            return value if 1 <= value <= 8 else 0
    return 0


def exif_of(turned: int) -> bytes:
    """A part that says how the picture is turned and nothing else."""
    tiff = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION, 3, 1, turned, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff


def check_size(width: int, height: int) -> None:
    if not width or not height:
        raise damaged_picture()
    if width * height > MAX_PIXELS:
        raise Invalid("file", _("The picture has more than %(count)s million points.", count=MAX_PIXELS // 1_000_000),
                      _("Make it smaller, and choose it again."))


def check_rest(rest: bytes) -> None:
    """Cameras put previews and more behind a picture, which go; another file there is no accident."""
    if any(sign in rest for sign in (b"PK\x03\x04", b"PK\x05\x06", b"%PDF-")) or rest.lstrip().startswith(OTHERS):
        raise two_things(REMEDY)
