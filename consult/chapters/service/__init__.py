"""Chapters: reading them, preparing and publishing their revisions, keeping their languages in step."""

from consult.chapters.aligning import SURE
from consult.chapters.service.chapters import (
    get_block,
    get_chapter,
    get_numbered_revision,
    get_previous_revision,
    get_revisions,
    list_blocks,
    list_blocks_of,
    list_chapters,
    list_later_revisions,
    list_new_blocks,
    list_revisions,
    mark_changed,
    overview,
    tallies,
)
from consult.chapters.service.finding import list_axes, list_axis_keys, position_of
from consult.chapters.service.history import (
    Step,
    Version,
    count_changes,
    get_comparison,
    get_revision_pair,
    list_steps,
    list_versions,
)
from consult.chapters.service.lexicon import Words, get_words
from consult.chapters.service.naming import get_called_block
from consult.chapters.service.newest import (
    get_newest_id,
    get_newest_revision,
    list_newest_revisions,
    list_published,
    newest_revision,
    newest_revisions,
)
from consult.chapters.service.planning import Planned, get_plan, plan_import, plan_of
from consult.chapters.service.publishing import (
    correct,
    discard,
    find_working_draft,
    get_source_to_edit,
    get_working_draft,
    gone,
    import_chapter,
    keep_working_draft,
    list_working_drafts,
    publish,
    rebase,
)
from consult.chapters.service.translations import (
    ChapterCoverage,
    TranslationPage,
    confirm_translation,
    confirm_translations,
    count_outdated_translations,
    get_outdated_translation,
    get_translations,
    list_coverage,
    list_outdated_translations,
)
from consult.chapters.service.verification import verify_revisions

__all__ = [
    "ChapterCoverage", "Planned", "SURE", "Step", "TranslationPage", "Version", "Words", "confirm_translation", "confirm_translations",
    "correct", "count_changes", "count_outdated_translations", "discard", "find_working_draft", "get_block", "get_called_block",
    "get_chapter", "get_comparison", "get_newest_id", "get_newest_revision", "get_numbered_revision", "get_outdated_translation",
    "get_plan", "get_previous_revision", "get_revision_pair", "get_revisions", "get_source_to_edit", "get_translations", "get_words",
    "get_working_draft", "gone", "import_chapter", "keep_working_draft", "list_axes", "list_axis_keys", "list_blocks", "list_blocks_of",
    "list_chapters", "list_coverage", "list_later_revisions", "list_new_blocks", "list_newest_revisions", "list_outdated_translations",
    "list_published", "list_revisions", "list_steps", "list_versions", "list_working_drafts", "mark_changed", "newest_revision",
    "newest_revisions", "overview", "plan_import", "plan_of", "position_of", "publish", "rebase", "tallies", "verify_revisions",
]
