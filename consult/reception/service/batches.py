"""Registering what was received, telling what cannot be typed of it, and closing what balances."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from consult.accounts.models import User
from consult.consultations.models import Consultation
from consult.contributions.models import Origin, Receipt
from consult.contributions.service.drafting import FORM_KEY
from consult.core import states
from consult.core.commands import command, on
from consult.core.db import scalar_count, session
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import _, arrived_at, utcnow
from consult.core.locks import lock
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require
from consult.reception.models import MAX_ANNOUNCED, MAX_NOTE, MAX_PLACE, ONE_IN, Batch, BatchState, Entry, EntryCheck, drawn
from consult.text.normalising import is_blank, validated_line, validated_text


class Shares(NamedTuple):
    """How far a batch is, beside what its own row says."""

    sampled: int  # entries to be compared with the paper by somebody else
    compared: int


@command
def register(
    actor: User, consultation: Consultation, *, form_key: str, origin: Origin, place: str, received_at: datetime, announced: int,
) -> Batch:
    """Write down how much was received, where and when, before any of it is typed; the same form again answers with what it registered.

    :class:`Invalid` names the field that cannot be taken.
    """
    if not FORM_KEY.fullmatch(form_key or ""):
        raise Invalid("form_key", _("This form is damaged."), _("Open it again; copy your text first."))
    lock(consultation)
    known = session.scalar(sa.select(Batch).where(Batch.form_key == form_key))
    if known is not None and known.registered_by_id == actor.id:
        return known
    if not origin.is_typed:
        raise Invalid("origin", _("Choose how it was received."))
    _check_received(consultation, origin, received_at)
    if not 0 < announced <= MAX_ANNOUNCED:
        raise Invalid("announced", _("Count them: from 1 to %(count)s.", count=MAX_ANNOUNCED),
                      _("Register a larger pile as several batches."))
    said = validated_line("place", place, max_length=MAX_PLACE)
    if is_blank(said):
        raise Invalid("place", _("Say where it was received, or from whom it came."))
    last = session.scalar(sa.select(sa.func.max(Batch.number)).where(Batch.consultation_id == consultation.id))
    batch = Batch(form_key=form_key, consultation=consultation, number=(last or 0) + 1, origin=origin, place=said, received_at=received_at,
                  announced=announced, registered_by_id=actor.id, closed_at=None)
    session.add(batch)
    session.flush()
    return batch


def _check_received(consultation: Consultation, origin: Origin, received_at: datetime) -> None:
    """An older consultation, brought from another platform, was received when it was."""
    if received_at > utcnow():
        raise Invalid("received_at", _("This moment is still to come."))
    if consultation.closes_at is not None and received_at >= consultation.closes_at:
        raise Invalid("received_at", _("The consultation was closed then: what was received after the closing is not entered."))
    if origin is not Origin.IMPORT and consultation.opens_at is not None and received_at < consultation.opens_at:
        raise Invalid("received_at", _("The consultation was not open yet then."))


def require_in_time(batch: Batch) -> None:
    """:class:`Conflict` where it is closed, or came after a closing that was brought forward since."""
    if not batch.state.takes_entries:
        raise Conflict(_("Batch %(number)s is closed: it balances.", number=batch.number), _("Register another one."))
    closes_at = batch.consultation.closes_at
    if closes_at is not None and batch.received_at >= closes_at:
        raise Conflict(_("Batch %(number)s was received after the closing.", number=batch.number))


@command
def set_aside(_actor: User, batch: Batch, *, count: int, reason: str) -> Batch:
    """How many of it are blank, illegible or twice the same, and why: the whole number, in place of what was said before.

    :class:`Invalid` names the field; :class:`Conflict` where the batch is closed.
    """
    lock(batch)
    require_in_time(batch)
    said = validated_text("reason", reason, max_length=MAX_NOTE)
    if not 0 <= count <= batch.announced - batch.last_number:
        raise Invalid("count", _("There are %(count)s that are not typed.", count=batch.announced - batch.last_number))
    if count and is_blank(said):
        raise Invalid("reason", _("Say why they are not typed: blank, illegible, twice the same…"))
    batch.set_aside, batch.set_aside_reason = count, said if count else ""
    draw(batch)
    return batch


def draw(batch: Batch) -> None:
    """Of each ten entries in a row, and of those that are left at the end, one is to be compared with the paper: see :func:`drawn`."""
    last = batch.last_number
    if not last or (last % ONE_IN and batch.left):
        return
    first = (last - 1) // ONE_IN * ONE_IN + 1
    entries = session.execute(
        sa.select(Entry, Receipt.digest).join(Receipt, Receipt.contribution_id == Entry.contribution_id)
        .where(Entry.batch_id == batch.id, Entry.number.between(first, last))).all()
    if entries and not any(entry.is_sampled for entry, _digest in entries):
        min(entries, key=lambda one: drawn(one[1]))[0].is_sampled = True


@command
def close(_actor: User, batch: Batch) -> Batch:
    """It balances: what was announced was typed or set aside, and each tenth was compared by somebody else; else :class:`Conflict`."""
    lock(batch)
    require_in_time(batch)
    if batch.left:
        raise Conflict(_("%(count)s of this batch are neither typed nor set aside.", count=batch.left),
                       _("Type them, or say how many are set aside and why."))
    shares = _shares(batch)
    if shares.compared < shares.sampled:
        raise Conflict(_("%(count)s entries wait to be compared with the paper.", count=shares.sampled - shares.compared),
                       _("Somebody who did not type them compares them."))
    states.move(batch, BatchState.CLOSED)
    batch.closed_at = utcnow()
    return batch


@on(Action.CONSULTATIONS_BEGIN_SYNTHESIS)
def require_balance(_actor: Actor, consultation: Consultation, _target: Consultation) -> None:
    """The commissions begin once all that was received in time is there; :class:`Conflict` while a batch may still be typed."""
    open_ones = sa.select(Batch).where(Batch.consultation_id == consultation.id, Batch.state == BatchState.OPEN)
    batch = session.scalar(open_ones.order_by(Batch.number).limit(1))
    if batch is not None and batch.typed_until is not None and arrived_at() < batch.typed_until:
        raise Conflict(_("Batch %(number)s of what was received on paper is not balanced yet.", number=batch.number),
                       _("Close it first, or wait until its ten days are over."))


def get_batch(actor: Actor, consultation: Consultation, number: int) -> Batch:
    """Raises :class:`NotFound`."""
    require(actor, Action.RECEPTION_VIEW, consultation)
    batch = session.scalar(sa.select(Batch).where(Batch.consultation_id == consultation.id, Batch.number == number))
    if batch is None:
        raise NotFound(_("There is no batch %(number)s.", number=number), _("Batches are listed on the page of what was received."))
    return batch


def list_batches(actor: Actor, consultation: Consultation, *, after: Cursor | None = None) -> Page[Batch]:
    """The newest first."""
    require(actor, Action.RECEPTION_VIEW, consultation)
    return get_page(sa.select(Batch).where(Batch.consultation_id == consultation.id), falling(Batch.number), after=after,
                    size=ENTRY_PAGE_SIZE)


def get_shares(actor: Actor, batch: Batch) -> Shares:
    require(actor, Action.RECEPTION_VIEW, batch)
    return _shares(batch)


def _shares(batch: Batch) -> Shares:
    sampled = sa.select(sa.func.count()).select_from(Entry).where(Entry.batch_id == batch.id, Entry.is_sampled)
    return Shares(scalar_count(sampled), scalar_count(sampled.join(EntryCheck, EntryCheck.entry_id == Entry.id)))


