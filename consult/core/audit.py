"""The journal: one append-only event for each act, chained by hash afterwards so that writers never queue for the chain.

An event is written in the transaction of the act, with the digest of each row of the public record that the act changed
(``core/records.py``). :func:`seal` numbers the events not yet sealed and gives each the SHA-256 of the one before it together with its
own content (a hash chain after Haber and Stornetta, 1991). The chain's head is told outside: in each receipt, and in the checkpoints
that are published; nothing is sealed onto a chain that no longer holds the last of these. The tables refuse UPDATE and DELETE by
trigger; ``core/verification.py`` finds what went round it.
"""

import hashlib
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Mapped, mapped_column

from consult.core import records
from consult.core.db import Base, PrimaryKey, Timestamp, add_new, add_row, fk, scalar_count, session
from consult.core.i18n import MOROCCO, utcnow
from consult.core.permissions import Action, Actor
from consult.core.records import canonical

log = logging.getLogger(__name__)

JSON_OR_NULL = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
GENESIS = "0" * 64
BATCH = 1000
# What an act was called in events of earlier versions, which are never rewritten.
FORMER_NAMES: dict[Action, tuple[str, ...]] = {
    Action.CHAPTERS_CONFIRM_TRANSLATION: ("drafts.confirm_twin",),
    Action.CHAPTERS_CONFIRM_TRANSLATIONS: ("drafts.confirm_twins",),
    Action.CHAPTERS_CORRECT: ("drafts.correct",),
    Action.CHAPTERS_DISCARD: ("drafts.discard",),
    Action.CHAPTERS_IMPORT_CHAPTER: ("drafts.import_chapter",),
    Action.CHAPTERS_KEEP_WORKING_DRAFT: ("drafts.keep_working_draft",),
    Action.CHAPTERS_PUBLISH: ("drafts.publish",),
    Action.CHAPTERS_REBASE: ("drafts.rebase",),
    Action.CONTRIBUTIONS_LODGE: ("contributions.submit",),
    Action.EXPORTS_REQUEST: ("adoption.request_export",),
    Action.ORGANISATIONS_ADD: ("accounts.add_organisation",),
    Action.ORGANISATIONS_JOIN: ("accounts.join",),
}


class AuditEvent(Base):
    """Who ran which command on what."""

    __tablename__ = "audit_event"
    __append_only__ = True
    __recorded__ = False  # the journal itself, which its chain covers

    id: Mapped[PrimaryKey]
    at: Mapped[Timestamp]
    action: Mapped[str] = mapped_column(sa.String(60))
    actor: Mapped[str] = mapped_column(sa.String(40))
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    subject: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    details: Mapped[dict[str, Any]]
    records: Mapped[dict[str, dict[str, str | None]] | None] = mapped_column(JSON_OR_NULL)  # None: written before rows were recorded

    __table_args__ = (
        sa.Index("ix_audit_event_subject", "subject", "subject_id"), sa.Index("ix_audit_event_actor_id_at", "actor_id", "at"),
        sa.Index("ix_audit_event_action_id", "action", "id"), sa.Index("ix_audit_event_actor_id_id", "actor_id", "id"),
        sa.Index("ix_audit_event_actor_id_action_id", "actor_id", "action", "id"),
    )

    def content(self) -> dict[str, Any]:
        """What the seal covers."""
        return content_of(self)


def content_of(event: Any) -> dict[str, Any]:
    """The same of an event, or of a row that has its columns."""
    content = {
        "id": event.id, "at": event.at.isoformat(), "action": event.action, "actor": event.actor, "actor_id": event.actor_id,
        "subject": event.subject, "subject_id": event.subject_id, "details": event.details,
    }
    return content if event.records is None else {**content, "records": event.records}


class AuditSeal(Base):
    """One link: the event's place in the chain and the digest of all up to it."""

    __tablename__ = "audit_seal"
    __append_only__ = True
    __recorded__ = False  # the chain itself

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = fk("audit_event.id", unique=True, index=False)
    digest: Mapped[str] = mapped_column(sa.String(64))
    sealed_at: Mapped[Timestamp]


class Checkpoint(Base):
    """Where the chain stood, as it was published: a copy of it anywhere shows whether the journal was cut or written anew since."""

    __tablename__ = "checkpoint"
    __append_only__ = True
    __recorded__ = False  # a copy of what the chain says

    chain_position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    chain_digest: Mapped[str] = mapped_column(sa.String(64))
    at: Mapped[Timestamp]


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, content: dict[str, Any]) -> str:
    return hashlib.sha256(previous.encode() + canonical(content)).hexdigest()


def record(actor: Actor, action: Action, subject: Base) -> None:
    """Add the event of one act, with what it changed; a subject's ``audit_details()`` (a flat dict) says what is worth keeping of it."""
    details = subject.audit_details() if hasattr(subject, "audit_details") else {}
    add_row(
        AuditEvent, action=action.value, actor=type(actor).__name__.lower() if actor.id else actor.name, actor_id=actor.id,
        subject=subject.__tablename__, subject_id=subject.id, details=details, records=records.taken(),
    )


def head() -> tuple[int, str]:
    """Position and digest of the last link; (0, GENESIS) for an empty chain."""
    last = session.execute(sa.select(AuditSeal.position, AuditSeal.digest).order_by(AuditSeal.position.desc()).limit(1)).first()
    return (last[0], last[1]) if last else (0, GENESIS)


def last_act(user_id: Any) -> sa.ScalarSelect[datetime]:
    """Inside of a query: when the person of that column last did anything that the journal holds; one look into the index for each."""
    return sa.select(sa.func.max(AuditEvent.at)).where(AuditEvent.actor_id == user_id).scalar_subquery()


def seal() -> int:
    """Chain the events that have no seal yet and return how many; one sealer at a time, the others find nothing to do.

    Nothing is sealed where the chain lacks the last checkpoint: what was cut off or written anew is not to look whole again.
    """
    if session.get_bind().dialect.name == "postgresql" and not session.scalar(sa.text("SELECT pg_try_advisory_xact_lock(7221984)")):
        return 0
    position, previous = head()
    if lost := list_lost_heads(newest_checkpoint()):
        log.error("nothing is sealed: %s", lost[0])
        return 0
    count = 0
    for event in session.scalars(unsealed_events().limit(BATCH)).all():
        position, previous, count = position + 1, link(previous, event.content()), count + 1
        session.add(AuditSeal(position=position, event_id=event.id, digest=previous))
    session.flush()
    if count:
        put_checkpoint()
    return count


def unsealed_events() -> sa.Select[AuditEvent]:
    return sa.select(AuditEvent).outerjoin(AuditSeal).where(AuditSeal.position.is_(None)).order_by(AuditEvent.id)


def seal_all() -> int:
    total = 0
    while count := seal():
        total += count
    return total


def chain() -> Iterator[tuple[AuditSeal, AuditEvent]]:
    """Each link with its event."""
    links = sa.select(AuditSeal, AuditEvent).join(AuditEvent).order_by(AuditSeal.position)
    return session.execute(links.execution_options(yield_per=BATCH))


# Where the chain's head was told


def newest_checkpoint() -> sa.Select[int, str]:
    return sa.select(Checkpoint.chain_position, Checkpoint.chain_digest).order_by(Checkpoint.chain_position.desc()).limit(1)


def put_checkpoint() -> None:
    """Publish where the chain stands: once a day (in Morocco) if anything was sealed since, and after each :data:`BATCH` of events."""
    last = session.scalar(sa.select(Checkpoint).order_by(Checkpoint.chain_position.desc()).limit(1))
    position, digest = head()
    if position <= (last.chain_position if last else 0):
        return
    if last is None or position >= last.chain_position + BATCH or last.at.astimezone(MOROCCO).date() < utcnow().astimezone(MOROCCO).date():
        add_new(Checkpoint, [{"chain_position": position, "chain_digest": digest}], Checkpoint.chain_position)


def list_lost_heads(told: sa.Select[int, str]) -> list[str]:
    """Of heads that were told (position, digest), those that the chain does not hold: a sentence for each."""
    heads = told.subquery()
    position, digest = heads.c
    lost = (sa.select(position, digest, AuditSeal.digest).outerjoin(AuditSeal, AuditSeal.position == position)
            .where(sa.or_(AuditSeal.digest.is_(None), AuditSeal.digest != digest), sa.or_(position != 0, digest != GENESIS))
            .order_by(position))
    return [f"the journal was told to stand at {position}:{digest}, and " + (f"has {now} there" if now else "ends before")
            for position, digest, now in session.execute(lost)]


def unsealed_count() -> int:
    return scalar_count(sa.select(sa.func.count()).select_from(AuditEvent).outerjoin(AuditSeal).where(AuditSeal.position.is_(None)))


def names_of(action: Action) -> tuple[str, ...]:
    """What the events of an act are called, its former names included."""
    return (action.value, *FORMER_NAMES.get(action, ()))


def events_of(action: Action) -> sa.ScalarResult[AuditEvent]:
    """Every event of an act, oldest first."""
    return session.scalars(sa.select(AuditEvent).where(AuditEvent.action.in_(names_of(action))).order_by(AuditEvent.id))


def newest(*actions: Action) -> int | None:
    """The id of the last event of these acts: it grows whenever somebody has done one of them again."""
    # One after the other: of several together each event would be read, for the last of each one entry of its index is.
    last = [sa.select(sa.func.max(AuditEvent.id)).where(AuditEvent.action == name).scalar_subquery()
            for action in actions for name in names_of(action)]
    return max((found for found in session.execute(sa.select(*last)).one() if found is not None), default=None)
