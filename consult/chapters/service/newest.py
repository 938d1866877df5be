"""The newest revision of a text in a language, which is the text as it now reads: asked here by everybody, inside of queries too."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters.models import Chapter, Revision
from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.i18n import DEFAULT_LANGUAGE


def newest_revision(chapter_id: Any, language: Any = DEFAULT_LANGUAGE) -> sa.ScalarSelect[int]:
    """The id, as a part of a query; both may be values, parameters or columns of that query."""
    one = aliased(Revision)
    newest = sa.select(sa.func.max(one.id)).where(one.chapter_id == chapter_id, one.language == language)
    return newest.correlate_except(one).scalar_subquery()


def newest_revisions(*of: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The ids for each chapter and language, of those revisions that meet the conditions: for ``.in_()``."""
    return sa.select(sa.func.max(Revision.id)).where(*of).group_by(Revision.chapter_id, Revision.language).correlate(None)


# Made once, and of the table: whoever lodges asks it, and wants no object.
_revision = Revision.__table__
NEWEST_ID = sa.select(sa.func.max(_revision.c.id)).where(
    _revision.c.chapter_id == sa.bindparam("of_chapter"), _revision.c.language == sa.bindparam("in_language"))


def get_newest_id(revision: Revision) -> int:
    """Of the same text in the same language."""
    return session.connection().execute(NEWEST_ID, {"of_chapter": revision.chapter_id, "in_language": revision.language}).scalar_one()


def get_newest_revision(chapter: Chapter, language: str) -> Revision | None:
    """None while nothing is published in that language."""
    return session.scalar(sa.select(Revision).where(Revision.id == newest_revision(chapter.id, language)))


def list_newest_revisions(chapter: Chapter) -> list[Revision]:
    """One of each language, French first."""
    newest = sa.select(Revision).where(Revision.id.in_(newest_revisions(Revision.chapter_id == chapter.id)))
    return list(session.scalars(newest.order_by(sa.case((Revision.language == DEFAULT_LANGUAGE, 0), else_=1), Revision.language)))


def list_published(consultation: Consultation) -> dict[tuple[int, str], Revision]:
    """What all its chapters now read, by chapter number and language."""
    ours = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    newest = session.scalars(sa.select(Revision).where(Revision.id.in_(newest_revisions(Revision.chapter_id.in_(ours)))))
    return {(revision.chapter.number, revision.language): revision for revision in newest}
