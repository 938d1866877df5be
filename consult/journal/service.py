"""The events in pages, the checkpoints, and what a receipt told."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.accounts.service import known_address
from consult.chapters.models import Block, Chapter, OutdatedTranslation, Revision
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Receipt
from consult.core import audit, events
from consult.core.audit import AuditEvent, Checkpoint
from consult.core.db import Base, session
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _
from consult.core.paging import REGISTER_PAGE_SIZE, Cursor, Page, falling, get_page
from consult.core.permissions import Action, Actor, require
from consult.core.verification import HEAD, Head
from consult.journal import policy
from consult.journal.models import CheckpointStamp
from consult.journal.words import BY_NAME

LATEST = 50  # acts of one thing that its page tells of
MAX_TOLD = 4_000
LISTED = 50  # references and heads of one text that are looked at
REF = re.compile(r"\bPNQ-C\d{1,3}-\d{1,9}\b")
DIGEST = re.compile(r"(?<![\w:])[0-9a-f]{64}\b")


def list_checkpoints(actor: Actor, *, after: Cursor | None = None) -> Page[Checkpoint]:
    """Newest first."""
    require(actor, Action.JOURNAL_READ, None)
    return get_page(sa.select(Checkpoint), falling(Checkpoint.chain_position), after=after, size=REGISTER_PAGE_SIZE)


def list_stamps(checkpoints: Sequence[Checkpoint]) -> dict[int, datetime]:
    """When an authority stamped these places, by their positions."""
    positions = [checkpoint.chain_position for checkpoint in checkpoints]
    stamped = sa.select(CheckpointStamp.chain_position, CheckpointStamp.stamped_at).where(
        CheckpointStamp.chain_position.in_(positions), CheckpointStamp.response.is_not(None))
    return {position: at for position, at in session.execute(stamped) if at is not None}


def get_stamp(actor: Actor, position: int) -> CheckpointStamp:
    """With its response; :class:`NotFound` where this place has none."""
    require(actor, Action.JOURNAL_READ, None)
    stamped = sa.select(CheckpointStamp).where(CheckpointStamp.chain_position == position, CheckpointStamp.response.is_not(None))
    if (found := session.scalars(stamped).first()) is None:
        raise NotFound(_("No authority stamped this place of the journal."), _("The page of the journal lists those that were stamped."))
    return found


class Told(NamedTuple):
    """What a text told, and whether it is still so; ``ref`` is the contribution's, or None where it told of the journal alone."""

    ref: str | None
    head: Head | None
    holds: bool


def check_told(actor: Actor, text: str) -> list[Told]:
    """What of a receipt still holds: each place of the journal in it, and each contribution with its digest.

    :class:`Invalid` (field ``told``) for a text that tells of neither. A contribution that nobody may read is found by its digest alone.
    """
    require(actor, Action.JOURNAL_READ, None)
    heads = [Head(int(position), digest) for position, digest in HEAD.findall(text[:MAX_TOLD])][:LISTED]
    digests = list(dict.fromkeys(DIGEST.findall(text[:MAX_TOLD])))[:LISTED]
    refs = list(dict.fromkeys(REF.findall(text[:MAX_TOLD])))[:LISTED]
    if not heads and not (refs and digests):
        raise Invalid("told", _("This text tells of no place in the journal, and of no contribution with its digest."),
                      _("Paste the whole letter of your receipt, or the line with its number, a colon and 64 letters and digits."))
    lost = {head for head in heads if audit.list_lost_heads(sa.select(sa.literal(head.position), sa.literal(head.digest)))}
    told = [Told(None, head, head not in lost) for head in heads]
    return told + ([Told(ref, None, _is_as_lodged(ref, digests)) for ref in refs] if digests else [])


def _is_as_lodged(ref: str, digests: Sequence[str]) -> bool:
    """Whether the contribution is the one of a receipt with one of these digests, word for word."""
    contribution = session.scalar(sa.select(Contribution).join(Receipt).where(Contribution.ref == ref, Receipt.digest.in_(digests)))
    return contribution is not None and contribution.digest in digests


@dataclass(frozen=True)
class EventFilter:
    """None: all of them."""

    act: Action | None = None
    actor_id: int | None = None


def get_filter(actor: Actor, consultation: Consultation, act: str, address: str) -> EventFilter:
    """:class:`Invalid` (field ``address``) where nobody has an account with this address, told to those alone who may look for events."""
    require(actor, Action.JOURNAL_VIEW_EVENTS, consultation)
    person = session.scalar(sa.select(User.id).where(User.email == known_address(address))) if address else None
    if address and person is None:
        raise Invalid("address", _("Nobody has an account with this address."), _("Write it as it stands in the list of roles."))
    return EventFilter(BY_NAME.get(act), person)


def list_events(
    actor: Actor, consultation: Consultation, wanted: EventFilter, *, after: Cursor | None = None,
) -> Page[tuple[AuditEvent, User | None]]:
    """Newest first, with who acted."""
    require(actor, Action.JOURNAL_VIEW_EVENTS, consultation)
    order = falling(AuditEvent.id)
    acts = _with_people()
    if wanted.actor_id is not None:
        acts = acts.where(AuditEvent.actor_id == wanted.actor_id)
    if wanted.act is not None:
        # Of each name that the act has had, as many as a page can hold: each is found in its index, in this order.
        named = [order.after(sa.select(AuditEvent.id).where(*_is(wanted, name)), after).limit(REGISTER_PAGE_SIZE + 1).subquery()
                 for name in audit.names_of(wanted.act)]
        acts = acts.where(AuditEvent.id.in_(sa.union_all(*(sa.select(ids.c.id) for ids in named))))
    return get_page(acts, order, after=after, size=REGISTER_PAGE_SIZE)


def list_permissions(actor: Actor, consultation: Consultation) -> list[policy.Line]:
    """Who may do what, when, of which commission, in words."""
    require(actor, Action.JOURNAL_VIEW_PERMISSIONS, consultation)
    return list(policy.lines())


def _is(wanted: EventFilter, name: str) -> list[sa.ColumnElement[bool]]:
    by = [] if wanted.actor_id is None else [AuditEvent.actor_id == wanted.actor_id]
    return [AuditEvent.action == name, *by]



def list_acts_on(actor: Actor, thing: Base, told_with: Iterable[events.ToldWith]) -> list[tuple[AuditEvent, User | None]]:
    """What was done with a row, and with those of other tables that belong to it: newest first, :data:`LATEST` at most."""
    require(actor, Action.JOURNAL_READ, None)
    (key,) = sa.inspect(thing).identity or ()
    return _list_acts([events.ToldWith(thing.__tablename__, sa.select(sa.literal(key))), *told_with])


def list_acts_on_passage(actor: Actor, chapter: Chapter, key: str) -> list[tuple[AuditEvent, User | None]]:
    """The same of a passage: the versions in which it stands, and what was said of its translation."""
    require(actor, Action.JOURNAL_READ, None)
    versions = sa.select(Block.revision_id).join(Revision).where(Revision.chapter_id == chapter.id, Block.key == key)
    marks = sa.select(OutdatedTranslation.id).where(OutdatedTranslation.chapter_id == chapter.id, OutdatedTranslation.key == key)
    return _list_acts([events.ToldWith(Revision.__tablename__, versions), events.ToldWith(OutdatedTranslation.__tablename__, marks)])


def _list_acts(told: Sequence[events.ToldWith]) -> list[tuple[AuditEvent, User | None]]:
    found = []
    for table, ids, ref in told:
        named = AuditEvent.details["refs"].as_string().contains(f'"{ref}"') if ref else sa.true()
        newest = sa.select(AuditEvent.id).where(AuditEvent.subject == table, AuditEvent.subject_id.in_(ids), named)
        found.append(newest.order_by(AuditEvent.id.desc()).limit(LATEST).subquery())
    newest_of_all = sa.union_all(*(sa.select(some.c.id) for some in found))
    acts = _with_people().where(AuditEvent.id.in_(newest_of_all)).order_by(AuditEvent.id.desc()).limit(LATEST)
    return [(event, person) for event, person in session.execute(acts)]


def _with_people() -> sa.Select[AuditEvent, User]:
    return sa.select(AuditEvent, User).outerjoin(User, User.id == AuditEvent.actor_id).options(
        orm.defer(AuditEvent.records, raiseload=True), orm.lazyload(User.appointments))
