"""Contributions: withdrawn perhaps, never rewritten; their amendment, receipt and draft."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import statement
from consult.core.append_only import all_but
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, PublicRef, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum, gettext
from consult.organisations.models import Organisation


class Kind(LabelledEnum):
    COMMENT = "comment", N_("Comment")
    RECOMMENDATION = "recommendation", N_("Recommendation")


class CommentType(LabelledEnum):
    """The types of the ISO/IEC/CEN/CENELEC commenting template; ``iso`` is its code."""

    GENERAL = "general", N_("General")
    TECHNICAL = "technical", N_("Technical")
    EDITORIAL = "editorial", N_("Editorial")

    @property
    def iso(self) -> str:
        return {"general": "ge", "technical": "te", "editorial": "ed"}[self.value]


class Position(LabelledEnum):
    IN_FAVOUR = "in_favour", N_("In favour")
    IN_FAVOUR_WITH_CHANGES = "in_favour_with_changes", N_("In favour with changes")
    OPPOSED = "opposed", N_("Opposed")
    NEUTRAL = "neutral", N_("Neutral")


class ContributionState(LabelledEnum):
    SUBMITTED = "submitted", N_("Awaiting moderation")
    PUBLISHED = "published", N_("Published")
    WITHHELD = "withheld", N_("Withheld")
    WITHDRAWN = "withdrawn", N_("Withdrawn by its author")


ContributionState.NEXT = {
    ContributionState.SUBMITTED: (ContributionState.PUBLISHED, ContributionState.WITHHELD, ContributionState.WITHDRAWN),
    ContributionState.PUBLISHED: (ContributionState.WITHHELD, ContributionState.WITHDRAWN),
    ContributionState.WITHHELD: (ContributionState.PUBLISHED, ContributionState.WITHDRAWN),
    ContributionState.WITHDRAWN: (),
}


class AnchorClass(LabelledEnum):
    """What a new revision did to the place that a contribution speaks of."""

    KEPT = "kept", N_("Same text")
    MOVED = "moved", N_("Same text, elsewhere")
    CHANGED = "changed", N_("Text changed")
    DELETED = "deleted", N_("No longer in the text")


class AnchorState(LabelledEnum):
    """Who answers for the place: nobody yet, or the rapporteur who confirmed it, chose another, or left it on the old revision."""

    PROPOSED = "proposed", N_("To be confirmed")
    CONFIRMED = "confirmed", N_("Confirmed")
    REATTACHED = "reattached", N_("Attached elsewhere")
    LEFT = "left", N_("Left on the earlier version")


AnchorState.NEXT = {
    AnchorState.PROPOSED: (AnchorState.CONFIRMED, AnchorState.REATTACHED, AnchorState.LEFT),
    AnchorState.CONFIRMED: (AnchorState.REATTACHED, AnchorState.LEFT),
    AnchorState.REATTACHED: (AnchorState.REATTACHED, AnchorState.LEFT),
    AnchorState.LEFT: (AnchorState.CONFIRMED, AnchorState.REATTACHED),
}


class QuoteState(LabelledEnum):
    """What became of the quoted words themselves."""

    NONE = "none", N_("No words quoted")
    FOUND = "found", N_("Quoted words found again")
    CLOSE = "close", N_("Quoted words changed")
    LOST = "lost", N_("Quoted words not found")


class Contribution(Base):
    """What one participant says about one block, or about the words ``exact`` in it.

    ``block`` and ``block_key`` are where it was written and never change; ``current_key`` is where the present text shows it, None
    when it stays on the revision that it was written on. ``prefix`` and ``suffix`` are the words around ``exact``
    (TextQuoteSelector of the W3C Web Annotation Data Model, 2017).
    """

    __tablename__ = "contribution"
    __append_only__ = all_but("current_key", "state", "withdrawn_at", "row_counter")
    __table_args__ = (
        sa.CheckConstraint("trim(body) <> ''", name="body_not_blank"),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_its_moment"),
        sa.Index("ix_contribution_chapter_id_current_key_state", "chapter_id", "current_key", "state"),
        sa.Index("ix_contribution_chapter_id_state", "chapter_id", "state", "id"),
    )

    id: Mapped[PrimaryKey]
    ref: Mapped[PublicRef]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    block_id: Mapped[int] = fk("block.id")
    block_key: Mapped[str] = mapped_column(sa.String(80))
    current_key: Mapped[str | None] = mapped_column(sa.String(80), default=lambda row: row.get_current_parameters()["block_key"])
    exact: Mapped[str] = mapped_column(default="", server_default="")
    prefix: Mapped[str] = mapped_column(default="", server_default="")
    suffix: Mapped[str] = mapped_column(default="", server_default="")
    author_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int | None] = fk("organisation.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    kind: Mapped[Kind]
    comment_type: Mapped[CommentType]
    position: Mapped[Position]
    body: Mapped[str]
    justification: Mapped[str] = mapped_column(default="")
    state: Mapped[ContributionState] = mapped_column(default=ContributionState.SUBMITTED)
    submitted_at: Mapped[Timestamp]
    withdrawn_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    chapter: Mapped[Chapter] = relationship()
    block: Mapped[Block] = relationship()
    author: Mapped[User] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    amendment: Mapped["SuggestedAmendment | None"] = relationship(back_populates="contribution")
    receipt: Mapped["Receipt | None"] = relationship(back_populates="contribution")

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    @hybrid_property
    def provision_key(self) -> str:
        """Where the present text has it; of what is no longer there, where it was written."""
        return self.current_key or self.block_key

    @provision_key.inplace.expression
    @classmethod
    def _provision_key(cls) -> sa.ColumnElement[str]:
        return sa.func.coalesce(cls.current_key, cls.block_key)

    @property
    def is_public(self) -> bool:
        return self.state == ContributionState.PUBLISHED

    @property
    def is_traced(self) -> bool:
        """Whether the public knows that it was there: withheld or withdrawn, without its words."""
        return self.state in (ContributionState.WITHHELD, ContributionState.WITHDRAWN)

    def content(self) -> dict[str, Any]:
        """Everything its author said, where and when, in the form that the receipt's digest covers."""
        return {
            "ref": self.ref, "block": self.block_key, "block_id": self.block_id, "author_id": self.author_id, "language": self.language,
            "submitted_at": self.submitted_at.isoformat(), **statement.digested(self),
        }

    @property
    def further_texts(self) -> list[tuple[str, str]]:
        """(heading, words) of what its author wrote beside the body."""
        return [(gettext(field.heading), getattr(self, field.name)) for field in statement.FURTHER_TEXTS if getattr(self, field.name)]

    @property
    def digest(self) -> str:
        return digest_of(self.content())

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.ref, "state": self.state.value, "sha256": self.digest}


class SuggestedAmendment(Base):
    """Replacement wording for the block's lead, plain text."""

    __tablename__ = "suggested_amendment"
    __append_only__ = True
    __table_args__ = (sa.CheckConstraint("trim(replacement) <> ''", name="replacement_not_blank"),)

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    replacement: Mapped[str]

    contribution: Mapped[Contribution] = relationship(back_populates="amendment")


class Receipt(Base):
    """Proof of lodging: the digest of what was lodged, and when its author was told by mail."""

    __tablename__ = "receipt"
    __append_only__ = all_but("written_at")

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    digest: Mapped[str] = mapped_column(sa.String(64))
    issued_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]

    contribution: Mapped[Contribution] = relationship(back_populates="receipt")


class ContributionDraft(Base):
    """What somebody typed and has not submitted: kept by its token, so that a lost session loses no word."""

    __tablename__ = "contribution_draft"
    __append_only__ = False  # what was not lodged is its author’s to change and to throw away

    id: Mapped[PrimaryKey]
    token: Mapped[str] = mapped_column(sa.String(64), unique=True)
    author_id: Mapped[int | None] = fk("user.id")
    block_id: Mapped[int] = fk("block.id")
    fields: Mapped[dict[str, Any]]
    updated_at: Mapped[Timestamp]

    block: Mapped[Block] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.block.consultation


class Anchor(Base):
    """Where one later revision has the place that a contribution speaks of: one row for each of them, never erased.

    ``block`` is None where that revision has no such place. ``exact`` are the quoted words as they stand there.
    """

    __tablename__ = "anchor"
    # Where it was and what the revision did to it stays as found; where a person attaches it may be decided again.
    __append_only__ = all_but("block_id", "quote", "exact", "state", "decided_by_id", "decided_at", "told_at", "row_counter")
    __table_args__ = (
        sa.UniqueConstraint("contribution_id", "revision_id"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
        sa.CheckConstraint("(state IN ('proposed', 'left')) OR decided_at IS NOT NULL", name="decided_has_its_moment"),
        sa.Index("ix_anchor_revision_id_state_anchor_class", "revision_id", "state", "anchor_class"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", index=False)
    revision_id: Mapped[int] = fk("revision.id", index=False)
    old_block_id: Mapped[int] = fk("block.id", index=False)
    block_id: Mapped[int | None] = fk("block.id")
    anchor_class: Mapped[AnchorClass]
    confidence: Mapped[float]
    quote: Mapped[QuoteState] = mapped_column(default=QuoteState.NONE)
    exact: Mapped[str] = mapped_column(default="")
    state: Mapped[AnchorState] = mapped_column(default=AnchorState.PROPOSED)
    decided_by_id: Mapped[int | None] = fk("user.id")
    decided_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    contribution: Mapped[Contribution] = relationship()
    revision: Mapped[Revision] = relationship()
    old_block: Mapped[Block] = relationship(foreign_keys=[old_block_id])
    block: Mapped[Block | None] = relationship(foreign_keys=[block_id])

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.contribution.consultation

    @property
    def commission_id(self) -> int:
        return self.contribution.commission_id

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.contribution.ref, "revision": self.revision_id, "class": self.anchor_class.value, "state": self.state.value,
                "block": self.block.key if self.block else None}
