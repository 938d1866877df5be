"""What is counted of items: how acts keep the counts, how they are made anew, and what is read from them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions import events as contributions_events
from consult.contributions import service as contributions
from consult.contributions.models import (
    Contribution,
    ContributionState,
    PassagePlace,
    ProvisionTally,
    RespondentScope,
    RespondentTally,
)
from consult.core import tallies
from consult.core.db import read_once, session
from consult.grouping.models import FEW_OWN_WORDS, FoldMember
from consult.organisations.models import Organisation
from consult.synthesis.models import FoldTally, ItemContribution, ItemTally, Point, Synthesis, SynthesisItem, SynthesisState
from consult.synthesis.points import Corrected, is_split, is_whole_link, standings

PUBLIC = ContributionState.where(is_public=True)
PRESENT = PassagePlace.where(is_present=True)


# What acts change


def regathered(ids: Sequence[int]) -> AbstractContextManager[None]:
    """Keep the counts while these contributions are gathered into other items, or taken out."""
    return tallies.changed(lambda: Counter(dict(_count(ids))))


def _count(ids: Sequence[int]) -> Iterator[tuple[tuple[Any, ...], int]]:
    counted: Counter = Counter()
    for some in contributions.in_chunks(ids):
        counted.update(dict(count(some, False)))
    yield from counted.items()


@contributions_events.counts.fill
def count(ids: Sequence[int], only_places: bool) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Of contributions that no item gathers and that are in no fold, nothing."""
    for *key, number in session.execute(gathered(Contribution.id.in_(ids))):
        yield (ItemTally, tuple(key)), number
    if not only_places:
        for *key, number in session.execute(item_respondents(Contribution.id.in_(ids))):
            yield (RespondentTally, tuple(key)), number
        for *key, number in session.execute(folded(Contribution.id.in_(ids))):
            yield (FoldTally, tuple(key)), number
        for *key, number in session.execute(fold_respondents(Contribution.id.in_(ids))):
            yield (RespondentTally, tuple(key)), number


# Counted anew


@tallies.counts(ItemTally)
def gathered(*of: sa.ColumnElement[bool]) -> sa.CompoundSelect:
    """A contribution once in each item that holds it, or any of its points."""
    def chosen(key: sa.ColumnElement[str], place: sa.ColumnElement[str]) -> sa.Select:
        item_id, state, position = ItemContribution.item_id, Contribution.state, Contribution.position
        number = sa.func.count(sa.distinct(ItemContribution.contribution_id))
        return (
            sa.select(item_id, key.label("key"), place.label("place"), state, position, number).select_from(ItemContribution)
            .join(Contribution, Contribution.id == ItemContribution.contribution_id)
            .where(*of).group_by(item_id, key, state, position)
        )
    return contributions.places(chosen)


@tallies.counts(RespondentTally)
def item_respondents(*of: sa.ColumnElement[bool]) -> sa.Select:
    return _respondents(RespondentScope.ITEM, ItemContribution.item_id, ItemContribution).where(*of)


@tallies.counts(RespondentTally)
def fold_respondents(*of: sa.ColumnElement[bool]) -> sa.Select:
    return _respondents(RespondentScope.FOLD, FoldMember.fold_id, FoldMember).where(FoldMember.fold_id.is_not(None), *of)


def _respondents(scope: RespondentScope, of: Any, link: type[ItemContribution] | type[FoldMember]) -> sa.Select:
    columns = (of, contributions.category_or_own_name, contributions.respondent_id())
    return (
        sa.select(sa.type_coerce(contributions.constant(scope), RespondentTally.scope.type), *columns, sa.func.count()).select_from(link)
        .join(Contribution, Contribution.id == link.contribution_id)
        .outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .where(Contribution.state.in_(PUBLIC)).group_by(*columns)
    )


@tallies.counts(FoldTally)
def folded(*of: sa.ColumnElement[bool]) -> sa.Select:
    """What is split is read by itself, as what adds words is, and is in no one item."""
    item_id = sa.func.coalesce(ItemContribution.item_id, sa.literal_column("0"))
    adds_words = sa.or_(FoldMember.own_words > sa.literal_column(str(FEW_OWN_WORDS)), is_split())
    each = (
        sa.select(FoldMember.chapter_id, FoldMember.fold_id, item_id.label("item_id"), Contribution.state, adds_words.label("adds_words"))
        .select_from(FoldMember).join(Contribution, Contribution.id == FoldMember.contribution_id)
        .outerjoin(ItemContribution, is_whole_link())
        .where(FoldMember.fold_id.is_not(None), *of).subquery()
    )
    return sa.select(*each.c, sa.func.count()).group_by(*each.c)


# Read


def present(*columns: Any) -> sa.Select:
    """What items gather, each contribution at the one passage that it is told of; to be joined from :class:`ItemTally`."""
    return sa.select(*columns).select_from(ItemTally).where(ItemTally.place.in_(PRESENT), ItemTally.count > 0)


def count_gathered(item_ids: Collection[int]) -> dict[int, int]:
    """How many contributions each item gathers, whatever their state."""
    rows = session.execute(
        present(ItemTally.item_id, sa.func.sum(ItemTally.count)).where(ItemTally.item_id.in_(item_ids)).group_by(ItemTally.item_id))
    return {item_id: int(number) for item_id, number in rows}


def count_answers(consultation: Consultation) -> dict[int, tuple[SynthesisState, int, int]]:
    """By chapter id, of each that has a synthesis: its state, how many contributions to be answered are in an item with all their points,
    and how many of these have their answer to all of them.
    """
    answers = answered(SynthesisItem.synthesis_id.label("synthesis_id")).group_by(SynthesisItem.synthesis_id).subquery()
    standing = standings(Point.chapter_id.in_(sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)))
    more = Corrected.of(standing)
    split = sa.select(standing.c.chapter_id, more.gathered.label("gathered"), more.answered.label("answered")).group_by(
        standing.c.chapter_id).subquery()
    gathered, decided = (sa.func.coalesce(answers.c[at], 0) + sa.func.coalesce(split.c[at], 0) for at in (1, 2))
    rows = session.execute(
        sa.select(Synthesis.chapter_id, Synthesis.state, gathered, decided).join(Chapter, Chapter.id == Synthesis.chapter_id)
        .outerjoin(answers, answers.c.synthesis_id == Synthesis.id).outerjoin(split, split.c.chapter_id == Synthesis.chapter_id)
        .where(Chapter.consultation_id == consultation.id))
    return {chapter_id: (state, int(gathered), int(decided)) for chapter_id, state, gathered, decided in rows}


def count_answered(consultation: Consultation) -> int:
    """Contributions whose reasoned answer everybody can read."""
    return sum(gathered for state, gathered, _decided in count_answers(consultation).values() if state.is_public)


@dataclass
class Told:
    """The contributions that are told of one passage: by state, and of those to be answered how many are in an item, or decided there,
    with all their points; ``more_points`` and ``more_answers`` make of contributions points, and of those answered the points that are.
    """

    states: Counter[ContributionState] = field(default_factory=Counter)
    gathered: int = 0
    answered: int = 0
    more_points: int = 0
    more_answers: int = 0

    @property
    def to_answer(self) -> int:
        return to_answer(self.states)


def to_answer(states: Mapping[ContributionState, int]) -> int:
    return sum(states.get(state, 0) for state in ContributionState.where(is_answerable=True))


@read_once
def count_told(chapter: Chapter) -> dict[str, Told]:
    """By the key of the passage, those of which there is none left out; one query."""
    none = sa.literal(0)
    said = sa.select(ProvisionTally.key, ProvisionTally.state, sa.func.sum(ProvisionTally.count), *(none for _number in range(4))).where(
        ProvisionTally.chapter_id == chapter.id, ProvisionTally.place.in_(PRESENT), ProvisionTally.count > 0)
    answers = answered(ItemTally.key).join(Synthesis, Synthesis.id == SynthesisItem.synthesis_id).where(
        Synthesis.chapter_id == chapter.id).group_by(ItemTally.key).subquery()
    no_state = sa.type_coerce(sa.cast(sa.null(), sa.String), ProvisionTally.state.type)
    key, *numbers = answers.c
    standing = standings(Point.chapter_id == chapter.id)
    more = Corrected.of(standing)
    rows: Any = session.execute(sa.union_all(
        said.group_by(ProvisionTally.key, ProvisionTally.state), sa.select(key, no_state, none, *numbers, none, none),
        sa.select(standing.c.key, no_state, none, more.gathered, more.answered, more.points, more.answers).group_by(standing.c.key)))
    found: dict[str, Told] = {}
    for key, state, number, *further in rows:
        told = found.setdefault(key, Told())
        if state is not None:
            told.states[state] = int(number)
        for name, count in zip(("gathered", "answered", "more_points", "more_answers"), further, strict=True):
            setattr(told, name, getattr(told, name) + int(count))
    return found


def answered(of: Any) -> sa.Select:
    """``of``, how many contributions to be answered are in an item, and how many of these have their answer."""
    decided = sa.case((SynthesisItem.disposition.is_not(None), ItemTally.count), else_=0)
    return (
        present(of, sa.func.sum(ItemTally.count), sa.func.sum(decided)).join(SynthesisItem, SynthesisItem.id == ItemTally.item_id)
        .where(ItemTally.state.in_(ContributionState.where(is_answerable=True)))
    )
