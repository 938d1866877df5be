"""What public syntheses answer about one passage."""

import sqlalchemy as sa
from sqlalchemy.orm import contains_eager

from consult.chapters.models import Block, Chapter, Revision
from consult.core.db import session
from consult.synthesis.models import BlockChange, ItemTally, Synthesis, SynthesisItem
from consult.synthesis.service.text_order import beginnings, text_order
from consult.synthesis.service.wordings import Rewording, list_rewordings


def list_provision_answers(chapter: Chapter, key: str) -> list[tuple[SynthesisItem, list[Rewording]]]:
    """The items that change a passage or answer to contributions on it, with the new wording; none before the synthesis is public."""
    changing = (
        sa.select(BlockChange.item_id).join(Block, Block.id == BlockChange.block_id).join(Revision, Revision.id == Block.revision_id)
        .where(Revision.chapter_id == chapter.id, Block.key == key)
    )
    answering = (
        sa.select(ItemTally.item_id).join(SynthesisItem, SynthesisItem.id == ItemTally.item_id)
        .join(Synthesis, Synthesis.id == SynthesisItem.synthesis_id)
        .where(Synthesis.chapter_id == chapter.id, ItemTally.key == key, ItemTally.count > 0)
    )
    begins = beginnings(Chapter.id == chapter.id)
    items = session.scalars(
        sa.select(SynthesisItem).join(Synthesis, Synthesis.id == SynthesisItem.synthesis_id)
        .where(Synthesis.chapter_id == chapter.id, Synthesis.is_public, SynthesisItem.id.in_(sa.union(changing, answering)))
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id).order_by(*text_order(begins))
        .options(contains_eager(SynthesisItem.synthesis).lazyload(Synthesis.chapter))
    ).all()
    rewordings = list_rewordings([item.id for item in items])
    return [(item, [one for one in rewordings.get(item.id, []) if one.key == key]) for item in items]
