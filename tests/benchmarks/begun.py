"""What one participant of a filled database is writing: whoever opens their own pages, with about as much of theirs at each size."""

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.consultations import service as consultations
from consult.contributions.models import Contribution, ContributionDraft
from consult.core.db import session
from consult.core.i18n import utcnow

USUAL = 28  # contributions of the participant who looks at their own


def put_draft(number: int, words: str) -> None:
    """What the participant who looks at their own is writing, where most was said."""
    chapter = chapters.get_chapter(consultations.get_current(), number)
    block = chapters.get_block(chapter, most_said_key(chapter.id), "fr")
    session.execute(sa.delete(ContributionDraft).where(ContributionDraft.token == "f" * 32))
    session.add(ContributionDraft(token="f" * 32, author_id=usual_author_id(), block=block, updated_at=utcnow(),
                                  fields={"body": words}))


def most_said_key(chapter_id: int) -> str:
    key = Contribution.current_key
    said = sa.select(key).where(Contribution.chapter_id == chapter_id, key.is_not(None)).group_by(key)
    return session.scalars(said.order_by(sa.func.count().desc(), key).limit(1)).one()


def usual_author_id() -> int:
    """Of whoever said more than a page shows, and about as much at each size: what is theirs grows with them alone."""
    from_usual = sa.func.abs(sa.func.count() - USUAL)
    nearest = sa.select(Contribution.author_id).group_by(Contribution.author_id).order_by(from_usual, Contribution.author_id)
    return session.scalars(nearest.limit(1)).one()
