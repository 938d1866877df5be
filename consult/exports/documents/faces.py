"""Which signs our faces have, read from the files themselves, and what stands in a document for a sign that none of them has."""

import re
import struct
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

from consult.core.config import resource_dir

ZERO_WIDTH_JOINER, BYTE_ORDER_MARK = 0x200D, "\ufeff"  # the second is not seen, and PDF/A has no place for it
SKIN = range(0x1F3FB, 0x1F400)
# Unicode's Default_Ignorable_Code_Point: where a face lacks one of them, nothing is shown, and nothing is missing.
IGNORED = (
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E),
    (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)
# A word that a line of a table may not hold, and after how many of its signs the line may end there.
LONG_WORD, STRETCH, BREAK = re.compile(r"\S{27,}"), 12, "\u200b"


class Shown(NamedTuple):
    """A piece of a text: its signs, or the numbers that stand for one that no face has."""

    words: str
    is_missing: bool = False


def folder() -> Path:
    return resource_dir("static") / "fonts" / "ttf"


@cache
def faces() -> tuple[frozenset[int], ...]:
    """What each face has, those of the text first."""
    return tuple(signs_of(path.read_bytes()) for path in sorted(folder().iterdir()) if path.suffix in (".ttf", ".otf"))


def signs_of(face: bytes) -> frozenset[int]:
    """The code points of a face: what its table ``cmap`` leads to a glyph (OpenType, formats 4 and 12)."""
    count = struct.unpack_from(">H", face, 4)[0]
    tables = {face[at:at + 4]: struct.unpack_from(">I", face, at + 8)[0] for at in range(12, 12 + 16 * count, 16)}
    cmap, found = tables[b"cmap"], set[int]()
    for at in range(cmap + 4, cmap + 4 + 8 * struct.unpack_from(">H", face, cmap + 2)[0], 8):
        platform, _encoding, offset = struct.unpack_from(">HHI", face, at)
        kind = struct.unpack_from(">H", face, cmap + offset)[0]
        if platform in (0, 3) and kind in READERS:
            found.update(READERS[kind](face, cmap + offset))
    return frozenset(found)


def read_segments(face: bytes, at: int) -> Iterator[int]:
    """Format 4: segments of the basic plane, each with a difference, or with glyphs of its own."""
    count = struct.unpack_from(">H", face, at + 6)[0] // 2
    ends, starts, deltas, offsets = (at + 14 + 2 * count * n + (2 if n else 0) for n in range(4))
    for segment in range(count):
        end, start, delta, offset = (struct.unpack_from(">H", face, place + 2 * segment)[0] for place in (ends, starts, deltas, offsets))
        for sign in range(start, min(end, 0xFFFE) + 1):
            glyph = sign
            if offset:
                glyph = struct.unpack_from(">H", face, offsets + 2 * segment + offset + 2 * (sign - start))[0]
            if offset and not glyph:
                continue
            if (glyph + delta) & 0xFFFF:
                yield sign


def read_groups(face: bytes, at: int) -> Iterator[int]:
    """Format 12: groups of all planes."""
    for place in range(at + 16, at + 16 + 12 * struct.unpack_from(">I", face, at + 12)[0], 12):
        start, end, glyph = struct.unpack_from(">III", face, place)
        yield from range(start if glyph else start + 1, end + 1)


READERS = {4: read_segments, 12: read_groups}


@cache
def is_ignored(sign: str) -> bool:
    return any(first <= ord(sign) <= last for first, last in IGNORED)


@cache
def is_plain(sign: str) -> bool:
    """A sign of the face of the text that stands by itself: no need to look at what is around it."""
    return sign in "\n\t" or unicodedata.category(sign)[0] not in "MC" and ord(sign) < 0x2100 and is_shown(sign)


@cache
def is_mark(sign: str) -> bool:
    return unicodedata.category(sign)[0] == "M"


def joins(before: str, sign: str) -> bool:
    """Whether one glyph may hold both: marks, skins, and what a joiner joins."""
    return is_mark(sign) or ord(sign) in SKIN or is_ignored(sign) or ord(before) == ZERO_WIDTH_JOINER


def clusters(text: str) -> Iterator[str]:
    """What a face has to hold together."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not joins(text[place - 1], text[place]):
            yield text[start:place]
            start = place


def code(sign: str) -> str:
    return f"U+{ord(sign):04X}"


@cache
def is_text(sign: str) -> bool:
    """Not a control, a sign of somebody's own, or a code that is none: whatever a face makes of them. Unifont draws all of the first plane;
    of the others our faces know newer signs than Python does.
    """
    kind = unicodedata.category(sign)
    return kind not in ("Cc", "Co", "Cs") and not (kind == "Cn" and ord(sign) < 0x10000) and ord(sign) & 0xFFFE != 0xFFFE


def is_shown(signs: str) -> bool:
    return all(map(is_text, signs)) and any(all(ord(sign) in face for sign in signs) for face in faces())


def shown(text: str) -> list[Shown]:
    """The text in pieces that our faces can set; what none of them has stands by its number, so that nothing is lost unseen."""
    text = text.replace(BYTE_ORDER_MARK, "")
    if all(map(is_plain, set(text))):
        return [Shown(text)] if text else []
    pieces: list[Shown] = []
    single = (piece for cluster in clusters(text) for piece in shown_cluster(cluster))
    for is_missing, group in groupby(single, key=attrgetter("is_missing")):
        some = list(group)
        pieces += some if is_missing else [Shown("".join(piece.words for piece in some))]
    return pieces


@lru_cache(maxsize=1 << 16)
def shown_cluster(cluster: str) -> tuple[Shown, ...]:
    """Whole where one face has it all; else each sign by itself, the marks by their numbers."""
    signs = "".join(sign for sign in cluster if sign not in "\n\t" and not is_ignored(sign))
    if is_shown(signs):
        return (Shown(cluster),)
    return tuple(
        Shown(sign) if sign in "\n\t" or is_shown(sign) and not is_mark(sign) else Shown(code(sign), is_missing=True)
        for sign in cluster if not is_ignored(sign)
    )


def spelt(text: str) -> list[Shown]:
    """For what cannot be set all the same: whatever is not plain stands by its number."""
    return [Shown(sign) if is_plain(sign) else Shown(code(sign), is_missing=True) for sign in text if not is_ignored(sign)]


def breakable(text: str) -> str:
    """Words that no line holds may be broken; nothing of them is seen to change."""
    return LONG_WORD.sub(lambda word: BREAK.join(stretches(word[0])), text)


def stretches(word: str) -> Iterator[str]:
    stretch = ""
    for cluster in clusters(word):
        stretch += cluster
        if len(stretch) >= STRETCH:
            yield stretch
            stretch = ""
    if stretch:
        yield stretch
