"""Moderation: the acts of the verdicts, what a moderator works through, and the register that everybody can read."""

from consult.moderation.service import verification as verification
from consult.moderation.service.appealing import appeal, get_appeal, is_open, list_appeals
from consult.moderation.service.deciding import (
    ACTS,
    Bulk,
    ask_to_rephrase,
    decide_several,
    list_verdicts,
    publish,
    redact,
    reopen,
    reserved,
    restore,
    show_all,
    withhold,
)
from consult.moderation.service.flagging import count_flags, flag, get_own_flag, keep_flagged, list_flagged, list_flags
from consult.moderation.service.hinting import ShownHint, dismiss_hint, list_hints
from consult.moderation.service.listing import (
    around,
    count_awaiting,
    count_by_state,
    get_last_own,
    get_next,
    get_subject,
    is_of,
    list_chapters,
    list_decisions,
    queue,
)
from consult.moderation.service.reading import count_unread, get_next_unread, list_unread, mark_read
from consult.moderation.service.redacting import Moderated, list_hidden, read_original, standing_texts
from consult.moderation.service.register import list_register, list_reply_register
from consult.moderation.service.rephrasing import end_terms, get_standing, keep_words, lapse, list_rephrasings, rephrase

__all__ = [
    "ACTS", "Bulk", "Moderated", "ShownHint", "appeal", "around", "ask_to_rephrase", "count_awaiting", "count_by_state", "count_flags",
    "count_unread", "decide_several", "dismiss_hint", "end_terms", "flag", "get_appeal", "get_last_own", "get_next", "get_next_unread",
    "get_own_flag", "get_standing", "get_subject", "is_of", "is_open", "keep_flagged", "keep_words", "lapse", "list_appeals",
    "list_chapters", "list_decisions", "list_flagged", "list_flags", "list_hidden", "list_hints", "list_register", "list_rephrasings",
    "list_reply_register", "list_unread", "list_verdicts", "mark_read", "publish", "queue", "read_original", "redact", "reopen", "rephrase",
    "reserved", "restore", "show_all", "standing_texts", "withhold",
]
