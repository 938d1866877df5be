"""The synthesis of a chapter: gathering contributions into items, answering each with reasons, validating, telling their authors."""

from consult.synthesis.service.bench import (
    ANSWERS,
    Wanted,
    count_matching,
    get_passages,
    list_bench,
    list_chosen,
    list_item_lines,
    list_matching,
)
from consult.synthesis.service.items import (
    add_item,
    attach,
    count_elsewhere,
    detach,
    drop_item,
    edit_item,
    get_item,
    list_item_contributions,
    list_item_passages,
)
from consult.synthesis.service.outcomes import Outcome, get_outcome, list_outcomes
from consult.synthesis.service.passport import list_answers
from consult.synthesis.service.report import ItemView, list_contested, list_items
from consult.synthesis.service.syntheses import (
    count_answered,
    count_progress,
    count_unanswered,
    get_or_start,
    get_synthesis,
    list_obstacles,
    list_reopenings,
    list_syntheses,
    list_unanswered,
    record_outcome,
    reopen,
    submit_all,
    validate,
)
from consult.synthesis.service.voices import Voices

__all__ = [
    "ANSWERS", "ItemView", "Outcome", "Voices", "Wanted", "add_item", "attach", "count_answered", "count_elsewhere", "count_matching",
    "count_progress", "count_unanswered", "detach", "drop_item", "edit_item", "get_item", "get_or_start", "get_outcome", "get_passages",
    "get_synthesis", "list_answers", "list_bench", "list_chosen", "list_contested", "list_item_contributions", "list_item_lines",
    "list_item_passages", "list_items", "list_matching", "list_obstacles", "list_outcomes", "list_reopenings", "list_syntheses",
    "list_unanswered", "record_outcome", "reopen", "submit_all", "validate",
]
