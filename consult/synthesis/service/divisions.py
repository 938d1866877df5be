"""The parts in which a synthesis is read: one for each axis of the text, one for what stands before and one for what no passage has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters import service as chapters
from consult.chapters.models import Block, BlockKind, Chapter
from consult.core.db import session
from consult.core.i18n import DEFAULT_LANGUAGE, _
from consult.synthesis.service.text_order import LAST

# Keys of passages begin with a capital: these are none.
BEFORE, GONE = "before", "gone"


@dataclass(frozen=True)
class Division:
    """Items that begin from one place of the text on, up to another; ``language`` is that of a title out of the text."""

    key: str
    title: Any
    language: str | None
    begins: int
    ends: int
    count: int

    def has(self, order: int) -> bool:
        return self.begins <= order < self.ends


@dataclass(frozen=True)
class Title:
    """A heading of the text at which a division begins."""

    key: str
    words: str
    language: str
    position: int


def list_divisions(chapter: Chapter, language: str, counts: Mapping[int, int]) -> list[Division]:
    """Those that hold something, in text order; ``counts`` says of how many items which place of the text is the first; one query.

    An item on passages of several axes stands where it begins.
    """
    titles = list_titles(chapter, language)
    heads: list[tuple[str, Any, str | None]] = [
        (BEFORE, _("Before the first axis") if titles else _("The whole text"), None),
        *((title.key, title.words, title.language) for title in titles), (GONE, _("Without a passage in the present text"), None),
    ]
    bounds = [0, *(title.position for title in titles), LAST, LAST + 1]
    found = [
        Division(*head, begins, ends, sum(count for order, count in counts.items() if begins <= order < ends))
        for head, (begins, ends) in zip(heads, pairwise(bounds), strict=True)
    ]
    return [division for division in found if division.count]


def list_titles(chapter: Chapter, language: str) -> list[Title]:
    """The axes of the text as it now reads, and the headings of their level that come after the first of them."""
    there = aliased(Block)
    translated = sa.and_(there.revision_id == chapters.newest_revision(chapter.id, language), there.key == Block.key)
    headings = session.execute(
        sa.select(Block.key, Block.kind, Block.level, Block.text, Block.position, there.text.label("translation"))
        .outerjoin(there, translated).where(Block.revision_id == chapters.newest_revision(chapter.id),
                                            Block.kind.in_((BlockKind.AXIS, BlockKind.HEADING)))
        .order_by(Block.position)
    ).all()
    axes = [heading for heading in headings if heading.kind == BlockKind.AXIS]
    if not axes:
        return []
    level, begins = min(axis.level for axis in axes), axes[0].position
    return [
        Title(one.key, one.translation or one.text, language if one.translation else DEFAULT_LANGUAGE, one.position)
        for one in headings if one.position >= begins and (one.kind == BlockKind.AXIS or one.level <= level)
    ]


def get_division(divisions: Sequence[Division], key: str) -> Division | None:
    """The one of that key, else the first; None where there is no item."""
    return next((division for division in divisions if division.key == key), next(iter(divisions), None))
