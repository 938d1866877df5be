"""Unicode normalisation in a time that grows as the text does, whatever it holds: the one place of the platform that normalises.

Unicode sorts the marks that follow one letter by their classes, and Python does it by insertion: twice as many marks take four times as
long, and nothing else of the process runs meanwhile. Here runs of marks that no language writes are sorted before they are handed over;
what comes out is the same.
"""

import re
import unicodedata
from typing import Literal

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]
MAX_MARKS = 32  # in a row, that are handed over as they come: Unicode's own stream-safe format takes 30
# What is sorted when a text is normalised: marks with a class, and what is written as nothing but such marks; the two of half a width are
# so in the forms of compatibility alone.
MARKS = "".join(map(chr, (code for code in range(0x300, 0x20000) if unicodedata.combining(chr(code))))) + "\u0f73\u0f75\u0f81"
HALF_WIDTH = "\uff9e\uff9f"
LONG_RUN = re.compile(f"[{MARKS}]{{{MAX_MARKS},}}")
LONG_RUN_COMPATIBLE = re.compile(f"[{MARKS}{HALF_WIDTH}]{{{MAX_MARKS},}}")


def composed(form: Form, text: str) -> str:
    """``text`` in this form."""
    single: Form = "NFKD" if "K" in form else "NFD"
    long_run = LONG_RUN if single == "NFD" else LONG_RUN_COMPATIBLE
    if not text.isascii() and long_run.search(text):
        text = long_run.sub(lambda run: "".join(sorted(
            (part for mark in run[0] for part in unicodedata.normalize(single, mark)), key=unicodedata.combining)), text)
    return unicodedata.normalize(form, text)
