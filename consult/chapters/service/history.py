"""A chapter's past: its revisions counted, and every version of one passage."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.chapters.aligning import Link
from consult.chapters.comparison import Comparison, compare
from consult.chapters.models import Alignment, Block, BlockFate, BlockKind, Chapter, Revision
from consult.chapters.service.chapters import list_blocks_of
from consult.chapters.service.newest import newest_revisions
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _

MAX_KEPT = 16
made: dict[tuple, Comparison] = {}  # of immutable revisions: the oldest give way


@dataclass(frozen=True)
class Version:
    """A passage as one revision has it."""

    block_id: int
    key: str
    label: str
    kind: BlockKind
    level: int
    text: str
    html: str
    revision_id: int
    language: str
    number: int
    published_at: datetime
    newest_number: int
    newest_at: datetime

    @property
    def is_newest(self) -> bool:
        return self.number == self.newest_number


@dataclass(frozen=True)
class Step:
    """One row of the alignment between two revisions, as a passage's history tells it."""

    revision_id: int
    change: BlockFate
    has_moved: bool
    confidence: float
    is_by_hand: bool
    old_id: int | None
    old_key: str
    old_label: str
    old_text: str
    new_id: int | None
    new_key: str
    new_label: str


def get_revision_pair(chapter: Chapter, language: str, old: int, new: int) -> tuple[Revision, Revision]:
    """Two revisions of one text by their numbers; :class:`NotFound` when one of them does not exist."""
    wanted = sa.select(Revision).where(Revision.chapter_id == chapter.id, Revision.language == language, Revision.number.in_({old, new}))
    found = {revision.number: revision for revision in session.scalars(wanted)}
    for number in (old, new):
        if number not in found:
            raise NotFound(_("There is no version %(version)s of this chapter in this language.", version=number),
                           _("Choose one in the list of versions."))
    return found[old], found[new]


def get_comparison(old: Revision, new: Revision) -> Comparison:
    """Two revisions of one text laid against each other; made once, since neither ever changes."""
    stamp = (old.id, new.id, old.published_at, new.published_at)
    found = made.get(stamp)
    if found is None:
        blocks = list_blocks_of(old, new)
        found = compare(blocks[0], blocks[1], list_links(old, new, blocks))
        while len(made) >= MAX_KEPT:
            made.pop(next(iter(made)), None)
        made[stamp] = found
    return found


def list_links(old: Revision, new: Revision, blocks: list[list[Block]]) -> list[Link] | None:
    """What was decided about each block when ``new`` was published, by places in ``blocks``; None unless ``old`` came just before."""
    if new.number != old.number + 1:
        return None
    places = [{block.id: place for place, block in enumerate(side)} for side in blocks]
    rows = session.scalars(sa.select(Alignment).where(Alignment.revision_id == new.id))

    def place(side: int, block_id: int | None) -> int | None:
        return None if block_id is None else places[side].get(block_id)
    links = [Link(place(0, row.old_block_id), place(1, row.new_block_id), row.change, row.confidence, row.has_moved) for row in rows]
    last = len(blocks[1])
    return sorted(links, key=lambda link: (last if link.new is None else link.new, -1 if link.old is None else link.old)) or None


def count_changes(chapter: Chapter) -> dict[int, Counter[BlockFate]]:
    """By the id of each revision: how many blocks of each change it made."""
    rows = session.execute(
        sa.select(Alignment.revision_id, Alignment.change, sa.func.count()).join(Revision, Revision.id == Alignment.revision_id)
        .where(Revision.chapter_id == chapter.id).group_by(Alignment.revision_id, Alignment.change)
    )
    counts: dict[int, Counter[BlockFate]] = {}
    for revision_id, change, count in rows:
        counts.setdefault(revision_id, Counter())[change] = count
    return counts


def list_versions(chapter: Chapter, key: str) -> list[Version]:
    """A passage in every revision and language that has it, newest first; :class:`NotFound` when none ever did."""
    newest = aliased(Revision)
    rows = session.execute(
        sa.select(
            Block.id.label("block_id"), Block.key, Block.label, Block.kind, Block.level, Block.text, Block.html,
            Revision.id.label("revision_id"), Revision.language, Revision.number, Revision.published_at,
            newest.number.label("newest_number"), newest.published_at.label("newest_at"),
        )
        .join(Revision, Revision.id == Block.revision_id).join(newest, newest.language == Revision.language)
        .where(Revision.chapter_id == chapter.id, Block.key == key, newest.id.in_(newest_revisions(Revision.chapter_id == chapter.id)))
        .order_by(sa.case((Revision.language == "fr", 0), else_=1), Revision.language, Revision.number.desc())
    )
    versions = [Version(**row) for row in rows.mappings()]
    if not versions:
        raise NotFound(_("There is no passage %(key)s in this chapter.", key=key), _("Open the chapter and choose the passage there."))
    return versions


def list_steps(versions: list[Version]) -> list[Step]:
    """What led to each version and what came of it, in one query."""
    ids = [version.block_id for version in versions]
    old, new = aliased(Block), aliased(Block)
    rows = session.execute(
        sa.select(
            Alignment.revision_id, Alignment.change, Alignment.has_moved, Alignment.confidence, Alignment.is_by_hand,
            old.id.label("old_id"), new.id.label("new_id"), *(
                sa.func.coalesce(column, "").label(name) for name, column in (
                    ("old_key", old.key), ("old_label", old.label), ("old_text", old.text), ("new_key", new.key), ("new_label", new.label))
            ),
        )
        .outerjoin(old, old.id == Alignment.old_block_id).outerjoin(new, new.id == Alignment.new_block_id)
        .where(sa.or_(Alignment.old_block_id.in_(ids), Alignment.new_block_id.in_(ids))).order_by(Alignment.id)
    )
    return [Step(**row) for row in rows.mappings()]
