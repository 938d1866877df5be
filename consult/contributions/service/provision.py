"""What was said about a passage in all its versions, and about one version of a chapter."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from consult.chapters import service as chapters
from consult.chapters.events import MARGIN_LINES
from consult.chapters.models import Block, Chapter, Revision
from consult.contributions.models import Anchor, AnchorState, Contribution, Position, SuggestedAmendment
from consult.contributions.service.reading import Trace, is_known, line_in, lines_of, page_seen
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


def count_earlier(revision: Revision) -> dict[str, int]:
    """By the key of each block of a revision: how many published contributions were written on it or stood there."""
    at = standing(revision).subquery()
    counted = sa.select(at.c.key, sa.func.count()).join(Contribution, Contribution.id == at.c.id).where(Contribution.is_public)
    return dict(session.execute(counted.group_by(at.c.key)).all())


def list_earlier_lines(revision: Revision, language: str, blocks: Collection[int]) -> dict[str, list[EarlierLine]]:
    """Beside these blocks (ids) of a revision: what was written on them or stood there; first what the present text no longer shows."""
    at = standing(revision, Block.id.in_(blocks)).subquery()
    is_left = Contribution.current_key.is_(None)
    order = (sa.case((is_left, 0), else_=1), Contribution.id.desc())
    ranked = (
        sa.select(Contribution.id, at.c.key, sa.func.row_number().over(partition_by=at.c.key, order_by=order).label("place"))
        .join(at, at.c.id == Contribution.id).where(Contribution.is_public).subquery()
    )
    rows = session.execute(
        lines_of(ranked, ranked.c.key, is_left).where(ranked.c.place <= MARGIN_LINES).order_by(ranked.c.key, ranked.c.place)
    )
    found: dict[str, list[EarlierLine]] = {}
    for key, left, *line in rows:
        found.setdefault(key, []).append(EarlierLine(**line_in(language, *line), is_left=bool(left)))
    return found


def standing(revision: Revision, *of: sa.ColumnElement[bool]) -> sa.CompoundSelect:
    """(contribution id, block key) of what was written on a revision or found its place there, on those blocks that meet the conditions."""
    decided = Anchor.state.in_(AnchorState.where(is_placed=True))
    sure = sa.and_(Anchor.state.in_(AnchorState.where(awaits_decision=True)), Anchor.confidence >= chapters.SURE)
    written = sa.select(Contribution.id.label("id"), Block.key.label("key")).join(Block, Block.id == Contribution.block_id).where(
        Block.revision_id == revision.id, *of)
    found = sa.select(Anchor.contribution_id, Block.key).join(Block, Block.id == Anchor.block_id).where(
        Block.revision_id == revision.id, sa.or_(decided, sure), *of)
    return sa.union_all(written, found)
