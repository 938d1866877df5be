"""Batches of what was received otherwise than here: how much there is, what was typed of it, and what was compared."""

from consult.reception.service.batches import close, get_batch, get_shares, list_batches, register, set_aside
from consult.reception.service.bringing import (
    bring,
    enter_table,
    get_read_table,
    get_table,
    let_go_of_tables,
    list_tables,
)
from consult.reception.service.claiming import claim, drop_contacts, let_go_of_contacts
from consult.reception.service.comparing import check, correct, get_words, list_sampled
from consult.reception.service.entries import SameWords, Stub, enter, get_block, get_entry, list_entries, list_stubs

__all__ = [
    "SameWords", "Stub", "bring", "check", "claim", "close", "correct", "drop_contacts", "enter", "enter_table",
    "get_batch", "get_block", "get_entry", "get_read_table", "get_shares", "get_table", "get_words", "list_batches",
    "let_go_of_contacts", "let_go_of_tables", "list_tables", "list_entries", "list_sampled", "list_stubs", "register", "set_aside",
]
