"""What items gather, counted and listed for the items that are shown: respondents, passages, references."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.contributions.models import Contribution, ContributionState, Position
from consult.core.db import session
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category, Organisation
from consult.synthesis.models import ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.service.respondents import Respondents
from consult.synthesis.service.text_order import LAST, places

REFERENCES, LABELS, BATCH = 30, 8, 500
REFERENCE = (Contribution.ref, Contribution.position, Contribution.state)
Row = TypeVar("Row")


@dataclass(frozen=True)
class Reference:
    """A contribution that an item rests on."""

    ref: str
    position: Position
    state: ContributionState


@dataclass(frozen=True)
class First(Generic[Row]):
    """The first rows of a list, and how many it has."""

    rows: list[Row] = field(default_factory=list)
    total: int = 0

    @property
    def others(self) -> int:
        return self.total - len(self.rows)


@dataclass(frozen=True)
class Gathered:
    """A contribution in the list of all that its item gathers, and how the present text calls its passage."""

    contribution: Contribution
    label: str


def is_contested() -> sa.ColumnElement[bool]:
    """Of an item, inside of a query: some are in favour and some opposed."""
    return speaks_for(is_favourable=True) & speaks_for(is_opposed=True)


def speaks_for(**meaning: bool) -> sa.ColumnElement[bool]:
    return sa.exists().where(
        ItemContribution.item_id == SynthesisItem.id, Contribution.id == ItemContribution.contribution_id, Contribution.is_public,
        Contribution.position.in_(Position.where(**meaning)))


def count_gathered() -> sa.ScalarSelect[int]:
    """Of an item, inside of a query: all that it gathers, what was taken down too."""
    return sa.select(sa.func.count()).where(ItemContribution.item_id == SynthesisItem.id).scalar_subquery()


def count_spoken() -> sa.ScalarSelect[int]:
    """Of an item, inside of a query: the published contributions that it gathers."""
    return sa.select(sa.func.count()).select_from(ItemContribution).join(Contribution).where(
        ItemContribution.item_id == SynthesisItem.id, Contribution.is_public).scalar_subquery()


def voices_of(synthesis: Synthesis, item_ids: Collection[int]) -> dict[int, Respondents]:
    """Who speaks in each of the items, and of how many in the chapter; one query."""
    of: Counter = Counter()
    found = {item_id: Respondents(0, Counter(), Counter(), of) for item_id in item_ids}
    for item_id, position, category, count in session.execute(sa.union_all(*spoken_in(item_ids), spoken_about(synthesis))):
        if item_id is None:
            of[known(category)] = count
        elif position:
            found[item_id].positions[Position(position)] = count
        else:
            found[item_id].categories[known(category)] = count
    return {item_id: replace(voices, contributions=voices.positions.total()) for item_id, voices in found.items()}


def count_respondents(synthesis: Synthesis) -> Counter:
    """Who spoke about the chapter, by category; None: in their own name."""
    return Counter({known(category): count for _item, _position, category, count in session.execute(spoken_about(synthesis))})


def known(category: str | None) -> Category | None:
    return Category(category) if category else None


# An organisation counts once, whoever writes for it; a person who speaks in their own name counts once.
WHO = sa.case((Contribution.organisation_id.is_not(None), Contribution.organisation_id), else_=-Contribution.author_id)
CATEGORY, RESPONDENTS = sa.cast(Organisation.category, sa.String).label("category"), sa.func.count(sa.distinct(WHO)).label("respondents")
NO_ITEM, NO_POSITION, NO_CATEGORY = (
    sa.cast(sa.null(), kind).label(name) for name, kind in (("item", sa.BigInteger), ("stance", sa.String), ("category", sa.String)))


def spoken_in(item_ids: Collection[int]) -> tuple[sa.Select, sa.Select]:
    """Published contributions by item and position, respondents by item and category."""
    said = (ItemContribution.item_id.in_(item_ids), Contribution.is_public)
    return (
        sa.select(ItemContribution.item_id, sa.cast(Contribution.position, sa.String), NO_CATEGORY, sa.func.count())
        .select_from(ItemContribution).join(Contribution).where(*said).group_by(ItemContribution.item_id, Contribution.position),
        sa.select(ItemContribution.item_id, NO_POSITION, CATEGORY, RESPONDENTS).select_from(ItemContribution)
        .join(Contribution).outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .where(*said).group_by(ItemContribution.item_id, Organisation.category),
    )


def spoken_about(synthesis: Synthesis) -> sa.Select:
    """Respondents by category."""
    return sa.select(NO_ITEM, NO_POSITION, CATEGORY, RESPONDENTS).select_from(Contribution).outerjoin(
        Organisation, Organisation.id == Contribution.organisation_id).where(
        Contribution.chapter_id == synthesis.chapter.id, Contribution.is_public).group_by(Organisation.category)


def labels_of(synthesis: Synthesis, item_ids: Collection[int], limit: int = LABELS) -> dict[int, First[tuple[str, str]]]:
    """(key, label) of the first passages that each of the items is about, in text order; one query."""
    place, key = places(synthesis.chapter), Contribution.provision_key
    order, gathered = in_text_order(
        synthesis, sa.select(ItemContribution.item_id, key.label("key"), sa.func.max(place.c.label).label("label")), place)
    apart = gathered.add_columns(sa.func.min(order).label("at")).where(ItemContribution.item_id.in_(item_ids)).group_by(
        ItemContribution.item_id, key).subquery()
    return firsts(apart, (apart.c.at, apart.c.key), (apart.c.key, sa.func.coalesce(sa.func.nullif(apart.c.label, ""), apart.c.key)), limit)


def references_of(synthesis: Synthesis, item_ids: Collection[int], limit: int = REFERENCES) -> dict[int, First[Reference]]:
    """The first contributions that each of the items gathers, in text order; one query."""
    order, gathered = in_text_order(synthesis, sa.select(ItemContribution.item_id, Contribution.id, *REFERENCE))
    apart = gathered.add_columns(order.label("at")).where(ItemContribution.item_id.in_(item_ids)).subquery()
    found = firsts(apart, (apart.c.at, apart.c.id), tuple(apart.c[column.key] for column in REFERENCE), limit)
    return {item_id: First([Reference(*row) for row in first.rows], first.total) for item_id, first in found.items()}


def firsts(rows: sa.Subquery, order: tuple, columns: tuple, limit: int) -> dict[int, First]:
    """Of each item's rows the first ones, and how many they are."""
    numbered = sa.select(
        rows.c.item_id, *columns, sa.func.row_number().over(partition_by=rows.c.item_id, order_by=order).label("nth"),
        sa.func.count().over(partition_by=rows.c.item_id).label("total")).subquery()
    found: dict[int, First] = {}
    for item_id, *values, _nth, total in session.execute(
            sa.select(numbered).where(numbered.c.nth <= limit).order_by(numbered.c.item_id, numbered.c.nth)):
        found.setdefault(item_id, First(total=total)).rows.append(tuple(values))
    return found


def in_text_order(
    synthesis: Synthesis, selection: sa.Select, place: sa.Subquery | None = None,
) -> tuple[sa.ColumnElement[int], sa.Select]:
    """Where a contribution stands in the present text, and what is selected of those that items gather."""
    place = places(synthesis.chapter) if place is None else place
    return sa.func.coalesce(place.c.position, LAST), selection.select_from(ItemContribution).join(
        Contribution).outerjoin(place, place.c.key == Contribution.provision_key)


def list_references(synthesis: Synthesis, item_id: int, *, after: Cursor | None = None) -> Page[Reference]:
    """A page of all that an item of the synthesis rests on, in text order."""
    order, gathered = in_text_order(synthesis, sa.select(*REFERENCE))
    page = get_page(gathered.where(ItemContribution.item_id == item_id), rising(order, Contribution.id), after=after, size=BATCH)
    return Page([Reference(*row) for row in page.rows], page.after, page.older)


def list_gathered(actor: Actor, item: SynthesisItem, *, after: Cursor | None = None) -> Page[Gathered]:
    """A page of all that the item gathers, in text order, with what its entry shows; everybody's once the synthesis is public."""
    require(actor, Action.SYNTHESIS_READ, item.synthesis)
    place = places(item.synthesis.chapter)
    order, chosen = in_text_order(item.synthesis, sa.select(Contribution), place)
    chosen = chosen.add_columns(place.c.label).where(ItemContribution.item_id == item.id).options(
        joinedload(Contribution.organisation), joinedload(Contribution.author).lazyload(User.appointments))
    page = get_page(chosen, rising(order, Contribution.id), after=after, size=ENTRY_PAGE_SIZE)
    return Page([Gathered(said, label or said.provision_key) for said, label in page.rows], page.after, page.older)
