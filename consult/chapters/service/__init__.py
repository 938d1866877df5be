"""Chapters: reading them, preparing and publishing their revisions, keeping their languages in step."""

from consult.chapters.alignment import SURE
from consult.chapters.service.chapters import (
    count_published,
    current_revision,
    current_revision_id,
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
    overview,
    put_tallies,
    tallies,
)
from consult.chapters.service.history import (
    Step,
    Version,
    count_changes,
    get_comparison,
    get_revision_pair,
    list_steps,
    list_versions,
)
from consult.chapters.service.publishing import (
    correct,
    discard,
    find_working_draft,
    get_plan,
    get_source_to_edit,
    get_working_draft,
    gone,
    import_chapter,
    keep_working_draft,
    list_current_revisions,
    list_working_drafts,
    on_publication,
    plan_of,
    publish,
    rebase,
)
from consult.chapters.service.twins import (
    ChapterCoverage,
    TwinPage,
    confirm_twin,
    confirm_twins,
    count_stale_twins,
    get_stale_twin,
    get_twins,
    list_coverage,
    list_stale_twins,
)

__all__ = [
    "SURE", "ChapterCoverage", "Step", "TwinPage", "Version", "confirm_twin", "confirm_twins", "correct", "count_changes",
    "count_published", "count_stale_twins", "current_revision", "current_revision_id", "discard", "find_working_draft", "get_block",
    "get_chapter", "get_comparison", "get_numbered_revision", "get_plan", "get_previous_revision", "get_revision_pair",
    "get_revisions", "get_source_to_edit", "get_stale_twin", "get_twins", "get_working_draft", "gone", "import_chapter",
    "keep_working_draft", "list_blocks", "list_blocks_of",
    "list_chapters", "list_coverage", "list_current_revisions", "list_later_revisions",
    "list_new_blocks", "list_revisions", "list_stale_twins", "list_steps", "list_versions", "list_working_drafts", "on_publication",
    "overview", "plan_of", "publish", "put_tallies", "rebase", "tallies",
]
