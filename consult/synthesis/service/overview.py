"""What the chair sees of a synthesis at a glance: every item as a line, and of those that matter a page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.paging import PAGE_SIZE, Cursor, Page, cut
from consult.core.permissions import Action, Actor, can, require
from consult.synthesis.models import BlockChange, Disposition, Synthesis, SynthesisItem
from consult.synthesis.service.gathered import count_all, count_spoken, is_contested, list_respondents
from consult.synthesis.service.report import in_order, lightened, weigh, weigh_changes
from consult.synthesis.service.respondents import Respondents
from consult.synthesis.service.syntheses import Faulty, by_fault, faults
from consult.synthesis.service.wordings import Rewording, list_rewordings

FEW = 10  # items of a list that is one of several on its page
MAX_CONTESTED = 60_000  # bytes of their reasons on a page


@dataclass(frozen=True)
class OverviewItem:
    """An item without its references: what it changes and whether it is contested are known of all, its words where they are shown."""

    id: int
    number: int
    title: str
    disposition: Disposition | None
    rationale: str
    needs_no_change: bool
    is_changing: bool
    is_contested: bool
    gathered: int
    contributions: int
    faults: dict[str, bool]
    order: int
    items: int = 1

    @property
    def key(self) -> tuple[int, int]:
        return self.order, self.number


def list_watched(actor: Actor, consultation: Consultation) -> dict[Chapter, Synthesis | None]:
    """The chapters whose synthesis the actor works on or watches, in their order, each with it once there is one; one query."""
    require(actor, Action.SYNTHESIS_VIEW, consultation)
    rows = session.execute(
        sa.select(Chapter, Synthesis).outerjoin(Synthesis, Synthesis.chapter_id == Chapter.id)
        .where(Chapter.consultation_id == consultation.id).order_by(Chapter.number)
        .options(lazyload(Synthesis.chapter), joinedload(Synthesis.reopenings))).unique()
    return {chapter: synthesis for chapter, synthesis in rows if can(actor, Action.SYNTHESIS_VIEW, chapter)}


def list_overview(actor: Actor, synthesis: Synthesis) -> list[OverviewItem]:
    """Every item in text order; one query."""
    require(actor, Action.SYNTHESIS_READ, synthesis)
    is_changing, wrong = sa.exists().where(BlockChange.item_id == SynthesisItem.id), faults(synthesis)
    order, chosen = in_order(
        synthesis, SynthesisItem.id, SynthesisItem.number, SynthesisItem.title, SynthesisItem.disposition, SynthesisItem.rationale,
        SynthesisItem.needs_no_change, is_changing, is_contested(), count_all(), count_spoken(),
        *wrong.values())
    rows = session.execute(chosen.order_by(order, SynthesisItem.number))
    return [OverviewItem(*[*known[:-len(wrong)], dict(zip(wrong, known[-len(wrong):], strict=True)), at]) for *known, at in rows]


def list_faulty(items: Iterable[OverviewItem]) -> Faulty:
    return by_fault((item.id, item.number, item.title, item.faults) for item in items)


def list_changing(
    items: Sequence[OverviewItem], *, after: Cursor | None = None,
) -> tuple[Page[OverviewItem], dict[int, list[Rewording]]]:
    """A page of the items that give new wording, and the wordings by item; one query."""
    page = page_of([item for item in items if item.is_changing], after, PAGE_SIZE)
    rewordings = list_rewordings([item.id for item in page.rows])
    return lightened(page, lambda item: weigh(item.title) + weigh_changes(rewordings.get(item.id, ()))), rewordings


def list_contested(
    synthesis: Synthesis, items: Sequence[OverviewItem], *, after: Cursor | None = None, size: int = PAGE_SIZE,
) -> tuple[Page[OverviewItem], dict[int, Respondents]]:
    """A page of those where some are in favour and some opposed, and who speaks in them; one query."""
    page = page_of([item for item in items if item.is_contested], after, size)
    page = lightened(page, lambda item: weigh(item.title, item.rationale), MAX_CONTESTED)
    return page, list_respondents(synthesis, [item.id for item in page.rows])


def page_of(items: Sequence[OverviewItem], after: Cursor | None, size: int) -> Page[OverviewItem]:
    behind = after if after and len(after.key) == 2 else None
    rest = [item for item in items if behind is None or item.key > behind.key]
    return cut(rest[:size + 1], lambda item: item.key, after=behind, size=size)
