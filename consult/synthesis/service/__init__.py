"""The synthesis of a chapter: gathering contributions into items, answering each with reasons, validating, telling their authors."""

from consult.synthesis.service.answers import Answer, get_answer, list_answers
from consult.synthesis.service.counting import count_answered
from consult.synthesis.service.items import (
    add_item,
    attach,
    count_elsewhere,
    detach,
    drop_item,
    edit_item,
    get_item,
    get_named_provision,
    get_new_wordings,
    is_unrecorded,
    list_item_contributions,
    list_item_provisions,
)
from consult.synthesis.service.provision import list_provision_answers
from consult.synthesis.service.remarks import list_remarks
from consult.synthesis.service.report import ItemView, PlacedItem, list_contested, list_items, list_placed_items, list_public_items
from consult.synthesis.service.respondents import Respondents
from consult.synthesis.service.syntheses import (
    count_progress,
    count_unanswered,
    get_or_new,
    get_return,
    get_synthesis,
    list_obstacles,
    list_reopenings,
    list_syntheses,
    record_council_outcome,
    refuse_to_submit,
    reopen,
    submit_all,
    validate,
)
from consult.synthesis.service.verification import verify_answers
from consult.synthesis.service.wordings import Rewording, list_rewordings
from consult.synthesis.service.workbench import (
    ANSWERS,
    Number,
    WorkbenchFilter,
    count_matching,
    list_chosen,
    list_commented_provisions,
    list_item_lines,
    list_matching,
    list_unanswered,
    list_workbench,
)

__all__ = [
    "ANSWERS", "Answer", "ItemView", "Number", "PlacedItem", "Respondents", "Rewording", "WorkbenchFilter", "add_item", "attach",
    "count_answered", "count_elsewhere", "count_matching", "count_progress", "count_unanswered", "detach", "drop_item", "edit_item",
    "get_answer", "get_item", "get_named_provision", "get_new_wordings", "get_or_new", "get_return", "get_synthesis", "is_unrecorded",
    "list_answers", "list_chosen", "list_commented_provisions", "list_contested", "list_item_contributions", "list_item_lines",
    "list_item_provisions", "list_items", "list_matching", "list_obstacles", "list_placed_items", "list_provision_answers",
    "list_public_items", "list_remarks", "list_reopenings", "list_rewordings", "list_syntheses", "list_unanswered", "list_workbench",
    "record_council_outcome", "refuse_to_submit", "reopen", "submit_all", "validate", "verify_answers",
]
