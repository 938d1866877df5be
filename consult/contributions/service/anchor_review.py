"""The review of anchors: what a new revision did to each contribution's place, how sure that is, and what the rapporteur decides."""

import sqlalchemy as sa
from rapidfuzz import fuzz
from sqlalchemy.orm import contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import jobs
from consult.contributions.models import Anchor, AnchorClass, AnchorState, Contribution
from consult.contributions.service.anchoring import is_shown, look_for
from consult.contributions.service.counting import replaced
from consult.core import states
from consult.core.commands import command
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, can, require
from consult.text import quotes

CERTAIN = 0.95
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
    confirm = sa.update(Anchor).where(Anchor.revision_id == revision.id, *certain()).values(
        state=AnchorState.CONFIRMED, decided_by_id=actor.id, decided_at=utcnow(), row_counter=Anchor.row_counter + 1)
    confirmed = session.connection().execute(confirm).rowcount
    session.expire_all()
    chapters.mark_changed(chapter)
    return confirmed


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
    states.move(anchor, state)
    anchor.decided_by_id, anchor.decided_at = actor.id, utcnow()
    shown = anchor.block if is_shown(anchor.anchor_class, anchor.confidence, state) else None
    contribution = anchor.contribution
    if contribution.current_key != (key := shown.key if shown else None):
        with replaced([contribution.id]):
            contribution.current_key = key
    chapters.mark_changed(contribution.chapter)
    return anchor


def certain() -> tuple[sa.ColumnElement[bool], ...]:
    return is_undecided(), Anchor.confidence >= CERTAIN, Anchor.anchor_class.in_(AnchorClass.where(is_same_text=True))


def is_undecided() -> sa.ColumnElement[bool]:
    return Anchor.state.in_(AnchorState.where(awaits_decision=True))


# What they read


def get_anchor(actor: Actor, anchor_id: int) -> Anchor:
    """Raises :class:`NotFound` when there is none."""
    anchor = session.scalar(sa.select(Anchor).where(Anchor.id == anchor_id).join(Anchor.contribution).options(*whole()))
    if anchor is None:
        raise NotFound(_("There is no such entry in the list of places."))
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, anchor)
    return anchor


def get_last_anchor(contribution: Contribution) -> Anchor | None:
    """Where the newest revision has it; None when it was written on the newest one."""
    newest = sa.select(Anchor).where(Anchor.contribution_id == contribution.id).order_by(Anchor.revision_id.desc()).limit(1)
    return session.scalar(newest.options(*between()))


def count_anchors(actor: Actor, revision: Revision) -> dict[tuple[AnchorClass, AnchorState], int]:
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    rows = session.execute(
        sa.select(Anchor.anchor_class, Anchor.state, sa.func.count()).where(Anchor.revision_id == revision.id)
        .group_by(Anchor.anchor_class, Anchor.state)
    )
    return {(anchor_class, state): count for anchor_class, state, count in rows}


def count_certain(actor: Actor, revision: Revision) -> int:
    """How many :func:`confirm_certain` would confirm."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    return scalar_count(sa.select(sa.func.count()).select_from(Anchor).where(Anchor.revision_id == revision.id, *certain()))


def count_undecided(actor: Actor, consultation: Consultation) -> dict[tuple[Chapter, str], int]:
    """By chapter of theirs and language, in their order: the places in the newest revision that nobody has decided on."""
    ours = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    newest = chapters.newest_revisions(Revision.chapter_id.in_(ours))
    rows = session.execute(
        sa.select(Chapter, Revision.language, sa.func.count()).join(Revision, Revision.chapter_id == Chapter.id)
        .join(Anchor, Anchor.revision_id == Revision.id).options(lazyload(Chapter.consultation), lazyload(Chapter.commission))
        .where(Chapter.consultation_id == consultation.id, Revision.id.in_(newest), is_undecided())
        .group_by(Chapter.id, Revision.language).order_by(Chapter.number, Revision.language.desc())
    )
    return {(chapter, language): count for chapter, language, count in rows if can(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, chapter)}


def count_undecided_places(chapter: Chapter) -> dict[str, int]:
    """By language, French first: the contributions whose place in the newest version nobody has decided on."""
    newest = chapters.newest_revisions(Revision.chapter_id == chapter.id)
    rows = session.execute(
        sa.select(Revision.language, sa.func.count()).join(Anchor, Anchor.revision_id == Revision.id)
        .where(Revision.id.in_(newest), is_undecided()).group_by(Revision.language).order_by(Revision.language.desc())
    )
    return dict(rows.all())


def count_public_undecided(chapter: Chapter, language: str) -> list[tuple[str, str, int]]:
    """(key, label, contributions) of each passage as it was, in the order of the text: what everybody reads, and nobody has placed."""
    newest = chapters.newest_revision(chapter.id, language)
    rows = session.execute(
        sa.select(Block.key, sa.func.max(Block.label), sa.func.count()).select_from(Anchor)
        .join(Contribution, Contribution.id == Anchor.contribution_id).join(Block, Block.id == Anchor.old_block_id)
        .where(Anchor.revision_id == newest, is_undecided(), Contribution.is_public)
        .group_by(Block.key).order_by(sa.func.min(Block.position), Block.key)
    )
    return [(key, label or key, count) for key, label, count in rows]


def list_anchors(
    actor: Actor, revision: Revision, *, anchor_class: AnchorClass | None = None, state: AnchorState | None = None,
    after: Cursor | None = None,
) -> Page[Anchor]:
    """Anchors of a revision with contribution, old block and new block: unsure ones first, then what else waits, then what is decided."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    unsure = sa.or_(Anchor.confidence < chapters.SURE, Anchor.anchor_class.in_(AnchorClass.where(is_gone=True)))
    rank = sa.case((~is_undecided(), 2), (unsure, 0), else_=1)
    wanted = sa.select(Anchor).where(Anchor.revision_id == revision.id).join(Anchor.contribution)
    for column, value in ((Anchor.anchor_class, anchor_class), (Anchor.state, state)):
        if value is not None:
            wanted = wanted.where(column == value)
    return get_page(wanted.options(*whole()), rising(rank, Anchor.id), after=after, size=ENTRY_PAGE_SIZE)


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
