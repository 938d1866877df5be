"""Who is for what: categories, and the organisations of one, across the axes of the text; counted of what everybody reads."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter
from consult.contributions.models import (
    Contribution,
    ContributionState,
    Position,
    PositionTally,
    RespondentCount,
    RespondentScope,
    RespondentTally,
)
from consult.contributions.models.tally import OWN_NAME
from consult.core.db import session
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category, Organisation
from consult.synthesis.models import Synthesis
from consult.synthesis.service.divisions import BEFORE, GONE, Title, list_titles

FEW_VOICES = 3  # respondents below which a row is said to rest on few
Counted = Mapping[str, Counter[Position]]  # contributions by the axis and their position


@dataclass(frozen=True)
class PositionRow:
    """One category, or one organisation of it: ``voices`` respondents, and what they said of each axis."""

    category: str
    voices: int
    cells: Counted
    organisation: Organisation | None = None

    @property
    def of_category(self) -> Category | None:
        """None for people who speak in their own name."""
        return None if self.category == OWN_NAME else Category(self.category)

    @property
    def is_few(self) -> bool:
        return 0 < self.voices < FEW_VOICES and self.organisation is None

    @property
    def total(self) -> Counter[Position]:
        return sum(self.cells.values(), Counter())


@dataclass(frozen=True)
class PositionGrid:
    """``axes`` are the columns, in text order, with what stands before the first of them and what no passage of the text has."""

    axes: Sequence[str]
    titles: Mapping[str, Title]
    rows: Sequence[PositionRow]
    sums: Counted = field(default_factory=dict)


def get_position_grid(actor: Actor, synthesis: Synthesis, language: str) -> PositionGrid:
    """Of each category, those that said nothing too; three queries."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chapter, titles = synthesis.chapter, list_titles(synthesis.chapter, language)
    axis = _axis_of(titles)
    counted = sa.select(PositionTally.category, axis, PositionTally.position, sa.func.sum(PositionTally.count)).where(
        PositionTally.chapter_id == chapter.id, PositionTally.count > 0)
    found = session.execute(counted.outerjoin(Block, _in_the_text(chapter, PositionTally.key)).group_by(
        PositionTally.category, axis, PositionTally.position))
    cells = _by_row((category, place, position, int(number)) for category, place, position, number in found)
    voices = _count_voices(chapter)
    rows = [PositionRow(name, voices[name], cells.get(name, {})) for name in (*(one.value for one in Category), OWN_NAME)]
    return _grid(titles, rows)


def list_organisation_positions(
    actor: Actor, synthesis: Synthesis, category: Category, language: str, *, after: Cursor | None = None,
) -> tuple[PositionGrid, Page[int]]:
    """A page of the organisations of a category that spoke of the chapter, and the page of their ids; four queries."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chapter, titles = synthesis.chapter, list_titles(synthesis.chapter, language)
    spoke = sa.select(RespondentTally.respondent_id).where(
        RespondentTally.scope == RespondentScope.CHAPTER, RespondentTally.scope_id == chapter.id,
        RespondentTally.category == category.value, RespondentTally.count > 0)
    page = get_page(spoke, rising(RespondentTally.respondent_id), after=after, size=ENTRY_PAGE_SIZE)
    ids = list(page.rows)
    cells = _by_row(_said_for(chapter, ids, _axis_of(titles)))
    bodies = {body.id: body for body in session.scalars(sa.select(Organisation).where(Organisation.id.in_(ids)))}
    rows = [PositionRow(category.value, 1, cells.get(one, {}), bodies[one]) for one in ids]
    return _grid(titles, rows), Page(ids, page.after, page.older)


def _said_for(chapter: Chapter, ids: Collection[int], axis: Any) -> Iterable[tuple[Any, str, Position, int]]:
    of = (Organisation.body_id, axis, Contribution.position)
    said = sa.select(*of, sa.func.count()).select_from(Contribution).join(Organisation, Organisation.id == Contribution.organisation_id)
    of_bodies = sa.or_(Organisation.id.in_(ids), Organisation.merged_into_id.in_(ids))
    rows = session.execute(said.outerjoin(Block, _in_the_text(chapter, Contribution.provision_key)).where(
        of_bodies, Contribution.chapter_id == chapter.id, Contribution.state.in_(ContributionState.where(is_public=True))).group_by(*of))
    return [(body, place, position, number) for body, place, position, number in rows]


def _in_the_text(chapter: Chapter, key: Any) -> sa.ColumnElement[bool]:
    return sa.and_(Block.revision_id == chapters.newest_revision(chapter.id), Block.key == key)


def _axis_of(titles: Sequence[Title]) -> sa.ColumnElement[str]:
    """Of a passage of the text, or of none: the last heading at or before it."""
    whens: list[Any] = [(Block.position.is_(None), sa.literal_column(f"'{GONE}'"))]
    whens += [(Block.position >= title.position, sa.literal_column(f"'{place}'")) for place, title in reversed([*enumerate(titles)])]
    return sa.case(*whens, else_=sa.literal_column(f"'{BEFORE}'"))


def _by_row(rows: Iterable[tuple[Any, str, Position, int]]) -> dict[Any, dict[str, Counter[Position]]]:
    cells: dict[Any, dict[str, Counter[Position]]] = {}
    for row, place, position, number in rows:
        cells.setdefault(row, {}).setdefault(place, Counter())[position] += number
    return cells


def _count_voices(chapter: Chapter) -> Counter[str]:
    counted = sa.select(RespondentCount.category, sa.func.sum(RespondentCount.count)).where(
        RespondentCount.scope == RespondentScope.CHAPTER, RespondentCount.scope_id == chapter.id).group_by(RespondentCount.category)
    return Counter({category: int(number) for category, number in session.execute(counted)})


def _grid(titles: Sequence[Title], rows: Sequence[PositionRow]) -> PositionGrid:
    """With the columns of which somebody said something, and each axis of the text; by their keys."""
    keys = {BEFORE: BEFORE, GONE: GONE, **{str(place): title.key for place, title in enumerate(titles)}}
    told = [replace(row, cells={keys[place]: cell for place, cell in row.cells.items()}) for row in rows]
    said = {key for row in told for key in row.cells}
    axes = [key for key in (BEFORE, *(title.key for title in titles), GONE) if key in said or key not in (BEFORE, GONE)]
    sums = {key: sum((row.cells.get(key, Counter()) for row in told), Counter()) for key in axes}
    return PositionGrid(axes, {title.key: title for title in titles}, told, sums)
