"""The ledger of anchors: where each contribution stands in a new revision, how sure that is, and what the rapporteur decided.

Classes follow what became of the block: same text, same text elsewhere, text changed, no longer in the text. A contribution is shown
on the new text when its class and confidence allow it or a person said so; otherwise it stays on the revision it was written on.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, defer, joinedload, lazyload

from consult.accounts.models import User
from consult.contributions import jobs, quotes
from consult.contributions.models import (
    Anchor,
    AnchorClass,
    AnchorState,
    Contribution,
    ContributionState,
    QuoteState,
)
from consult.core import states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, utcnow
from consult.core.jobs import later
from consult.core.permissions import Action, Actor, require
from consult.drafts import service as drafts
from consult.drafts.models import Alignment, Block, Change, Chapter, Revision

CERTAIN = 0.95
CLASSES = {Change.KEPT: AnchorClass.KEPT, Change.MOVED: AnchorClass.MOVED}
PAGE = 30


@dataclass(frozen=True)
class Continuation:
    """A block that continues another one in the next revision."""

    block_id: int
    key: str
    text: str
    anchor_class: AnchorClass
    confidence: float


@dataclass(frozen=True)
class Standing:
    """A contribution before a revision: the block that it stood on then, or last, and how sure that was."""

    contribution_id: int
    block_id: int
    place_key: str | None
    quote: quotes.Quote
    is_placed: bool
    confidence: float


@drafts.on_publication
def reanchor(revision: Revision) -> None:
    """One anchor in the new revision for every contribution ever made on this text in this language, and the tallies that follow."""
    before = drafts.get_previous_revision(revision)
    if before is None:
        return
    ways = continuations(revision)
    returning = {block.text: block for block in drafts.list_new_blocks(revision)}
    standings = list_standings(before)
    rows, places = [], []
    texts = old_texts(standing.block_id for standing in standings if not standing.is_placed)
    for standing in standings:
        row = anchor_of(standing, ways, returning, texts)
        rows.append({**row, "revision_id": revision.id})
        if (place := place_of(row, ways, standing)) != standing.place_key:
            places.append({"of": standing.contribution_id, "place_key": place})
    if rows:
        session.execute(sa.insert(Anchor), rows)
        put_places(places)
        recount(revision.chapter)
        later(jobs.tell_authors, revision)


def anchor_of(
    standing: Standing, ways: dict[int, list[Continuation]], returning: dict[str, Block], texts: dict[int, str],
) -> dict[str, Any]:
    """The row of one contribution, without its revision."""
    row: dict[str, Any] = {
        "contribution_id": standing.contribution_id, "old_block_id": standing.block_id, "block_id": None, "exact": "",
        "anchor_class": AnchorClass.DELETED, "confidence": 1.0, "quote": QuoteState.LOST if standing.quote.exact else QuoteState.NONE,
        "state": AnchorState.PROPOSED, "lock": 1,
    }
    if not standing.is_placed:
        back = returning.get(texts.get(standing.block_id, ""))
        if back is None:
            return {**row, "state": AnchorState.LEFT}
        return {**row, "block_id": back.id, "anchor_class": AnchorClass.MOVED, "confidence": 0.7, **quoted(standing.quote, back.text)}
    parts = ways.get(standing.block_id, [])
    if not parts:
        return row
    best = max(parts, key=lambda part: (rank(standing.quote, part), part.confidence))
    found = quoted(standing.quote, best.text)
    sure = best.confidence * standing.confidence
    if best.anchor_class == AnchorClass.CHANGED and found.get("quote") == QuoteState.FOUND:
        sure = max(sure, min(0.97, standing.confidence))
    return {**row, "block_id": best.block_id, "anchor_class": best.anchor_class, "confidence": round(sure, 3), **found}


def rank(quote: quotes.Quote, part: Continuation) -> int:
    """Of the parts of a block that was split, the one with the quoted words comes first."""
    return {QuoteState.FOUND: 2, QuoteState.CLOSE: 1}.get(quoted(quote, part.text).get("quote"), 0)


def quoted(quote: quotes.Quote, text: str) -> dict[str, Any]:
    """Where the quoted words are in a new wording: the ``quote`` and ``exact`` of an anchor."""
    if not quote.exact:
        return {"quote": QuoteState.NONE, "exact": ""}
    if quote.exact in text:
        return {"quote": QuoteState.FOUND, "exact": quote.exact}
    if same := quotes.find(text, quote):
        return {"quote": QuoteState.FOUND, "exact": text[same[0].start:same[0].end]}
    if close := quotes.find_close(text, quote):
        return {"quote": QuoteState.CLOSE, "exact": text[close.start:close.end]}
    return {"quote": QuoteState.LOST, "exact": ""}


def is_shown(anchor_class: AnchorClass, confidence: float, state: AnchorState) -> bool:
    """Whether the new text shows the contribution: somebody said so, or nobody said otherwise and it is sure."""
    if state == AnchorState.PROPOSED:
        return anchor_class != AnchorClass.DELETED and confidence >= drafts.SURE
    return state != AnchorState.LEFT and anchor_class != AnchorClass.DELETED or state == AnchorState.REATTACHED


def place_of(row: dict[str, Any], ways: dict[int, list[Continuation]], standing: Standing) -> str | None:
    if row["block_id"] is None or not is_shown(row["anchor_class"], row["confidence"], row["state"]):
        return None
    return next((part.key for part in ways.get(standing.block_id, ()) if part.block_id == row["block_id"]), None)


# What is asked of the database, once for all contributions


def continuations(revision: Revision) -> dict[int, list[Continuation]]:
    """By the id of a block of the revision before: the blocks that continue it."""
    rows = session.execute(
        sa.select(Alignment.old_block_id, Alignment.change, Alignment.confidence, Block.id, Block.key, Block.text)
        .join(Block, Block.id == Alignment.new_block_id)
        .where(Alignment.revision_id == revision.id, Alignment.old_block_id.is_not(None)).order_by(Block.position)
    )
    ways: dict[int, list[Continuation]] = defaultdict(list)
    for old_id, change, confidence, new_id, key, text in rows:
        ways[old_id].append(Continuation(new_id, key, text, CLASSES.get(change, AnchorClass.CHANGED), confidence))
    return ways


def list_standings(before: Revision) -> list[Standing]:
    """Every contribution of the text's language as it stood in the revision ``before``, or where it was left earlier."""
    written = aliased(Revision)
    rows = session.execute(
        sa.select(Contribution.id, Contribution.block_id, written.id, Contribution.place_key, Contribution.exact, Contribution.prefix,
                  Contribution.suffix, Anchor.block_id, Anchor.old_block_id, Anchor.confidence, Anchor.state, Anchor.exact)
        .join(Block, Block.id == Contribution.block_id).join(written, written.id == Block.revision_id)
        .outerjoin(Anchor, sa.and_(Anchor.contribution_id == Contribution.id, Anchor.revision_id == before.id))
        .where(written.chapter_id == before.chapter_id, written.language == before.language).order_by(Contribution.id)
    )
    found = []
    for id_, own_id, written_id, place, exact, prefix, suffix, at_id, last_id, confidence, state, exact_then in rows:
        is_placed = written_id == before.id or at_id is not None and state != AnchorState.LEFT
        sure = 1.0 if confidence is None or state != AnchorState.PROPOSED else confidence
        quote = quotes.Quote(exact_then or exact, prefix, suffix)
        found.append(Standing(id_, own_id if written_id == before.id else at_id if is_placed else last_id or own_id, place, quote,
                              is_placed, sure))
    return found


def old_texts(block_ids: Iterable[int]) -> dict[int, str]:
    wanted = sorted(set(block_ids))
    return dict(session.execute(sa.select(Block.id, Block.text).where(Block.id.in_(wanted))).all()) if wanted else {}


def put_places(places: list[dict[str, Any]]) -> None:
    if places:
        table = Contribution.__table__
        put = sa.update(table).where(table.c.id == sa.bindparam("of")).values(place_key=sa.bindparam("place_key"))
        session.connection().execute(put, places)


def recount(chapter: Chapter) -> None:
    counted = session.execute(
        sa.select(Contribution.place_key, sa.func.count())
        .where(Contribution.chapter_id == chapter.id, Contribution.state == ContributionState.PUBLISHED,
               Contribution.place_key.is_not(None))
        .group_by(Contribution.place_key)
    )
    drafts.put_tallies(chapter, dict(counted.all()))


def anchor_late(contribution: Contribution) -> None:
    """What was written on a revision that a newer one has replaced in the meantime finds its places, one revision after the other."""
    for revision in drafts.list_later_revisions(contribution.block.revision):
        before = drafts.get_previous_revision(revision)
        own = [standing for standing in list_standings(before) if standing.contribution_id == contribution.id]
        ways = continuations(revision)
        row = anchor_of(own[0], ways, {}, {})
        session.add(Anchor(**{**row, "revision_id": revision.id}))
        contribution.place_key = place_of(row, ways, own[0])
        session.flush()


# What the rapporteur decides


@command
def confirm_anchor(actor: User, anchor: Anchor) -> Anchor:
    """The place that was found is right: the contribution is shown there, or stays where it was when its passage is gone."""
    return decide(actor, anchor, AnchorState.CONFIRMED)


@command
def reattach(actor: User, anchor: Anchor, *, key: str) -> Anchor:
    """Show it on another passage of the same revision; :class:`Invalid` (field ``key``) when there is none of that key."""
    block = session.scalar(sa.select(Block).where(Block.revision_id == anchor.revision_id, Block.key == key.strip()))
    if block is None:
        raise Invalid("key", _("There is no passage %(key)s in this version.", key=key), _("Choose one of the list."))
    anchor.block = block
    found = quoted(quotes.Quote(anchor.contribution.exact, anchor.contribution.prefix, anchor.contribution.suffix), block.text)
    anchor.quote, anchor.exact = found["quote"], found["exact"]
    return decide(actor, anchor, AnchorState.REATTACHED)


@command
def leave(actor: User, anchor: Anchor) -> Anchor:
    """Keep it on the revision that it was written on."""
    return decide(actor, anchor, AnchorState.LEFT)


@command
def confirm_certain(actor: User, chapter: Chapter, *, revision: Revision) -> Chapter:
    """Confirm at once all that is :data:`CERTAIN` and still waits in one revision of the chapter."""
    if revision.chapter_id != chapter.id:
        raise NotFound(_("There is no such version of this chapter."))
    certain = sa.update(Anchor).where(
        Anchor.revision_id == revision.id, Anchor.state == AnchorState.PROPOSED, Anchor.confidence >= CERTAIN,
        Anchor.anchor_class.in_((AnchorClass.KEPT, AnchorClass.MOVED)),
    ).values(state=AnchorState.CONFIRMED, decided_by_id=actor.id, decided_at=utcnow(), lock=Anchor.lock + 1)
    session.execute(certain.execution_options(synchronize_session=False))
    session.expire_all()
    return chapter


def decide(actor: User, anchor: Anchor, state: AnchorState) -> Anchor:
    """Take a decision on the newest revision's anchor, and show the contribution accordingly."""
    newest = drafts.current_revision(anchor.contribution.chapter, anchor.revision.language)
    if newest.id != anchor.revision_id:
        raise Conflict(_("A newer version of the text was published."), _("Decide in the list of the newest version."))
    states.move(anchor, state)
    anchor.decided_by_id, anchor.decided_at = actor.id, utcnow()
    shown = anchor.block if is_shown(anchor.anchor_class, anchor.confidence, state) else None
    contribution = anchor.contribution
    if contribution.place_key != (key := shown.key if shown else None):
        for place, change in ((contribution.place_key, -1), (key, 1)):
            if contribution.is_public and place is not None:
                drafts.count_published(contribution.chapter, place, change)
        contribution.place_key = key
    return anchor


# The ledger


@dataclass(frozen=True)
class LedgerPage:
    """At most :data:`PAGE` anchors; ``older`` continues after them."""

    rows: list[Anchor]
    older: int | None


def get_anchor(actor: Actor, anchor_id: int) -> Anchor:
    anchor = session.get(Anchor, anchor_id)
    if anchor is None:
        raise NotFound(_("There is no such entry in the list of places."))
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, anchor)
    return anchor


def count_anchors(revision: Revision) -> dict[tuple[AnchorClass, AnchorState], int]:
    rows = session.execute(
        sa.select(Anchor.anchor_class, Anchor.state, sa.func.count()).where(Anchor.revision_id == revision.id)
        .group_by(Anchor.anchor_class, Anchor.state)
    )
    return {(anchor_class, state): count for anchor_class, state, count in rows}


def count_certain(revision: Revision) -> int:
    """How many :func:`confirm_certain` would confirm."""
    return session.scalar(sa.select(sa.func.count()).select_from(Anchor).where(
        Anchor.revision_id == revision.id, Anchor.state == AnchorState.PROPOSED, Anchor.confidence >= CERTAIN,
        Anchor.anchor_class.in_((AnchorClass.KEPT, AnchorClass.MOVED)),
    ))


def list_anchors(
    actor: Actor, revision: Revision, *, anchor_class: AnchorClass | None = None, state: AnchorState | None = None,
    after: int | None = None,
) -> LedgerPage:
    """Anchors of a revision, as they were made, with contribution, old block and new block."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, revision.chapter)
    wanted = sa.select(Anchor).where(Anchor.revision_id == revision.id).join(Anchor.contribution)
    for column, value in ((Anchor.anchor_class, anchor_class), (Anchor.state, state)):
        if value is not None:
            wanted = wanted.where(column == value)
    if after is not None:
        wanted = wanted.where(Anchor.id > after)
    old = joinedload(Anchor.old_block).joinedload(Block.revision).options(defer(Revision.source), lazyload(Revision.chapter))
    new = joinedload(Anchor.block).lazyload(Block.revision)
    said = contains_eager(Anchor.contribution).options(
        joinedload(Contribution.author).lazyload(User.appointments), joinedload(Contribution.organisation), lazyload(Contribution.chapter),
        lazyload(Contribution.block))
    rows = list(session.scalars(wanted.options(old, new, said).order_by(Anchor.id).limit(PAGE + 1)))
    return LedgerPage(rows[:PAGE], rows[PAGE - 1].id if len(rows) > PAGE else None)


def get_last_anchor(contribution: Contribution) -> Anchor | None:
    """Where the newest revision has it; None when it was written on the newest one."""
    return session.scalar(sa.select(Anchor).where(Anchor.contribution_id == contribution.id).order_by(Anchor.revision_id.desc()).limit(1))
