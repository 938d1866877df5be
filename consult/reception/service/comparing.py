"""One in ten is compared with the paper by somebody who did not type it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.commands import RELOAD, command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, arrived
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, can, require
from consult.reception.models import MAX_NOTE, Batch, CheckOutcome, Entry, EntryCheck
from consult.reception.service.batches import require_in_time
from consult.text.normalising import validated_text

MOST = 100


@command
def check(actor: User, entry: Entry) -> EntryCheck:
    """It says what the paper says; :class:`Conflict` where it was compared already."""
    _hold(entry)
    return _compared(actor, entry, CheckOutcome.SAME, "", None)


@command
def correct(actor: User, entry: Entry, *, block: Block, note: str, **values: Any) -> EntryCheck:
    """The paper says something else: what it says is entered under another reference, and what was typed first is taken back, with its
    trace. The record is never rewritten. :class:`Invalid` names the field, or says that nothing is corrected; :class:`Conflict` where it
    was compared already.
    """
    said = validated_text("note", note, max_length=MAX_NOTE)
    _hold(entry)
    former = entry.contribution
    said_now = {name: value for name, value in values.items() if name != "language"}
    if values.get("language", former.language) == former.language and contributions.is_what_was_lodged(former, block, **said_now):
        raise Invalid("body", _("This is what was typed: nothing would be corrected."),
                      _("Say that the paper says the same, or type what it says otherwise."))
    with arrived():
        entry.contribution = contributions.enter_again(actor, former, block=block, form_key=f"{entry.form_key[:60]}.2",
                                                       as_organisation=former.organisation, **values)
        session.flush()
    return _compared(actor, entry, CheckOutcome.CORRECTED, said, former)


def _hold(entry: Entry) -> None:
    lock(entry.batch)
    require_in_time(entry.batch)
    if session.scalar(sa.select(EntryCheck.id).where(EntryCheck.entry_id == entry.id)) is not None:
        raise Conflict(_("This one was compared already."), RELOAD)


def _compared(actor: User, entry: Entry, outcome: CheckOutcome, note: str, former: Contribution | None) -> EntryCheck:
    done = EntryCheck(entry=entry, outcome=outcome, note=note, former=former, checked_by_id=actor.id)
    session.add(done)
    session.flush()
    return done


def get_words(actor: Actor, entry: Entry) -> Any | None:
    """What stands beside the paper: while it waits to be compared, as it was typed, or as it is shown where moderators keep any of it
    back; afterwards as it is shown, to whoever may read it. None for others.
    """
    require(actor, Action.RECEPTION_VIEW, entry.batch)
    said = entry.contribution
    if entry.check is None:
        return said if said.state.is_silent or said.is_redacted else said.as_lodged
    return said if can(actor, Action.CONTRIBUTIONS_READ, said) else None


def list_sampled(actor: Actor, batch: Batch) -> list[Entry]:
    """Those that wait to be compared, in the order of the pile."""
    require(actor, Action.RECEPTION_VIEW, batch)
    done = sa.exists().where(EntryCheck.entry_id == Entry.id)
    said = joinedload(Entry.contribution)
    return list(session.scalars(
        sa.select(Entry).where(Entry.batch_id == batch.id, Entry.is_sampled, ~done).order_by(Entry.number).limit(MOST)
        .options(said.joinedload(Contribution.chapter).options(lazyload(Chapter.consultation), lazyload(Chapter.commission)))))
