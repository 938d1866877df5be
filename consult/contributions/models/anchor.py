"""Anchors: where later revisions have the place that a contribution speaks of, who answers for it, and how far a revision is with them."""

import enum
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.chapters.models import Block, BlockFate, Revision
from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, StateEnum, Tone, says


class AnchorClass(MeaningEnum):
    """What a new revision did to the place that a contribution speaks of."""

    tone: Tone
    is_same_text: bool
    is_gone: bool  # the revision has no such place

    KEPT = "kept", N_("Same text"), says(tone=Tone.GREEN, is_same_text=True, is_gone=False)
    MOVED = "moved", N_("Same text, elsewhere"), says(tone=Tone.BLUE, is_same_text=True, is_gone=False)
    CHANGED = "changed", N_("Text changed"), says(tone=Tone.OCHRE, is_same_text=False, is_gone=False)
    DELETED = "deleted", N_("No longer in the text"), says(tone=Tone.BRICK, is_same_text=False, is_gone=True)

    @classmethod
    def of(cls, fate: BlockFate) -> "AnchorClass":
        """Of a place whose block became that; one that goes on in other words, however parted, has changed."""
        return cls.CHANGED if fate.is_reworded else cls(fate.value)


class AnchorState(StateEnum):
    """Who answers for the place: nobody yet, or the rapporteur who confirmed it, chose another, or left it on the old revision."""

    awaits_decision: bool
    is_placed: bool  # a person says that it stands there
    is_by_hand: bool  # where a person chose, whatever became of the passage
    is_left: bool  # the contribution stays on the revision that it was written on
    is_news: bool  # its author is told of the decision

    PROPOSED = "proposed", N_("To be confirmed"), says(
        leads_to=("confirmed", "reattached", "left"), awaits_decision=True, is_placed=False, is_by_hand=False, is_left=False, is_news=False)
    CONFIRMED = "confirmed", N_("Confirmed"), says(
        leads_to=("reattached", "left"), awaits_decision=False, is_placed=True, is_by_hand=False, is_left=False, is_news=False)
    REATTACHED = "reattached", N_("Attached elsewhere"), says(
        leads_to=("reattached", "left"), awaits_decision=False, is_placed=True, is_by_hand=True, is_left=False, is_news=True)
    LEFT = "left", N_("Left on the earlier version"), says(
        leads_to=("confirmed", "reattached"), awaits_decision=False, is_placed=False, is_by_hand=False, is_left=True, is_news=True)


class ReviewRank(enum.IntEnum):
    """Where a place stands in the review: what nobody decided comes first, the least sure before the rest."""

    UNSURE = 0
    SURE = 1
    CERTAIN = 2
    CONFIRMED = 3
    REATTACHED = 4
    LEFT = 5

    @classmethod
    def of(cls, state: AnchorState) -> Sequence["ReviewRank"]:
        """Those of a state, one after the other."""
        return [cls.UNSURE, cls.SURE, cls.CERTAIN] if state.awaits_decision else [cls[state.name]]


class QuoteState(MeaningEnum):
    """What became of the quoted words themselves."""

    tone: Tone
    rank: int  # of two passages that continue the same one, which has more of them
    is_unchanged: bool
    is_lost: bool

    NONE = "none", N_("No words quoted"), says(tone=Tone.NONE, rank=0, is_unchanged=False, is_lost=False)
    FOUND = "found", N_("Quoted words found again"), says(tone=Tone.GREEN, rank=2, is_unchanged=True, is_lost=False)
    CLOSE = "close", N_("Quoted words changed"), says(tone=Tone.OCHRE, rank=1, is_unchanged=False, is_lost=False)
    LOST = "lost", N_("Quoted words not found"), says(tone=Tone.BRICK, rank=0, is_unchanged=False, is_lost=True)


class Anchor(Base):
    """Where one later revision has the place that a contribution speaks of: one row for each of them, never erased.

    ``block`` is None where that revision has no such place. ``exact`` are the quoted words as they stand there.
    """

    __tablename__ = "anchor"
    # Where it was and what the revision did to it stays as found; where a person attaches it may be decided again.
    __append_only__ = all_but("block_id", "quote", "exact", "state", "rank", "decided_by_id", "decided_at", "told_at", "row_counter")
    __recorded__ = all_but("told_at", "row_counter")
    __table_args__ = (
        sa.UniqueConstraint("contribution_id", "revision_id"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
        sa.CheckConstraint("(state IN ('proposed', 'left')) OR decided_at IS NOT NULL", name="decided_has_its_moment"),
        # The order of the review, whole and of one class; a state is a run of ranks.
        sa.Index("ix_anchor_revision_id_rank_id", "revision_id", "rank", "id"),
        sa.Index("ix_anchor_revision_id_anchor_class_rank_id", "revision_id", "anchor_class", "rank", "id"),
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
    rank: Mapped[int] = mapped_column(server_default="0")  # a ReviewRank, by class, confidence and state
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


class Anchoring(Base):
    """How far the contributions are with their places in a revision that could not have all of them at once (``service/placing.py``).

    Those up to ``reached`` (an id) have theirs; the others are shown as the revision before has them, until ``finished_at``.
    """

    __tablename__ = "anchoring"
    __append_only__ = all_but("reached", "finished_at")
    __recorded__ = True

    id: Mapped[PrimaryKey]
    revision_id: Mapped[int] = fk("revision.id", index=False, unique=True)
    chapter_id: Mapped[int] = fk("chapter.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    reached: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    begun_at: Mapped[Timestamp]
    finished_at: Mapped[datetime | None]

    revision: Mapped[Revision] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.revision.consultation

    def audit_details(self) -> dict[str, Any]:
        return {"revision": self.revision_id, "reached": self.reached, "finished": self.finished_at is not None}
