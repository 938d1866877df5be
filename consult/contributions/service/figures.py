"""How much was said, where and by whom: read from the counts that are kept (``counting.py``)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.chapters import events as chapters_events
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import (
    ChapterTally,
    ContributionState,
    OrganisationTally,
    PassagePlace,
    ProvisionTally,
    RespondentCount,
    RespondentScope,
)
from consult.core.db import read_once, scalar_count, session
from consult.core.permissions import Action, Actor, require
from consult.organisations.models import Category, Organisation, Region, Sector

KNOWN = tuple(state for state in ContributionState if state.is_public or state.is_silent)  # what the public may know of
Counted = Sequence[sa.ColumnElement[Any]]


@dataclass(frozen=True)
class Figures:
    """What was published so far, and by how many."""

    contributions: int
    organisations: int
    participants: int


def count_figures(consultation: Consultation) -> Figures:
    """Published contributions, the organisations that speak in them, and the people who wrote them."""
    rows = session.execute(
        sa.select(RespondentCount.scope, sa.func.sum(RespondentCount.count)).where(
            RespondentCount.scope.in_(RespondentScope.where(is_of_consultation=True)),
            RespondentCount.scope_id == consultation.id).group_by(RespondentCount.scope))
    found = {scope: int(number) for scope, number in rows}
    return Figures(count_published(consultation), found.get(RespondentScope.ORGANISATIONS, 0), found.get(RespondentScope.PARTICIPANTS, 0))


def count_published(consultation: Consultation) -> int:
    """What everybody reads: how many contributions open data holds."""
    return scalar_count(
        sa.select(sa.func.sum(ChapterTally.count)).join(Chapter, Chapter.id == ChapterTally.chapter_id)
        .where(Chapter.consultation_id == consultation.id, ChapterTally.state.in_(ContributionState.where(is_public=True))))


def list_silent_categories(consultation: Consultation) -> list[Category]:
    """The kinds of stakeholder for which nobody has lodged anything."""
    spoken = {category for _chapter, _state, category, number in _told([c.id for c in chapters.list_chapters(consultation)]) if number}
    return [category for category in Category if category.value not in spoken]


@read_once
def _told(chapter_ids: Sequence[int]) -> list[tuple[int, ContributionState, str, int]]:
    """All that is counted of these chapters: a few hundred rows at most."""
    columns = (ChapterTally.chapter_id, ChapterTally.state, ChapterTally.category, ChapterTally.count)
    return [(one, state, category, number) for one, state, category, number in session.execute(
        sa.select(*columns).where(ChapterTally.chapter_id.in_(chapter_ids)))]


def count_of_organisations(chapter_ids: Sequence[int]) -> list[tuple[int, Category, Sector, Region, int]]:
    """(chapter, category, sector, region, how many contributions organisations of these lodged on it, whatever became of them)."""
    of = (OrganisationTally.chapter_id, Organisation.category, Organisation.sector, Organisation.region)
    asked = sa.select(*of, sa.func.sum(OrganisationTally.count)).join(Organisation, Organisation.id == OrganisationTally.organisation_id)
    return [(chapter_id, category, sector, region, int(number)) for chapter_id, category, sector, region, number in session.execute(
        asked.where(OrganisationTally.chapter_id.in_(chapter_ids)).group_by(*of))]


def count_by_state(chapter_ids: Sequence[int]) -> dict[int, dict[ContributionState, int]]:
    """Contributions of each state, by chapter id; a state that has none is 0."""
    counts = {chapter_id: dict.fromkeys(ContributionState, 0) for chapter_id in chapter_ids}
    for chapter_id, state, _category, number in _told(chapter_ids):
        counts[chapter_id][state] += number
    return counts


def count_respondents(*of: tuple[RespondentScope, Sequence[int]]) -> dict[tuple[RespondentScope, int], Counter[str]]:
    """How many respondents of each category speak in each of these; one query."""
    found: dict[tuple[RespondentScope, int], Counter[str]] = {(scope, one): Counter() for scope, ids in of for one in ids}
    columns = (RespondentCount.scope, RespondentCount.scope_id, RespondentCount.category)
    wanted = sa.or_(*(sa.and_(columns[0] == scope, columns[1].in_(ids)) for scope, ids in of))
    for scope, one, category, number in session.execute(
        sa.select(*columns, sa.func.sum(RespondentCount.count)).where(wanted).group_by(*columns)
    ):
        found[scope, one][category] = int(number)
    return found


# Of passages


def count_about_provision(chapter: Chapter, key: str) -> tuple[int, int]:
    """(all that the public may know of, those published that propose other words): written on a passage, or standing there now."""
    amending = sa.and_(ProvisionTally.is_amending, ProvisionTally.state.in_(ContributionState.where(is_public=True)))
    known, proposing = session.execute(
        sa.select(*(sa.func.coalesce(sa.func.sum(number), 0) for number in (
            ProvisionTally.count, sa.case((amending, ProvisionTally.count), else_=0))))
        .where(ProvisionTally.chapter_id == chapter.id, ProvisionTally.key == key, ProvisionTally.state.in_(KNOWN))).one()
    return int(known), int(proposing)


def count_by_provision(actor: Actor, chapter: Chapter) -> dict[str, int]:
    """Contributions by the lasting key of the passage that they stand on now, whoever may see them; those withdrawn are left out."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, chapter)
    return _by_key([chapter.id], place=(PassagePlace.SHOWN,), state=ContributionState.where(is_taken_back=False)).get(chapter.id, {})


@chapters_events.published.fill
@read_once
def published(chapter_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    return _by_key(chapter_ids, place=(PassagePlace.SHOWN,), state=ContributionState.where(is_public=True))


def _by_key(
    chapter_ids: Sequence[int], *, place: Sequence[PassagePlace], state: Sequence[ContributionState]
) -> dict[int, dict[str, int]]:
    of = (ProvisionTally.chapter_id, ProvisionTally.key)
    rows = session.execute(
        sa.select(*of, sa.func.sum(ProvisionTally.count))
        .where(of[0].in_(chapter_ids), ProvisionTally.place.in_(place), ProvisionTally.state.in_(state))
        .group_by(*of).having(sa.func.sum(ProvisionTally.count) > 0))
    found: dict[int, dict[str, int]] = {}
    for chapter_id, key, number in rows:
        found.setdefault(chapter_id, {})[key] = int(number)
    return found
