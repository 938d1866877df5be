"""Contributions: lodging and withdrawing them, reading them, and finding their places in a text that changes."""

from consult.contributions.service.anchoring import is_shown
from consult.contributions.service.ledger import (
    CERTAIN,
    LedgerPage,
    confirm_anchor,
    confirm_certain,
    count_anchors,
    count_certain,
    count_undecided,
    get_anchor,
    get_last_anchor,
    leave,
    list_anchors,
    list_candidates,
    reattach,
)
from consult.contributions.service.lodging import (
    MOST,
    check_words,
    drop_draft,
    is_amendment,
    keep_draft,
    quote_in,
    submit,
    withdraw,
)
from consult.contributions.service.passport import (
    EarlierLine,
    Lines,
    count_about_passage,
    list_about_passage,
    list_earlier_lines,
)
from consult.contributions.service.reading import (
    Figures,
    MarginLine,
    Page,
    Trace,
    count_by_state,
    count_figures,
    get_contribution,
    get_data,
    get_draft,
    get_own,
    get_own_draft,
    get_seen_block,
    get_trace,
    list_drafts,
    list_for_block,
    list_left_of,
    list_margin_lines,
    list_mine,
)
from consult.contributions.service.touched import count_at_places

__all__ = [
    "CERTAIN", "MOST", "EarlierLine", "Figures", "LedgerPage", "Lines", "MarginLine", "Page", "Trace", "check_words", "confirm_anchor",
    "confirm_certain", "count_about_passage", "count_anchors", "count_at_places", "count_by_state", "count_certain", "count_figures",
    "count_undecided", "drop_draft", "get_anchor", "get_contribution", "get_data", "get_draft", "get_last_anchor", "get_own",
    "get_own_draft", "get_seen_block", "get_trace", "is_amendment", "is_shown", "keep_draft", "leave", "list_about_passage", "list_anchors",
    "list_candidates", "list_drafts", "list_earlier_lines", "list_for_block", "list_left_of", "list_margin_lines", "list_mine", "quote_in",
    "reattach", "submit", "withdraw",
]
