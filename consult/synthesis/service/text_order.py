"""Text order: where each passage stands in the chapter as it now reads."""

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter

# A contribution whose passage is no longer in the text comes after all others.
LAST = 1_000_000_000


def places(chapter: Chapter) -> sa.Subquery:
    """key, position, label, lead and text of each passage."""
    return (
        sa.select(Block.id, Block.key, Block.position, Block.label, Block.kind, Block.lead, Block.text)
        .where(Block.revision_id == chapters.newest_revision(chapter.id)).subquery("place")
    )
