"""Keeping the languages of a chapter in step: what waits for a translator, and the translator's word that both say the same."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache

import sqlalchemy as sa
from sqlalchemy.orm import aliased, contains_eager, lazyload

from consult.accounts.models import User
from consult.chapters import translations
from consult.chapters.models import Block, BlockKind, Chapter, OutdatedTranslation, Revision
from consult.chapters.service.chapters import list_blocks_of, list_chapters, mark_changed
from consult.chapters.service.newest import list_newest_revisions, newest_revision, newest_revisions
from consult.consultations.models import Consultation
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, NotFound
from consult.core.i18n import DEFAULT_LANGUAGE, LANGUAGES, _, day, utcnow
from consult.core.permissions import Action, Actor, require

READ_AGAIN = _("Nothing was confirmed. Read the passage again as it is now, then decide.")


@dataclass(frozen=True)
class TranslationPage:
    """A chapter in French beside another language; ``shown_revisions`` are the revisions that it shows, to be named when one confirms."""

    french: Revision | None
    other: Revision
    rows: list[translations.TranslationPair]
    shown_revisions: list[int]

    @property
    def coverage(self) -> translations.Coverage:
        french = {row.key: row.french.kind for row in self.rows if row.french}
        other = {row.key: row.other.kind for row in self.rows if row.other}
        return translations.coverage(french, other, [row.key for row in self.rows if row.mark])

    @property
    def caught_up(self) -> list[translations.TranslationPair]:
        return [row for row in self.rows if row.is_caught_up]


@dataclass(frozen=True)
class ChapterCoverage:
    """How each other language (None: nothing is published in it) follows the French text of one chapter."""

    chapter: Chapter
    french: Revision | None
    others: dict[str, tuple[Revision, translations.Coverage] | None]


def get_translations(chapter: Chapter, text_language: str) -> TranslationPage:
    """Public, as the texts are; :class:`NotFound` when nothing is published in that language."""
    newest = {revision.language: revision for revision in list_newest_revisions(chapter)}
    if text_language == DEFAULT_LANGUAGE or text_language not in newest:
        raise NotFound(_("This chapter is not published in this language."), _("Read it in French, or choose another language."))
    french, other = newest.get(DEFAULT_LANGUAGE), newest[text_language]
    french_blocks, other_blocks = list_blocks_of(french, other) if french else ([], *list_blocks_of(other))
    marks = of_pair(list_outdated_translations(chapter), text_language)
    rows = translations.lay(french_blocks, other_blocks, marks, wordings(chapter, marks.values()))
    return TranslationPage(french, other, rows, [r.id for r in newest.values()])


def of_pair(marks: Iterable[OutdatedTranslation], text_language: str) -> dict[str, OutdatedTranslation]:
    """Those that a page of French beside this language shows, by key: its own, and those that it put on the French text."""
    return {
        mark.key: mark for mark in reversed(list(marks))
        if mark.language == text_language or (mark.language, mark.since.language) == (DEFAULT_LANGUAGE, text_language)
    }


def list_outdated_translations(chapter: Chapter) -> list[OutdatedTranslation]:
    """Passages whose twin changed alone and which nobody has confirmed since, oldest first; only where both still stand."""
    return list(session.scalars(_stale(), {"in_chapters": [chapter.id]}).unique())


@cache
def _stale() -> sa.Select:
    since = aliased(Revision)

    def stands(language) -> sa.ColumnElement[bool]:
        block = aliased(Block)
        return sa.exists().where(
            block.key == OutdatedTranslation.key, block.revision_id == newest_revision(OutdatedTranslation.chapter_id, language))
    return (
        sa.select(OutdatedTranslation).join(since, since.id == OutdatedTranslation.since_id)
        .where(OutdatedTranslation.chapter_id.in_(sa.bindparam("in_chapters", expanding=True)), OutdatedTranslation.confirmed_at.is_(None),
               stands(since.language), stands(OutdatedTranslation.language))
        .options(contains_eager(OutdatedTranslation.since.of_type(since)).lazyload("*")).order_by(OutdatedTranslation.id)
    )


def count_outdated_translations(actor: Actor, consultation: Consultation) -> dict[Chapter, int]:
    """Of each chapter, in all languages, for those who see to it."""
    require(actor, Action.CHAPTERS_VIEW_TRANSLATIONS, consultation)
    chapters = list_chapters(consultation)
    marks, ours = _stale().subquery(), {"in_chapters": [chapter.id for chapter in chapters]}
    by_chapter = sa.select(marks.c.chapter_id, sa.func.count()).group_by(marks.c.chapter_id)
    counts: dict[int, int] = dict(session.execute(by_chapter, ours).all())
    return {chapter: counts.get(chapter.id, 0) for chapter in chapters}


def wordings(chapter: Chapter, marks: Collection[OutdatedTranslation]) -> Iterable[translations.Wording]:
    """What the passages of these marks said, from just before the oldest of them on."""
    if not marks:
        return ()
    oldest = min(mark.since_id for mark in marks)
    earlier = aliased(Revision)
    before = sa.select(sa.func.max(earlier.id)).where(
        earlier.chapter_id == chapter.id, earlier.language == Revision.language, earlier.id < oldest).scalar_subquery()
    chosen = (
        sa.select(Revision.language, Block.key, Revision.id, Block.text).join(Block.revision)
        .where(Revision.chapter_id == chapter.id, Block.key.in_({mark.key for mark in marks}), Revision.id >= sa.func.coalesce(before, 0))
    )
    return [translations.Wording(*row) for row in session.execute(chosen.order_by(Revision.id))]


def get_outdated_translation(chapter: Chapter, mark_id: int) -> OutdatedTranslation:
    """The mark, confirmed or not; :class:`NotFound` when the chapter has no such mark."""
    mark = session.scalar(
        sa.select(OutdatedTranslation).where(OutdatedTranslation.chapter_id == chapter.id, OutdatedTranslation.id == mark_id))
    if mark is None:
        raise NotFound(_("This passage is not waiting to be checked."), _("Reload the page to see what is."))
    return mark


@command
def confirm_translation(actor: User, mark: OutdatedTranslation, *, shown_revisions: Collection[int]) -> OutdatedTranslation:
    """A translator says that both languages of a passage say the same; ``shown_revisions`` are the revisions whose wordings they read.

    Raises :class:`Conflict` when it was confirmed already, or a wording has changed since they read it.
    """
    mark_changed(mark.chapter)
    session.refresh(mark)
    if mark.confirmed_at is not None:
        raise Conflict(_("This passage was confirmed already, on %(date)s.", date=day(mark.confirmed_at)), _("Nothing was changed."))
    refuse_unread(mark, shown_revisions)
    confirm(actor, [mark])
    return mark


@command
def confirm_translations(actor: User, chapter: Chapter, *, language: str, shown_revisions: Collection[int]) -> int:
    """The same at once for all passages that were edited after their twin; how many.

    :class:`Conflict` when a version was published since, or no passage waits; :class:`NotFound` when none is published in ``language``.
    """
    mark_changed(chapter)
    page = get_translations(chapter, language)
    if set(shown_revisions) != set(page.shown_revisions):
        raise Conflict(_("A version was published since you opened this page."), READ_AGAIN)
    if not page.caught_up:
        raise Conflict(_("No passage was edited after its twin and waits to be confirmed."), _("Reload the page to see what is."))
    confirm(actor, [row.mark for row in page.caught_up if row.mark])
    return len(page.caught_up)


def confirm(actor: User, marks: list[OutdatedTranslation]) -> None:
    for mark in marks:
        mark.confirmed_at, mark.confirmed_by_id = utcnow(), actor.id


def refuse_unread(mark: OutdatedTranslation, shown_revisions: Collection[int]) -> None:
    """What one confirms is what one read: :class:`Conflict` when a wording has changed since."""
    present = {revision.id for revision in list_newest_revisions(mark.chapter)}
    chosen = (
        sa.select(Revision.id, Revision.language, Block.text).join(Block.revision)
        .where(Revision.chapter_id == mark.chapter_id, Revision.id.in_({*present, *shown_revisions}), Block.key == mark.key)
    )
    found = session.execute(chosen).all()
    read, now = ({language: text for id_, language, text in found if id_ in ids} for ids in (set(shown_revisions), present))
    languages = {DEFAULT_LANGUAGE, mark.language, mark.since.language}
    if any(read.get(language) != now.get(language) for language in languages):
        raise Conflict(_("One side of this passage changed since you opened the page."), READ_AGAIN)


def list_coverage(actor: Actor, consultation: Consultation) -> list[ChapterCoverage]:
    """Chapter by chapter, how far each language follows the French text: for those who see to it."""
    require(actor, Action.CHAPTERS_VIEW_TRANSLATIONS, consultation)
    chapters = list_chapters(consultation)
    newest = newest_revisions(Revision.chapter_id.in_([chapter.id for chapter in chapters]))
    revisions = session.scalars(sa.select(Revision).where(Revision.id.in_(newest)).options(lazyload(Revision.chapter))).all()
    kinds: dict[int, dict[str, BlockKind]] = {revision.id: {} for revision in revisions}
    for revision_id, key, kind in session.execute(sa.select(Block.revision_id, Block.key, Block.kind).where(Block.revision_id.in_(kinds))):
        kinds[revision_id][key] = kind
    marks = list(session.scalars(_stale(), {"in_chapters": [chapter.id for chapter in chapters]}).unique())
    by_place = {(revision.chapter_id, revision.language): revision for revision in revisions}

    def follow(chapter: Chapter, language: str) -> tuple[Revision, translations.Coverage] | None:
        french, other = by_place.get((chapter.id, DEFAULT_LANGUAGE)), by_place.get((chapter.id, language))
        if other is None:
            return None
        stale = of_pair([mark for mark in marks if mark.chapter_id == chapter.id], language)
        return other, translations.coverage(kinds[french.id] if french else {}, kinds[other.id], stale)
    return [
        ChapterCoverage(chapter, by_place.get((chapter.id, DEFAULT_LANGUAGE)),
                        {language: follow(chapter, language) for language in LANGUAGES if language != DEFAULT_LANGUAGE})
        for chapter in chapters
    ]
