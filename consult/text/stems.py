"""Words without their endings: five letters without accents (McNamee and Mayfield, Character n-gram tokenization, 2004, found this about
as good as the stemmer of each language), Arabic ones without the article and what is joined to it."""

import re
import unicodedata
from functools import lru_cache

from consult.text.composing import composed
from consult.text.normalising import ARABIC
from consult.text.words import words

JOINED = re.compile("^[وف]?(?:[بك]?ال|لل)(?=..)")  # and, then, by, as, for, the: written as one word with the next
STEM_LENGTH = 5  # letters


@lru_cache(50_000)
def stem(word: str) -> str:
    """The stem of one word that was normalised."""
    if ARABIC.match(word):
        return JOINED.sub("", word)[:STEM_LENGTH]
    letters = composed("NFD", word.replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))[:STEM_LENGTH]


def stems(text: str) -> list[str]:
    """The stems of a text that was normalised, in order."""
    return [stem(word) for word in words(text)]
