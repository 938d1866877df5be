"""The synthesis of a chapter: gathering contributions into items, answering each with reasons, validating, telling their authors."""

from consult.synthesis.points import Answerable, is_whole_link, list_answerable, list_points, list_split
from consult.synthesis.service.account import list_account
from consult.synthesis.service.answers import Answer, get_answer, item_ids_of, list_answers
from consult.synthesis.service.counting import count_answered
from consult.synthesis.service.cutting import Piece, count_proposed, get_point, list_pieces
from consult.synthesis.service.divisions import Division, get_division, list_divisions
from consult.synthesis.service.finding import is_answered
from consult.synthesis.service.folds import ANSWERS, BenchFold, count_repeated, list_with_folds
from consult.synthesis.service.gathered import Gathered, count_respondents, list_gathered, list_references
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
from consult.synthesis.service.overview import OverviewItem, list_changing, list_contested, list_faulty, list_overview, list_watched
from consult.synthesis.service.positions import PositionGrid, PositionRow, get_position_grid, list_organisation_positions
from consult.synthesis.service.provision import list_provision_answers
from consult.synthesis.service.remarks import list_remarks
from consult.synthesis.service.report import (
    PlacedItem,
    count_by_order,
    count_dispositions,
    get_numbered_item,
    get_order,
    get_readable,
    list_every_item,
    list_items,
    list_placed_items,
    list_public_items,
    list_shares,
)
from consult.synthesis.service.respondents import Respondents
from consult.synthesis.service.splitting import MAX_POINTS, edit_point, rejoin, split
from consult.synthesis.service.syntheses import (
    count_progress,
    count_unanswered,
    get_or_new,
    get_return,
    list_obstacles,
    list_syntheses,
    record_council_outcome,
    refuse_to_submit,
    reopen,
    submit_all,
    validate,
)
from consult.synthesis.service.verification import verify_answers, verify_points
from consult.synthesis.service.wordings import Rewording, list_rewordings
from consult.synthesis.service.workbench import (
    Number,
    WorkbenchFilter,
    count_matching,
    count_whole,
    list_chosen,
    list_chosen_points,
    list_commented_provisions,
    list_item_lines,
    list_matching,
    list_matching_points,
    list_unanswered,
    list_workbench,
)
from consult.synthesis.telling import AuthorsTold

__all__ = [
    "ANSWERS", "Answer", "Answerable", "AuthorsTold", "BenchFold", "Division", "Gathered", "MAX_POINTS", "Number", "OverviewItem", "Piece",
    "PlacedItem", "PositionGrid", "PositionRow", "Respondents", "Rewording", "WorkbenchFilter", "add_item", "attach", "count_answered",
    "count_by_order", "count_dispositions", "count_elsewhere", "count_matching", "count_progress", "count_proposed", "count_repeated",
    "count_respondents", "count_unanswered", "count_whole", "detach", "drop_item", "edit_item", "edit_point", "get_answer", "get_division",
    "get_item", "get_named_provision", "get_new_wordings", "get_numbered_item", "get_or_new", "get_order", "get_point", "get_position_grid",
    "get_readable", "get_return", "is_answered", "is_unrecorded", "is_whole_link", "item_ids_of", "list_account", "list_answerable",
    "list_answers", "list_changing", "list_chosen", "list_chosen_points", "list_commented_provisions", "list_contested", "list_divisions",
    "list_every_item", "list_faulty", "list_gathered", "list_item_contributions", "list_item_lines", "list_item_provisions", "list_items",
    "list_matching", "list_matching_points", "list_obstacles", "list_organisation_positions", "list_overview", "list_pieces",
    "list_placed_items", "list_points", "list_provision_answers", "list_public_items", "list_references", "list_remarks", "list_rewordings",
    "list_shares", "list_split", "list_syntheses", "list_unanswered", "list_watched", "list_with_folds", "list_workbench",
    "record_council_outcome", "refuse_to_submit", "rejoin", "reopen", "split", "submit_all", "validate", "verify_answers", "verify_points",
]
