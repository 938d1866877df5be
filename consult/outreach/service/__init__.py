"""Stakeholders: lists that are brought, letters, what becomes of them, and who stays silent."""

from consult.outreach.service.answering import (
    enrol,
    get_first_chapter,
    get_invited,
    get_letter,
    get_open_letter,
    get_way,
    open,
    refuse,
    take_up,
)
from consult.outreach.service.lists import (
    StillDoubtful,
    correct_row,
    count_rows,
    discard,
    get_list,
    get_progress,
    get_read_list,
    get_row,
    import_list,
    leave_out,
    leave_out_doubtful,
    list_lists,
    list_rows,
    take,
)
from consult.outreach.service.radar import Radar, get_radar
from consult.outreach.service.stakeholders import (
    KINDS,
    StakeholderFilter,
    StateCount,
    count_by_kind,
    count_by_state,
    count_to_send,
    get_stakeholder,
    hold,
    let_go_of_rows,
    let_go_of_silent,
    list_all,
    list_chapters_of,
    list_letters,
    list_sample,
    list_stakeholders,
    note_returned,
    send,
)

__all__ = [
    "KINDS", "Radar", "StakeholderFilter", "StateCount", "StillDoubtful", "correct_row",
    "count_by_kind", "count_by_state", "count_rows", "count_to_send",
    "discard", "enrol", "get_first_chapter", "get_invited", "get_letter", "get_list", "get_open_letter", "get_progress", "get_radar",
    "get_read_list", "get_row",
    "get_stakeholder", "get_way", "hold", "import_list", "leave_out", "leave_out_doubtful",
    "let_go_of_rows", "let_go_of_silent", "list_all", "list_chapters_of", "list_letters",
    "list_lists", "list_rows", "list_sample", "list_stakeholders", "note_returned", "open", "refuse", "send", "take", "take_up",
]
