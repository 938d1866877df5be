"""Reading chapters: their revisions, blocks and tallies."""

from collections import Counter

import sqlalchemy as sa

from consult.chapters import events
from consult.chapters.models import Alignment, Block, BlockFate, BlockKind, Chapter, Revision
from consult.chapters.service.newest import get_newest_revision, newest_revisions
from consult.consultations.models import Consultation
from consult.core.db import read_once, session
from consult.core.errors import NotFound
from consult.core.i18n import _


@read_once
def list_chapters(consultation: Consultation) -> list[Chapter]:
    return list(session.scalars(sa.select(Chapter).where(Chapter.consultation_id == consultation.id).order_by(Chapter.number)))


def get_chapter(consultation: Consultation, number: int) -> Chapter:
    """Raises :class:`NotFound` when the consultation has none of this number."""
    chapter = session.scalar(sa.select(Chapter).where(Chapter.consultation_id == consultation.id, Chapter.number == number))
    if chapter is None:
        raise NotFound(_("There is no chapter %(number)s.", number=number))
    return chapter


def get_revisions(chapter: Chapter, language: str) -> tuple[Revision, Revision]:
    """(French, as read in ``language``): the newest of each, one standing for the other where it is missing.

    Raises :class:`NotFound` when neither is published.
    """
    newest = newest_revisions(Revision.chapter_id == chapter.id, Revision.language.in_({"fr", language}))
    found = {revision.language: revision for revision in session.scalars(sa.select(Revision).where(Revision.id.in_(newest)))}
    if not found:
        raise NotFound(_("This chapter is not published yet."))
    french = found.get("fr") or found[language]
    return french, found.get(language, french)


def get_numbered_revision(chapter: Chapter, language: str, number: int) -> Revision:
    """The revision of that number; :class:`NotFound` when there is none."""
    wanted = sa.select(Revision).where(Revision.chapter_id == chapter.id, Revision.language == language, Revision.number == number)
    revision = session.scalar(wanted)
    if revision is None:
        raise NotFound(_("There is no version %(version)s of this chapter in this language.", version=number),
                       _("Choose one in the list of versions."))
    return revision


def list_revisions(chapter: Chapter) -> list[Revision]:
    """All of a chapter, newest first, French before the other languages."""
    order = (sa.case((Revision.language == "fr", 0), else_=1), Revision.language, Revision.number.desc())
    return list(session.scalars(sa.select(Revision).where(Revision.chapter_id == chapter.id).order_by(*order)))


def get_previous_revision(revision: Revision) -> Revision | None:
    """The one before it in its language; None for the first."""
    return session.scalar(sa.select(Revision).where(
        Revision.chapter_id == revision.chapter_id, Revision.language == revision.language, Revision.number == revision.number - 1))


def list_later_revisions(revision: Revision) -> list[Revision]:
    """Those that came after it in its language, oldest first."""
    later = (Revision.chapter_id == revision.chapter_id, Revision.language == revision.language, Revision.number > revision.number)
    return list(session.scalars(sa.select(Revision).where(*later).order_by(Revision.number)))


def list_new_blocks(revision: Revision) -> list[Block]:
    """The blocks of a revision that continue none of the one before."""
    return list(session.scalars(
        sa.select(Block).join(Alignment, Alignment.new_block_id == Block.id)
        .where(Alignment.revision_id == revision.id, Alignment.change.in_(BlockFate.where(is_new=True))).order_by(Block.position)))


def list_blocks_of(*revisions: Revision) -> list[list[Block]]:
    """The blocks of each revision, in order, in one query."""
    rows: dict[int, list[Block]] = {revision.id: [] for revision in revisions}
    for block in session.scalars(sa.select(Block).where(Block.revision_id.in_(rows)).order_by(Block.position)):
        rows[block.revision_id].append(block)
    return [rows[revision.id] for revision in revisions]


def list_blocks(revision: Revision) -> list[Block]:
    return list(session.scalars(sa.select(Block).where(Block.revision_id == revision.id).order_by(Block.position)))


def get_block(chapter: Chapter, key: str, language: str) -> Block:
    """The block of that key in the reader's language, else in French; of a passage that was dropped, as it last stood.

    Raises :class:`NotFound` for a key that the chapter never had.
    """
    for candidate in dict.fromkeys((language, "fr")):
        revision = get_newest_revision(chapter, candidate)
        if revision is None:
            continue
        block = session.scalar(sa.select(Block).where(Block.revision_id == revision.id, Block.key == key))
        if block is not None:
            return block
    last = session.scalars(
        sa.select(Block).join(Block.revision).where(Revision.chapter_id == chapter.id, Block.key == key)
        .order_by(Revision.language != "fr", Revision.number.desc()).limit(1)
    ).first()
    if last is not None:
        return last
    raise NotFound(_("There is no passage %(key)s in this chapter.", key=key), _("Open the chapter and choose the passage there."))


def tallies(chapter: Chapter) -> dict[str, int]:
    """Published contributions by the key of the block that the present text shows them on."""
    return events.published([chapter.id]).get(chapter.id, {})


def mark_changed(chapter: Chapter) -> None:
    """Let pages kept ready know that they are old; the chapter is held from here on."""
    session.execute(sa.update(Chapter).where(Chapter.id == chapter.id).values(activity=Chapter.activity + 1))


def overview(chapters: list[Chapter]) -> list[tuple[Chapter, dict[str, int], list[str], dict[str, int]]]:
    """For each chapter: its axes, projects and actions counted, its block keys in order, and its published contributions by key."""
    ids = [chapter.id for chapter in chapters]
    newest = newest_revisions(Revision.chapter_id.in_(ids), Revision.language == "fr")
    blocks: dict[int, list[tuple[str, BlockKind]]] = {}
    for chapter_id, key, kind in session.execute(
        sa.select(Revision.chapter_id, Block.key, Block.kind).join(Block.revision).where(Revision.id.in_(newest)).order_by(Block.position)
    ):
        blocks.setdefault(chapter_id, []).append((key, kind))
    published = events.published(ids)

    def row(chapter: Chapter):
        here = blocks.get(chapter.id, [])
        return chapter, Counter(kind.value for _key, kind in here), [key for key, _kind in here], published.get(chapter.id, {})
    return [row(chapter) for chapter in chapters]
