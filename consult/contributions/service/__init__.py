"""Contributions: lodging and withdrawing them, reading them, and finding their places in a text that changes."""

from consult.contributions.service.anchor_review import (
    CERTAIN,
    confirm_anchor,
    confirm_certain,
    count_anchors,
    count_certain,
    count_public_undecided,
    count_undecided,
    count_undecided_places,
    get_anchor,
    get_last_anchor,
    leave,
    list_anchors,
    list_candidates,
    reattach,
)
from consult.contributions.service.anchoring import is_shown
from consult.contributions.service.drafting import (
    MAX_LENGTHS,
    address_draft,
    check_words,
    claim_draft,
    count_kept,
    drop_draft,
    keep_draft,
)
from consult.contributions.service.impact import count_by_provision
from consult.contributions.service.listing import PublicFilter, list_public
from consult.contributions.service.lodging import (
    LodgedOtherwise,
    is_amendment,
    is_what_was_lodged,
    lodge,
    quote_in,
    withdraw,
)
from consult.contributions.service.provision import (
    EarlierLine,
    Lines,
    count_about_provision,
    list_about_provision,
    list_earlier_lines,
)
from consult.contributions.service.reading import (
    Figures,
    MarginLine,
    Trace,
    count_by_state,
    count_figures,
    get_contribution,
    get_data,
    get_own,
    get_own_draft,
    get_seen_block,
    get_trace,
    list_drafts,
    list_drafts_here,
    list_for_block,
    list_left_of,
    list_margin_lines,
    list_mine,
    list_remembered,
    list_silent_categories,
    list_waiting_drafts,
)
from consult.contributions.service.verification import verify_contributions

__all__ = [
    "CERTAIN", "MAX_LENGTHS", "EarlierLine", "Figures", "Lines", "LodgedOtherwise", "MarginLine", "PublicFilter", "Trace",
    "address_draft", "check_words", "claim_draft", "confirm_anchor", "confirm_certain", "count_about_provision", "count_anchors",
    "count_by_provision", "count_by_state", "count_certain", "count_figures", "count_kept", "count_public_undecided", "count_undecided",
    "count_undecided_places", "drop_draft",
    "get_anchor", "get_contribution", "get_data", "get_last_anchor", "get_own", "get_own_draft", "get_seen_block", "get_trace",
    "is_amendment", "is_shown", "is_what_was_lodged", "keep_draft", "leave", "list_about_provision", "list_anchors",
    "list_candidates", "list_drafts", "list_drafts_here", "list_earlier_lines", "list_for_block", "list_remembered", "list_left_of",
    "list_margin_lines", "list_mine", "list_public", "list_silent_categories", "list_waiting_drafts", "lodge", "quote_in", "reattach",
    "verify_contributions", "withdraw",
]
