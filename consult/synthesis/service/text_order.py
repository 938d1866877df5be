"""Text order: where each passage stands in the chapter as it now reads."""

import sqlalchemy as sa

from consult.chapters.models import Block, Chapter, Revision

# A contribution whose passage is no longer in the text comes after all others.
LAST = 1_000_000_000


def newest_revision(chapter_id: int):
    """The id of the chapter's present French revision, which the syntheses change, as a scalar subquery."""
    return sa.select(sa.func.max(Revision.id)).where(Revision.chapter_id == chapter_id, Revision.language == "fr").scalar_subquery()


def places(chapter: Chapter) -> sa.Subquery:
    """key, position, label, lead and text of each passage."""
    return (
        sa.select(Block.id, Block.key, Block.position, Block.label, Block.kind, Block.lead, Block.text)
        .where(Block.revision_id == newest_revision(chapter.id)).subquery("place")
    )
