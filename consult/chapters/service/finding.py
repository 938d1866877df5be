"""What is found of the text: each passage of the chapters as they now read, in each language."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.chapters.service.newest import newest_revision, newest_revisions
from consult.core import events as core_events
from consult.core.db import session
from consult.core.finding import Findable, Hit, Passage, columns
from consult.core.i18n import DEFAULT_LANGUAGE, N_, _

HEADINGS = (BlockKind.HEADING, BlockKind.AXIS, BlockKind.PROJECT)
WORTH_OF_HEADING = 2


@core_events.findables.fill
def text() -> Findable:
    return Findable("text", N_("The text"), _everybody_reads, _texts, _hits)


def _everybody_reads() -> sa.Select[Any]:
    return (
        sa.select(*columns(id=Block.id, chapter_id=Revision.chapter_id, number=Chapter.number, place=Block.position,
                           at=Revision.published_at, key=Block.key, language=Revision.language))
        .join(Revision, Revision.id == Block.revision_id).join(Chapter, Chapter.id == Revision.chapter_id)
        .where(Revision.id.in_(newest_revisions())))


def _texts(ids: Sequence[int]) -> Iterable[tuple[int, list[Passage]]]:
    rows = sa.select(Block.id, Block.kind, Block.label, Block.text).where(Block.id.in_(ids))
    for block_id, kind, label, words in session.execute(rows):
        yield block_id, [Passage(words if label in words else f"{label} {words}", WORTH_OF_HEADING if kind in HEADINGS else 1)]


def _hits(ids: Sequence[int], _language: str) -> list[Hit]:
    rows = session.execute(
        sa.select(Block.id, Block.key, Block.label, Block.kind, Block.text, Revision.language, Revision.published_at, Chapter.number)
        .join(Revision, Revision.id == Block.revision_id).join(Chapter, Chapter.id == Revision.chapter_id).where(Block.id.in_(ids)))
    return [
        Hit(block_id, _title(number, kind, label), "chapters.read", {"number": number, "language": language, "_anchor": key}, language,
            words, at, ref=key)
        for block_id, key, label, kind, words, language, at, number in rows]


def _title(number: int, kind: BlockKind, label: str) -> str:
    return f"{_('Chapter %(number)s', number=number)} · {kind.label} {label}".strip()


def position_of(chapter_id: Any, key: Any) -> sa.ScalarSelect[int]:
    """Inside of a query: where the chapter as it now reads has the passage of this key."""
    place = sa.select(Block.position).where(Block.revision_id == newest_revision(chapter_id, DEFAULT_LANGUAGE), Block.key == key)
    return place.correlate_except(Block).scalar_subquery()


def list_axis_keys(chapter: Chapter, axis: str) -> list[str]:
    """The passages of one of its axes, which is known by its key; none where there is no such axis."""
    rows = session.execute(
        sa.select(Block.key, Block.kind).where(Block.revision_id == newest_revision(chapter.id)).order_by(Block.position)).all()
    begin = next((at for at, (key, kind) in enumerate(rows) if key == axis and kind is BlockKind.AXIS), None)
    if begin is None:
        return []
    end = next((at for at in range(begin + 1, len(rows)) if rows[at].kind is BlockKind.AXIS), len(rows))
    return [key for key, _kind in rows[begin:end]]


def list_axes(chapter: Chapter, language: str) -> list[tuple[str, str]]:
    """(key, title) of its axes, in the reader's language where it has them; one query."""
    rows = session.execute(
        sa.select(Block.key, Block.text, Revision.language).join(Revision, Revision.id == Block.revision_id)
        .where(Revision.id.in_(newest_revisions(Revision.chapter_id == chapter.id)), Block.kind == BlockKind.AXIS).order_by(Block.position))
    found: dict[str, str] = {}
    for key, words, own in rows:
        if own == language or key not in found:
            found[key] = words
    return list(found.items())
