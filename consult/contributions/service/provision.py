"""What was said about a passage in all its versions, and about one version of a chapter."""

from dataclasses import dataclass, field

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import Anchor, AnchorState, Contribution, Position, SuggestedAmendment
from consult.contributions.service.reading import MARGIN_LINES, Trace, is_known, line_in, lines_of, page_seen
from consult.core.db import session
from consult.core.paging import Cursor, Page


@dataclass(frozen=True)
class EarlierLine:
    """A contribution folded to a line beside an earlier version; ``is_left`` where the present text shows it no more."""

    ref: str
    position: Position
    language: str
    signature: str
    excerpt: str
    is_left: bool


@dataclass
class Lines:
    """What stands beside one block: at most :data:`MARGIN_LINES` lines of ``count``."""

    count: int
    lines: list[EarlierLine] = field(default_factory=list)


def about(chapter: Chapter, key: str) -> tuple:
    """Written on the passage, or standing there now; what the public may know of."""
    at = sa.or_(Contribution.block_key == key, Contribution.current_key == key)
    return Contribution.chapter_id == chapter.id, at, is_known()


def list_about_provision(
    chapter: Chapter, key: str, *, after: Cursor | None = None, only_amendments: bool = False
) -> Page[Contribution | Trace]:
    """Published contributions on a passage, whatever the version, and traces of those taken down, newest first."""
    chosen = sa.select(Contribution).where(*about(chapter, key))
    if only_amendments:
        chosen = chosen.join(SuggestedAmendment).where(Contribution.is_public)
    return page_seen(chosen, after)


def list_earlier_lines(revision: Revision, language: str) -> dict[str, Lines]:
    """Beside each block of a revision: what was written on it or stood there; first what the present text no longer shows."""
    at = standing(revision).subquery()
    is_left = Contribution.current_key.is_(None)
    order = (sa.case((is_left, 0), else_=1), Contribution.id.desc())
    ranked = (
        sa.select(Contribution.id, at.c.key, sa.func.row_number().over(partition_by=at.c.key, order_by=order).label("place"),
                  sa.func.count().over(partition_by=at.c.key).label("total"))
        .join(at, at.c.id == Contribution.id).where(Contribution.is_public).subquery()
    )
    rows = session.execute(
        lines_of(ranked, ranked.c.key, ranked.c.total, is_left).where(ranked.c.place <= MARGIN_LINES).order_by(ranked.c.key, ranked.c.place)
    )
    found: dict[str, Lines] = {}
    for key, total, left, *line in rows:
        found.setdefault(key, Lines(total)).lines.append(EarlierLine(**line_in(language, *line), is_left=bool(left)))
    return found


def standing(revision: Revision) -> sa.CompoundSelect:
    """(contribution id, block key) of what was written on a revision or found its place there."""
    decided = Anchor.state.in_(AnchorState.where(is_placed=True))
    sure = sa.and_(Anchor.state.in_(AnchorState.where(awaits_decision=True)), Anchor.confidence >= chapters.SURE)
    written = sa.select(Contribution.id.label("id"), Block.key.label("key")).join(Block, Block.id == Contribution.block_id).where(
        Block.revision_id == revision.id)
    found = sa.select(Anchor.contribution_id, Block.key).join(Block, Block.id == Anchor.block_id).where(
        Anchor.revision_id == revision.id, sa.or_(decided, sure))
    return sa.union(written, found)
