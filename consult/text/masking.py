"""Taking words out of a text that everybody reads: where they stand in it, and the text with a mark in their place."""

import re
from collections.abc import Iterable, Sequence

# In the language of the text, not of its reader: the mark is a part of the text that is kept, searched and exported.
MARKS = {"fr": "[passage occulté]", "ar": "[مقطع محجوب]", "en": "[passage redacted]"}
Span = tuple[int, int]


def mark_in(language: str) -> str:
    return MARKS.get(language, MARKS["fr"])


def places_of(phrase: str, text: str) -> list[Span]:
    """Everywhere that these words stand in the text, whatever the white space between them; a text without a word stands nowhere."""
    words = phrase.split()
    if not words:
        return []
    sought = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    return [found.span() for found in sought.finditer(text)]


def merged(spans: Iterable[Span]) -> list[Span]:
    """In their order, those that touch or overlap made one."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def masked(text: str, spans: Sequence[Span], mark: str) -> str:
    """The text with the mark in place of each span (characters, the end not included)."""
    parts, last = [], 0
    for begin, end in merged(spans):
        parts += [text[last:begin], mark]
        last = end
    return "".join([*parts, text[last:]])
