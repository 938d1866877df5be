"""What is found of the answers: the items of syntheses that everybody reads, with their reasons."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters.models import Chapter
from consult.core import events as core_events
from consult.core.db import session
from consult.core.finding import Findable, Hit, Passage, columns
from consult.core.i18n import N_, _
from consult.synthesis.models import BlockChange, ItemContribution, Point, Synthesis, SynthesisItem
from consult.synthesis.points import is_open
from consult.synthesis.service.text_order import LAST

WORTH_OF_TITLE = 2
LANGUAGE = "fr"  # in which commissions answer


@core_events.findables.fill
def answers() -> Findable:
    return Findable("item", N_("Answers of the commissions"), _everybody_reads, _texts, _hits)


def _everybody_reads() -> sa.Select[Any]:
    item = SynthesisItem
    return (
        sa.select(*columns(id=item.id, chapter_id=Synthesis.chapter_id, number=Chapter.number, place=sa.literal(LAST) + item.number,
                           at=item.edited_at, language=sa.literal(LANGUAGE)))
        .join(Synthesis, Synthesis.id == item.synthesis_id).join(Chapter, Chapter.id == Synthesis.chapter_id).where(Synthesis.is_public))


def _texts(ids: Sequence[int]) -> Iterable[tuple[int, list[Passage]]]:
    wordings: dict[int, list[Passage]] = {}
    for item_id, wording in session.execute(sa.select(BlockChange.item_id, BlockChange.wording).where(BlockChange.item_id.in_(ids))):
        wordings.setdefault(item_id, []).append(Passage(wording))
    rows = sa.select(SynthesisItem.id, SynthesisItem.title, SynthesisItem.summary, SynthesisItem.rationale)
    for item_id, title, *texts in session.execute(rows.where(SynthesisItem.id.in_(ids))):
        yield item_id, [Passage(title, WORTH_OF_TITLE), *map(Passage, texts), *wordings.get(item_id, [])]


def _hits(ids: Sequence[int], _language: str) -> list[Hit]:
    rows = session.execute(
        sa.select(SynthesisItem, Chapter.number).join(Synthesis, Synthesis.id == SynthesisItem.synthesis_id)
        .join(Chapter, Chapter.id == Synthesis.chapter_id).where(SynthesisItem.id.in_(ids)))
    wordings: dict[int, list[str]] = {}
    for item_id, wording in session.execute(sa.select(BlockChange.item_id, BlockChange.wording).where(BlockChange.item_id.in_(ids))):
        wordings.setdefault(item_id, []).append(wording)
    return [
        Hit(item.id, f"{_('Chapter %(number)s', number=number)} · {_('Item %(number)s', number=item.number)} · {item.title}",
            "synthesis.read", {"number": number, "item": item.number, "_anchor": f"item-{item.number}"}, LANGUAGE,
            "\n".join([item.title, item.summary, item.rationale, *wordings.get(item.id, [])]), item.edited_at,
            notes=[item.disposition.label] if item.disposition else [])
        for item, number in rows]


def is_answered(contribution_id: Any) -> sa.ColumnElement[bool]:
    """Inside of a query: whether everybody reads what was answered to a contribution, to each of its points where it is split."""
    link, item = aliased(ItemContribution), aliased(SynthesisItem)
    waiting = (
        sa.select(sa.literal(1)).select_from(Point).outerjoin(link, link.point_id == Point.id).outerjoin(item, item.id == link.item_id)
        .where(Point.contribution_id == contribution_id, is_open(), item.disposition.is_(None)).exists())
    return sa.and_(sa.exists().where(
        ItemContribution.contribution_id == contribution_id, SynthesisItem.id == ItemContribution.item_id,
        Synthesis.id == SynthesisItem.synthesis_id, Synthesis.is_public, SynthesisItem.disposition.is_not(None)), ~waiting)
