"""Where words begin and end, in Latin and in Arabic letters: for redlines, which lose no character, and for comparing words alone."""

import re

# A word keeps its vowel signs and joiners, a number its points (16.1.3 changed in one digit is another number, and halves of it would
# stand in the wrong order in an Arabic line); a run of spaces is one token; any other character stands alone.
TOKEN = re.compile("\\d+(?:[.,/]\\d+)+|[\\w\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u200c\u200d]+|\\s+|.", re.DOTALL)
WORD = re.compile(r"[^\W_]+")


def tokens(text: str) -> list[str]:
    """Words, numbers, spaces and signs in order; joined they are ``text``."""
    return TOKEN.findall(text)


def words(text: str) -> list[str]:
    """The words and numbers of a text that was normalised, without what stands between them."""
    return WORD.findall(text)
