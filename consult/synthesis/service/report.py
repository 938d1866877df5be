"""The synthesis as it is read: items in text order with their counts, redlines and first references, a page at a time, in a fixed number
of queries.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import sqlalchemy as sa
from markupsafe import escape
from sqlalchemy.orm import contains_eager

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.paging import PAGE_SIZE, Cursor, Page, each_row, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.synthesis.models import Disposition, Synthesis, SynthesisItem
from consult.synthesis.service.divisions import Division
from consult.synthesis.service.gathered import (
    REFERENCES,
    First,
    Reference,
    count_spoken,
    labels_of,
    list_respondents,
    references_of,
)
from consult.synthesis.service.respondents import Respondents
from consult.synthesis.service.text_order import LAST, beginnings, text_order
from consult.synthesis.service.wordings import Rewording, list_rewordings

MAX_WEIGHT = 120_000  # bytes of people's words on a page
REDLINE = 3  # a redline has both wordings and the marks between them
Row = TypeVar("Row")
Found = TypeVar("Found")


@dataclass
class PlacedItem:
    """One item with the wordings that it changes, and where in the text it begins."""

    item: SynthesisItem
    order: int = LAST
    changes: list[Rewording] = field(default_factory=list)

    @property
    def key(self) -> tuple[int, int]:
        """No two items of a synthesis have it in common."""
        return self.order, self.item.number

    @property
    def weight(self) -> int:
        return weigh(self.item.title, self.item.summary, self.item.rationale) + weigh_changes(self.changes)


@dataclass
class ItemView(PlacedItem):
    """One item with all that its readers are shown."""

    labels: First[tuple[str, str]] = field(default_factory=First)
    references: First[Reference] = field(default_factory=First)
    respondents: Respondents = field(default_factory=lambda: Respondents(0, Counter(), Counter()))


def weigh(*words: str) -> int:
    """How many bytes of a page they take."""
    return sum(len(escape(one).encode()) for one in words)


def weigh_changes(changes: Iterable[Rewording]) -> int:
    return sum(REDLINE * weigh(change.old, change.new) + weigh(change.present or "") for change in changes)


def list_placed_items(consultation: Consultation, *, chapter: Chapter | None = None) -> list[PlacedItem]:
    """All items, or those of one chapter, chapter by chapter in text order; two queries."""
    return placed(Chapter.consultation_id == consultation.id, *((Chapter.id == chapter.id,) if chapter else ()))


def list_public_items(consultation: Consultation) -> list[PlacedItem]:
    """Those of the syntheses that everybody reads."""
    return placed(Chapter.consultation_id == consultation.id, Chapter.id.in_(sa.select(Synthesis.chapter_id).where(Synthesis.is_public)))


def placed(*of_chapters: sa.ColumnElement[bool]) -> list[PlacedItem]:
    begins = beginnings(*of_chapters)
    order, *_number = text_order(begins)
    rows = session.execute(
        sa.select(SynthesisItem, order).join(SynthesisItem.synthesis).join(Chapter, Chapter.id == Synthesis.chapter_id)
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id).where(*of_chapters)
        .order_by(Chapter.number, *text_order(begins)).options(contains_eager(SynthesisItem.synthesis).lazyload(Synthesis.chapter))
    )
    items = {item.id: PlacedItem(item, at) for item, at in rows}
    for item_id, changes in list_rewordings(items).items():
        items[item_id].changes += changes
    return list(items.values())


def in_order(synthesis: Synthesis, *columns: Any) -> tuple[Any, sa.Select]:
    """Where an item begins, and what is selected of the synthesis's items with it."""
    begins = beginnings(Chapter.id == synthesis.chapter.id)
    order, _number = text_order(begins)
    return order, sa.select(*columns, order.label("at")).select_from(SynthesisItem).outerjoin(
        begins, begins.c.item_id == SynthesisItem.id).where(SynthesisItem.synthesis_id == synthesis.id)


def list_items(
    actor: Actor, synthesis: Synthesis, *, division: Division | None = None, after: Cursor | None = None, references: int = REFERENCES,
) -> Page[ItemView]:
    """A page of the items, or of those of one division, in text order; public once the synthesis is."""
    require(actor, Action.SYNTHESIS_READ, synthesis)
    order, chosen = in_order(synthesis, SynthesisItem)
    if division is not None:
        chosen = chosen.where(order >= division.begins, order < division.ends)
    page = get_page(chosen, rising(order, SynthesisItem.number), after=after, size=PAGE_SIZE)
    views = {item.id: ItemView(item, at) for item, at in page.rows}
    for item_id, changes in list_rewordings(views).items():
        views[item_id].changes += changes
    page = lightened(Page(list(views.values()), page.after, page.older), lambda view: view.weight)
    shown = [view.item.id for view in page.rows]
    labels, respondents = labels_of(synthesis, shown), list_respondents(synthesis, shown)
    rests_on = references_of(synthesis, shown, references) if references else {}
    for view in page.rows:
        view.respondents, view.labels = respondents[view.item.id], labels.get(view.item.id, view.labels)
        view.references = rests_on.get(view.item.id, view.references)
    return page


def list_every_item(actor: Actor, synthesis: Synthesis) -> Iterator[ItemView]:
    """All items in text order, a few in memory at a time, without their references."""
    return each_row(lambda after: list_items(actor, synthesis, after=after, references=0))


def lightened(page: Page[Row], weight_of: Callable[[Row], int], most: int = MAX_WEIGHT) -> Page[Row]:
    """Fewer rows where people wrote much, one at the least; the next page goes on behind them. Rows have their ``key``."""
    weight = 0
    for place, row in enumerate(page.rows):
        weight += weight_of(row)
        if place and weight > most:
            return Page(page.rows[:place], page.after, Cursor(page.rows[place - 1].key))  # type: ignore[attr-defined]  # as said above
    return page


@dataclass(frozen=True)
class Share:
    """How many items begin at one place of the text with one disposition, and how many published contributions they gather."""

    order: int
    disposition: Disposition | None
    items: int
    contributions: int


def list_shares(synthesis: Synthesis, *, with_contributions: bool) -> list[Share]:
    """All items, counted; one query, as many rows as there are passages and dispositions."""
    spoken = sa.func.sum(count_spoken()) if with_contributions else sa.literal(0)
    _order, chosen = in_order(synthesis, SynthesisItem.disposition, sa.func.count(), spoken)
    rows = session.execute(chosen.group_by("at", SynthesisItem.disposition))
    return [Share(at, disposition, items, int(contributions)) for disposition, items, contributions, at in rows]


def count_dispositions(shares: Iterable[Any]) -> list[tuple[Disposition | None, int, int]]:
    """Items and contributions by disposition, in the order of the list."""
    items: Counter = Counter()
    contributions: Counter = Counter()
    for share in shares:
        items[share.disposition] += share.items
        contributions[share.disposition] += share.contributions
    return [(kind, items[kind], contributions[kind]) for kind in (*Disposition, None) if items[kind]]


def count_by_order(shares: Iterable[Any]) -> Mapping[int, int]:
    counts: Counter = Counter()
    for share in shares:
        counts[share.order] += share.items
    return counts


def get_readable(actor: Actor, consultation: Consultation, number: int) -> Synthesis:
    """The synthesis of that chapter; :class:`NotFound` while there is none, or no such chapter."""
    synthesis = session.scalar(
        sa.select(Synthesis).join(Synthesis.chapter).where(Chapter.consultation_id == consultation.id, Chapter.number == number)
        .options(contains_eager(Synthesis.chapter)))
    if synthesis is None:
        chapters.get_chapter(consultation, number)
        raise NotFound(_("There is no synthesis of this chapter yet."), _("It is published once the commission has submitted it."))
    require(actor, Action.SYNTHESIS_READ, synthesis)
    return synthesis


def get_order(synthesis: Synthesis, number: int) -> int:
    """Where the item of that number begins; :class:`NotFound` when there is none."""
    _order, chosen = in_order(synthesis)
    return of_number(number, session.scalar(chosen.where(SynthesisItem.number == number)))


def get_numbered_item(synthesis: Synthesis, number: int) -> SynthesisItem:
    """By the number that its readers cite; :class:`NotFound` when there is none."""
    numbered = sa.select(SynthesisItem).where(SynthesisItem.synthesis_id == synthesis.id, SynthesisItem.number == number)
    return of_number(number, session.scalar(numbered))


def of_number(number: int, found: Found | None) -> Found:
    """Raises :class:`NotFound` for None."""
    if found is None:
        raise NotFound(_("This synthesis has no item %(number)s.", number=number), _("Open the synthesis and choose an item there."))
    return found
