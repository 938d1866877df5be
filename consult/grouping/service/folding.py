"""Folding contributions as they arrive, by the worker: each is compared with those before it, in the order in which they were lodged.

What others are compared with is kept as runs of words in the database (:class:`FoldRun`), so that one more costs the same whatever there
is, and gives what making all anew gives (:mod:`consult.text.folding`, which holds the method). Whatever becomes of a contribution, it
stays in its fold; pages show of a fold what their reader may see.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload, load_only

from consult.chapters.models import Block, Chapter, Revision
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.commands import on
from consult.core.db import Base, add_new, reading, session, unit_of_work
from consult.core.jobs import Job, JobState, every_second, later, long_job, name_of
from consult.core.locks import lock
from consult.core.permissions import Action, Actor
from consult.grouping.models import Apart, Fold, FoldLink, FoldMember, FoldRun
from consult.text import folding
from consult.text.folding import Comparing, Known, Measured, Read, Said

HELD = 0.02  # seconds after which the chapter is given back, with no contribution left half folded
LOOKED_AT = 1000  # contributions that are looked at in one second for those that were not compared yet
LOOKED_BACK = 500  # numbers behind the newest that was compared: a lower one may be committed late
CHAPTERS = 8  # whose texts one worker remembers
SIGN = 1 << 63  # the database knows no number above
_looked_to = [0]  # the contribution up to which this worker has looked for what was missed


@dataclass(frozen=True)
class Comparison:
    """What comparing a contribution with those before it told."""

    read: Read
    runs: set[int]
    found: list[Measured]
    crowded: frozenset[int]  # runs that so many have that one more would tell nothing


# When


@every_second
def see_to_new() -> None:
    """Promise the comparing of what was lodged; of what was there before folds were kept, or was overlooked, some more each second."""
    last = session.scalar(sa.select(sa.func.max(FoldMember.contribution_id))) or 0
    missing = _missing(max(last - LOOKED_BACK, 0))
    if _looked_to[0] < last - LOOKED_BACK:
        missing |= _missing(_looked_to[0])
        _looked_to[0] += LOOKED_AT  # no number is passed over: so many rows have at least so many numbers
    under_way = set(session.scalars(sa.select(Job.subject_id).where(
        Job.name == name_of(fold_chapter), Job.subject_id.in_(missing), Job.state.in_(JobState.where(is_under_way=True)))))
    for chapter in session.scalars(sa.select(Chapter).where(Chapter.id.in_(missing - under_way)).options(lazyload("*"))):
        later(fold_chapter, chapter)


def _missing(after: int) -> set[int]:
    """The chapters that have a contribution, among the next after this one, that was not compared."""
    some = sa.select(Contribution.id, Contribution.chapter_id).where(Contribution.id > after).order_by(Contribution.id).limit(
        LOOKED_AT).subquery()
    compared = sa.exists().where(FoldMember.contribution_id == some.c.id)
    return set(session.scalars(sa.select(some.c.chapter_id).where(~compared).distinct()))


@long_job
def fold_chapter(chapter_id: int, progress: Callable[[int], None]) -> None:
    """All that were not compared yet, some after the other."""
    after = 0
    while True:
        with reading():
            waiting, after = _waiting(chapter_id, after)
        if not waiting:
            return
        while waiting:
            with unit_of_work():
                waiting = fold(chapter_id, waiting, time.monotonic() + HELD)


def _waiting(chapter_id: int, after: int) -> tuple[Sequence[int], int]:
    """The next contributions of the chapter that were not compared, in the order of lodging; and where to go on."""
    while True:
        ids = session.scalars(sa.select(Contribution.id).where(Contribution.chapter_id == chapter_id, Contribution.id > after)
                              .order_by(Contribution.id).limit(LOOKED_AT)).all()
        if not ids:
            return [], after
        known = set(session.scalars(sa.select(FoldMember.contribution_id).where(FoldMember.contribution_id.in_(ids))))
        after = ids[-1]
        if missing := [id_ for id_ in ids if id_ not in known]:
            return missing, after


# How


def fold(chapter_id: int, ids: Sequence[int], until: float = math.inf) -> Sequence[int]:
    """Compare these with all before them, and keep what that tells, in one unit of work that holds the chapter until this moment of the
    monotonic clock, and for one of them at least; those that are left.
    """
    lock(session.get_one(Chapter, chapter_id))
    comparing = comparing_for(chapter_id)
    for done, id_ in enumerate(ids, 1):
        if session.scalar(sa.select(FoldMember.id).where(FoldMember.contribution_id == id_)) is None:
            keep(said := load([id_])[0], compare(comparing, said))
        if time.monotonic() >= until:
            return ids[done:]
    return ()


def comparing_for(chapter_id: int) -> Comparing:
    """With all that the chapter says, in its languages and in each of its versions."""
    return _comparing(chapter_id, tuple(session.scalars(
        sa.select(Revision.source_sha256).where(Revision.chapter_id == chapter_id).order_by(Revision.id))))


@lru_cache(CHAPTERS)
def _comparing(chapter_id: int, _sources: tuple[str, ...]) -> Comparing:
    return Comparing(session.scalars(sa.select(Block.text).join(Block.revision).where(Revision.chapter_id == chapter_id).distinct()))


def load(ids: Collection[int]) -> list[Contribution]:
    """With what is compared, in the order of lodging."""
    told = (Contribution.chapter_id, Contribution.ref, Contribution.position, Contribution.current_key, Contribution.block_key,
            *contributions.TEXT_COLUMNS)
    return list(session.scalars(sa.select(Contribution).where(Contribution.id.in_(ids)).order_by(Contribution.id).options(
        load_only(*told), joinedload(Contribution.amendment), lazyload(Contribution.chapter))))


def said_by(contribution: Contribution) -> Said:
    return Said(
        str(contribution.id), contributions.argument_of(contribution),
        contribution.amendment.replacement if contribution.amendment else "", contribution.position.value, contribution.provision_key)


def compare(comparing: Comparing, contribution: Contribution) -> Comparison:
    """With those of the chapter that share most of its runs."""
    read = Read(said_by(contribution))
    runs = comparing.own_runs(read.words)
    held: dict[int, list[int]] = {}
    rows = session.execute(sa.select(FoldRun.run, FoldRun.contribution_id).where(
        FoldRun.chapter_id == contribution.chapter_id, FoldRun.run.in_(map(signed, folding.kept_runs(runs)))))
    for run, other_id in rows:
        held.setdefault(run, []).append(other_id)
    sharing = Counter(other_id for others in held.values() for other_id in others)
    found = folding.measured(read, runs, _candidates(comparing, folding.most_shared(sharing)))
    return Comparison(read, runs, found, frozenset(run for run, others in held.items() if len(others) >= folding.MOST_OF_A_RUN))


def _candidates(comparing: Comparing, ids: Sequence[int]) -> dict[int, Known]:
    """Each in the group of its fold, or of its own, whose number is below nought."""
    members = sa.select(FoldMember.contribution_id, FoldMember.fold_id).where(FoldMember.contribution_id.in_(ids))
    folds: dict[int, int | None] = dict(session.execute(members).all())
    return {said.id: comparing.known(said_by(said), folds.get(said.id) or -said.id) for said in load(ids)}


def signed(run: int) -> int:
    """64 bits as databases hold them."""
    return run - 2 * SIGN if run >= SIGN else run


def keep(contribution: Contribution, told: Comparison) -> None:
    best = folding.choose(told.found)
    is_representative = bool(told.runs)
    member = FoldMember(contribution_id=contribution.id, chapter_id=contribution.chapter_id, fold_id=None, own_words=0)
    if best is None:  # whoever stands alone counts in no fold
        session.add(member)
    else:
        with contributions.recounted_above([contribution]):
            member.fold_id = best.group if best.group > 0 else begin_fold(contribution.chapter_id, best.known).id
            member.own_words = count_own_words(contribution, core_of(member.fold_id))
            is_representative = folding.widens(best, told.found, _count_representatives(member.fold_id))
            session.add(member)
    member.is_representative = is_representative
    if is_representative:
        runs = (signed(run) for run in folding.kept_runs(told.runs))
        add_new(FoldRun, [{"chapter_id": contribution.chapter_id, "run": run, "contribution_id": contribution.id}
                          for run in runs if run not in told.crowded], FoldRun.run)
    apart = [one for one in told.found if best is None or one.group != best.group]
    add_new(FoldLink, [link_row(contribution.id, one) for one in apart], FoldLink.other_id)


@on(Action.MODERATION_REDACT, Action.MODERATION_REOPEN, Action.MODERATION_REPHRASE, Action.MODERATION_SHOW_ALL)
def forget_words(_actor: Actor, _decision: Base, subject: Base) -> None:
    """Other words are shown than were compared: which of them differ is told no more, and its own are counted anew."""
    if not isinstance(subject, Contribution):
        return
    of_it = sa.or_(FoldLink.contribution_id == subject.id, FoldLink.other_id == subject.id)
    session.execute(sa.update(FoldLink).where(of_it).values(words=[]).execution_options(synchronize_session=False))
    member = session.scalar(sa.select(FoldMember).where(FoldMember.contribution_id == subject.id))
    if member is not None and member.fold_id is not None:
        own = count_own_words(subject, core_of(member.fold_id))
        with contributions.recounted_above([subject]):
            member.own_words = own


def link_row(contribution_id: int, one: Measured) -> dict[str, Any]:
    return {"contribution_id": contribution_id, "other_id": one.known, "reason": Apart.of(one.link.kept_apart),
            "resemblance": round(one.link.resemblance, 3), "words": list(dict.fromkeys(one.link.turns))}


def begin_fold(chapter_id: int, core_id: int) -> Fold:
    """The next number of the chapter, whose row is held, for a contribution that stood alone."""
    last = session.scalar(sa.select(sa.func.max(Fold.number)).where(Fold.chapter_id == chapter_id)) or 0
    begun = Fold(chapter_id=chapter_id, number=last + 1, core_id=core_id)
    session.add(begun)
    session.flush()
    with contributions.recounted_above(load([core_id])):
        session.execute(sa.update(FoldMember).where(FoldMember.contribution_id == core_id).values(fold_id=begun.id))
    return begun


def core_of(fold_id: int) -> Contribution:
    return load([session.scalars(sa.select(Fold.core_id).where(Fold.id == fold_id)).one()])[0]


def count_own_words(contribution: Contribution, core: Contribution) -> int:
    return len(folding.own_words(contributions.argument_of(contribution), contributions.argument_of(core)))


def _count_representatives(fold_id: int) -> int:
    """The core is one of them, were it too short to be found."""
    counted = sa.select(sa.func.count()).select_from(FoldMember).where(FoldMember.fold_id == fold_id, FoldMember.is_representative)
    return session.scalar(counted) or 0
