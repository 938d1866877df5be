"""The public list: everything that was said, newest first, as narrow as the reader asks."""

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import CommentType, Contribution, Kind, Position
from consult.contributions.service.reading import Trace, is_known, page_seen
from consult.core.paging import Cursor, Page
from consult.organisations.models import Category, Organisation


@dataclass(frozen=True)
class PublicFilter:
    """What the reader asks to see; None and the empty language ask for all."""

    chapter: Chapter | None = None
    position: Position | None = None
    kind: Kind | None = None
    comment_type: CommentType | None = None
    category: Category | None = None
    is_own_name: bool = False
    language: str = ""

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        for column, value in (
            (Contribution.chapter_id, self.chapter.id if self.chapter else None), (Contribution.position, self.position),
            (Contribution.kind, self.kind), (Contribution.comment_type, self.comment_type), (Contribution.language, self.language or None),
        ):
            if value is not None:
                yield column == value
        if self.category is not None:
            yield Contribution.organisation_id.in_(sa.select(Organisation.id).where(Organisation.category == self.category))
        if self.is_own_name:
            yield Contribution.organisation_id.is_(None)

    @property
    def speaks_of_contents(self) -> bool:
        """What is asked of a contribution would tell more of one that was taken down than its trace does."""
        return self != PublicFilter(chapter=self.chapter)


def list_public(consultation: Consultation, wanted: PublicFilter, *, after: Cursor | None = None) -> Page[Contribution | Trace]:
    """What the public may know of, newest first: traces stand for what was taken down, where nothing is asked of its contents."""
    seen = Contribution.is_public if wanted.speaks_of_contents else is_known()
    ours = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    return page_seen(sa.select(Contribution).where(Contribution.chapter_id.in_(ours), seen, *wanted.conditions()), after)
