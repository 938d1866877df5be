"""The words that were looked for, in the sentence in which most of them stand."""

from collections.abc import Mapping
from typing import NamedTuple

from consult.text.searching import Place, placed, sentences

LONGEST = 260  # letters of an excerpt
BEFORE = 60  # letters that are shown before the first word, where the sentence is longer


class Piece(NamedTuple):
    """A part of an excerpt; marked where it is a word that was looked for."""

    text: str
    is_marked: bool


def excerpt(text: str, worth: Mapping[str, float]) -> list[Piece]:
    """The best sentence with what follows it, as far as there is room; the text itself is never changed."""
    places = [place for place in placed(text) if place.word in worth]
    begin, end = _window(text, places, worth)
    pieces, at = [Piece("… ", False)] if text[:begin].strip() else [], begin
    for place in places:
        if begin <= place.start and place.end <= end:
            pieces += [Piece(text[at:place.start], False), Piece(text[place.start:place.end], True)]
            at = place.end
    pieces += [Piece(text[at:end], False), *([Piece(" …", False)] if text[end:].strip() else [])]
    return [piece for piece in pieces if piece.text]


def _window(text: str, places: list[Place], worth: Mapping[str, float]) -> tuple[int, int]:
    def told(bounds: tuple[int, int]) -> float:
        return sum(worth[word] for word in {place.word for place in places if bounds[0] <= place.start < bounds[1]})
    found = sentences(text)
    begin, end = max(found, key=lambda bounds: (told(bounds), -bounds[0])) if found else (0, len(text))
    if end - begin > LONGEST:
        first = next((place.start for place in places if begin <= place.start < end), begin)
        begin = max(begin, _word_before(text, first - BEFORE)) if first - begin > BEFORE else begin
        return begin, _word_before(text, begin + LONGEST) if begin + LONGEST < end else end
    return begin, _word_before(text, begin + LONGEST) if begin + LONGEST < len(text) else len(text)


def _word_before(text: str, at: int) -> int:
    """The beginning of the word that stands there, so that none is cut."""
    at = max(0, at)
    space = max(text.rfind(" ", 0, at), text.rfind("\n", 0, at))
    return space + 1 if space > at - 40 else at
