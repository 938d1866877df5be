"""Contributions: lodging and withdrawing them, reading them, what others do beside them, and their places in a text that changes."""

from consult.contributions.service.anchor_review import (
    WaitingPassage,
    confirm_anchor,
    confirm_certain,
    count_places,
    count_undecided,
    count_undecided_places,
    get_anchor,
    get_last_place,
    leave,
    list_anchors,
    list_candidates,
    list_waiting_passages,
    reattach,
)
from consult.contributions.service.anchoring import CERTAIN, is_shown
from consult.contributions.service.attaching import (
    KeptFile,
    attach,
    detach,
    get_annex,
    get_draft_file,
    get_file,
    get_files_digest,
    get_kept,
    list_draft_files,
    open_annex,
)
from consult.contributions.service.counting import (
    category_or_own_name,
    constant,
    in_chunks,
    places,
    recounted,
    recounted_above,
    respondent_id,
)
from consult.contributions.service.drafting import (
    MAX_LENGTHS,
    address_draft,
    check_words,
    claim_draft,
    count_kept,
    drop_draft,
    keep_draft,
)
from consult.contributions.service.figures import (
    Figures,
    count_about_provision,
    count_by_provision,
    count_by_state,
    count_figures,
    count_of_organisations,
    count_published,
    count_respondents,
    list_silent_categories,
)
from consult.contributions.service.file_words import keep_file_words, list_file_words
from consult.contributions.service.indexing import TEXT_COLUMNS, argument_of
from consult.contributions.service.listing import PublicFilter, list_public
from consult.contributions.service.lodging import (
    LodgedOtherwise,
    announce,
    check_said,
    enter,
    enter_again,
    is_amendment,
    is_what_was_lodged,
    lodge,
    quote_in,
    withdraw,
)
from consult.contributions.service.offered import (
    get_offered,
    get_own_organisation,
    get_wording,
    get_wording_shown,
    list_offered,
    list_own_offered,
    list_remarks,
    list_wordings,
)
from consult.contributions.service.offered_saving import save_offered
from consult.contributions.service.offering import (
    ChangedMeanwhile,
    OfferedOtherwise,
    accept_offered,
    edit_offered,
    offer,
    offer_again,
    remark_on_offered,
    return_offered,
    take_back_offered,
)
from consult.contributions.service.placing import list_chapters_sought_in, list_languages_sought_in
from consult.contributions.service.position import (
    MAX_TOGETHER,
    Declared,
    WrittenDraft,
    count_written,
    get_passage_now,
    get_position_receipt,
    list_accepted,
    list_lodged_together,
    list_obstacles,
    list_position,
    lodge_position,
)
from consult.contributions.service.provision import (
    EarlierLine,
    count_earlier,
    list_about_provision,
    list_earlier_lines,
)
from consult.contributions.service.reading import (
    MarginLine,
    Trace,
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
    list_own_waiting,
    list_remembered,
    list_waiting_drafts,
)
from consult.contributions.service.replying import (
    count_replies_by_state,
    get_reply,
    list_own_replies,
    list_thread,
    move_reply,
    reply,
    withdraw_reply,
)
from consult.contributions.service.saving import DraftGone, SavedElsewhere, save
from consult.contributions.service.similar import Similar, list_similar
from consult.contributions.service.supporting import (
    OwnSupport,
    Reactions,
    count_reactions,
    get_support,
    support,
    take_back_support,
)
from consult.contributions.service.verification import verify_contributions, verify_places

__all__ = [
    "CERTAIN", "ChangedMeanwhile", "Declared", "DraftGone", "EarlierLine", "Figures", "KeptFile", "LodgedOtherwise", "MAX_LENGTHS",
    "MAX_TOGETHER", "MarginLine", "OfferedOtherwise", "OwnSupport", "PublicFilter", "Reactions", "SavedElsewhere", "Similar",
    "TEXT_COLUMNS", "Trace", "WaitingPassage", "WrittenDraft", "accept_offered", "address_draft", "announce", "argument_of", "attach",
    "category_or_own_name", "check_said", "check_words", "claim_draft", "confirm_anchor", "confirm_certain", "constant",
    "count_about_provision", "count_by_provision", "count_by_state", "count_earlier", "count_figures", "count_kept",
    "count_of_organisations", "count_places", "count_published", "count_reactions", "count_replies_by_state", "count_respondents",
    "count_undecided", "count_undecided_places", "count_written", "detach", "drop_draft", "edit_offered", "enter", "enter_again",
    "get_anchor", "get_annex", "get_contribution", "get_data", "get_draft_file", "get_file", "get_files_digest", "get_kept",
    "get_last_place", "get_offered", "get_own", "get_own_draft", "get_own_organisation", "get_passage_now", "get_position_receipt",
    "get_reply", "get_seen_block", "get_support", "get_trace", "get_wording", "get_wording_shown", "in_chunks", "is_amendment", "is_shown",
    "is_what_was_lodged", "keep_draft", "keep_file_words", "leave", "list_about_provision", "list_accepted", "list_anchors",
    "list_candidates", "list_chapters_sought_in", "list_draft_files", "list_drafts", "list_drafts_here", "list_earlier_lines",
    "list_file_words", "list_for_block", "list_languages_sought_in", "list_left_of", "list_lodged_together", "list_margin_lines",
    "list_mine", "list_obstacles", "list_offered", "list_own_offered", "list_own_replies", "list_own_waiting", "list_position",
    "list_public", "list_remarks", "list_remembered", "list_silent_categories", "list_similar", "list_thread", "list_waiting_drafts",
    "list_waiting_passages", "list_wordings", "lodge", "lodge_position", "move_reply", "offer", "offer_again", "open_annex", "places",
    "quote_in", "reattach", "recounted", "recounted_above", "remark_on_offered", "reply", "respondent_id", "return_offered", "save",
    "save_offered", "support", "take_back_offered", "take_back_support", "verify_contributions", "verify_places", "withdraw",
    "withdraw_reply",
]
