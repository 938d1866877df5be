"""The passages of chapters as a form may call them: by key, by number, by title, by their words."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from consult.forms.columns import folded
from consult.forms.references import KIND_OF, Reference, references, spelt_key

SHINGLE = 4  # words
HEADS = ("heading", "axis", "project")
NUMBERED = ("axis", "project", "action")
AT_LEAST_COMMON = 2
WORD = re.compile(r"\w+")
LEADING = re.compile(rf"^(?:{'|'.join(sorted(map(re.escape, KIND_OF), key=len, reverse=True))}) \d+(?:\.\d+)*\s*[—–:.\-]*\s*")
MAX_LOOKED_AT = 40


@dataclass(frozen=True)
class Passage:
    key: str
    kind: str
    label: str
    text: str
    chapter: int
    language: str


def words_of(text: str) -> list[str]:
    return WORD.findall(text)


class Passages:
    """Those of some chapters, in one language or several: the same key is the same passage in all of them."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        self.all = list(passages)
        self.chapter_of: dict[str, int] = {}
        self.kind_of: dict[str, str] = {}
        self.named: dict[str, set[str]] = defaultdict(set)
        self.numbers: dict[tuple[str, tuple[int, ...]], set[str]] = defaultdict(set)
        self.titles: dict[str, set[str]] = defaultdict(set)
        self.texts: dict[str, list[str]] = defaultdict(list)
        self.shingles: dict[tuple[str, ...], set[str]] = defaultdict(set)
        self.holding: dict[str, set[str]] = defaultdict(set)
        self.order: dict[str, int] = {}
        for passage in self.all:
            self.add(passage)
        self.rarity = {word: math.log(len(self.texts) / len(keys)) for word, keys in self.holding.items()}
        self.names = sorted(title for title in self.titles if len(title) >= 8)

    def add(self, passage: Passage) -> None:
        key, text = passage.key, folded(passage.text)
        self.order.setdefault(key, len(self.order))
        self.chapter_of[key], self.kind_of[key] = passage.chapter, passage.kind
        self.named[spelt_key(key)].add(key)
        self.named[spelt_key(passage.label)].add(key)
        first = next(iter(references(text[:60])), None)
        if first is not None and first.start == 0 and first.kind in (*NUMBERED, "table", "chapter"):
            self.numbers[first.kind, first.numbers].add(key)
            if first.kind in NUMBERED:
                self.numbers["other", first.numbers].add(key)
        if passage.kind in HEADS:
            self.titles[text].add(key)
            bare = LEADING.sub("", text)
            self.titles[bare].add(key)
        self.texts[key].append(text)
        words = words_of(text)
        for at in range(len(words) - SHINGLE + 1):
            self.shingles[tuple(words[at:at + SHINGLE])].add(key)
        for word in set(words):
            if len(word) >= AT_LEAST_COMMON:
                self.holding[word].add(key)

    @property
    def chapters(self) -> set[int]:
        return set(self.chapter_of.values())

    def within(self, keys: Iterable[str], chapters: set[int]) -> list[str]:
        """Those of these chapters (all, where none is named), in the order of the text."""
        return sorted((key for key in keys if not chapters or self.chapter_of[key] in chapters), key=lambda key: self.order[key])

    def called(self, reference: Reference, chapters: set[int]) -> list[str]:
        """The passages that are meant by what was written; none or several where it is not clear."""
        if reference.kind == "key":
            return self.within(self.named.get(reference.key, ()), {reference.chapter} if reference.chapter is not None else chapters)
        if reference.kind == "chapter":
            return [key for key in (f"C{reference.numbers[0]}",) if key in self.order] if len(reference.numbers) == 1 else []
        if reference.kind in NUMBERED and len(reference.numbers) != NUMBERED.index(reference.kind) + 1:
            return []
        return self.within(self.numbers.get((reference.kind, reference.numbers), ()), chapters)

    def could_be_longer(self, numbers: tuple[int, ...]) -> bool:
        """Whether 1.1 may be what a spreadsheet left of 1.10."""
        return len(numbers) == 2 and bool(self.numbers.get(("other", (numbers[0], numbers[1] * 10))))

    def entitled(self, title: str, chapters: set[int]) -> list[str]:
        return self.within(self.titles.get(title, ()), chapters)

    def nearly_entitled(self, title: str, chapters: set[int]) -> list[tuple[float, str]]:
        """(likeness, key) of the titles that resemble this one, best first."""
        near = process.extract(title, self.names, scorer=fuzz.ratio, score_cutoff=80, limit=5)
        found = [(score, key) for name, score, _at in near for key in self.within(self.titles[name], chapters)]
        return sorted(found, key=lambda pair: (-pair[0], self.order[pair[1]]))

    def saying(self, quote: str, chapters: set[int]) -> list[str]:
        """The passages in which these folded words stand, word for word."""
        words = words_of(quote)
        if not words:
            return []
        if len(words) < SHINGLE:
            rare = min(words, key=lambda word: len(self.holding.get(word, ())))
            candidates = set(self.holding.get(rare, ()))
        else:
            sets = [self.shingles.get(tuple(words[at:at + SHINGLE]), set()) for at in range(len(words) - SHINGLE + 1)]
            candidates = set.intersection(*sets)
        sought = " ".join(words)
        return self.within((key for key in candidates if any(holds(text, sought) for text in self.texts[key])), chapters)

    def resembling(self, quote: str, chapters: set[int]) -> list[tuple[float, str]]:
        """(likeness, key) of passages in which nearly these words stand, best first; few are looked at closely."""
        words = set(words_of(quote))
        votes: Counter[str] = Counter()
        for word in words:
            keys = self.holding.get(word, ())
            if len(keys) < len(self.texts) / 4:
                for key in keys:
                    votes[key] += self.rarity[word]  # type: ignore[assignment]  # a weight
        likely = self.within((key for key, _weight in votes.most_common(MAX_LOOKED_AT)), chapters)
        found = []
        for key in likely:
            score = max(fuzz.partial_ratio(quote, text) if len(quote) <= len(text) else fuzz.ratio(quote, text) for text in self.texts[key])
            found.append((score, key))
        return sorted(found, key=lambda pair: (-pair[0], self.order[pair[1]]))

    def shared(self, words: set[str], key: str) -> set[str]:
        """The words of a remark that stand in a passage or in the headings above it."""
        above = set(self.above(key))
        return {word for word in words if word in self.rarity and not above.isdisjoint(self.holding[word])}

    def affinity(self, words: set[str], key: str) -> float:
        """How rare those are, together."""
        return sum(self.rarity[word] for word in self.shared(words, key))

    def above(self, key: str) -> Iterator[str]:
        """The passage, and the headings that hold it, up to its axis."""
        yield key
        while (cut := key.rfind("-")) > 0:
            key = key[:cut]
            if "-" in key and key in self.order:
                yield key

    def children(self, key: str) -> list[str]:
        return [other for other in self.order if is_within(other, key)]


def holds(text: str, words: str) -> bool:
    return words in " ".join(words_of(text))


def is_within(inner: str, outer: str) -> bool:
    """Whether a passage is, or stands under, another; keys say so."""
    return inner == outer or inner.startswith(outer + "-")


def are_nested(one: str, other: str) -> bool:
    return is_within(one, other) or is_within(other, one)
