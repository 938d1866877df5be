"""What says the same on the workbench: shown once, counted, and gathered together."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState, RespondentCount, RespondentScope
from consult.contributions.models.tally import OWN_NAME
from consult.contributions.statement import TEXTS
from consult.core.db import session
from consult.core.permissions import Action, Actor, require
from consult.grouping.models import FEW_OWN_WORDS, Fold, FoldMember
from consult.synthesis.models import FoldTally, ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.points import has_point_to, is_split, is_whole_link

ANSWERS = ("to_gather", "undecided", "unanswered", "answered", "all")
MOST_TALLIED = 5_000  # counts of folds that are read for one number
ANSWERABLE = ContributionState.where(is_answerable=True)


@dataclass(frozen=True)
class BenchFold:
    """The fold of a contribution on the bench: how many are in it to be answered, how many of them are read by themselves, and who speaks
    there.
    """

    number: int
    core_ref: str
    own_words: int  # of this contribution
    core_text: str  # where it has so many words of its own that it is read by itself
    count: int
    adding_words: int
    organisations: int
    persons: int

    @property
    def adds_words(self) -> bool:
        return self.own_words > FEW_OWN_WORDS

    @property
    def is_of_one(self) -> bool:
        """All of it comes from one organisation, or one person."""
        return self.count > 1 and self.organisations + self.persons == 1


def has_come_to(answer: str) -> list[sa.ColumnElement[bool]]:
    """Of a contribution that is joined to its item, if all of it has one: that its answer is as far as this, one of :data:`ANSWERS`. One
    that is split is as far as that of its points which is the least far.
    """
    loose, waiting = has_point_to("to_gather"), has_point_to("unanswered")
    split = {"to_gather": loose, "undecided": waiting & ~loose, "unanswered": waiting, "answered": is_split() & ~waiting}
    return [(~is_split() & whole) | split[answer] for whole in has_come_whole_to(answer, ItemContribution, SynthesisItem)]


def has_come_whole_to(
    answer: str, gathered: type[ItemContribution], item: type[SynthesisItem],
) -> list[sa.ColumnElement[bool]]:
    """The same of one that is not split."""
    decided = item.disposition.is_not(None)
    conditions = {"to_gather": gathered.id.is_(None), "undecided": gathered.id.is_not(None) & ~decided, "unanswered": ~decided,
                  "answered": decided}
    return [conditions[answer]] if answer in conditions else []


def is_said_first(answer: str) -> sa.ColumnElement[bool]:
    """Of a contribution that is joined to its place among folds: no earlier one of its fold, as far with its answer, says the same; or it
    has words of its own to be read, or is split.
    """
    member, said, gathered, item = aliased(FoldMember), aliased(Contribution), aliased(ItemContribution), aliased(SynthesisItem)
    earlier = (
        sa.select(sa.literal(1)).select_from(member).join(said, said.id == member.contribution_id)
        .outerjoin(gathered, is_whole_link(said, gathered)).outerjoin(item, item.id == gathered.item_id)
        .where(member.fold_id == FoldMember.fold_id, member.id < FoldMember.id, member.own_words <= FEW_OWN_WORDS,
               said.state.in_(ANSWERABLE), ~is_split(said), *has_come_whole_to(answer, gathered, item))
        .correlate(FoldMember).exists())
    return sa.or_(FoldMember.fold_id.is_(None), FoldMember.own_words > FEW_OWN_WORDS, is_split(), ~earlier)


def count_repeated(synthesis: Synthesis, answer: str) -> int | None:
    """How many contributions of the chapter, as far with their answer, say only what an earlier one says: they are not read again. None
    where the counts of so many folds would have to be read that it is not said.
    """
    tallied = sa.select(FoldTally.fold_id, FoldTally.item_id, FoldTally.count).where(
        FoldTally.chapter_id == synthesis.chapter.id, FoldTally.state.in_(ANSWERABLE), ~FoldTally.adds_words).order_by(
        FoldTally.fold_id).limit(MOST_TALLIED).subquery()
    rows = session.execute(
        sa.select(tallied.c.fold_id, tallied.c.count, tallied.c.item_id != 0, SynthesisItem.disposition.is_not(None))
        .outerjoin(SynthesisItem, SynthesisItem.id == tallied.c.item_id)).all()
    if len(rows) == MOST_TALLIED:
        return None
    alike: Counter[int] = Counter()
    for fold_id, count, is_gathered, is_decided in rows:
        if answer in ("all", _standing(is_gathered, is_decided), "" if is_decided else "unanswered"):
            alike[fold_id] += count
    return sum(count - 1 for count in alike.values() if count)


def _standing(is_gathered: bool, is_decided: bool) -> str:
    """How far an answer is, as one of :data:`ANSWERS`."""
    return "answered" if is_decided else "undecided" if is_gathered else "to_gather"


def list_bench_folds(ids: Collection[int]) -> dict[int, BenchFold]:
    """By contribution id, of those that are in a fold; one query."""
    core = aliased(Contribution)
    tally = sa.select(sa.func.coalesce(sa.func.sum(FoldTally.count), 0)).where(
        FoldTally.fold_id == Fold.id, FoldTally.state.in_(ANSWERABLE))
    speaking = sa.select(sa.func.coalesce(sa.func.sum(RespondentCount.count), 0)).where(
        RespondentCount.scope == RespondentScope.FOLD, RespondentCount.scope_id == Fold.id)
    adds_words = FoldMember.own_words > FEW_OWN_WORDS
    words = [sa.case((adds_words, getattr(core, field.name)), else_="") for field in TEXTS]
    rows = session.execute(
        sa.select(
            FoldMember.contribution_id, Fold.number, core.ref, FoldMember.own_words, tally.scalar_subquery(),
            tally.where(FoldTally.adds_words).scalar_subquery(), speaking.where(RespondentCount.category != OWN_NAME).scalar_subquery(),
            speaking.where(RespondentCount.category == OWN_NAME).scalar_subquery(), *words)
        .join(Fold, Fold.id == FoldMember.fold_id).join(core, core.id == Fold.core_id).where(FoldMember.contribution_id.in_(ids)))
    return {id_: BenchFold(number, ref, own, "\n".join(told[4:]), *map(int, told[:4])) for id_, number, ref, own, *told in rows}


def list_with_folds(actor: Actor, synthesis: Synthesis, chosen: Mapping[int, int | None]) -> dict[int, int | None]:
    """Contributions (by id, each with the item that it is in) and those of their folds that stand in the same item, or in none, and say
    hardly anything besides; none of those that are split.
    """
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    member, other = aliased(FoldMember), aliased(FoldMember)
    found = dict(chosen)
    for some in contributions.in_chunks(list(chosen)):
        rows = session.execute(
            sa.select(member.contribution_id, other.contribution_id, ItemContribution.item_id)
            .join(other, sa.and_(other.fold_id == member.fold_id, other.own_words <= FEW_OWN_WORDS))
            .join(Contribution, Contribution.id == other.contribution_id)
            .outerjoin(ItemContribution, is_whole_link())
            .where(member.contribution_id.in_(some), member.own_words <= FEW_OWN_WORDS, member.chapter_id == synthesis.chapter.id,
                   Contribution.state.in_(ANSWERABLE), ~is_split()))
        for ticked, alike, item_id in rows:
            if chosen[ticked] == item_id:
                found.setdefault(alike, item_id)
    return found
