"""What public syntheses answer about one passage."""

import sqlalchemy as sa

from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import Contribution
from consult.core.db import session
from consult.synthesis.models import BlockChange, ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.service.report import Rewording
from consult.synthesis.service.text_order import beginnings, text_order


def list_provision_answers(chapter: Chapter, key: str) -> list[tuple[SynthesisItem, list[Rewording]]]:
    """The items that change a passage or answer to contributions on it, with the new wording; none before the synthesis is public."""
    changing = (
        sa.select(BlockChange.item_id).join(Block, Block.id == BlockChange.block_id).join(Revision, Revision.id == Block.revision_id)
        .where(Revision.chapter_id == chapter.id, Block.key == key)
    )
    answering = (
        sa.select(ItemContribution.item_id).join(Contribution, Contribution.id == ItemContribution.contribution_id)
        .where(Contribution.chapter_id == chapter.id, sa.or_(Contribution.block_key == key, Contribution.current_key == key))
    )
    changed = sa.join(BlockChange, Block, Block.id == BlockChange.block_id)
    begins = beginnings(Chapter.id == chapter.id)
    rows = session.execute(
        sa.select(SynthesisItem, Block.key, Block.label, Block.lead, BlockChange.wording)
        .join(Synthesis, Synthesis.id == SynthesisItem.synthesis_id)
        .outerjoin(changed, sa.and_(BlockChange.item_id == SynthesisItem.id, Block.key == key))
        .where(Synthesis.chapter_id == chapter.id, Synthesis.is_public, SynthesisItem.id.in_(sa.union(changing, answering)))
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id).order_by(*text_order(begins), BlockChange.id)
    )
    answers: dict[int, tuple[SynthesisItem, list[Rewording]]] = {}
    for item, at, label, lead, wording in rows:
        changes = answers.setdefault(item.id, (item, []))[1]
        if wording:
            changes.append(Rewording(at, label or at, lead, wording))
    return list(answers.values())
