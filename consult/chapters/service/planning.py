"""What publishing would do to a text, worked out before anything is held.

To read a source and to lay it against the present text takes up to a second, and whoever publishes holds the chapter, on SQLite everybody
who writes. So an act that needs a plan has it made of what is read first, with a stamp of all that it was made from, and looks again once
it holds what it changes: where the stamp is another one, the plan is made anew there. Revisions never change, so the newest of a chapter
stands for all of them.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any

import sqlalchemy as sa

from consult.chapters.apart import plan, read_file, read_source
from consult.chapters.models import Alignment, Block, BlockFate, Chapter, Revision, WorkingDraft
from consult.chapters.parsing import ParsedChapter, refuse_blocking
from consult.chapters.revising import Plan
from consult.chapters.service.chapters import list_blocks
from consult.chapters.service.newest import get_newest_revision, newest_revisions
from consult.chapters.source import MAX_META, with_note
from consult.consultations.models import Consultation
from consult.core.db import session
from consult.core.permissions import Action, Actor, require
from consult.text.normalising import validated_text

Stamp = tuple[int | None, ...]


@dataclass(frozen=True)
class Planned:
    made: Plan
    stamp: Stamp


def beforehand(make: Callable[[Actor, Any, dict[str, Any]], Planned]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Hand to the command, as ``planned``, what ``make(actor, target, values)`` plans before anything is held, where its caller did not."""
    def wrap(act: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(act)
        def run(actor: Actor, target: Any, /, *, planned: Planned | None = None, **values: Any) -> Any:
            return act(actor, target, planned=planned or make(actor, target, values), **values)
        return run
    return wrap


def read_beforehand(act: Callable[..., Any]) -> Callable[..., Any]:
    """Hand to the command, as ``read``, the text of ``data`` and what its front matter says: whoever reads holds nothing.

    :class:`Invalid` for what cannot even be read as text.
    """
    @wraps(act)
    def run(actor: Actor, consultation: Consultation, /, *, data: bytes, **values: Any) -> Any:
        require(actor, Action.CHAPTERS_KEEP_WORKING_DRAFT, consultation)
        return act(actor, consultation, read=read_source(data), **values)
    return run


# What is stamped


def stamp_of(consultation: Consultation, number: int) -> Stamp:
    """Changes with each revision of the chapter, in whatever language."""
    newest = sa.select(sa.func.max(Revision.id)).join(Chapter, Chapter.id == Revision.chapter_id)
    return (session.scalar(newest.where(Chapter.consultation_id == consultation.id, Chapter.number == number)),)


def stamp_of_draft(draft: WorkingDraft) -> Stamp:
    return (draft.row_counter, *stamp_of(draft.consultation, draft.number))


def plan_import(actor: Actor, consultation: Consultation, data: bytes) -> Planned:
    """Of a file; :class:`Invalid` (field ``file``) with line, reason and remedy where it cannot be published."""
    require(actor, Action.CHAPTERS_IMPORT_CHAPTER, consultation)
    return planned_import(consultation, data)


def planned_import(consultation: Consultation, data: bytes) -> Planned:
    """The same for whoever may; :class:`Invalid` as there."""
    parsed = read_file(data)
    refuse_blocking(parsed)
    return Planned(plan_of_source(consultation, parsed), stamp_of(consultation, parsed.number))


def plan_publication(actor: Actor, draft: WorkingDraft, note: str | None = None) -> Planned:
    """Of a draft as it would be published under this note; :class:`Invalid` as for a file, or (field ``note``) for too long a note."""
    require(actor, Action.CHAPTERS_PUBLISH, draft)
    return planned_publication(draft, note)


def planned_publication(draft: WorkingDraft, note: str | None) -> Planned:
    """The same for whoever may; :class:`Invalid` as there."""
    note = note if note is None else validated_text("note", note, max_length=MAX_META["revision_note"])
    stamp = stamp_of_draft(draft)
    parsed = read_file((draft.source if note is None else with_note(draft.source, note)).encode())
    refuse_blocking(parsed)
    return Planned(plan_of_source(draft.consultation, parsed, draft.corrections), stamp)


def plan_correction(actor: Actor, draft: WorkingDraft) -> Planned:
    """Of a draft as it stands; :class:`Invalid` when its source cannot be read."""
    require(actor, Action.CHAPTERS_CORRECT, draft)
    return planned_draft(draft)


def planned_draft(draft: WorkingDraft) -> Planned:
    """The same for whoever may; :class:`Invalid` as there."""
    stamp = stamp_of_draft(draft)
    return Planned(plan_of(draft), stamp)


# What it is made from


def plan_for(chapter: Chapter, parsed: ParsedChapter, corrections: Collection[dict[str, Any]] = ()) -> Plan:
    """What publishing this source would do to what is published now; changes nothing. :class:`Invalid` (field ``file``) when that takes
    too long to be found.
    """
    now = get_newest_revision(chapter, parsed.language)
    others = newest_revisions(Revision.chapter_id == chapter.id, Revision.language != parsed.language)
    used = session.execute(
        sa.select(Block.key, Revision.language).join(Block.revision).where(Revision.chapter_id == chapter.id).distinct()).all()
    return plan(
        parsed, list_blocks(now) if now else [],
        taken={key for key, _language in used}, spent={key for key, language in used if language == parsed.language},
        translations=session.scalars(
            sa.select(Block).where(Block.revision_id.in_(others)).order_by(Block.revision_id, Block.position)).all(),
        gone=session.scalars(
            sa.select(Block).join(Alignment, Alignment.old_block_id == Block.id).join(Revision, Revision.id == Alignment.revision_id)
            .where(Revision.chapter_id == chapter.id, Revision.language == parsed.language,
                   Alignment.change.in_(BlockFate.where(is_dropped=True)))
            .order_by(Block.id)).all(),
        corrections=corrections,
    )


def plan_of_source(consultation: Consultation, parsed: ParsedChapter, corrections: Collection[dict[str, Any]] = ()) -> Plan:
    """As :func:`plan_for`, of a chapter that may not be there yet; :class:`Invalid` as there."""
    chapter = find_chapter(consultation, parsed.number)
    return plan_for(chapter, parsed, corrections) if chapter else plan(parsed, [])


def plan_of(draft: WorkingDraft) -> Plan:
    """The same for a working draft, faults and all; :class:`Invalid` when its source cannot be read."""
    chapter, parsed = find_chapter(draft.consultation, draft.number), read_file(draft.source.encode())
    return plan_for(chapter, parsed, draft.corrections) if chapter else plan(parsed, [])


def get_plan(actor: Actor, draft: WorkingDraft) -> Plan:
    """The same, for those who may see what is prepared; :class:`Invalid` when its source cannot be read."""
    require(actor, Action.CHAPTERS_VIEW_WORKING_DRAFT, draft)
    return plan_of(draft)


def find_chapter(consultation: Consultation, number: int) -> Chapter | None:
    return session.scalar(sa.select(Chapter).where(Chapter.consultation_id == consultation.id, Chapter.number == number))
