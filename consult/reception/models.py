"""Batches of what was received otherwise than here, what was typed of each, and what was compared with the paper."""

import hashlib
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import TYPED_WITHIN, Consultation
from consult.contributions.models import Contribution, Origin
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, StateEnum, Tone, says

MAX_PLACE = 200
MAX_CONTACT = 200
MAX_ANNOUNCED = 5_000
MAX_NOTE = 500
ONE_IN = 10


class BatchState(StateEnum):
    tone: Tone
    takes_entries: bool

    OPEN = "open", N_("Being typed"), says(leads_to=("closed",), tone=Tone.OCHRE, takes_entries=True)
    CLOSED = "closed", N_("Balanced and closed"), says(leads_to=(), tone=Tone.GREEN, takes_entries=False)


class CheckOutcome(MeaningEnum):
    """What somebody who did not type it found."""

    tone: Tone

    SAME = "same", N_("As on the paper"), says(tone=Tone.GREEN)
    CORRECTED = "corrected", N_("Entered again, corrected"), says(tone=Tone.OCHRE)


class Batch(Base):
    """Slips, letters or messages received together: how many there are is written down before any is typed, and never changes."""

    __tablename__ = "batch"
    __append_only__ = all_but("last_number", "set_aside", "set_aside_reason", "state", "closed_at", "row_counter")
    __recorded__ = all_but("row_counter")
    __table_args__ = (
        sa.UniqueConstraint("consultation_id", "number"),
        sa.CheckConstraint("origin <> 'online'", name="typed_for_somebody"),
        sa.CheckConstraint("announced > 0", name="announced_some"),
        sa.CheckConstraint("last_number >= 0 AND set_aside >= 0 AND last_number + set_aside <= announced", name="never_over_count"),
        sa.CheckConstraint("(set_aside > 0) = (trim(set_aside_reason) <> '')", name="reason_of_what_is_set_aside"),
        sa.CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'open' OR last_number + set_aside = announced)",
                           name="closed_when_balanced"),
    )

    id: Mapped[PrimaryKey]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    consultation_id: Mapped[int] = fk("consultation.id", index=False)
    number: Mapped[int]
    origin: Mapped[Origin]
    place: Mapped[str] = mapped_column(sa.String(MAX_PLACE))
    received_at: Mapped[datetime]
    announced: Mapped[int]
    registered_by_id: Mapped[int] = fk("user.id")
    registered_at: Mapped[Timestamp]
    last_number: Mapped[int] = mapped_column(default=0)  # of its entries: how many were typed
    set_aside: Mapped[int] = mapped_column(default=0)  # blank, illegible, twice the same: in nobody's name
    set_aside_reason: Mapped[str] = mapped_column(default="")
    state: Mapped[BatchState] = mapped_column(default=BatchState.OPEN)
    closed_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    consultation: Mapped[Consultation] = relationship()
    registered_by: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def left(self) -> int:
        """How many are still to be typed or set aside."""
        return self.announced - self.last_number - self.set_aside

    @property
    def typed_until(self) -> datetime | None:
        """The last moment for it."""
        closes_at = self.consultation.closes_at
        return closes_at + TYPED_WITHIN if closes_at else None

    def audit_details(self) -> dict[str, Any]:
        return {"batch": self.number, "origin": self.origin.value, "announced": self.announced, "typed": self.last_number,
                "set_aside": self.set_aside, "state": self.state.value}


class Entry(Base):
    """One of a batch, typed: by whom, how its author can be reached, and the digest of the code on their stub.

    ``contribution`` is what stands now: where somebody found that the paper says otherwise, what was typed first is withdrawn and kept
    (:class:`EntryCheck`).
    """

    __tablename__ = "entry"
    __append_only__ = all_but("contribution_id", "contact", "is_sampled", "claimed_at", "row_counter")
    __recorded__ = all_but("contact", "code_hash", "salt", "row_counter")
    __table_args__ = (sa.UniqueConstraint("batch_id", "number"),)

    id: Mapped[PrimaryKey]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    batch_id: Mapped[int] = fk("batch.id", index=False)
    number: Mapped[int]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    contact: Mapped[str] = mapped_column(sa.String(MAX_CONTACT), default="")
    code_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    salt: Mapped[str] = mapped_column(sa.String(32))  # by which the code is made again, with a key of the settings
    typed_by_id: Mapped[int] = fk("user.id")
    entered_at: Mapped[Timestamp]
    is_sampled: Mapped[bool] = mapped_column(default=False)
    claimed_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    batch: Mapped[Batch] = relationship()
    contribution: Mapped[Contribution] = relationship()
    typed_by: Mapped[User] = relationship()
    check: Mapped["EntryCheck | None"] = relationship(back_populates="entry")

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.batch.consultation

    def audit_details(self) -> dict[str, Any]:
        return {"batch": self.batch.number, "number": self.number, "ref": self.contribution.ref, "is_sampled": self.is_sampled}


class TableState(StateEnum):
    tone: Tone
    is_under_way: bool

    READ = "read", N_("To be matched"), says(leads_to=("entering",), tone=Tone.OCHRE, is_under_way=False)
    ENTERING = "entering", N_("Being entered"), says(leads_to=("done",), tone=Tone.BLUE, is_under_way=True)
    DONE = "done", N_("Gone through"), says(leads_to=(), tone=Tone.GREEN, is_under_way=False)


class BroughtTable(Base):
    """A table of what was said elsewhere, entered row by row by the worker, each once; ``refused`` says of which rows why not."""

    __tablename__ = "brought_table"
    __append_only__ = False  # gone some weeks after it came; what was entered of it stays
    __recorded__ = False  # what is entered of it is

    id: Mapped[PrimaryKey]
    batch_id: Mapped[int] = fk("batch.id")
    brought_by_id: Mapped[int] = fk("user.id")
    file_name: Mapped[str] = mapped_column(sa.String(MAX_PLACE))
    digest: Mapped[str] = mapped_column(sa.String(64))
    columns: Mapped[list[Any]]
    rows: Mapped[list[Any]] = mapped_column(deferred=True)
    rows_count: Mapped[int]
    mapping: Mapped[dict[str, Any] | None]
    state: Mapped[TableState] = mapped_column(default=TableState.READ)
    done: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[Timestamp]

    batch: Mapped[Batch] = relationship()
    brought_by: Mapped[User] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.batch.consultation


class EntryCheck(Base):
    """That somebody who had not typed it compared it with the paper."""

    __tablename__ = "entry_check"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(outcome = 'corrected') = (former_contribution_id IS NOT NULL)", name="corrected_replaces_one"),
    )

    id: Mapped[PrimaryKey]
    entry_id: Mapped[int] = fk("entry.id", unique=True, index=False)
    outcome: Mapped[CheckOutcome]
    note: Mapped[str] = mapped_column(default="")
    former_contribution_id: Mapped[int | None] = fk("contribution.id", unique=True, index=False)
    checked_by_id: Mapped[int] = fk("user.id")
    checked_at: Mapped[Timestamp]

    entry: Mapped[Entry] = relationship(back_populates="check")
    former: Mapped[Contribution | None] = relationship()
    checked_by: Mapped[User] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.entry.consultation

    def audit_details(self) -> dict[str, Any]:
        return {"batch": self.entry.batch.number, "number": self.entry.number, "outcome": self.outcome.value,
                "former": self.former.ref if self.former else None}


def drawn(digest: str) -> str:
    """By what one in ten is chosen: the smallest of these among ten entries that follow each other. Nobody knows it before it is typed."""
    return hashlib.sha256(f"compared with the paper {digest}".encode()).hexdigest()
