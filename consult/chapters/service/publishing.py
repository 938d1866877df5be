"""Publishing: a source becomes the next immutable revision, wholly or not at all, each block under its lasting key."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.chapters.models import Alignment, Block, BlockFate, Chapter, OutdatedTranslation, Revision, WorkingDraft
from consult.chapters.parsing import ParsedChapter
from consult.chapters.revising import Plan, fingerprint
from consult.chapters.service.newest import get_newest_revision, list_newest_revisions
from consult.chapters.service.planning import (
    Planned,
    beforehand,
    find_chapter,
    plan_correction,
    plan_import,
    plan_publication,
    planned_draft,
    planned_import,
    planned_publication,
    read_beforehand,
    stamp_of,
    stamp_of_draft,
)
from consult.chapters.source import with_front_matter, with_note
from consult.consultations.models import Commission, Consultation
from consult.core import markup, records
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGE_NAMES, _, force_locale, gettext, utcnow
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, can, require


@beforehand(lambda actor, consultation, values: plan_import(actor, consultation, values["data"]))
@command
def import_chapter(
    actor: User, consultation: Consultation, *, data: bytes, may_shrink: bool = False, planned: Planned,
) -> Revision:
    """Turn one Markdown file into the chapter's next revision in its language, at once.

    A file that says nothing new in ``revision_note`` is noted with what became of the passages, counted.

    Raises :class:`Invalid` (field ``file``) with line, reason and remedy, or (field ``may_shrink``) when less than half of the words
    would stay; :class:`Conflict` when it is what is published already.
    """
    number = planned.made.parsed.number
    chapter = hold_chapter(consultation, number)
    made = (planned if planned.stamp == stamp_of(consultation, number) else planned_import(consultation, data)).made
    chapter = chapter or add_chapter(consultation, made.parsed)
    note = note_of(get_newest_revision(chapter, made.parsed.language), made)
    return write_revision(actor, chapter, made, may_shrink=may_shrink, note=note)


def note_of(before: Revision | None, made: Plan) -> str:
    """What the file says of itself; where that is nothing, or what its forerunner said, what it changes."""
    if before is None or made.parsed.note not in ("", before.note):
        return made.parsed.note
    with force_locale(made.parsed.language):
        changes = [fate.told(made.counts[fate]) for fate in sorted(BlockFate, key=lambda fate: fate.rank)
                   if made.counts[fate] and not fate.is_kept]
        return " · ".join(changes) or gettext("The title of the chapter changed.")


@read_beforehand
@command
def keep_working_draft(
    actor: User, consultation: Consultation, *, read: tuple[str, dict[str, Any]], expected_counter: int | None = None,
    may_replace: bool = False,
) -> WorkingDraft:
    """Keep a source as the next revision in preparation, whatever its faults; :class:`Invalid` when it cannot even be read as text.

    ``expected_counter`` is the ``row_counter`` of the draft that its editor saw: :class:`Conflict` when somebody has changed it since,
    unless ``may_replace`` says that whatever is there may go.
    """
    source, meta = read
    commission = commission_of(consultation, meta["chapter"])
    lock(commission)  # two may begin the same draft at once
    draft = find_working_draft(consultation, meta["chapter"], meta["language"])
    if draft is None:
        draft = WorkingDraft(consultation=consultation, commission=commission, commission_id=commission.id,
                             number=meta["chapter"], language=meta["language"],
                             corrections=[], base=base_of(consultation, meta["chapter"], meta["language"]))
        require(actor, Action.CHAPTERS_KEEP_WORKING_DRAFT, draft)
        if expected_counter is not None:
            raise gone()
    else:
        require(actor, Action.CHAPTERS_KEEP_WORKING_DRAFT, draft)
        hold(draft, draft.row_counter if may_replace else expected_counter)
    draft.source, draft.edited_by_id, draft.edited_at = source, actor.id, utcnow()
    session.add(draft)
    return draft


@beforehand(lambda actor, draft, _values: plan_correction(actor, draft))
@command
def correct(
    actor: User, draft: WorkingDraft, *, new_key: str | None, old_key: str | None, expected_counter: int, planned: Planned,
) -> WorkingDraft:
    """Say by hand which published block (``old_key``, empty for none) a block of the draft (``new_key``, empty where the published
    one is gone) continues; None for the one takes back what was decided of the other.

    :class:`Invalid` (field ``new_key`` or ``old_key``) for a passage that is not there, or (field ``file``) when the draft cannot be
    read; :class:`Conflict` when somebody has changed the draft since it was seen.
    """
    hold(draft, expected_counter)
    made = (planned if planned.stamp == stamp_of_draft(draft) else planned_draft(draft)).made
    news, olds = ({block.key: block for block in blocks} for blocks in (made.parsed.blocks, made.old))
    if new_key not in news if new_key else not old_key:
        raise Invalid("new_key", _("There is no passage %(key)s in this draft.", key=new_key), _("Reload the preview and choose again."))
    if old_key and old_key not in olds:
        raise Invalid("old_key", _("There is no passage %(key)s in the published version.", key=old_key), _("Choose one of the list."))
    others = [c for c in made.corrections if not (new_key and c["new"] == new_key or old_key and c["old"] == old_key)]
    text = (news[new_key] if new_key else olds[old_key or ""]).text
    said = [] if None in (new_key, old_key) else [{"new": new_key, "sha256": fingerprint(text), "old": old_key}]
    draft.corrections, draft.edited_by_id, draft.edited_at = [*others, *said], actor.id, utcnow()
    return draft


@command
def rebase(actor: User, draft: WorkingDraft, *, expected_counter: int) -> WorkingDraft:
    """Take what is published now as the version that this draft will follow; :class:`Conflict` when it is not as it was last seen."""
    hold(draft, expected_counter)
    draft.base = base_of(draft.consultation, draft.number, draft.language)
    draft.edited_by_id, draft.edited_at = actor.id, utcnow()
    return draft


@command
def discard(_actor: User, draft: WorkingDraft, *, expected_counter: int) -> None:
    """Drop what was being prepared; :class:`Conflict` when it is not as it was last seen. Nothing that was published is touched."""
    hold(draft, expected_counter)
    session.delete(draft)


@beforehand(lambda actor, draft, values: plan_publication(actor, draft, values.get("note")))
@command
def publish(
    actor: User, draft: WorkingDraft, *, expected_counter: int, note: str | None = None, may_shrink: bool = False, planned: Planned,
) -> Revision:
    """Make the draft the chapter's next revision; :class:`Conflict` when it, or what it follows, is not what its editor saw.

    What :func:`import_chapter` refuses of a file is refused of a draft: :class:`Invalid`, or :class:`Conflict` when nothing changes; and
    :class:`Invalid` (field ``note``) after the first version where nobody says what changed and why.
    """
    hold(draft, expected_counter)
    chapter = hold_chapter(draft.consultation, draft.number)
    made = (planned if planned.stamp == stamp_of_draft(draft) else planned_publication(draft, note)).made
    chapter = chapter or add_chapter(draft.consultation, made.parsed)
    now = get_newest_revision(chapter, draft.language)
    if (now.id if now else None) != draft.base_id:
        raise Conflict(_("Version %(version)s was published while this one was being prepared.", version=now.number if now else 0),
                       _("Nothing was published. Take the newest version as the base of the draft, read the changes and publish again."))
    if now and not made.parsed.note:
        raise Invalid("note", _("Say what changed and why: everybody reads it first of the new version."),
                      _("A sentence or two are enough."))
    revision = write_revision(actor, chapter, made, may_shrink=may_shrink, note=made.parsed.note)
    session.delete(draft)
    return revision


# What publishing writes


def write_revision(actor: Actor, chapter: Chapter, made: Plan, *, may_shrink: bool, note: str) -> Revision:
    """Revision, blocks, alignment, stale translations; rooms above listen to the commands that write one.

    :class:`Conflict` when it is what is published already; :class:`Invalid` (field ``may_shrink``) when too few words would stay.
    """
    parsed = made.parsed
    before = get_newest_revision(chapter, parsed.language)
    if before and (before.source_sha256 == parsed.sha256 or is_same_text(before, made)):
        raise Conflict(_("Chapter %(number)s (%(language)s) is published with exactly this text already.",
                         number=chapter.number, language=LANGUAGE_NAMES[parsed.language]))
    if made.shrinks and not may_shrink:
        share = round(made.kept_share * 100)
        raise Invalid("may_shrink", _("This version has only %(share)s%% of the words of the published one.", share=share),
                      _("If parts are missing, correct the file. If it is meant, confirm it and publish again."))
    setattr(chapter, f"title_{parsed.language}", parsed.title)
    revision = Revision(
        chapter=chapter, language=parsed.language, number=before.number + 1 if before else 1, title=parsed.title, note=note,
        source=parsed.source, source_sha256=parsed.sha256, published_by_id=actor.id,
    )
    revision.blocks = [
        Block(position=position, key=key, kind=b.kind, level=b.level, label=b.label, html=b.html, text=b.text, lead=b.lead,
              opens=b.opens, closes=b.closes)
        for position, (b, key) in enumerate(zip(parsed.blocks, made.keys, strict=True), 1)
    ]
    session.add(revision)
    session.flush()
    if before:
        write_alignment(revision, made)
        mark_outdated_translations(revision, made)
    chapter.activity = Chapter.activity + 1  # counted by the database: somebody may be lodging at this moment
    session.flush()
    return revision


def is_same_text(before: Revision, made: Plan) -> bool:
    """Whether only the note differs: such a version would say nothing new, and make every place wait to be confirmed again."""
    old = [(block.kind, block.level, markup.clean(block.html)) for block in made.old]
    return before.title == made.parsed.title and old == [(block.kind, block.level, block.html) for block in made.parsed.blocks]


def write_alignment(revision: Revision, made: Plan) -> None:
    session.execute(sa.insert(Alignment), [
        {
            "revision_id": revision.id, "old_block_id": made.old[link.old].id if link.old is not None else None,
            "new_block_id": revision.blocks[link.new].id if link.new is not None else None, "change": link.change,
            "has_moved": link.has_moved, "confidence": link.confidence, "is_by_hand": made.is_by_hand(link),
        }
        for link in made.links
    ])
    records.note(Alignment, Alignment.revision_id == revision.id)


def mark_outdated_translations(revision: Revision, made: Plan) -> None:
    """Blocks of the other languages whose twin now reads otherwise; one that is catching up makes no other one stale."""
    changed = {revision.blocks[link.new].key for link in made.links if link.new is not None and link.change.is_reworded}
    marked = {(translation.key, translation.language) for translation in open_marks(revision.chapter)}
    awaited = {key for key, language in marked if language == revision.language}
    for other in list_newest_revisions(revision.chapter):
        if other.language != revision.language:
            present = set(session.scalars(sa.select(Block.key).where(Block.revision_id == other.id)))
            session.add_all(
                OutdatedTranslation(chapter_id=revision.chapter_id, key=key, language=other.language, since=revision)
                for key in sorted((changed - awaited) & present) if (key, other.language) not in marked
            )


def open_marks(chapter: Chapter) -> list[OutdatedTranslation]:
    found = sa.select(OutdatedTranslation).where(OutdatedTranslation.chapter_id == chapter.id, OutdatedTranslation.confirmed_at.is_(None))
    return list(session.scalars(found.order_by(OutdatedTranslation.id)))


# Where it is published


def commission_of(consultation: Consultation, number: int) -> Commission:
    """The commission whose number is the chapter's; :class:`Invalid` (field ``file``) when there is none."""
    found = session.scalar(sa.select(Commission).where(Commission.consultation_id == consultation.id, Commission.number == number))
    if found is None:
        raise Invalid("file", _("Line 2: there is no commission for chapter %(number)s.", number=number),
                      _("Correct “chapter:”, or add the commission first."))
    return found


def hold_chapter(consultation: Consultation, number: int) -> Chapter | None:
    """Whoever lodges on it or publishes it at the same moment waits; None while there is none."""
    chapter = find_chapter(consultation, number)
    if chapter is not None:
        lock(chapter)
    return chapter


def add_chapter(consultation: Consultation, parsed: ParsedChapter) -> Chapter:
    """Raises :class:`Invalid` (field ``file``) for one whose number is that of no commission."""
    chapter = Chapter(consultation=consultation, commission=commission_of(consultation, parsed.number), number=parsed.number,
                      title_fr=parsed.title)
    session.add(chapter)
    session.flush()
    return chapter


# Working drafts


def base_of(consultation: Consultation, number: int, language: str) -> Revision | None:
    chapter = find_chapter(consultation, number)
    return get_newest_revision(chapter, language) if chapter else None


def hold(draft: WorkingDraft, expected_counter: int | None) -> None:
    """:class:`Conflict` when the draft is no longer what its editor saw; whoever saw none (None) did not see this one."""
    lock(draft, expected_counter=expected_counter or 0, overtaken=changed, gone=gone)


def changed() -> Conflict:
    return Conflict(_("Somebody has changed this draft since you opened it, or began one at the same time."),
                    _("Nothing of theirs was overwritten. Copy your text, open the draft again and put your changes in."))


def gone() -> Conflict:
    return Conflict(_("This draft was published or discarded meanwhile."),
                    _("Nothing was changed. Read the newest version of the chapter, then prepare another one if it is needed."))


def find_working_draft(consultation: Consultation, number: int, language: str) -> WorkingDraft | None:
    by = orm.joinedload(WorkingDraft.edited_by).lazyload(User.appointments)
    return session.scalar(sa.select(WorkingDraft).where(
        WorkingDraft.consultation_id == consultation.id, WorkingDraft.number == number, WorkingDraft.language == language).options(by))


def get_working_draft(actor: Actor, consultation: Consultation, number: int, language: str) -> WorkingDraft:
    """The draft in preparation, for those who may prepare it; :class:`NotFound` when there is none."""
    draft = find_working_draft(consultation, number, language)
    if draft is None:
        raise NotFound(_("No version of this chapter is being prepared in this language."), _("Begin one from its page of versions."))
    require(actor, Action.CHAPTERS_VIEW_WORKING_DRAFT, draft)
    return draft


def get_source_to_edit(actor: Actor, consultation: Consultation, number: int, language: str) -> tuple[str, WorkingDraft | None]:
    """(whole source, the draft if there is one) to begin from: the draft, else what is published, else an empty chapter.

    Raises :class:`Invalid` when the number is that of no commission.
    """
    draft = find_working_draft(consultation, number, language)
    commission = commission_of(consultation, number)
    require(actor, Action.CHAPTERS_KEEP_WORKING_DRAFT, draft or commission)
    if draft is not None:
        return draft.source, draft
    base = base_of(consultation, number, language)
    if base is not None:
        return with_note(base.source, ""), None
    title = commission.title(language)
    return with_front_matter({"title": title, "commission": title, "chapter": number, "language": language}, f"# {title}"), None


def list_working_drafts(actor: Actor, consultation: Consultation) -> list[WorkingDraft]:
    """What is prepared of the chapters that this person may prepare, without the sources."""
    found = sa.select(WorkingDraft).where(WorkingDraft.consultation_id == consultation.id).options(
        orm.defer(WorkingDraft.source), orm.joinedload(WorkingDraft.edited_by).lazyload(User.appointments))
    drafts = session.scalars(found.order_by(WorkingDraft.number, WorkingDraft.language))
    return [draft for draft in drafts if can(actor, Action.CHAPTERS_VIEW_WORKING_DRAFT, draft)]
