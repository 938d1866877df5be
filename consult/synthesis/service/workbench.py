"""The workbench: a chapter's published contributions in text order, filtered, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position
from consult.core.db import scalar_count, session
from consult.core.paging import WORK_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category, Organisation
from consult.synthesis.models import Disposition, ItemContribution, ItemTally, Synthesis, SynthesisItem
from consult.synthesis.service.counting import count_answered_by_provision, present
from consult.synthesis.service.items import shown_whole
from consult.synthesis.service.text_order import LAST, beginnings, places, text_order

ANSWERS = ("to_gather", "undecided", "unanswered", "answered", "all")


@dataclass(frozen=True)
class WorkbenchFilter:
    """What the rapporteur wants to see; empty: everything."""

    answer: str = "to_gather"
    block: str = ""
    position: Position | None = None
    category: Category | None = None
    own_name: bool = False
    kind: Kind | None = None
    comment_type: CommentType | None = None
    language: str = ""

    def conditions(self) -> list:
        decided = SynthesisItem.disposition.is_not(None)
        answers: dict[str, Any] = {
            "to_gather": ItemContribution.id.is_(None), "undecided": ItemContribution.id.is_not(None) & ~decided,
            "unanswered": ~decided, "answered": decided,
        }
        found = [answers[self.answer]] if self.answer in answers else []
        for value, column in ((self.block, Contribution.provision_key), (self.position, Contribution.position),
                              (self.category, Organisation.category), (self.kind, Contribution.kind),
                              (self.comment_type, Contribution.comment_type), (self.language, Contribution.language)):
            if value:
                found.append(column == value)
        return [*found, *([Contribution.organisation_id.is_(None)] if self.own_name else [])]


@dataclass(frozen=True)
class WorkbenchRow:
    """A contribution on the bench, its place in the text and the item it is in."""

    contribution: Contribution
    label: str
    text: str
    item_id: int | None
    item_number: int | None
    item_title: str | None
    disposition: Disposition | None


@dataclass(frozen=True)
class Passage:
    """A passage that was commented: how many contributions, how many of them still unanswered."""

    key: str
    label: str
    lead: str
    total: int
    unanswered: int


@dataclass(frozen=True)
class ItemLine:
    """An item in a list."""

    id: int
    number: int
    title: str
    disposition: Disposition | None
    count: int


def matching(selection, synthesis: Synthesis, wanted: WorkbenchFilter, place):
    return (
        selection.select_from(Contribution).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(ItemContribution, ItemContribution.contribution_id == Contribution.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .outerjoin(place, place.c.key == Contribution.provision_key)
        .where(Contribution.chapter_id == synthesis.chapter.id, Contribution.is_answerable, *wanted.conditions())
    )


def list_workbench(
    actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter, *, after: Cursor | None = None
) -> Page[WorkbenchRow]:
    """One page in text order."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    place = places(synthesis.chapter)
    order = sa.func.coalesce(place.c.position, LAST)
    columns = sa.select(Contribution, place.c.label, place.c.text, SynthesisItem.id, SynthesisItem.number,
                        SynthesisItem.title, SynthesisItem.disposition)
    chosen = matching(columns, synthesis, wanted, place).options(*shown_whole())
    page = get_page(chosen, rising(order, Contribution.id), after=after, size=WORK_PAGE_SIZE)
    return replace(page, rows=[
        WorkbenchRow(c, label or c.provision_key, text or c.block.text, *item) for c, label, text, *item in page.rows])


def count_matching(actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter) -> int:
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    return scalar_count(matching(sa.select(sa.func.count()), synthesis, wanted, places(synthesis.chapter)))


def list_matching(actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter) -> list[Contribution]:
    """All that the filter holds, for an act on the whole of it."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    return list(session.scalars(matching(sa.select(Contribution), synthesis, wanted, places(synthesis.chapter))))


def list_chosen(actor: Actor, synthesis: Synthesis, ids: Iterable[int]) -> list[Contribution]:
    """Those contributions of the chapter that were ticked."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chosen = sa.select(Contribution).where(Contribution.chapter_id == synthesis.chapter.id, Contribution.id.in_(list(ids)))
    return list(session.scalars(chosen.order_by(Contribution.id)))


def list_commented_provisions(actor: Actor, synthesis: Synthesis) -> list[Passage]:
    """The passages that were commented, in text order."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chapter = synthesis.chapter
    counted = contributions.count_told_of(chapter.id, *ContributionState.where(is_answerable=True))
    answered, place = count_answered_by_provision(chapter), places(chapter)
    rows = session.execute(sa.select(place.c.key, place.c.label, place.c.lead).order_by(place.c.position))
    told = {key: (label or key, lead or "") for key, label, lead in rows if key in counted}
    gone = {key: (key, "") for key in sorted(counted.keys() - told.keys())}
    return [Passage(key, *words, counted[key], counted[key] - answered.get(key, 0)) for key, words in (told | gone).items()]


def list_item_lines(actor: Actor, synthesis: Synthesis) -> list[ItemLine]:
    """The items in text order, each with the number of contributions it gathers."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    begins = beginnings(Chapter.id == synthesis.chapter.id)
    gathered = sa.func.coalesce(present(sa.func.sum(ItemTally.count)).where(ItemTally.item_id == SynthesisItem.id).scalar_subquery(), 0)
    found = (
        sa.select(SynthesisItem.id, SynthesisItem.number, SynthesisItem.title, SynthesisItem.disposition, gathered)
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id)
        .where(SynthesisItem.synthesis_id == synthesis.id).order_by(*text_order(begins))
    )
    return [ItemLine(*row) for row in session.execute(found)]
