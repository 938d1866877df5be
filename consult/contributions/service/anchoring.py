"""Every contribution finds its place in each new revision, or stays on the one where it was written.

Classes follow what became of the block: same text, same text elsewhere, text changed, no longer in the text. A contribution is shown
on the new text when its class and confidence allow it or a person said so; what nobody decided waits in the review (``anchor_review.py``).
When that is done stands in ``placing.py``.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters import service as chapters
from consult.chapters.models import Alignment, Block, Revision
from consult.contributions.models import Anchor, AnchorClass, AnchorState, Contribution, QuoteState, ReviewRank
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.text import quotes

RETURNED = 0.7  # how sure it is that words which come back letter for letter are the passage that was dropped
BY_WORDS = 0.97  # how sure a changed passage is whose quoted words stand in it
CERTAIN = 0.95  # of the very same text: many are confirmed at once
ENOUGH_WORDS = 3  # quoted words: fewer stand in many passages, and say nothing about which one is meant


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
    """A contribution before a revision: the block that it stood on then, or last, how sure that was, and whether somebody decided.

    ``quote`` are the words as its author took them, ``exact`` as they were found last.
    """

    contribution_id: int
    block_id: int
    current_key: str | None
    quote: quotes.Quote
    exact: str
    is_placed: bool
    is_open: bool
    confidence: float


@dataclass
class Finder:
    """Where everything goes in one revision; what many contributions have in common is looked for once."""

    ways: dict[int, list[Continuation]]
    lost: dict[int, float]  # by the id of a block that nothing continues: how sure that is
    returning: dict[str, int]  # the ids of blocks that continue none, by their words
    texts: dict[int, str] = field(default_factory=dict)  # of the blocks where contributions were left
    known: dict[tuple, tuple] = field(default_factory=dict)

    def row(self, standing: Standing) -> dict[str, Any]:
        """The anchor of one contribution, without its revision."""
        asked = (standing.block_id, standing.quote, standing.exact, standing.is_placed)
        if asked not in self.known:
            self.known[asked] = self.place(standing) if standing.is_placed else self.place_again(standing)
        block_id, anchor_class, confidence, raised, (quote, exact) = self.known[asked]
        # What is sure of the same words stays so, however many versions leave them as they are; doubt adds up until a person decides.
        is_sure = anchor_class.is_same_text and confidence >= chapters.SURE
        together = min(confidence, standing.confidence) if is_sure else confidence * standing.confidence
        sure = max(together, min(raised, standing.confidence))
        is_left = not standing.is_placed and block_id is None and not standing.is_open
        # Who was told that the passage is gone is not told again because nobody decided.
        told_at = utcnow() if not standing.is_placed and block_id is None else None
        state, sure = AnchorState.LEFT if is_left else AnchorState.PROPOSED, round(sure, 3)
        return {
            "contribution_id": standing.contribution_id, "old_block_id": standing.block_id, "block_id": block_id, "exact": exact,
            "quote": quote, "anchor_class": anchor_class, "confidence": sure, "told_at": told_at, "row_counter": 1,
            "state": state, "rank": rank_of(anchor_class, sure, state),
        }

    def place(self, standing: Standing) -> tuple:
        """(block, class, confidence, confidence by the quoted words alone, what became of these)."""
        parts = self.ways.get(standing.block_id, [])
        if not parts:
            return None, AnchorClass.DELETED, self.lost.get(standing.block_id, 1.0), 0.0, gone(standing)
        found = {part.block_id: quoted(standing, part.text) for part in parts}
        best = max(parts, key=lambda part: (found[part.block_id][0].rank, part.confidence))
        words = found[best.block_id]
        tells = not best.anchor_class.is_same_text and words[0].is_unchanged and len(words[1].split()) >= ENOUGH_WORDS
        return best.block_id, best.anchor_class, best.confidence, BY_WORDS if tells else 0.0, words

    def place_again(self, standing: Standing) -> tuple:
        """For what an earlier revision dropped, or a person left there: the same words, when they come back."""
        text = self.texts.get(standing.block_id, "")
        back = self.returning.get(text)
        if back is None:
            return None, AnchorClass.DELETED, 1.0, 0.0, gone(standing)
        return back, AnchorClass.MOVED, RETURNED, 0.0, quoted(standing, text)

    def key_of(self, standing: Standing, row: dict[str, Any]) -> str | None:
        """The key under which the new text shows it, None when it does not."""
        if row["block_id"] is None or not is_shown(row["anchor_class"], row["confidence"], row["state"]):
            return None
        return next((part.key for part in self.ways.get(standing.block_id, ()) if part.block_id == row["block_id"]), None)


def gone(standing: Standing) -> tuple[QuoteState, str]:
    return (QuoteState.LOST if standing.quote.exact else QuoteState.NONE), ""


def quoted(standing: Standing, text: str) -> tuple[QuoteState, str]:
    return look_for(text, standing.quote, standing.exact)


def look_for(text: str, quote: quotes.Quote, last: str = "") -> tuple[QuoteState, str]:
    """What became of quoted words in a wording, and how they stand there: first as their author took them, then as last found."""
    if not quote.exact:
        return QuoteState.NONE, ""
    tried = [quotes.Quote(words, quote.prefix, quote.suffix) for words in dict.fromkeys((quote.exact, last or quote.exact))]
    for words in tried:
        same = next((place for place in quotes.find(text, words) if is_whole(text, place, quote)), None)
        if same is not None:
            return QuoteState.FOUND, text[same.start:same.end]
    for words in reversed(tried):
        if close := quotes.find_close(text, words):
            return QuoteState.CLOSE, text[close.start:close.end]
    return QuoteState.LOST, ""


def is_whole(text: str, place: quotes.Found, quote: quotes.Quote) -> bool:
    """Whether the place begins and ends where words do, if the quote did: "or" is not in "report"."""
    begins = place.start == 0 or not (text[place.start - 1].isalnum() and text[place.start].isalnum())
    ends = place.end == len(text) or not (text[place.end - 1].isalnum() and text[place.end].isalnum())
    return (begins or quote.prefix[-1:].isalnum()) and (ends or quote.suffix[:1].isalnum())


def is_shown(anchor_class: AnchorClass, confidence: float, state: AnchorState) -> bool:
    """Whether the new text shows the contribution: somebody said so, or nobody said otherwise and it is sure."""
    if state.awaits_decision:
        return not anchor_class.is_gone and confidence >= chapters.SURE
    return state.is_placed and (state.is_by_hand or not anchor_class.is_gone)


def rank_of(anchor_class: AnchorClass, confidence: float, state: AnchorState) -> ReviewRank:
    if not state.awaits_decision:
        (rank,) = ReviewRank.of(state)
    elif anchor_class.is_gone or confidence < chapters.SURE:
        rank = ReviewRank.UNSURE
    else:
        rank = ReviewRank.CERTAIN if anchor_class.is_same_text and confidence >= CERTAIN else ReviewRank.SURE
    return rank


# Where everything stands, and goes


def anchor_late(contribution: Contribution) -> None:
    """What was written on a revision that a newer one has replaced in the meantime finds its places, one revision after the other.

    They are counted with the contribution itself.
    """
    for revision in chapters.list_later_revisions(contribution.block.revision):
        before = chapters.get_previous_revision(revision)
        if before is None:
            continue
        standing = get_standing(before, contribution)
        finder = finder_for(revision)
        look_up(finder, [standing])
        row = finder.row(standing)
        session.add(Anchor(**row, revision_id=revision.id))
        contribution.current_key = finder.key_of(standing, row)
        session.flush()


def finder_for(revision: Revision) -> Finder:
    ways, lost = continuations(revision)
    returning: dict[str, int] = {}
    for block in chapters.list_new_blocks(revision):
        returning.setdefault(block.text, block.id)
    return Finder(ways, lost, returning)


def look_up(finder: Finder, standings: Iterable[Standing]) -> None:
    """The texts of the blocks where some of them were left, for the words that may come back."""
    left = {standing.block_id for standing in standings if not standing.is_placed} - finder.texts.keys()
    if left and finder.returning:
        finder.texts.update(session.execute(sa.select(Block.id, Block.text).where(Block.id.in_(sorted(left)))).all())


def continuations(revision: Revision) -> tuple[dict[int, list[Continuation]], dict[int, float]]:
    """By the id of a block of the revision before: the blocks that continue it, or how sure it is that none does."""
    rows = session.execute(
        sa.select(Alignment.old_block_id, Alignment.change, Alignment.confidence, Block.id, Block.key, Block.text)
        .outerjoin(Block, Block.id == Alignment.new_block_id)
        .where(Alignment.revision_id == revision.id, Alignment.old_block_id.is_not(None)).order_by(Block.position)
    )
    ways: dict[int, list[Continuation]] = defaultdict(list)
    lost: dict[int, float] = {}
    for old_id, change, confidence, new_id, key, text in rows:
        if old_id is None:
            continue
        if new_id is None:
            lost[old_id] = confidence
        else:
            ways[old_id].append(Continuation(new_id, key, text, AnchorClass.of(change), confidence))
    return ways, lost


def list_standings(before: Revision, *, but_in: Revision, since: int, limit: int) -> list[Standing]:
    """The contributions of the text's language after one (an id) as they stood in the revision ``before``, or where they were left earlier;
    without those that have their place in ``but_in``.
    """
    there = sa.select(Anchor.id).where(Anchor.contribution_id == Contribution.id, Anchor.revision_id == but_in.id).correlate(Contribution)
    wanted = standings_in(before).where(Contribution.chapter_id == before.chapter_id, Contribution.id > since, ~there.exists())
    return [standing_of(before, row) for row in session.execute(wanted.order_by(Contribution.id).limit(limit))]


def get_standing(before: Revision, contribution: Contribution) -> Standing:
    """The same of one."""
    return standing_of(before, session.execute(standings_in(before).where(Contribution.id == contribution.id)).one())


def standings_in(before: Revision) -> sa.Select:
    written = aliased(Revision)
    return (
        sa.select(
            Contribution.id, Contribution.block_id.label("own_id"), written.id.label("written_id"), Contribution.current_key.label("place"),
            Contribution.exact, Contribution.prefix, Contribution.suffix, Anchor.block_id.label("at_id"),
            Anchor.old_block_id.label("last_id"), Anchor.confidence, Anchor.state, Anchor.exact.label("exact_then"),
        )
        .join(Block, Block.id == Contribution.block_id).join(written, written.id == Block.revision_id)
        .outerjoin(Anchor, sa.and_(Anchor.contribution_id == Contribution.id, Anchor.revision_id == before.id))
        .where(written.chapter_id == before.chapter_id, written.language == before.language, written.number <= before.number)
    )


def standing_of(before: Revision, row: sa.Row) -> Standing:
    quote = quotes.Quote(row.exact, row.prefix, row.suffix)
    if row.written_id == before.id:
        return Standing(row.id, row.own_id, row.place, quote, row.exact, is_placed=True, is_open=False, confidence=1.0)
    is_open = row.state is not None and row.state.awaits_decision
    is_placed = row.at_id is not None and row.state is not None and not row.state.is_left
    at = row.at_id if is_placed else row.last_id or row.own_id
    sure = row.confidence if is_open and row.confidence is not None else 1.0
    return Standing(row.id, at, row.place, quote, row.exact_then or "", is_placed, is_open, sure)
