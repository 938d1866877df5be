"""Drafts that members offer to their organisation: their wordings, what is said of them, where each stands. All of it stays inside."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution
from consult.core.actors import Actor
from consult.core.append_only import UNTIL_OVER
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import StateEnum, Tone, says
from consult.organisations.models import Organisation

MAX_REMARK = 2_000


class OfferedState(StateEnum):
    """Where a draft stands that a member offered to their organisation, and who may do something about it."""

    tone: Tone
    act: str  # what whoever brought it there did, to be translated where the thread shows it
    awaits_representative: bool  # one of them is to read it
    is_with_author: bool  # its author is to change it and offer it anew
    is_authors_to_change: bool
    is_representatives_to_change: bool
    is_in_position: bool  # it is lodged with the organisation's position
    is_taken_back: bool  # its words are its author's alone again

    OFFERED = "offered", N_("To be read by a representative"), says(
        leads_to=("returned", "accepted", "taken_back"), tone=Tone.OCHRE, act=N_("offered it to the organisation"),
        awaits_representative=True, is_with_author=False, is_authors_to_change=True, is_representatives_to_change=True,
        is_in_position=False, is_taken_back=False)
    RETURNED = "returned", N_("Returned to its author"), says(
        leads_to=("offered", "accepted", "taken_back"), tone=Tone.BLUE, act=N_("returned it to its author"),
        awaits_representative=False, is_with_author=True, is_authors_to_change=True, is_representatives_to_change=False,
        is_in_position=False, is_taken_back=False)
    ACCEPTED = "accepted", N_("In the position of the organisation"), says(
        leads_to=("returned", "lodged"), tone=Tone.GREEN, act=N_("accepted it into the position of the organisation"),
        awaits_representative=False, is_with_author=False, is_authors_to_change=False, is_representatives_to_change=True,
        is_in_position=True, is_taken_back=False)
    LODGED = "lodged", N_("Lodged by the organisation"), says(
        leads_to=(), tone=Tone.GREEN, act=N_("lodged it for the organisation"),
        awaits_representative=False, is_with_author=False, is_authors_to_change=False, is_representatives_to_change=False,
        is_in_position=False, is_taken_back=False)
    TAKEN_BACK = "taken_back", N_("Taken back by its author"), says(
        leads_to=(), tone=Tone.NONE, act=N_("took it back"),
        awaits_representative=False, is_with_author=False, is_authors_to_change=False, is_representatives_to_change=False,
        is_in_position=False, is_taken_back=True)


class OfferedDraft(Base):
    """A draft that a member gave to their organisation; it stays there when they leave, unless they took it back before.

    ``form_key`` is that of the form from which it was offered: sent again, it finds what it offered. Its place in the text is that of
    the passage as its author read it. ``told_at``: since it was offered last, when the representatives heard of it, or decided on it.
    """

    __tablename__ = "offered_draft"
    __append_only__ = False  # it is changed, and goes a year after it was changed last
    __recorded__ = False  # the organisation’s alone until it is lodged
    __table_args__ = (
        sa.CheckConstraint("(state = 'lodged') = (contribution_id IS NOT NULL)", name="lodged_has_its_contribution"),
        # The organisation’s list, in text order.
        sa.Index("ix_offered_draft_in_text_order", "organisation_id", "consultation_id", "chapter_number", "place", "id"),
        sa.Index("ix_offered_draft_organisation_id_state", "organisation_id", "state", "id"),
        sa.Index("ix_offered_draft_untold", "offered_at", sqlite_where=sa.text("told_at IS NULL"),
                 postgresql_where=sa.text("told_at IS NULL")),
        sa.Index("ix_offered_draft_changed_at", "changed_at"),
    )

    id: Mapped[PrimaryKey]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    organisation_id: Mapped[int] = fk("organisation.id", index=False)
    consultation_id: Mapped[int] = fk("consultation.id")
    author_id: Mapped[int] = fk("user.id")
    block_id: Mapped[int] = fk("block.id")
    chapter_number: Mapped[int]
    place: Mapped[int]
    state: Mapped[OfferedState] = mapped_column(default=OfferedState.OFFERED)
    last_wording: Mapped[int] = mapped_column(default=1)
    contribution_id: Mapped[int | None] = fk("contribution.id", unique=True, index=False)
    offered_at: Mapped[Timestamp]
    changed_at: Mapped[Timestamp]
    told_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    organisation: Mapped[Organisation] = relationship()
    consultation: Mapped[Consultation] = relationship()
    author: Mapped[User] = relationship()
    block: Mapped[Block] = relationship()
    contribution: Mapped[Contribution | None] = relationship()
    wording: Mapped["DraftWording | None"] = relationship(
        primaryjoin="and_(DraftWording.offered_draft_id == OfferedDraft.id, DraftWording.number == OfferedDraft.last_wording)",
        uselist=False, viewonly=True)

    __mapper_args__ = {"version_id_col": row_counter}

    address = None  # only what is kept for an address has one

    def is_changed_by(self, actor: Actor) -> bool:
        """Whether it is theirs to change as it stands: its author's, or a representative's."""
        as_author = self.state.is_authors_to_change and self.author_id == actor.id
        return as_author or (self.state.is_representatives_to_change and self.organisation_id == actor.organisation_id)

    @property
    def fields(self) -> dict[str, Any]:
        """As a form holds them; none once it was taken back."""
        return {**self.wording.fields, "speak_as": "organisation"} if self.wording is not None else {}

    @property
    def digest(self) -> str:
        """Of its words: by it a page says what it had shown."""
        return self.wording.digest if self.wording is not None else ""


class DraftWording(Base):
    """What an offered draft said from one change to the next, and who wrote it so; ``saved_by``, where it was saved by itself, is the open
    page that did, and its how manieth save that was.
    """

    __tablename__ = "draft_wording"
    __append_only__ = UNTIL_OVER
    __recorded__ = False  # the organisation’s alone
    __table_args__ = (sa.UniqueConstraint("offered_draft_id", "number"),)

    id: Mapped[PrimaryKey]
    offered_draft_id: Mapped[int] = fk("offered_draft.id", index=False)
    number: Mapped[int]
    author_id: Mapped[int] = fk("user.id")
    fields: Mapped[dict[str, Any]]
    written_at: Mapped[Timestamp]
    saved_by: Mapped[str | None] = mapped_column(sa.String(80))

    author: Mapped[User] = relationship()

    @property
    def digest(self) -> str:
        return digest_of(self.fields)


class DraftRemark(Base):
    """What somebody of the organisation said of an offered draft, or did with it (``moved_to``), with a word or without."""

    __tablename__ = "draft_remark"
    __append_only__ = UNTIL_OVER
    __recorded__ = False  # the organisation’s alone
    __table_args__ = (
        sa.CheckConstraint("moved_to IS NOT NULL OR trim(body) <> ''", name="body_not_blank"),
        sa.Index("ix_draft_remark_offered_draft_id_id", "offered_draft_id", "id"),
    )

    id: Mapped[PrimaryKey]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    offered_draft_id: Mapped[int] = fk("offered_draft.id", index=False)
    author_id: Mapped[int] = fk("user.id")
    moved_to: Mapped[OfferedState | None]
    body: Mapped[str]
    written_at: Mapped[Timestamp]

    author: Mapped[User] = relationship()
