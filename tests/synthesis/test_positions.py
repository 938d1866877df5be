"""Who is for what: what each category and each of its organisations said of each axis, counted of what everybody reads."""

import pytest

from consult.contributions.models import ContributionState, Position
from consult.contributions.models.tally import OWN_NAME
from consult.core import tallies
from consult.core.errors import NotAllowed
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.organisations.models import Category
from consult.synthesis import service
from tests import factories

A1, A2 = "C1-A1-P1-a1", "C1-A1-P1-a2"


@pytest.fixture
def synthesis(chapter):
    return factories.a_synthesis(chapter)


@pytest.fixture
def said(chapter):
    """A published contribution of somebody of a category, or of a person."""
    def say(position: Position, category: Category | None = None, organisation=None, key: str = A1, **over):
        body = organisation or (factories.an_organisation(category=category) if category else None)
        author = factories.a_user(organisation=body) if body else factories.a_user()
        return factories.a_published_contribution(
            block=factories.block_of(chapter, key), author=author, organisation=body, position=position, **over)
    return say


def row_of(grid: service.PositionGrid, category: str) -> service.PositionRow:
    return next(row for row in grid.rows if row.category == category)


def test_each_category_says_what_it_said_and_those_that_are_silent_stand_there_too(rapporteur, synthesis, said):
    said(Position.OPPOSED, Category.LABORATORY)
    said(Position.IN_FAVOUR, Category.LABORATORY)
    said(Position.IN_FAVOUR)
    said(Position.OPPOSED, Category.LABORATORY, state=ContributionState.SUBMITTED)
    grid = service.get_position_grid(rapporteur, synthesis, "fr")
    assert [row.category for row in grid.rows] == [*(one.value for one in Category), OWN_NAME]
    laboratories = row_of(grid, "laboratory")
    assert (laboratories.voices, laboratories.is_few) == (2, True)
    assert {key: dict(cell) for key, cell in laboratories.cells.items()} == {"C1-A1": {Position.OPPOSED: 1, Position.IN_FAVOUR: 1}}
    assert row_of(grid, OWN_NAME).total == {Position.IN_FAVOUR: 1}
    silent = [row for row in grid.rows if row.category not in ("laboratory", OWN_NAME)]
    assert all((row.voices, row.cells, row.is_few) == (0, {}, False) for row in silent)
    assert grid.sums["C1-A1"] == {Position.OPPOSED: 1, Position.IN_FAVOUR: 2}


def test_what_is_withheld_is_counted_no_more_and_what_moved_is_counted_where_it_stands(rapporteur, synthesis, said):
    one, other = said(Position.OPPOSED, Category.LABORATORY), said(Position.NEUTRAL, Category.LABORATORY)
    moderation.withhold(rapporteur, one, reason=Reason.INSULT, words="Ces mots visent quelqu’un.", expected_counter=one.row_counter)
    assert row_of(service.get_position_grid(rapporteur, synthesis, "fr"), "laboratory").total == {Position.NEUTRAL: 1}
    assert tallies.faults() == []
    factories.change(other, current_key=None)
    assert service.get_position_grid(rapporteur, synthesis, "fr").sums["C1-A1"] == {Position.NEUTRAL: 1}, "where it was written"


def test_what_stands_before_the_first_axis_and_what_no_passage_has_are_columns_where_there_is_some(rapporteur, synthesis, said):
    assert service.get_position_grid(rapporteur, synthesis, "fr").axes == ["C1-A1"]
    said(Position.OPPOSED, key="C1-contexte-§1")
    gone = said(Position.IN_FAVOUR)
    factories.change(gone, current_key="C1-A9-P9-a9")
    grid = service.get_position_grid(rapporteur, synthesis, "fr")
    assert grid.axes == ["before", "C1-A1", "gone"]
    assert (grid.sums["before"], grid.sums["gone"]) == ({Position.OPPOSED: 1}, {Position.IN_FAVOUR: 1})


def test_organisations_of_a_category_stand_each_in_a_row_page_by_page(rapporteur, synthesis, said, monkeypatch):
    monkeypatch.setattr("consult.synthesis.service.positions.ENTRY_PAGE_SIZE", 2)
    bodies = [factories.an_organisation(category=Category.LABORATORY) for _n in range(3)]
    for body in bodies:
        said(Position.OPPOSED, organisation=body)
    said(Position.IN_FAVOUR, organisation=bodies[0], key=A2)
    said(Position.IN_FAVOUR, Category.COMPANY)
    grid, page = service.list_organisation_positions(rapporteur, synthesis, Category.LABORATORY, "fr")
    assert [row.organisation for row in grid.rows] == bodies[:2]
    assert grid.rows[0].cells == {"C1-A1": {Position.OPPOSED: 1, Position.IN_FAVOUR: 1}}
    rest, _page = service.list_organisation_positions(rapporteur, synthesis, Category.LABORATORY, "fr", after=page.older)
    assert [row.organisation for row in rest.rows] == bodies[2:]


def test_it_is_for_those_who_work_on_the_synthesis(participant, synthesis):
    for ask in (lambda: service.get_position_grid(participant, synthesis, "fr"),
                lambda: service.list_organisation_positions(participant, synthesis, Category.LABORATORY, "fr")):
        with pytest.raises(NotAllowed):
            ask()
