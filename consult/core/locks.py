"""Taking a row's lock: one vocabulary and one order, so that acts at the same moment wait for each other and none locks another out.

The lock is the one that a change of the row takes, until the unit of work ends; who inserts a row that points to it need not wait. On
SQLite whoever writes holds everything (``begin_writing`` in ``db.py``): there nothing is asked but what is to be read anew.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import InvalidRequestError

from consult.core.commands import RELOAD, TAKEN
from consult.core.db import Base, session
from consult.core.errors import Conflict

# Every table whose rows change, in the order in which one unit of work takes their locks; rows of one table by rising id. Beside each
# those whose rows are changed only by whoever holds its row, and so in any order. The tests watch that every act keeps to it.
ORDER: dict[str, tuple[str, ...]] = {
    "user": ("registration", "user_session", "passkey", "provider_identity", "mandate", "news_choice", "follow", "news_item"),
    "organisation": ("organisation_word",),
    "member_invitation": (),
    "membership": (),
    "consultation": ("round", "appointment"),
    "invitation": (),
    "commission": (),
    "brought_table": (),
    "batch": ("entry",),
    "working_draft": (),
    "received_form": (),
    "received_row": (),
    "chapter": ("contribution", "suggested_amendment", "moderation_hint", "flag", "support", "anchoring", "outdated_translation",
                "provision_tally", "chapter_tally", "item_tally", "anchor_tally", "organisation_tally", "reaction_tally", "reply_tally",
                "contribution_word", "fold", "fold_member", "fold_run", "fold_link", "fold_tally", "position_tally", "point"),
    "synthesis": ("synthesis_item", "item_contribution", "block_change"),
    "anchor": (),
    "reply": (),
    "stakeholder_list": (),
    "stakeholder_row": (),
    "stakeholder": (),
    "stakeholder_chapter": (),
    "stakeholder_letter": (),
    "address_mark": (),
    "contribution_draft": (),
    "offered_draft": ("draft_wording", "draft_remark"),
    "draft_file": (),
    "attachment_words": (),
    "position_receipt": (),
    "receipt": (),
    "moderation_notice": (),
    "reply_decision": (),
    "rephrasing_answer": (),
    "submission_failure": (),
    "staff_letter": (),
    "staff_news": (),
    "closing_notice": (),
    "export": (),
    "outgoing_mail": (),
    "kept_form": (),
    "checkpoint_stamp": (),
    "job": (),
    "beat": (),
    "attempt_count": (),
    "respondent_tally": ("respondent_count",),
    "search_posting": ("search_word", "search_key"),
    "twin_lexicon": (),
    "record_layout": (),
}
COUNTER = "row_counter"  # of the models whose rows know their own age
Row = TypeVar("Row", bound=Base)


def taken() -> Conflict:
    return Conflict(TAKEN, RELOAD)


def lock(
    row: Base, *fresh: str, expected_counter: int | None = None, overtaken: Callable[[], Conflict] = taken,
    gone: Callable[[], Conflict] = taken,
) -> None:
    """Hold the row until the unit of work ends; the attributes ``fresh``, and all of a row whose counter has grown, are as they are now.

    :class:`Conflict` where it is not what the actor's page showed (``expected_counter``), in the words of ``overtaken`` (who was
    first), or where it is ``gone``. A row that is not written yet is nobody else's.
    """
    state = sa.inspect(row)
    if state.key is None:
        return
    names = fresh if state.mapper.version_id_col is None else (*fresh, COUNTER)
    if not names:
        _wait(type(row), state.mapper.primary_key[0] == state.key[1][0])
        return
    known = state.dict.get(COUNTER)
    try:
        session.refresh(row, names, with_for_update={"key_share": True})
        if known not in (None, state.dict.get(COUNTER)):
            session.refresh(row)
    except InvalidRequestError as error:
        raise gone() from error
    if expected_counter not in (None, state.dict.get(COUNTER)):
        raise overtaken()


def lock_all(model: type[Base], *which: sa.ColumnElement[bool]) -> None:
    """Hold all of these rows."""
    _wait(model, *which)


def list_locked(model: type[Row], *which: sa.ColumnElement[bool]) -> Sequence[Row]:
    """Hold all of these rows, and read them as they are now."""
    return session.scalars(locking(sa.select(model).where(*which), model).execution_options(populate_existing=True)).all()


def locking(chosen: sa.Select[Any], model: type[Base]) -> sa.Select[Any]:
    """What is chosen, once no other act holds its rows of this model, in the order of their ids."""
    return chosen.order_by(*sa.inspect(model).primary_key).with_for_update(of=model, key_share=True)


def unheld(chosen: sa.Select[Any]) -> sa.Select[Any]:
    """What is chosen without the rows that somebody else holds: nobody waits, each is taken once."""
    return chosen.with_for_update(key_share=True, skip_locked=True)


def _wait(model: type[Base], *which: sa.ColumnElement[bool]) -> None:
    if session.get_bind().dialect.name != "sqlite":
        session.execute(locking(sa.select(*sa.inspect(model).primary_key).where(*which), model))
