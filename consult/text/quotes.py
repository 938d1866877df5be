"""Words quoted inside of a block: found as their reader took them, and found again in a text that changed.

Selectors and scores follow the TextQuoteSelector of the W3C Web Annotation Data Model (2017): the words first, then what stands
before and after them. Unlike an anchor looked for in a whole document, a quote is looked for in the blocks that continue its own, and
is lost rather than put on words that merely resemble it.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, islice

from rapidfuzz import fuzz

from consult.text.composing import composed
from consult.text.normalising import ALIKE, SIGNS

AROUND = 32  # characters kept before and after the quoted words
CLOSE_ENOUGH = 72  # of 100: under this similarity the words are lost
AT_END = 0.25  # beside the similarity of the context: from so much on one of several places is told from the others
SHORT = 12  # letters: fewer are too few to tell similarity from chance
WORD = re.compile(r"\S+")
MAX_PLACES = 1_000  # of the same words in one text that are told apart by what stands around them
OTHERWISE = str.maketrans({"œ": "oe", "æ": "ae", "´": "'", "`": "'", "‐": "-", "−": "-"})
ONE_WRITING: dict[int, int | str] = {**ALIKE, **OTHERWISE}


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
    similarity: float
    confidence: float


class Folded:
    """A text for comparing, and for each of its characters the place in the text as written."""

    def __init__(self, text: str) -> None:
        self.source = text
        self.parts = list(map(COMPARABLE.__getitem__, text))
        self.text = "".join(self.parts)
        if self.text.startswith(" ") or "  " in self.text:
            self.parts = list(without_doubled_spaces(self.parts))
            self.text = "".join(self.parts)

    @cached_property
    def ends(self) -> list[int]:
        """Where each written character ends in the folded text."""
        return list(accumulate(map(len, self.parts)))

    def span(self, start: int, end: int) -> tuple[int, int]:
        """From places in the folded text to places in the text as written, signs that belong to the last letter included."""
        first, last = bisect_right(self.ends, start), bisect_right(self.ends, end - 1) + 1
        while last < len(self.source) and is_sign(self.source[last]):
            last += 1
        return first, last


class ComparableCharacters(dict):
    """What each character is for comparing, found once for each of them."""

    def __missing__(self, character: str) -> str:
        if len(self) > 10_000:
            self.clear()
        letters = self[character] = folded_letters(character)
        return letters


COMPARABLE = ComparableCharacters()
fold = lru_cache(maxsize=128)(Folded)


def folded_letters(character: str) -> str:
    """Small letters of a character without its signs; the forms that a letter takes in a word, and ligatures, are their letters."""
    if character.isspace():
        return " "
    plain = composed("NFKD", character.casefold().translate(OTHERWISE))
    return "".join(letter for letter in plain.translate(ONE_WRITING).casefold() if not is_sign(letter))


def without_doubled_spaces(parts: list[str]) -> Iterator[str]:
    after_space = True
    for part in parts:
        part = part.lstrip(" ") if after_space else part
        yield part
        after_space = part.endswith(" ") if part else after_space


def is_sign(character: str) -> bool:
    return SIGNS.match(character) is not None or unicodedata.category(character) == "Mn"


def at(text: str, start: int, end: int) -> Quote:
    """The quote of these characters of a text."""
    return Quote(text[start:end], text[max(0, start - AROUND):start], text[end:end + AROUND])


def occurrences(text: str, words: str) -> Iterator[tuple[int, int]]:
    start = text.find(words)
    while start >= 0:
        yield start, start + len(words)
        start = text.find(words, start + 1)


def find(text: str, quote: Quote) -> list[Found]:
    """All places where the quoted words stand, letter for letter but for case, vowel signs and spaces; likeliest by context first."""
    words = fold(quote.exact).text.strip()
    if not words:
        return []
    if (start := very_place(text, quote)) is not None:
        return [Found(start, start + len(quote.exact), 1.0, 1.0)]
    folded = fold(text)
    places = list(islice(occurrences(folded.text, words), MAX_PLACES))
    if not (quote.prefix or quote.suffix):
        return alone(folded, quote.exact, places)
    rated = sorted(((rating(folded.text, *place, quote), place) for place in places), key=lambda row: (-row[0], row[1]))
    found = []
    for rank, (around, place) in enumerate(rated):
        rival = rated[1][0] if rank == 0 and len(rated) > 1 else around if rank else 0.0
        sure = 1.0 if len(rated) == 1 else 0.95 if around - rival >= AT_END else 0.6
        found.append(Found(*folded.span(*place), 1.0, sure))
    return found


def rating(text: str, start: int, end: int, quote: Quote) -> float:
    """What stands around a place, and that nothing does: words quoted at an end of their text had no context on that side."""
    at_end = (not quote.suffix and bool(quote.prefix) and not text[end:].strip()) or (
        not quote.prefix and bool(quote.suffix) and not text[:start].strip())
    return context(text, start, end, quote) + (AT_END if at_end else 0.0)


def very_place(text: str, quote: Quote) -> int | None:
    """Where the quoted words stand, character for character, between the very words that stood around them; None unless it is one.

    Where they stand more than once, a context that was cut short says that the text began or ended there.
    """
    whole = quote.prefix + quote.exact + quote.suffix
    if whole == quote.exact != text:
        return None
    places = list(islice(occurrences(text, whole), MAX_PLACES))
    if len(places) > 1:
        places = [(start, end) for start, end in places if (len(quote.prefix) >= AROUND or start == 0)
                  and (len(quote.suffix) >= AROUND or end == len(text))]
    return places[0][0] + len(quote.prefix) if len(places) == 1 else None


def alone(folded: Folded, exact: str, places: list[tuple[int, int]]) -> list[Found]:
    """Places of words that came without their context: whole words before parts of words, then the same capitals and signs."""
    for is_better in (lambda start, end: whole_words(folded.text, start, end) == (start, end),
                      lambda start, end: folded.source.startswith(exact.strip(), folded.span(start, end)[0])):
        places = [place for place in places if is_better(*place)] or places
    return [Found(*folded.span(*place), 1.0, 1.0 if len(places) == 1 else 0.6) for place in places]


def standing_between(text: str, quote: Quote) -> Quote:
    """The quote, without a context that is not the one of these words: they were typed over others."""
    return quote if fold(quote.prefix + quote.exact + quote.suffix).text.strip() in fold(text).text else Quote(quote.exact)


def as_pasted(exact: str) -> Iterator[str]:
    """The words as they came; then without the marks of quotation around them; then without the numbers of footnotes."""
    yield exact
    yield (bare := exact.strip(" \n\t\u00a0\u202f«»“”„\"'…[]()"))
    yield re.sub(r"(?<=[^\W\d_])\d{1,2}(?!\w)|(?<=[.,;:!?»”)])\d{1,2}(?!\w)", "", bare)


def find_close(text: str, quote: Quote) -> Found | None:
    """Where words stand that are nearly the quoted ones, or None: they were rewritten beyond recognition, or dropped."""
    folded = fold(text)
    words = fold(quote.exact).text.strip()
    if len(words) < 4 or not folded.text:
        return None
    start, end = 0, len(folded.text)
    if len(words) <= end:
        cutoff = CLOSE_ENOUGH if len(words) < SHORT else CLOSE_ENOUGH * 0.75  # words put between those quoted are seen afterwards
        best = fuzz.partial_ratio_alignment(words, folded.text, score_cutoff=cutoff)
        if best is None:
            return None
        start, end = best.dest_start, best.dest_end
    start, end = whole_words(folded.text, start, end)
    if len(words) >= SHORT:
        start, end = stretched(folded.text, words, start, end)
    score = fuzz.ratio(words, folded.text[start:end])
    if score < CLOSE_ENOUGH:
        return None
    around = context(folded.text, start, end, quote)
    return Found(*folded.span(start, end), score / 100, round(min(0.9, 0.75 * score / 100 + 0.25 * around), 3))


def stretched(text: str, words: str, start: int, end: int) -> tuple[int, int]:
    """The place with each end moved to the word where it resembles the quoted words most: some came between them, or were dropped."""
    room = len(words) // 2
    for _round in range(2):
        starts = [place for place in (start, *(found.start() for found in WORD.finditer(text, max(0, start - room), end))) if place < end]
        start = max(starts, key=lambda place: fuzz.ratio(words, text[place:end]))
        ends = [end, *(found.end() for found in WORD.finditer(text, start, min(len(text), end + room)))]
        end = max(ends, key=lambda place: fuzz.ratio(words, text[start:place]))
    return whole_words(text, start, end)


def context(text: str, start: int, end: int, quote: Quote) -> float:
    """0 to 1: how much what stands around a place resembles what stood around the quote."""
    before, after = fold(quote.prefix).text, fold(quote.suffix).text
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


# Sentences, for whoever chooses one instead of selecting words

STOP = re.compile(r"[.!?؟…]+(?:\s?[»”\")\]])*(?=\s)")
HALF_STOP, FACT_STOP = re.compile(r"[;؛](?=\s)"), re.compile(r"\s·(?=\s)")
ABBREVIATIONS = frozenset("al art av bd cf chap dr env ex fig ill mm mme no nos pp pr ref réf st tél vol vs".split())
LONG_SENTENCE, MAX_SENTENCES = 240, 200


def sentences(text: str, lead: str = "") -> list[tuple[int, int]]:
    """The places of a passage's sentences in order; of an action, those of its ``lead``, then each of the facts after it."""
    first = max(0, text.find(lead)) if lead else 0
    last = first + len(lead) if lead else len(text)
    places = [*cut(text, first, last, STOP), *cut(text, last, len(text), FACT_STOP)]
    shorter = [part for place in places for part in (cut(text, *place, HALF_STOP) if place[1] - place[0] > LONG_SENTENCE else [place])]
    return shorter[:MAX_SENTENCES]


def cut(text: str, start: int, end: int, stop: re.Pattern) -> Iterator[tuple[int, int]]:
    for found in stop.finditer(text, start, end):
        if stop is not STOP or is_end(text, start, found):
            yield from trimmed(text, start, found.start() if stop is FACT_STOP else found.end())
            start = found.end()
    yield from trimmed(text, start, end)


def is_end(text: str, start: int, found: re.Match) -> bool:
    """Whether a full stop ends a sentence: not that of “art. 5”, “M. Alami” or “1. Titre”."""
    before = text[start:found.start()].split()
    last = re.split(r"[(«“\"’']", before[-1])[-1].casefold() if before else ""
    if found[0] == "." and (len(last) < 2 or last in ABBREVIATIONS):
        return False
    after = text[found.end():].lstrip()[:1]
    return len(before) > 1 and not after.islower()


def trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end and (text[start].isspace() or text[start] == "·"):
        start += 1
    if piece := text[start:end].rstrip():
        yield start, start + len(piece)
