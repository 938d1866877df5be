"""The text in bytes that somebody's spreadsheet wrote, whichever of the usual ways it chose."""

import re

ARABIC_RUN = re.compile("[\u0621-\u064a]{3,}")
MIXED = re.compile("[A-Za-z][\u0621-\u064a]|[\u0621-\u064a][A-Za-z]")


def decoded(data: bytes) -> str:
    """UTF-8 or UTF-16 by their marks, UTF-8 without one; else what Windows wrote in French or in Arabic, whose letters tell which."""
    try:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    arabic, latin = data.decode("cp1256", "replace"), data.decode("cp1252", "replace")
    return arabic if len(ARABIC_RUN.findall(arabic)) > len(MIXED.findall(arabic)) else latin
