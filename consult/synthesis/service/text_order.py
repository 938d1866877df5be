"""Text order: where each passage stands in the chapter as it now reads, and so in which order items stand, whatever their numbers."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.core.i18n import DEFAULT_LANGUAGE
from consult.synthesis.models import ItemTally, Synthesis, SynthesisItem
from consult.synthesis.service import counting

# A contribution whose passage is no longer in the text comes after all others.
LAST = 1_000_000_000


def places(chapter: Chapter) -> sa.Subquery:
    """key, position, label, lead and text of each passage."""
    return (
        sa.select(Block.key, Block.position, Block.label, Block.lead, Block.text)
        .where(Block.revision_id == chapters.newest_revision(chapter.id)).subquery("place")
    )


def beginnings(*of_chapters: sa.ColumnElement[bool]) -> sa.Subquery:
    """item_id and position of the first passage that each item's contributions speak of; of those chapters that meet the conditions."""
    newest = aliased(Revision)
    ours = sa.select(Chapter.id).where(*of_chapters)
    present = chapters.newest_revisions(Revision.chapter_id.in_(ours), Revision.language == DEFAULT_LANGUAGE)
    begun = aliased(SynthesisItem)
    return (
        counting.present(ItemTally.item_id, sa.func.min(Block.position).label("position"))
        .join(begun, begun.id == ItemTally.item_id).join(Synthesis, Synthesis.id == begun.synthesis_id)
        .join(newest, sa.and_(newest.chapter_id == Synthesis.chapter_id, newest.id.in_(present)))
        .join(Block, sa.and_(Block.revision_id == newest.id, Block.key == ItemTally.key))
        .group_by(ItemTally.item_id).subquery("beginning")
    )


def text_order(begins: sa.Subquery) -> tuple[Any, Any]:
    """How items are ordered, everywhere; those that begin together by their numbers."""
    return sa.func.coalesce(begins.c.position, LAST), SynthesisItem.number
