"""What items gather, counted and listed for the items that are shown: respondents, passages, references."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState, Position, RespondentScope
from consult.contributions.models.tally import OWN_NAME
from consult.core.db import read_once, session
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category
from consult.synthesis.models import ItemContribution, ItemTally, Synthesis, SynthesisItem
from consult.synthesis.points import is_first_link
from consult.synthesis.service.counting import PUBLIC, present
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
    return speaks_for(Position.where(is_favourable=True)) & speaks_for(Position.where(is_opposed=True))


def speaks_for(positions: Sequence[Position]) -> sa.ColumnElement[bool]:
    return present(ItemTally.item_id).where(
        ItemTally.item_id == SynthesisItem.id, is_spoken(), ItemTally.position.in_(positions)).exists()


def is_spoken() -> sa.ColumnElement[bool]:
    return ItemTally.state.in_(PUBLIC)


def count_all() -> sa.ColumnElement[int]:
    """Of an item, inside of a query: all that it gathers, what was taken down too."""
    return counted()


def count_spoken() -> sa.ColumnElement[int]:
    """Of an item, inside of a query: the published contributions that it gathers."""
    return counted(is_spoken())


def counted(*conditions: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    number = present(sa.func.sum(ItemTally.count)).where(ItemTally.item_id == SynthesisItem.id, *conditions).scalar_subquery()
    return sa.cast(sa.func.coalesce(number, 0), sa.BigInteger)


def list_respondents(synthesis: Synthesis, item_ids: Collection[int]) -> dict[int, Respondents]:
    """Who speaks in each of the items, and of how many in the chapter; two queries."""
    chapter = (RespondentScope.CHAPTER, synthesis.chapter.id)
    who = contributions.count_respondents((RespondentScope.ITEM, list(item_ids)), (chapter[0], [chapter[1]]))
    found = {}
    for item_id, there in tallied(synthesis, sorted(item_ids)).items():
        positions: Counter = Counter()
        for one in there:
            positions[one.position] += one.count if one.state.is_public else 0
        found[item_id] = Respondents(positions.total(), known(who[RespondentScope.ITEM, item_id]), +positions, known(who[chapter]))
    return found


@dataclass(frozen=True)
class Tallied:
    """Contributions of an item on one passage, in one state and of one position."""

    key: str
    label: str
    at: int
    state: ContributionState
    position: Position
    count: int


@read_once
def tallied(synthesis: Synthesis, item_ids: list[int]) -> dict[int, list[Tallied]]:
    """What each of the items gathers, in text order."""
    place = places(synthesis.chapter)
    at = sa.func.coalesce(place.c.position, LAST)
    rows = session.execute(
        present(ItemTally.item_id, ItemTally.key, place.c.label, at, ItemTally.state, ItemTally.position, ItemTally.count)
        .outerjoin(place, place.c.key == ItemTally.key).where(ItemTally.item_id.in_(item_ids))
        .order_by(ItemTally.item_id, at, ItemTally.key))
    found: dict[int, list[Tallied]] = {item_id: [] for item_id in item_ids}
    for item_id, key, label, *rest in rows:
        found[item_id].append(Tallied(key, label or key, *rest))
    return found


def count_respondents(synthesis: Synthesis) -> Counter:
    """Who spoke about the chapter, by category; None: in their own name."""
    chapter = (RespondentScope.CHAPTER, synthesis.chapter.id)
    return known(contributions.count_respondents((chapter[0], [chapter[1]]))[chapter])


def known(counts: Mapping[str, int]) -> Counter[Category | None]:
    return Counter({None if category == OWN_NAME else Category(category): number for category, number in counts.items() if number})


def labels_of(synthesis: Synthesis, item_ids: Collection[int], limit: int = LABELS) -> dict[int, First[tuple[str, str]]]:
    """(key, label) of the first passages that each of the items is about, in text order; one query."""
    found = {item_id: list(dict.fromkeys((one.key, one.label) for one in there))
             for item_id, there in tallied(synthesis, sorted(item_ids)).items()}
    return {item_id: First(labels[:limit], len(labels)) for item_id, labels in found.items()}


def references_of(synthesis: Synthesis, item_ids: Sequence[int], limit: int = REFERENCES) -> dict[int, First[Reference]]:
    """The contributions that each of the items gathers, in text order; of many, those that were lodged first. Two queries."""
    if not item_ids:
        return {}
    first = sa.union_all(*(sa.select(*earliest(item_id, limit).subquery().c) for item_id in item_ids)).subquery()
    place = places(synthesis.chapter)
    order = sa.func.coalesce(place.c.position, LAST)
    rows = session.execute(
        sa.select(first.c.item_id, *REFERENCE).join(Contribution, Contribution.id == first.c.contribution_id)
        .outerjoin(place, place.c.key == Contribution.provision_key).order_by(first.c.item_id, order, Contribution.id))
    found: dict[int, list[Reference]] = {}
    for item_id, *row in rows:
        found.setdefault(item_id, []).append(Reference(*row))
    gathered = tallied(synthesis, sorted(item_ids))
    return {item_id: First(references, sum(one.count for one in gathered[item_id])) for item_id, references in found.items()}


def earliest(item_id: int, limit: int) -> sa.Select:
    link = (ItemContribution.item_id, ItemContribution.contribution_id)
    return sa.select(*link).where(link[0] == item_id, is_first_link()).order_by(link[1]).limit(limit)


def ordered_by_text(synthesis: Synthesis, selection: sa.Select) -> tuple[sa.ColumnElement[int], sa.Select]:
    """Where a contribution stands in the present text, and what is selected of those that items gather."""
    place = places(synthesis.chapter)
    return sa.func.coalesce(place.c.position, LAST), selection.select_from(ItemContribution).join(
        Contribution).outerjoin(place, place.c.key == Contribution.provision_key)


def list_references(synthesis: Synthesis, item_id: int, *, after: Cursor | None = None) -> Page[Reference]:
    """A page of all that an item of the synthesis rests on, in text order."""
    order, gathered = ordered_by_text(synthesis, sa.select(*REFERENCE))
    of_it = gathered.where(ItemContribution.item_id == item_id, is_first_link())
    page = get_page(of_it, rising(order, Contribution.id), after=after, size=BATCH)
    return Page([Reference(*row) for row in page.rows], page.after, page.older)


def list_gathered(actor: Actor, item: SynthesisItem, *, after: Cursor | None = None) -> Page[Gathered]:
    """A page of all that the item gathers, in the order of lodging, with what its entry shows; everybody's once the synthesis is public."""
    require(actor, Action.SYNTHESIS_READ, item.synthesis)
    place = places(item.synthesis.chapter)
    chosen = (
        sa.select(Contribution, place.c.label).select_from(ItemContribution).join(Contribution)
        .outerjoin(place, place.c.key == Contribution.provision_key).where(ItemContribution.item_id == item.id, is_first_link())
        .options(joinedload(Contribution.organisation), joinedload(Contribution.author).lazyload(User.appointments))
    )
    page = get_page(chosen, rising(ItemContribution.contribution_id), after=after, size=ENTRY_PAGE_SIZE)
    return Page([Gathered(said, label or said.provision_key) for said, label in page.rows], page.after, page.older)
