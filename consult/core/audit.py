"""The journal: one append-only event for each act, chained by hash afterwards so that writers never queue for the chain.

An event is written in the transaction of the act. :func:`seal` numbers the events not yet sealed and gives each the
SHA-256 of the one before it together with its own content (a hash chain after Haber and Stornetta, 1991). Both tables
refuse UPDATE and DELETE by trigger; whoever goes round the triggers breaks the chain, and :func:`verify` says where.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, PrimaryKey, Timestamp, add_row, fk, scalar_count, session
from consult.core.permissions import Action, Actor

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

    id: Mapped[PrimaryKey]
    at: Mapped[Timestamp]
    action: Mapped[str] = mapped_column(sa.String(60), index=True)
    actor: Mapped[str] = mapped_column(sa.String(40))
    actor_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    subject: Mapped[str] = mapped_column(sa.String(40))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    details: Mapped[dict[str, Any]]

    __table_args__ = (sa.Index("ix_audit_event_subject", "subject", "subject_id"), sa.Index("ix_audit_event_actor_id_at", "actor_id", "at"))

    def content(self) -> dict[str, Any]:
        """What the seal covers."""
        return {
            "id": self.id, "at": self.at.isoformat(), "action": self.action, "actor": self.actor, "actor_id": self.actor_id,
            "subject": self.subject, "subject_id": self.subject_id, "details": self.details,
        }


class AuditSeal(Base):
    """One link: the event's place in the chain and the digest of all up to it."""

    __tablename__ = "audit_seal"
    __append_only__ = True

    position: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = fk("audit_event.id", unique=True, index=False)
    digest: Mapped[str] = mapped_column(sa.String(64))
    sealed_at: Mapped[Timestamp]


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of ``value``."""
    return hashlib.sha256(canonical(value)).hexdigest()


def link(previous: str, event: AuditEvent) -> str:
    return hashlib.sha256(previous.encode() + canonical(event.content())).hexdigest()


def record(actor: Actor, action: Action, subject: Base) -> None:
    """Add the event of one act; a subject's ``audit_details()`` (a flat dict) says what is worth keeping of it."""
    details = subject.audit_details() if hasattr(subject, "audit_details") else {}
    add_row(
        AuditEvent, action=action.value, actor=type(actor).__name__.lower() if actor.id else actor.name, actor_id=actor.id,
        subject=subject.__tablename__, subject_id=subject.id, details=details,
    )


def head() -> tuple[int, str]:
    """Position and digest of the last link; (0, GENESIS) for an empty chain."""
    last = session.execute(sa.select(AuditSeal.position, AuditSeal.digest).order_by(AuditSeal.position.desc()).limit(1)).first()
    return (last[0], last[1]) if last else (0, GENESIS)


def last_acts(user_ids: Collection[int]) -> dict[int, datetime]:
    """When each of these people last did anything that the journal holds."""
    if not user_ids:
        return {}
    # One look into the index for each of them: grouped, all that they did would be read.
    each = [sa.select(sa.literal(user_id), sa.select(sa.func.max(AuditEvent.at)).where(AuditEvent.actor_id == user_id).scalar_subquery())
            for user_id in sorted(set(user_ids))]
    return {user_id: at for user_id, at in session.execute(sa.union_all(*each)) if at is not None}


def seal() -> int:
    """Chain the events that have no seal yet and return how many; one sealer at a time, the others find nothing to do."""
    if session.get_bind().dialect.name == "postgresql" and not session.scalar(sa.text("SELECT pg_try_advisory_xact_lock(7221984)")):
        return 0
    position, previous = head()
    unsealed = sa.select(AuditEvent).outerjoin(AuditSeal).where(AuditSeal.position.is_(None)).order_by(AuditEvent.id).limit(BATCH)
    count = 0
    for event in session.scalars(unsealed).all():
        position, previous, count = position + 1, link(previous, event), count + 1
        session.add(AuditSeal(position=position, event_id=event.id, digest=previous))
    session.flush()
    return count


def seal_all() -> int:
    total = 0
    while count := seal():
        total += count
    return total


def chain() -> Iterator[tuple[AuditSeal, AuditEvent]]:
    links = sa.select(AuditSeal, AuditEvent).join(AuditEvent).order_by(AuditSeal.position)
    return session.execute(links.execution_options(yield_per=BATCH))


def verify() -> list[str]:
    """Follow the whole chain; an empty list when every link holds, else one English sentence for each break."""
    faults, previous, expected = [], GENESIS, 0
    for seal_, event in chain():
        expected += 1
        if seal_.position != expected:
            faults.append(f"link {expected} is missing (next one found: {seal_.position})")
            expected = seal_.position
        if link(previous, event) != seal_.digest:
            faults.append(f"link {seal_.position} does not match event {event.id} ({event.action}): it or the link before was changed")
        previous = seal_.digest
    return faults


def unsealed_count() -> int:
    return scalar_count(sa.select(sa.func.count()).select_from(AuditEvent).outerjoin(AuditSeal).where(AuditSeal.position.is_(None)))


def names_of(action: Action) -> tuple[str, ...]:
    """What the events of an act are called, its former names included."""
    return (action.value, *FORMER_NAMES.get(action, ()))


def events_of(action: Action) -> sa.ScalarResult[AuditEvent]:
    """Every event of an act, oldest first."""
    return session.scalars(sa.select(AuditEvent).where(AuditEvent.action.in_(names_of(action))).order_by(AuditEvent.id))


def newest(action: Action) -> int | None:
    """The id of the last event of an act: it grows whenever somebody has done it again."""
    return session.scalar(sa.select(sa.func.max(AuditEvent.id)).where(AuditEvent.action.in_(names_of(action))))
