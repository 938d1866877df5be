"""What somebody looks for: words, words in quotes, words that must not be there, a reference or the key of a passage; and what else it is
narrowed to."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.contributions.models import CommentType, Kind, Position
from consult.core.i18n import N_, LabelledEnum
from consult.organisations.models import Category, Organisation, Sector
from consult.synthesis.service import is_answered
from consult.text.searching import STOPS, words_of

MAX_TYPED, MOST_WORDS = 200, 10  # letters that are looked at, and words
PARTS = re.compile(
    r'(?P<without>(?<!\S)[-−–](?=[^\s\-−–]))?'  # noqa: RUF001 - the signs that people take for a hyphen
    r'(?:["“”«»„](?P<phrase>[^"“”«»„]*)["“”«»„]|(?P<word>\d{1,3}(?: \d{3})+(?!\S)|[^\s"“”«»„]+))')
REFERENCE = re.compile(r"PNQ-C\d{1,3}-\d{1,9}(?:-R\d{1,6})?", re.IGNORECASE | re.ASCII)
# As people copy, read out or shorten it: "pnq c1 81" is PNQ-C1-0081. No key of a passage is a number.
SPOKEN_REFERENCE = re.compile(r"(?:PNQ[-\s/]?)?C(\d{1,3})[-\s/](\d{1,9})(?:[-\s/]R(\d{1,6}))?", re.IGNORECASE | re.ASCII)
DASHES = str.maketrans(dict.fromkeys("‐‑–—−_", "-"))  # noqa: RUF001 - the signs that people take for a hyphen
KEY = re.compile(r"C\d{1,3}(?:-[\w§.]{1,40}){1,6}", re.IGNORECASE)


class Sort(LabelledEnum):
    RELEVANCE = "relevance", N_("Most fitting first")
    NEWEST = "newest", N_("Newest first")
    TEXT = "text", N_("In the order of the text")


@dataclass(frozen=True)
class Asked:
    """``words`` as they are compared, without those that every text has, ``written`` as they were typed; ``phrases`` with all their words.
    """

    typed: str
    words: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    phrases: tuple[tuple[str, ...], ...] = ()
    without: tuple[str, ...] = ()
    name: str = ""  # a reference or a key, by which things are known

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.phrases or self.without or self.name)


def is_reference(name: str) -> bool:
    """Whether it is that of something that was said, not the key of a passage."""
    return REFERENCE.fullmatch(name) is not None


def name_in(typed: str) -> str:
    """The reference or the key that is typed, as it is kept; nothing where it is neither."""
    if found := SPOKEN_REFERENCE.fullmatch(typed.translate(DASHES)):
        chapter, number, reply = found.groups()
        return f"PNQ-C{int(chapter)}-{int(number):04}{f'-R{int(reply)}' if reply else ''}"
    return typed if KEY.fullmatch(typed) else ""


def get_asked(typed: str) -> Asked:
    """What was typed, however it was: nothing of it is a fault."""
    typed = " ".join(typed.replace("\x00", " ").split())[:MAX_TYPED]
    if name := name_in(typed):
        return Asked(typed, name=name)
    words: dict[str, str] = {}
    phrases: list[tuple[str, ...]] = []
    without: list[str] = []
    for part in PARTS.finditer(typed):
        text = part["phrase"] if part["phrase"] is not None else part["word"]
        said = words_of(text)
        if part["without"]:
            without += [word for word in said if word not in STOPS]
        elif part["phrase"] is not None:
            phrases += [tuple(said)] if any(word not in STOPS for word in said) else []
        else:
            words.update({word: shown for word, shown in zip(said, _written(text, said), strict=True) if word not in STOPS})
    kept = list(words.items())[:MOST_WORDS]
    return Asked(typed, tuple(word for word, _shown in kept), tuple(shown for _word, shown in kept), tuple(phrases[:3]), tuple(without[:5]))


def _written(text: str, said: list[str]) -> list[str]:
    return [text] if len(said) == 1 else said


@dataclass(frozen=True)
class SearchFilter:
    """What is looked for beside words; None and what is empty ask for all. ``own`` is the organisation of whoever asks for what concerns
    it: what bodies of its category or of its sector said.
    """

    chapter: Chapter | None = None
    axis: str = ""
    axis_keys: tuple[str, ...] = ()
    what: str = ""
    kind: Kind | None = None
    comment_type: CommentType | None = None
    position: Position | None = None
    category: Category | None = None
    is_own_name: bool = False
    organisation: Organisation | None = None
    language: str = ""
    is_answered: bool | None = None
    own: Organisation | None = None

    @property
    def is_empty(self) -> bool:
        return self == SearchFilter()

    def without(self, name: str) -> "SearchFilter":
        blank = SearchFilter()
        also = {"chapter": ("axis", "axis_keys"), "axis": ("axis_keys",), "category": ("is_own_name",)}.get(name, ())
        return replace(self, **{one: getattr(blank, one) for one in (name, *also)})

    def conditions(self, kind: str, view: Any) -> Iterator[sa.ColumnElement[bool]]:
        """On the columns of one kind of thing; what it lacks is equal to nothing."""
        for column, value in (("chapter_id", self.chapter.id if self.chapter else None), ("kind", self.kind), ("position", self.position),
                              ("comment_type", self.comment_type), ("language", self.language or None)):
            if value is not None:
                yield view[column] == (value.value if hasattr(value, "value") else value)
        if self.axis:
            yield view.key.in_(self.axis_keys)
        if self.is_own_name:
            yield sa.and_(view.organisation_id.is_(None), sa.literal(kind in ("said", "reply")))
        if self.is_answered is not None:
            answered = is_answered(view.id)
            yield sa.and_(sa.literal(kind == "said"), answered if self.is_answered else ~answered)
        yield from self._of_organisations(view)

    def _of_organisations(self, view: Any) -> Iterator[sa.ColumnElement[bool]]:
        if self.category is not None:
            yield view.organisation_id.in_(sa.select(Organisation.id).where(Organisation.category == self.category))
        if self.organisation is not None:
            body = self.organisation.body_id
            yield view.organisation_id.in_(
                sa.select(Organisation.id).where(sa.or_(Organisation.id == body, Organisation.merged_into_id == body)))
        if self.own is not None:
            alike = [Organisation.category == self.own.category]
            if self.own.sector != Sector.CROSS_SECTOR:
                alike.append(Organisation.sector == self.own.sector)
            yield view.organisation_id.in_(sa.select(Organisation.id).where(sa.or_(*alike)))
