"""Sixty points a chapter, whatever is said: decided but a few, some with a new wording; one synthesis that everybody reads."""

from datetime import datetime

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import BlockKind, Chapter
from consult.core.db import session
from consult.synthesis import service as synthesis
from consult.synthesis.models import BlockChange, Disposition, Ground, Synthesis, SynthesisItem, SynthesisState

ITEMS = 60
UNDECIDED = (17, 34, 51)  # of the chapters that are being worked on
CHANGES = 12  # items that give new wording


def put_items(chapter: Chapter, rapporteur: User, chair: User, now: datetime, *, is_public: bool) -> list[int]:
    """The ids of the chapter's items, as many as there have to be; those that are there already are left as they are."""
    own = synthesis.get_or_new(chapter)
    session.add(own)
    session.flush()
    revision = chapters.get_revisions(chapter, "fr")[0]
    blocks = [block for block in chapters.list_blocks(revision) if block.kind == BlockKind.ACTION]
    for number in range(own.last_number + 1, ITEMS + 1):
        decided = is_public or number not in UNDECIDED
        disposition = list(Disposition)[number % len(Disposition)] if decided else None
        item = SynthesisItem(
            synthesis_id=own.id, number=number, title=f"Point {number} du chapitre {chapter.number}",
            summary="Plusieurs demandent la même chose, en d’autres mots.", disposition=disposition,
            ground=Ground.COST if disposition == Disposition.NOT_ACCEPTED else None,
            rationale=f"La commission a pesé le point {number} avec les organismes concernés." if decided else "",
            edited_by_id=rapporteur.id, edited_at=now)
        session.add(item)
        session.flush()
        if disposition and disposition.changes_text and number <= ITEMS - CHANGES:
            block = blocks[number % len(blocks)]
            wording = f"{block.lead.strip()} Un bilan en est publié chaque année."
            session.add(BlockChange(item_id=item.id, block_id=block.id, wording=wording))
        elif disposition and disposition.changes_text:
            item.needs_no_change = True
    own.last_number = max(own.last_number, ITEMS)
    if is_public:
        own.state, own.validated_by_id, own.validated_at = SynthesisState.SUBMITTED, chair.id, now
    session.flush()
    return items_of(own)


def items_of(own: Synthesis) -> list[int]:
    return list(session.scalars(sa.select(SynthesisItem.id).where(SynthesisItem.synthesis_id == own.id).order_by(SynthesisItem.number)))
