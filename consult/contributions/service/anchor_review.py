"""The review of anchors: what a new revision did to each contribution's place, how sure that is, and what the rapporteur decides."""

from collections import Counter
from dataclasses import dataclass

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import jobs
from consult.contributions.models import (
    Anchor,
    AnchorClass,
    Anchoring,
    AnchorState,
    AnchorTally,
    Contribution,
    ReviewRank,
)
from consult.contributions.service.anchoring import is_shown, look_for, rank_of
from consult.contributions.service.counting import count_anchors, replaced
from consult.contributions.service.placing import sought_in, unplaced
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.db import note_rows, read_once, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, can, require
from consult.text import quotes

SUGGESTED = 5
FEW_WORDS = 4
LIKE_ENOUGH = 62  # of 100: less alike is no suggestion


# What the rapporteur decides


@command
def confirm_anchor(actor: User, anchor: Anchor, *, expected_counter: int | None = None) -> Anchor:
    """The place that was found is right: the contribution is shown there, or stays where it was when its passage is gone.

    Raises :class:`Conflict` for a place that is not as the page showed it, that a newer version replaced, or that is confirmed already.
    """
    claim(anchor, expected_counter)
    if anchor.anchor_class.is_gone:
        anchor.block = None  # one that was chosen by hand meanwhile, and given up
    if anchor.told_at is None:
        later(jobs.tell_authors, anchor.revision)  # of what was unsure until now
    return decide(actor, anchor, AnchorState.CONFIRMED)


@command
def reattach(actor: User, anchor: Anchor, *, key: str, expected_counter: int | None = None) -> Anchor:
    """Show it on another passage of the same revision; :class:`Invalid` (field ``key``) when there is none, or it stands there already.

    Raises :class:`Conflict` for a place that is not as the page showed it, or that a newer version replaced.
    """
    claim(anchor, expected_counter)
    block = chapters.get_called_block("key", anchor.revision_id, key)
    said = anchor.contribution
    if block.id == anchor.block_id and said.current_key == block.key:
        raise Invalid("key", _("It stands there already."), _("Choose another passage, or confirm this place."))
    anchor.block = block
    anchor.quote, anchor.exact = look_for(block.text, quotes.Quote(said.exact, said.prefix, said.suffix), anchor.exact)
    later(jobs.tell_moved, anchor)
    return decide(actor, anchor, AnchorState.REATTACHED)


@command
def leave(actor: User, anchor: Anchor, *, expected_counter: int | None = None) -> Anchor:
    """Keep it on the revision that it was written on.

    Raises :class:`Conflict` for a place that is not as the page showed it, that a newer version replaced, or that was left already.
    """
    claim(anchor, expected_counter)
    later(jobs.tell_moved, anchor)
    return decide(actor, anchor, AnchorState.LEFT)


@command
def confirm_certain(actor: User, chapter: Chapter, *, revision: Revision) -> int:
    """Confirm at once all that is :data:`CERTAIN` and still waits in the newest revision of a language; how many places that were.

    :class:`Conflict` when a newer one is published; :class:`NotFound` for a revision of another chapter.
    """
    if revision.chapter_id != chapter.id:
        raise NotFound(_("There is no such version of this chapter."))
    lock(chapter)
    refuse_older(revision)
    # Where they are shown does not change: what is certain is shown before anybody confirms it.
    certain = Anchor.revision_id == revision.id, Anchor.rank == ReviewRank.CERTAIN
    counted = count_anchors(*certain)
    confirm = sa.update(Anchor).where(*certain).values(
        state=AnchorState.CONFIRMED, rank=ReviewRank.CONFIRMED, decided_by_id=actor.id, decided_at=utcnow(),
        row_counter=Anchor.row_counter + 1)
    confirmed = session.connection().scalars(confirm.returning(Anchor.id)).all()
    note_rows(Anchor, confirmed)
    for (tally, (of, rank, *what)), number in list(counted.items()):
        counted[tally, (of, rank, *what)], counted[tally, (of, ReviewRank.CONFIRMED.value, *what)] = -number, number
    tallies.add(counted)
    session.expire_all()
    chapters.mark_changed(chapter)
    return len(confirmed)


def claim(anchor: Anchor, expected_counter: int | None) -> None:
    """Hold all that a decision on the place changes; :class:`Conflict` when it is not what the page showed."""
    lock(anchor.contribution.chapter)
    lock(anchor.contribution)
    lock(anchor, expected_counter=expected_counter)
    refuse_older(anchor.revision)


def refuse_older(revision: Revision) -> None:
    """Raises :class:`Conflict` when a newer revision is published in its language: places are decided on in the newest."""
    if chapters.get_newest_id(revision) != revision.id:
        raise Conflict(_("A newer version of the text was published."), _("Decide in the list of the newest version."))


def decide(actor: User, anchor: Anchor, state: AnchorState) -> Anchor:
    """Take a decision, and show the contribution accordingly; :class:`Conflict` when the place's state does not lead there."""
    with tallies.changed(lambda: count_anchors(Anchor.id == anchor.id)):
        states.move(anchor, state)
        anchor.rank = rank_of(anchor.anchor_class, anchor.confidence, state)
        anchor.decided_by_id, anchor.decided_at = actor.id, utcnow()
    shown = anchor.block if is_shown(anchor.anchor_class, anchor.confidence, state) else None
    contribution = anchor.contribution
    if contribution.current_key != (key := shown.key if shown else None):
        with replaced([contribution.id]):
            contribution.current_key = key
    chapters.mark_changed(contribution.chapter)
    return anchor


# What they read


def get_anchor(actor: Actor, anchor_id: int) -> Anchor:
    """Raises :class:`NotFound` when there is none."""
    anchor = session.scalar(sa.select(Anchor).where(Anchor.id == anchor_id).join(Anchor.contribution).options(*whole()))
    if anchor is None:
        raise NotFound(_("There is no such entry in the list of places."))
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, anchor)
    return anchor


def get_last_place(contribution: Contribution) -> tuple[Anchor | None, Revision | None]:
    """(where the newest revision that has it has it, None when it was written on the newest one; the newest revision of all, while the
    contribution still looks for its place in it): one query.
    """
    last = sa.select(sa.func.max(Anchor.revision_id)).where(Anchor.contribution_id == Contribution.id).correlate(Contribution)
    sought = sought_in(sa.func.coalesce(last.scalar_subquery(), Revision.id)).order_by(Anchoring.revision_id.desc()).limit(1)
    anchor, revision_id = session.execute(
        sa.select(Anchor, sought.scalar_subquery()).select_from(Contribution)
        .join(Block, Block.id == Contribution.block_id).join(Revision, Revision.id == Block.revision_id)
        .outerjoin(Anchor, Anchor.contribution_id == Contribution.id)
        .where(Contribution.id == contribution.id).order_by(Anchor.revision_id.desc()).limit(1).options(*between())).one()
    return anchor, session.get(Revision, revision_id) if revision_id else None


def count_places(actor: Actor, revision: Revision) -> dict[tuple[AnchorClass, ReviewRank], int]:
    """By what became of the passage and rank; at least one."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    of = (AnchorTally.anchor_class, AnchorTally.rank)
    rows = session.execute(
        sa.select(*of, sa.func.sum(AnchorTally.count)).where(AnchorTally.revision_id == revision.id)
        .group_by(*of).having(sa.func.sum(AnchorTally.count) > 0))
    return {(anchor_class, ReviewRank(rank)): int(count) for anchor_class, rank, count in rows}


@read_once
def count_undecided(actor: Actor, consultation: Consultation) -> dict[tuple[Chapter, str], int]:
    """By chapter of theirs and language, in their order: the places in the newest revision that nobody has decided on."""
    ours = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    rows = session.execute(undecided_in(Revision.chapter_id.in_(ours)).add_columns(Revision.chapter_id).group_by(Revision.chapter_id))
    counted = {(chapter_id, language): count for language, count, chapter_id in rows}
    return {
        (chapter, language): int(counted[chapter.id, language])
        for chapter in chapters.list_chapters(consultation) if can(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, chapter)
        for language in sorted({code for of, code in counted if of == chapter.id}, reverse=True)
    }


def undecided_in(*of: sa.ColumnElement[bool]) -> sa.Select:
    """(language, places) of the newest revisions among these."""
    total = sa.func.sum(AnchorTally.count)
    return (
        sa.select(Revision.language, total).join(AnchorTally, AnchorTally.revision_id == Revision.id)
        .where(Revision.id.in_(chapters.newest_revisions(*of)), AnchorTally.rank <= ReviewRank.CERTAIN)
        .group_by(Revision.language).having(total > 0)
    )


def count_undecided_places(chapter: Chapter) -> dict[str, int]:
    """By language, French first: the contributions whose place in the newest version nobody has decided on, or that have none there yet."""
    counted: Counter[str] = Counter()
    for language, number in session.execute(sa.union_all(undecided_in(Revision.chapter_id == chapter.id), unplaced(chapter))):
        counted[language] += int(number)
    return dict(sorted(counted.items(), reverse=True))


@dataclass(frozen=True)
class WaitingPassage:
    """A passage as it was, and how many contributions that everybody reads nobody has placed yet."""

    key: str
    label: str
    count: int


def list_waiting_passages(chapter: Chapter, language: str) -> tuple[bool, list[WaitingPassage]]:
    """(whether contributions still look for their place in the newest version, the passages of those that wait there, in their order)."""
    newest = chapters.newest_revision(chapter.id, language)
    total = sa.func.sum(AnchorTally.count)
    waiting = (
        sa.select(Block.key, sa.func.max(Block.label), total, sa.func.min(Block.position)).join(Block, Block.id == AnchorTally.old_block_id)
        .where(AnchorTally.revision_id == newest, AnchorTally.rank <= ReviewRank.CERTAIN, AnchorTally.is_public)
        .group_by(Block.key).having(total > 0)
    )
    sought = sa.select(sa.literal(""), sa.literal(""), sa.literal(0), sa.literal(0)).select_from(Anchoring).where(
        Anchoring.chapter_id == chapter.id, Anchoring.language == language, Anchoring.finished_at.is_(None))
    rows = session.execute(sa.union_all(waiting, sought)).all()
    found = sorted((position, key, label, int(count)) for key, label, count, position in rows if key)
    return len(found) < len(rows), [WaitingPassage(key, label or key, count) for _position, key, label, count in found]


def list_anchors(
    actor: Actor, revision: Revision, *, anchor_class: AnchorClass | None = None, state: AnchorState | None = None,
    after: Cursor | None = None,
) -> Page[Anchor]:
    """Anchors of a revision with contribution, old block and new block: unsure ones first, then what else waits, then what is decided."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    wanted = sa.select(Anchor).where(Anchor.revision_id == revision.id).join(Anchor.contribution)
    if anchor_class is not None:
        wanted = wanted.where(Anchor.anchor_class == anchor_class)
    if state is not None:
        ranks = ReviewRank.of(state)
        wanted = wanted.where(Anchor.rank.between(ranks[0], ranks[-1]))
    return get_page(wanted.options(*whole()), rising(Anchor.rank, Anchor.id), after=after, size=ENTRY_PAGE_SIZE)


def between() -> tuple:
    """Old block with its revision, new block, and the revision of the anchor."""
    of = (defer(Revision.source), lazyload(Revision.chapter))
    return (joinedload(Anchor.old_block).joinedload(Block.revision).options(*of), joinedload(Anchor.block).lazyload(Block.revision),
            joinedload(Anchor.revision).options(*of))


def whole() -> tuple:
    return (*between(), contains_eager(Anchor.contribution).options(
        joinedload(Contribution.author).lazyload(User.appointments), joinedload(Contribution.organisation),
        lazyload(Contribution.chapter), joinedload(Contribution.block).joinedload(Block.revision).options(
            defer(Revision.source), lazyload(Revision.chapter))))


def list_candidates(actor: Actor, anchor: Anchor) -> tuple[list[Block], list[Block]]:
    """(the likeliest other places for it in the revision, all of the revision's blocks in order)."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, anchor)
    blocks = chapters.list_blocks(anchor.revision)
    said = anchor.contribution
    similarity = {
        block.id: 100 if said.exact and said.exact in block.text else alike(anchor.old_block.lead, block.lead)
        for block in blocks if block.id != anchor.block_id
    }
    likely = sorted((block for block in blocks if similarity.get(block.id)), key=lambda block: (-similarity[block.id], block.position))
    return likely[:SUGGESTED], blocks


def alike(old: str, new: str) -> float:
    """0 to 100; of a few words nothing follows from their standing in the other."""
    measure = fuzz.token_set_ratio if min(len(old.split()), len(new.split())) > FEW_WORDS else fuzz.token_sort_ratio
    return measure(old, new, score_cutoff=LIKE_ENOUGH)
