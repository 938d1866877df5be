"""Filled forms as they came, and what was understood of each of their rows, until they are drafts."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Consultation
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, StateEnum, Tone, says
from consult.forms.places import Confidence, Why

MAX_FILE_NAME = 200
REFUSED = "refused"  # beside what a row says: why it could not be kept as a draft, in each language


class FormState(StateEnum):
    tone: Tone
    is_under_way: bool  # the worker goes through it
    may_change: bool  # its rows may be put elsewhere, left out, and become drafts
    has_file: bool  # byte for byte, as it came

    READING = "reading", N_("Being read"), says(
        leads_to=("read", "discarded"), tone=Tone.OCHRE, is_under_way=True, may_change=False, has_file=True)
    READ = "read", N_("To be looked at"), says(
        leads_to=("drafting", "discarded"), tone=Tone.BLUE, is_under_way=False, may_change=True, has_file=True)
    DRAFTING = "drafting", N_("Becoming drafts"), says(
        leads_to=("read", "discarded"), tone=Tone.OCHRE, is_under_way=True, may_change=False, has_file=True)
    DISCARDED = "discarded", N_("Discarded"), says(
        leads_to=(), tone=Tone.NONE, is_under_way=False, may_change=False, has_file=False)


class FormRowState(StateEnum):
    tone: Tone
    is_open: bool  # somebody may still decide where it belongs
    becomes_draft: bool  # when the form does
    says_why: bool  # what it was found by, or why not, is worth telling

    UNREAD = "unread", N_("Not read yet"), says(
        leads_to=("certain", "doubtful", "general"), tone=Tone.NONE, is_open=False, becomes_draft=False, says_why=False)
    CERTAIN = "certain", N_("Passage found"), says(
        leads_to=("certain", "doubtful", "general", "left_out", "drafted"), tone=Tone.GREEN, is_open=True, becomes_draft=True,
        says_why=True)
    DOUBTFUL = "doubtful", N_("Doubtful"), says(
        leads_to=("certain", "general", "left_out"), tone=Tone.OCHRE, is_open=True, becomes_draft=False, says_why=True)
    GENERAL = "general", N_("General remark on the chapter"), says(
        leads_to=("certain", "doubtful", "general", "left_out", "drafted"), tone=Tone.BLUE, is_open=True, becomes_draft=True, says_why=True)
    LEFT_OUT = "left_out", N_("Left out"), says(
        leads_to=("certain", "general"), tone=Tone.NONE, is_open=True, becomes_draft=False, says_why=False)
    DRAFTED = "drafted", N_("Among the drafts"), says(leads_to=(), tone=Tone.GREEN, is_open=False, becomes_draft=False, says_why=False)


class Speaking(MeaningEnum):
    """For whom the rows of a form become drafts."""

    kept_as: str  # what the draft's own form says of it; empty where it is given to others
    needs: str  # what of the actor says for which organisation
    refusal: str  # what whoever lacks it is told

    def may_be_said_by(self, actor: Any) -> bool:
        return getattr(actor, self.needs) is not None

    SELF = "self", N_("for yourself"), says(kept_as="self", needs="id", refusal="")
    ORGANISATION = "organisation", N_("for the organisation for which you hold a mandate"), says(
        kept_as="organisation", needs="organisation_id", refusal=N_("You hold no mandate any more to sign for the organisation."))
    OFFERED = "offered", N_("offered to the organisation of which you are a member"), says(
        kept_as="", needs="member_of_id", refusal=N_("You are not a member of an organisation."))


class ReceivedForm(Base):
    """One file as it came, byte for byte until it is discarded, and how far it is."""

    __tablename__ = "received_form"
    __append_only__ = False  # how far it is
    __recorded__ = False  # its author’s alone; what they lodge of it is recorded then

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    author_id: Mapped[int] = fk("user.id")
    chapter_number: Mapped[int | None]  # as its author said; None: as the form says
    file_name: Mapped[str] = mapped_column(sa.String(MAX_FILE_NAME))
    digest: Mapped[str] = mapped_column(sa.String(64))
    data: Mapped[bytes] = mapped_column(sa.LargeBinary, deferred=True)
    preface: Mapped[list[Any]] = mapped_column(deferred=True)  # what stands around its tables
    rows_count: Mapped[int]
    state: Mapped[FormState] = mapped_column(default=FormState.READING)
    speaking: Mapped[Speaking] = mapped_column(default=Speaking.SELF)
    created_at: Mapped[Timestamp]

    __table_args__ = (sa.Index("ix_received_form_created_at", "created_at"),)

    consultation: Mapped[Consultation] = relationship()
    author: Mapped[User] = relationship()

    def audit_details(self) -> dict[str, Any]:
        return {"sha256": self.digest, "rows": self.rows_count, "state": self.state.value}


class ReceivedRow(Base):
    """One row of it, as it was filled, and the passage that it speaks of: found, or chosen by its author."""

    __tablename__ = "received_row"
    __append_only__ = False  # its place is corrected
    __recorded__ = False  # nothing of it is public
    __table_args__ = (sa.Index("ix_received_row_form_id_state", "form_id", "state", "id"),)

    id: Mapped[PrimaryKey]
    form_id: Mapped[int] = mapped_column(sa.ForeignKey("received_form.id", ondelete="CASCADE"))
    number: Mapped[int]  # of the line, as a spreadsheet counts
    said: Mapped[dict[str, Any]]
    state: Mapped[FormRowState] = mapped_column(default=FormRowState.UNREAD)
    key: Mapped[str | None] = mapped_column(sa.String(80))  # of the passage
    chapter_number: Mapped[int | None]
    confidence: Mapped[Confidence | None]
    why: Mapped[Why | None]
    others: Mapped[list[Any]] = mapped_column(default=list)

    form: Mapped[ReceivedForm] = relationship()

    @property
    def refusal(self) -> dict[str, str]:
        """By language, why it could not be kept as a draft."""
        return self.said.get(REFUSED, {}) if self.state == FormRowState.DOUBTFUL else {}

    @property
    def author_id(self) -> int:
        return self.form.author_id

    @property
    def consultation(self) -> Consultation:
        return self.form.consultation

    def audit_details(self) -> dict[str, Any]:
        return {"form": self.form_id, "row": self.number, "passage": self.key, "state": self.state.value}
