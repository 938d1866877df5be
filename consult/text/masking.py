"""Taking words out of a text that everybody reads: where they stand in it, and the text with a mark in their place."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

# In the language of the text, not of its reader: the mark is a part of the text that is kept, searched and exported.
MARKS = {"fr": "[passage occulté]", "ar": "[مقطع محجوب]", "en": "[passage redacted]"}
# What Arabic writes together with the word behind it: conjunctions, prepositions, the article.
PREFIXES = frozenset("و ف ب ل ك ال وال فال بال كال لل ولل وب ول وك فب فل وبال".split())
MOST_PREFIXED = max(map(len, PREFIXES))
Span = tuple[int, int]


def mark_in(language: str) -> str:
    return MARKS.get(language, MARKS["fr"])


def places_of(phrase: str, text: str) -> list[Span]:
    """Everywhere that these words stand in the text, whatever the white space between them; a text without a word stands nowhere.

    Whole words: *Ali* is not hidden within *qualité*, where what is left would tell it. What Arabic writes before a word, such as *and* or
    the article, is no part of it.
    """
    words = phrase.split()
    if not words:
        return []
    sought = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
    return [found.span() for found in sought.finditer(text) if _is_whole(text, *found.span())]


def _is_whole(text: str, begin: int, end: int) -> bool:
    if end < len(text) and text[end - 1].isalnum() and (text[end].isalnum() or unicodedata.combining(text[end])):
        return False
    if begin == 0 or not text[begin].isalnum() or not text[begin - 1].isalnum():
        return True
    start = begin
    while start and begin - start <= MOST_PREFIXED and text[start - 1].isalnum():
        start -= 1
    return text[start:begin] in PREFIXES


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
