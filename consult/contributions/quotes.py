"""Words quoted inside of a block: found as their reader took them, and found again in a text that changed.

Selectors and scores follow the TextQuoteSelector of the W3C Web Annotation Data Model (2017): the words first, then what stands
before and after them. Unlike an anchor looked for in a whole document, a quote is looked for in the blocks that continue its own, and
is lost rather than put on words that merely resemble it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz

from consult.core.words import ALIKE, SIGNS

AROUND = 32  # characters kept before and after the quoted words
CLOSE_ENOUGH = 72  # of 100: under this likeness the words are lost
SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Quote:
    exact: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Found:
    """Where quoted words stand: characters ``start`` to ``end`` of a text, how alike, and how sure among several such places (0 to 1)."""

    start: int
    end: int
    likeness: float
    confidence: float


class Folded:
    """A text for comparing, and for each of its characters the place in the text as written."""

    def __init__(self, text: str) -> None:
        self.source = text
        letters: list[str] = []
        self.places: list[int] = []
        for place, character in enumerate(text):
            for letter in folded_letters(character):
                if letter != " " or (letters and letters[-1] != " "):
                    letters.append(letter)
                    self.places.append(place)
        self.text = "".join(letters)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """From places in the folded text to places in the text as written, signs that belong to the last letter included."""
        first, last = self.places[start], self.places[end - 1] + 1
        while last < len(self.source) and is_sign(self.source[last]):
            last += 1
        return first, last


def folded_letters(character: str) -> str:
    if character.isspace():
        return " "
    letters = unicodedata.normalize("NFD", character.translate(ALIKE)).casefold()
    return "".join(letter for letter in letters if not is_sign(letter))


def is_sign(character: str) -> bool:
    return SIGNS.match(character) is not None or unicodedata.category(character) == "Mn"


def at(text: str, start: int, end: int) -> Quote:
    """The quote of these characters of a text."""
    return Quote(text[start:end], text[max(0, start - AROUND):start], text[end:end + AROUND])


def occurrences(folded: Folded, words: str) -> Iterator[tuple[int, int]]:
    start = folded.text.find(words)
    while start >= 0:
        yield start, start + len(words)
        start = folded.text.find(words, start + 1)


def find(text: str, quote: Quote) -> list[Found]:
    """All places where the quoted words stand, letter for letter but for case, vowel signs and spaces; likeliest by context first."""
    folded = Folded(text)
    words = Folded(quote.exact).text.strip()
    if not words:
        return []
    places = list(occurrences(folded, words))
    rated = sorted(((context(folded.text, *place, quote), place) for place in places), key=lambda row: (-row[0], row[1]))
    found = []
    for rank, (around, place) in enumerate(rated):
        rival = rated[1][0] if rank == 0 and len(rated) > 1 else around if rank else 0.0
        sure = 1.0 if len(rated) == 1 else 0.95 if around - rival >= 0.25 else 0.6
        found.append(Found(*folded.span(*place), 1.0, sure))
    return found


def find_close(text: str, quote: Quote) -> Found | None:
    """Where words stand that are nearly the quoted ones, or None: they were rewritten beyond recognition, or dropped."""
    folded = Folded(text)
    words = Folded(quote.exact).text.strip()
    if len(words) < 4 or not folded.text:
        return None
    if len(words) <= len(folded.text):
        best = fuzz.partial_ratio_alignment(words, folded.text, score_cutoff=CLOSE_ENOUGH)
        if best is None:
            return None
        start, end, score = best.dest_start, best.dest_end, best.score
    else:
        start, end, score = 0, len(folded.text), fuzz.ratio(words, folded.text)
    start, end = whole_words(folded.text, start, end)
    score = fuzz.ratio(words, folded.text[start:end])
    if score < CLOSE_ENOUGH:
        return None
    around = context(folded.text, start, end, quote)
    return Found(*folded.span(start, end), score / 100, round(min(0.9, 0.75 * score / 100 + 0.25 * around), 3))


def context(text: str, start: int, end: int, quote: Quote) -> float:
    """0 to 1: how much what stands around a place resembles what stood around the quote."""
    before, after = Folded(quote.prefix).text, Folded(quote.suffix).text
    if not before and not after:
        return 1.0 if len(text) == end - start else 0.5
    scores = []
    if before:
        scores.append(fuzz.ratio(before.strip(), text[max(0, start - len(before)):start].strip()))
    if after:
        scores.append(fuzz.ratio(after.strip(), text[end:end + len(after)].strip()))
    return sum(scores) / len(scores) / 100


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The same place without half a word at either end."""
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    while start < end and text[start] == " ":
        start += 1
    while end > start and text[end - 1] == " ":
        end -= 1
    return start, end
