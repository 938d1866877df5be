"""What is counted of contributions: how acts keep the counts, and how they are made anew. What reads them stands in ``figures.py``."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.contributions import events
from consult.contributions.models import (
    Anchor,
    AnchorTally,
    ChapterTally,
    Contribution,
    ContributionState,
    OfferedDraft,
    OrganisationTally,
    PassagePlace,
    PositionTally,
    ProvisionTally,
    RespondentScope,
    RespondentTally,
    SuggestedAmendment,
)
from consult.contributions.models.tally import OWN_NAME
from consult.core import tallies
from consult.core.db import session
from consult.core.extension_points import flat
from consult.core.locks import lock_all
from consult.organisations import events as organisations_events
from consult.organisations.models import Organisation

CHUNK = 5000  # ids in one statement
SHOWN, LEFT, GONE_ON = PassagePlace
_named = sa.type_coerce(Organisation.category, sa.String)
# A constant: of two parameters PostgreSQL does not know that they are the same.
category_or_own_name = sa.func.coalesce(_named, sa.literal_column(f"'{OWN_NAME}'"))
_is_amending = SuggestedAmendment.id.is_not(None)


def recounted(contributions: Iterable[Contribution]) -> AbstractContextManager[None]:
    """Keep all counts while what stands of these contributions is changed: their state, their place."""
    ids = [contribution.id for contribution in contributions]
    return tallies.changed(lambda: count(ids))


def replaced(ids: Sequence[int]) -> AbstractContextManager[None]:
    """The same where nothing but the place of these contributions in the text is changed."""
    return tallies.changed(lambda: count(ids, only_places=True))


def recounted_above(contributions: Iterable[Contribution]) -> AbstractContextManager[None]:
    """The same where nothing is changed but where they stand in the rooms above."""
    ids = [contribution.id for contribution in contributions]
    return tallies.changed(lambda: Counter(dict(flat(events.counts(ids, False)))))


def count(ids: Sequence[int], *, only_places: bool = False) -> Counter:
    """What these contributions count for, in all tallies of this room and of those above it."""
    counted: Counter = Counter()
    for some in in_chunks(ids):
        counted.update(dict(_count_provisions(Contribution.id.in_(some))))
        counted.update({(PositionTally, tuple(key)): number for *key, number in session.execute(positions(Contribution.id.in_(some)))})
        counted.update(dict(flat(events.counts(some, only_places))))
        if not only_places:
            counted.update(_count_others(some))
    return counted


@organisations_events.recounted.fill
def recounted_for(organisation_ids: Sequence[int]) -> AbstractContextManager[None]:
    """What was said for these organisations, for them and in their category. Whoever changes that is alone: nobody waits for chapters."""
    lock_all(Chapter, Chapter.id.in_(session.scalars(sa.select(Chapter.id)).all()))
    lock_all(OfferedDraft, OfferedDraft.organisation_id.in_(organisation_ids))  # which follow a double into its body
    ids = session.scalars(sa.select(Contribution.id).where(Contribution.organisation_id.in_(organisation_ids))).all()
    return tallies.changed(lambda: count(ids))


def in_chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """As many as one statement takes on every database."""
    return (ids[begin:begin + CHUNK] for begin in range(0, len(ids), CHUNK))


def add_lodged(
    contribution: Contribution, category: str | None, consultation_id: int, *, is_amending: bool, is_late: bool,
) -> None:
    """Count a new contribution, of which nothing has to be asked but the places of one that came late."""
    place, key = (SHOWN, contribution.current_key) if contribution.current_key else (LEFT, contribution.block_key)
    state = contribution.state
    counted: Counter = Counter({
        (ProvisionTally, (contribution.chapter_id, key, place, state, is_amending)): 1,
        (ChapterTally, (contribution.chapter_id, state, category or OWN_NAME)): 1,
    })
    if contribution.organisation_id is not None:
        counted[OrganisationTally, (contribution.chapter_id, contribution.organisation_id)] = 1
    if place is SHOWN and key != contribution.block_key:
        counted[ProvisionTally, (contribution.chapter_id, contribution.block_key, GONE_ON, state, is_amending)] = 1
    if state.is_public:
        counted[PositionTally, (contribution.chapter_id, key, category or OWN_NAME, contribution.position)] = 1
        counted.update(_respondents(
            contribution.chapter_id, consultation_id, contribution.organisation_id, contribution.author_id, category, 1))
    if is_late:
        counted.update(count_anchors(Anchor.contribution_id == contribution.id))
    tallies.add(counted)


def _count_provisions(chosen: sa.ColumnElement[bool]) -> Iterator[tuple[Any, int]]:
    for *key, number in session.execute(provisions(chosen)):
        yield (ProvisionTally, tuple(key)), number


def count_anchors(*of: sa.ColumnElement[bool]) -> Counter:
    return Counter({(AnchorTally, tuple(key)): number for *key, number in session.execute(anchors(*of))})


def _count_others(ids: Sequence[int]) -> Counter:
    counted = count_anchors(Anchor.contribution_id.in_(ids))
    rows = session.execute(
        sa.select(Contribution.chapter_id, Chapter.consultation_id, Contribution.state, Organisation.body_id,
                  Contribution.author_id, _named, sa.func.count())
        .select_from(Contribution).join(Chapter, Chapter.id == Contribution.chapter_id)
        .outerjoin(Organisation, Organisation.id == Contribution.organisation_id).where(Contribution.id.in_(ids))
        .group_by(Contribution.chapter_id, Chapter.consultation_id, Contribution.state, Organisation.body_id,
                  Contribution.author_id, _named)
    )
    for chapter_id, consultation_id, state, organisation_id, author_id, category, number in rows:
        counted[ChapterTally, (chapter_id, state, category or OWN_NAME)] += number
        if organisation_id is not None:
            counted[OrganisationTally, (chapter_id, organisation_id)] += number
        if state.is_public:
            counted.update(_respondents(chapter_id, consultation_id, organisation_id, author_id, category, number))
    return counted


def _respondents(
    chapter_id: int, consultation_id: int, organisation_id: int | None, author_id: int, category: str | None, number: int,
) -> Counter:
    counted: Counter = Counter({
        (RespondentTally, (RespondentScope.PARTICIPANTS, consultation_id, "", author_id)): number,
        (RespondentTally, (RespondentScope.CHAPTER, chapter_id, *respondent(organisation_id, author_id, category))): number,
    })
    if organisation_id is not None:
        counted[RespondentTally, (RespondentScope.ORGANISATIONS, consultation_id, "", organisation_id)] = number
    return counted


def respondent(organisation_id: int | None, author_id: int, category: str | None) -> tuple[str, int]:
    """Category and id: an organisation counts once, whoever writes for it; a person who speaks in their own name counts once."""
    return (category, organisation_id) if organisation_id is not None and category else (OWN_NAME, author_id)


# Counted anew


def constant(member: PassagePlace | RespondentScope) -> sa.ColumnElement[str]:
    return sa.literal_column(f"'{member.value}'", sa.String)


def places(chosen: Callable[[Any, Any], sa.Select]) -> sa.CompoundSelect:
    """``chosen`` of key and place, grouped by all it selects but the place: where each contribution is told of, and where it was written
    if the text now has it elsewhere.
    """
    is_left = Contribution.current_key.is_(None)
    shown = sa.case((is_left, constant(LEFT)), else_=constant(SHOWN))
    gone = sa.and_(Contribution.current_key.is_not(None), Contribution.current_key != Contribution.block_key)
    as_place = sa.type_coerce(constant(GONE_ON), ProvisionTally.place.type)
    return sa.union_all(
        chosen(Contribution.provision_key, sa.type_coerce(shown, ProvisionTally.place.type)).group_by(is_left),
        chosen(Contribution.block_key, as_place).where(gone))


def provisions(*of: sa.ColumnElement[bool]) -> sa.CompoundSelect:
    def chosen(key: sa.ColumnElement[str], place: sa.ColumnElement[str]) -> sa.Select:
        chapter_id, state = Contribution.chapter_id, Contribution.state
        return (
            sa.select(chapter_id, key.label("key"), place.label("place"), state, _is_amending.label("is_amending"), sa.func.count())
            .select_from(Contribution).outerjoin(SuggestedAmendment, SuggestedAmendment.contribution_id == Contribution.id)
            .where(*of).group_by(chapter_id, key, state, _is_amending)
        )
    return places(chosen)


tallies.counts(ProvisionTally)(provisions)


@tallies.counts(PositionTally)
def positions(*of: sa.ColumnElement[bool]) -> sa.Select:
    columns = (Contribution.chapter_id, Contribution.provision_key, category_or_own_name, Contribution.position)
    return _spoken(*columns, sa.func.count()).where(
        Contribution.state.in_(ContributionState.where(is_public=True)), *of).group_by(*columns)


@tallies.counts(AnchorTally)
def anchors(*of: sa.ColumnElement[bool]) -> sa.Select:
    columns = (Anchor.revision_id, Anchor.rank, Anchor.anchor_class, Anchor.old_block_id, Contribution.state)
    by_state = (
        sa.select(*columns, sa.func.count().label("count")).join(Contribution, Contribution.id == Anchor.contribution_id)
        .where(*of).group_by(*columns).subquery()
    )
    *key, state, count = by_state.c
    is_public = state.in_([sa.literal_column(f"'{public.value}'") for public in ContributionState.where(is_public=True)])
    return sa.select(*key, is_public.label("is_public"), sa.func.sum(count)).group_by(*key, is_public)


@tallies.counts(ChapterTally)
def chapter_counts() -> sa.Select:
    columns = (Contribution.chapter_id, Contribution.state, category_or_own_name)
    return _spoken(*columns, sa.func.count()).group_by(*columns)


@tallies.counts(OrganisationTally)
def counts_by_organisation() -> sa.Select:
    columns = (Contribution.chapter_id, Organisation.body_id)
    return sa.select(*columns, sa.func.count()).join(Organisation, Organisation.id == Contribution.organisation_id).group_by(*columns)


@tallies.counts(RespondentTally)
def organisation_counts() -> sa.Select:
    of = (Chapter.consultation_id, Organisation.body_id)
    return _public(RespondentScope.ORGANISATIONS, of[0], sa.literal(""), of[1]).where(of[1].is_not(None)).group_by(*of)


@tallies.counts(RespondentTally)
def participant_counts() -> sa.Select:
    of = (Chapter.consultation_id, Contribution.author_id)
    return _public(RespondentScope.PARTICIPANTS, of[0], sa.literal(""), of[1]).group_by(*of)


@tallies.counts(RespondentTally)
def chapter_respondents() -> sa.Select:
    of = (Contribution.chapter_id, category_or_own_name, respondent_id())
    return _public(RespondentScope.CHAPTER, *of).group_by(*of)


def respondent_id() -> sa.ColumnElement[int]:
    """The same as :func:`respondent` tells, inside of a query that joins the organisation: a double is the body that it is."""
    return sa.func.coalesce(Organisation.body_id, Contribution.author_id)


def _public(scope: RespondentScope, *columns: Any) -> sa.Select:
    return _spoken(sa.type_coerce(constant(scope), RespondentTally.scope.type), *columns, sa.func.count()).where(
        Contribution.state.in_(ContributionState.where(is_public=True)))


def _spoken(*columns: Any) -> sa.Select:
    return (
        sa.select(*columns).select_from(Contribution).join(Chapter, Chapter.id == Contribution.chapter_id)
        .outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
    )
