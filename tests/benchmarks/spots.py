"""Where contributions are made: each passage of each revision, some loved more than others, and what later versions did to it."""

import random
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from consult.chapters import service as chapters
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.contributions.models import AnchorState
from consult.contributions.service import anchoring
from consult.text import quotes

SHARES = {"fr": 0.7, "ar": 0.3}
QUOTED = 0.2  # of what is said speaks of some words of the passage
WORDS = 6  # that are quoted


@dataclass(frozen=True)
class Place:
    """Where a later revision has it: the columns of its anchor, and the key that shows it, when nobody decided and when somebody did."""

    columns: dict[str, Any]
    is_same_text: bool
    proposed_key: str | None
    decided_key: str | None

    @property
    def decided(self) -> AnchorState:
        """What a rapporteur says to it."""
        return AnchorState.CONFIRMED if self.columns["block_id"] else AnchorState.LEFT


@dataclass(frozen=True)
class Spot:
    """A passage, with the quoted words or without, as one revision has it."""

    block_id: int
    key: str
    lead: str
    language: str
    rank: int  # of its key, by how much is said of it
    quote: quotes.Quote
    places: tuple[Place, ...]  # one for each later revision


class Text:
    """A chapter's passages, to be drawn from."""

    def __init__(self, chapter: Chapter) -> None:
        dice = random.Random(chapter.number)
        revisions = [one for one in chapters.list_revisions(chapter) if one.language in SHARES]
        blocks = dict(zip((one.id for one in revisions), chapters.list_blocks_of(*revisions), strict=True))
        keys = sorted({block.key for some in blocks.values() for block in some if block.kind == BlockKind.ACTION})
        dice.shuffle(keys)
        keys += sorted({block.key for some in blocks.values() for block in some if block.lead.strip()} - set(keys))
        ranks = {key: rank for rank, key in enumerate(keys)}
        self.finders = {one.id: anchoring.finder_for(one) for one in revisions if one.number > 1}
        self.spots, weights = [], []
        for revision in revisions:
            later = chapters.list_later_revisions(revision)
            share = SHARES[revision.language] / sum(one.language == revision.language for one in revisions)
            for block in blocks[revision.id]:
                if block.key not in ranks:
                    continue
                for quote, part in ((quotes.Quote(""), 1 - QUOTED), (some_words(block), QUOTED)):
                    self.spots.append(Spot(block.id, block.key, block.lead.strip(), revision.language, ranks[block.key], quote,
                                           self.places(block, quote, later)))
                    weights.append(share * part / (ranks[block.key] + 3))
        self.weights = list(accumulate(weights))

    def draw(self, dice: random.Random, *, earlier: bool = False) -> Spot:
        """As often as it is loved; ``earlier``: one of a revision that a later one has replaced, where there is any."""
        spot = dice.choices(self.spots, cum_weights=self.weights)[0]
        while earlier and self.finders and not spot.places:
            spot = dice.choices(self.spots, cum_weights=self.weights)[0]
        return spot

    def places(self, block: Block, quote: quotes.Quote, later: list[Revision]) -> tuple[Place, ...]:
        """As the publication of each later revision finds them, when somebody decided on every one before."""
        standing = anchoring.Standing(0, block.id, block.key, quote, quote.exact, is_placed=True, is_open=False, confidence=1.0)
        places = []
        for revision in later:
            finder = self.finders[revision.id]
            row = finder.row(standing)
            decided = AnchorState.CONFIRMED if row["block_id"] else AnchorState.LEFT
            places.append(Place(
                {**{name: row[name] for name in row if name != "contribution_id"}, "revision_id": revision.id},
                row["anchor_class"].is_same_text, finder.key_of(standing, row), finder.key_of(standing, {**row, "state": decided}),
            ))
            standing = anchoring.Standing(
                0, row["block_id"] or standing.block_id, places[-1].decided_key, quote, row["exact"], is_placed=row["block_id"] is not None,
                is_open=False, confidence=1.0)
        return tuple(places)


def some_words(block: Block) -> quotes.Quote:
    """The first words of what may be rewritten, as they stand in the passage; none where they are not found there."""
    start = block.text.find(" ".join(block.lead.split()[:WORDS]))
    end = start + len(" ".join(block.lead.split()[:WORDS]))
    return quotes.at(block.text, start, end) if start >= 0 and end > start else quotes.Quote("")
