"""Syntheses and their items: what like contributions say, what is done with them, and why."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, ContributionState, PassagePlace, Position
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum, _
from consult.core.states import MeaningEnum, StateEnum, Tone, says
from consult.core.tallies import Tally
from consult.moderation.models import Part

MOST_CIRCLED = 20  # the last of the circled figures
OPEN, WHOLE, OF_POINT = sa.text("rejoined_at IS NULL"), sa.text("point_id IS NULL"), sa.text("point_id IS NOT NULL")


class SynthesisState(StateEnum):
    tone: Tone
    is_editable: bool  # its items may be made, changed and dropped
    is_validated: bool  # the chair answers for it
    awaits_submission: bool  # it may be sent to the Council
    is_public: bool

    DRAFT = "draft", N_("In preparation"), says(
        leads_to=("validated",), tone=Tone.NONE, is_editable=True, is_validated=False, awaits_submission=False, is_public=False)
    VALIDATED = "validated", N_("Validated by the chair"), says(
        leads_to=("draft", "submitted"), tone=Tone.GREEN, is_editable=False, is_validated=True, awaits_submission=True, is_public=False)
    SUBMITTED = "submitted", N_("Submitted to the Council"), says(
        leads_to=("adopted", "adopted_with_changes", "returned"), tone=Tone.OCHRE, is_editable=False, is_validated=True,
        awaits_submission=False, is_public=True)
    ADOPTED = "adopted", N_("Adopted"), says(
        leads_to=(), tone=Tone.GREEN, is_editable=False, is_validated=True, awaits_submission=False, is_public=True)
    ADOPTED_WITH_CHANGES = "adopted_with_changes", N_("Adopted with changes"), says(
        leads_to=(), tone=Tone.GREEN, is_editable=False, is_validated=True, awaits_submission=False, is_public=True)
    RETURNED = "returned", N_("Returned to the commission"), says(
        leads_to=(), tone=Tone.OCHRE, is_editable=False, is_validated=True, awaits_submission=False, is_public=True)


class Disposition(MeaningEnum):
    """What is done with a point, after ISO practice in the resolution of comments."""

    tone: Tone
    changes_text: bool  # a new wording may go with it
    needs_ground: bool  # it is a refusal, on a ground of the list

    ACCEPTED = "accepted", N_("Accepted"), says(tone=Tone.GREEN, changes_text=True, needs_ground=False)
    ACCEPTED_IN_PART = "accepted_in_part", N_("Accepted in part"), says(tone=Tone.GREEN, changes_text=True, needs_ground=False)
    ACCEPTED_IN_PRINCIPLE = "accepted_in_principle", N_("Accepted in principle"), says(
        tone=Tone.GREEN, changes_text=True, needs_ground=False)
    NOT_ACCEPTED = "not_accepted", N_("Not accepted"), says(tone=Tone.BRICK, changes_text=False, needs_ground=True)
    NOTED = "noted", N_("Noted"), says(tone=Tone.BLUE, changes_text=False, needs_ground=False)
    OUT_OF_SCOPE = "out_of_scope", N_("Out of scope"), says(tone=Tone.NONE, changes_text=False, needs_ground=False)
    DEFERRED = "deferred", N_("Deferred to the next revision"), says(tone=Tone.OCHRE, changes_text=False, needs_ground=False)
    REFERRED = "referred", N_("Referred to the Council"), says(tone=Tone.BLUE, changes_text=False, needs_ground=False)
    DUPLICATE = "duplicate", N_("Duplicate"), says(tone=Tone.NONE, changes_text=False, needs_ground=False)
    WITHDRAWN = "withdrawn", N_("Withdrawn"), says(tone=Tone.NONE, changes_text=False, needs_ground=False)


class Ground(LabelledEnum):
    """Why a point is not accepted: a refusal without ground cannot be saved."""

    LEGAL = "legal", N_("Contrary to a law or regulation")
    OUT_OF_SCOPE = "out_of_scope", N_("Outside the scope of the policy")
    ALREADY_COVERED = "already_covered", N_("Already covered elsewhere in the text")
    COST = "cost", N_("Cost or delay out of proportion")
    INTERNATIONAL_COMMITMENT = "international_commitment", N_("International commitment")
    NO_TECHNICAL_GROUND = "no_technical_ground", N_("No technical ground was given")


class Synthesis(Base):
    """A commission's report on one chapter."""

    __tablename__ = "synthesis"
    __append_only__ = all_but("state", "validated_by_id", "validated_at", "last_number", "row_counter")  # taken up again, never begun anew
    __recorded__ = all_but("row_counter")
    __table_args__ = (
        sa.CheckConstraint("state = 'draft' OR validated_at IS NOT NULL", name="validated_has_its_moment"),
    )

    id: Mapped[PrimaryKey]
    chapter_id: Mapped[int] = fk("chapter.id", unique=True, index=False)
    state: Mapped[SynthesisState] = mapped_column(default=SynthesisState.DRAFT)
    validated_by_id: Mapped[int | None] = fk("user.id")
    validated_at: Mapped[datetime | None]
    last_number: Mapped[int] = mapped_column(default=0, server_default="0")  # that an item was given
    row_counter: Mapped[int] = mapped_column(default=1)

    chapter: Mapped[Chapter] = relationship(lazy="joined")
    validated_by: Mapped[User | None] = relationship()
    items: Mapped[list["SynthesisItem"]] = relationship(back_populates="synthesis", order_by="SynthesisItem.number")
    reopenings: Mapped[list["SynthesisReopening"]] = relationship(back_populates="synthesis", order_by="SynthesisReopening.id.desc()")

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    @hybrid_property
    def is_public(self) -> bool:
        return self.state.is_public

    @is_public.inplace.expression
    @classmethod
    def _is_public(cls) -> sa.ColumnElement[bool]:
        return cls.state.in_(SynthesisState.where(is_public=True))

    def audit_details(self) -> dict:
        return {"chapter": self.chapter.number, "state": self.state.value}


class SynthesisItem(Base):
    """One point gathering like contributions.

    ``number`` is its name to all readers, given once: on every screen and in every document, before the validation and after it,
    whatever becomes of the text and of the other items. In which order items stand follows the text.
    """

    __tablename__ = "synthesis_item"
    __append_only__ = False  # worked on until the chair validates; the journal holds each step with its reasons
    __recorded__ = all_but("row_counter")
    __table_args__ = (
        sa.Index("ix_synthesis_item_synthesis_id_number", "synthesis_id", "number", unique=True),
        sa.CheckConstraint("trim(title) <> ''", name="title_not_blank"),
        sa.CheckConstraint("disposition IS NULL OR trim(rationale) <> ''", name="rationale_with_disposition"),
        sa.CheckConstraint("disposition IS NULL OR (disposition = 'not_accepted') = (ground IS NOT NULL)", name="ground_of_refusal"),
    )

    id: Mapped[PrimaryKey]
    synthesis_id: Mapped[int] = fk("synthesis.id", index=False)
    number: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str] = mapped_column(default="")
    disposition: Mapped[Disposition | None]
    ground: Mapped[Ground | None]
    rationale: Mapped[str] = mapped_column(default="")
    needs_no_change: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # accepted, and the text stays as it is
    edited_by_id: Mapped[int | None] = fk("user.id")
    edited_at: Mapped[Timestamp]
    row_counter: Mapped[int] = mapped_column(default=1)

    synthesis: Mapped[Synthesis] = relationship(back_populates="items")
    links: Mapped[list["ItemContribution"]] = relationship(back_populates="item", order_by="ItemContribution.contribution_id")
    changes: Mapped[list["BlockChange"]] = relationship(back_populates="item", order_by="BlockChange.id")
    edited_by: Mapped[User | None] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.synthesis.consultation

    @property
    def commission_id(self) -> int:
        return self.synthesis.commission_id

    @validates("number")
    def _keep_number(self, _key: str, number: int) -> int:
        if self.number is not None and number != self.number:
            raise ValueError(f"item {self.number} keeps its number")
        return number

    @property
    def note(self) -> Any:
        """What readers are told beside the disposition; None when there is nothing to add."""
        return _("No change of the text is needed: the reasons say why.") if self.needs_no_change else None

    # The references that an act gathered or took out: for its event in the journal.
    refs_in_act: tuple[str, ...] = ()
    settled_in_act: tuple[str, ...] = ()  # passages whose new wording was looked at again, after a later version changed them

    def audit_details(self) -> dict:
        return {
            "chapter": self.synthesis.chapter.number, "number": self.number, "title": self.title,
            "disposition": self.disposition.value if self.disposition else None, "rationale": self.rationale,
            **({"needs_no_change": True} if self.needs_no_change else {}),
            **({"refs": list(self.refs_in_act)} if self.refs_in_act else {}),
            **({"settled": list(self.settled_in_act)} if self.settled_in_act else {}),
        }


class Point(Base):
    """One request within a contribution that somebody split: the unit that is answered. Who splits nothing makes no rows: a contribution
    without any is one point.

    It holds the words from ``begins``, a character of the text as its author says it, to where the next one of that text begins, or to the
    end: no word of a text that was cut stands outside of every point, whatever is cut. A justification that nobody cut supports them
    all, as does what stands in it before its first cut. ``number`` is its name, given once in its contribution; one that was joined to
    the others again keeps it.
    """

    __tablename__ = "point"
    __append_only__ = all_but("place_key", "has_change", "rejoined_at", "row_counter")
    __recorded__ = all_but("row_counter")
    __table_args__ = (
        sa.Index("ix_point_contribution_id_number", "contribution_id", "number", unique=True),
        sa.Index("ix_point_open", "contribution_id", "part", "begins", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        sa.CheckConstraint("begins >= 0 AND number > 0", name="counted_from_its_beginning"),
        sa.CheckConstraint("part <> 'replacement'", name="of_prose"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", index=False)
    chapter_id: Mapped[int] = fk("chapter.id")  # as of its contribution: what a chapter's points are is asked of each of its pages
    number: Mapped[int]
    part: Mapped[Part]
    begins: Mapped[int]
    has_change: Mapped[bool]  # the proposed change of the contribution goes with it
    place_key: Mapped[str | None] = mapped_column(sa.String(80))  # of the passage that it speaks of; None: that of the contribution
    made_by_id: Mapped[int] = fk("user.id")
    made_at: Mapped[Timestamp]
    rejoined_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)

    contribution: Mapped[Contribution] = relationship()
    made_by: Mapped[User] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.contribution.consultation

    @property
    def commission_id(self) -> int:
        return self.contribution.commission_id

    @property
    def name(self) -> str:
        """As every page, letter and table calls it."""
        return f"{self.contribution.ref} ({self.number})"

    numbers_in_act: tuple[int, ...] = ()  # those that an act made, or joined again: for its event in the journal

    @property
    def mark(self) -> str:
        """① for 1; of those beyond the circled ones, the number in brackets."""
        return chr(ord("①") + self.number - 1) if self.number <= MOST_CIRCLED else f"({self.number})"

    def audit_details(self) -> dict:
        return {"ref": self.contribution.ref, "points": list(self.numbers_in_act or (self.number,)),
                **({"place": self.place_key} if self.place_key else {}), **({"has_change": True} if self.has_change else {})}


class ItemContribution(Base):
    """A contribution belongs to one item, and so has one disposition; of one that was split, each of its points does (``point_id``)."""

    __tablename__ = "item_contribution"
    __append_only__ = False  # a contribution is moved from item to item until the chair validates
    __recorded__ = True
    __table_args__ = (
        sa.Index("ix_item_contribution_item_id_contribution_id", "item_id", "contribution_id"),
        sa.Index("ix_item_contribution_contribution_id_point_id", "contribution_id", "point_id"),
        sa.Index("ix_item_contribution_whole", "contribution_id", unique=True, sqlite_where=WHOLE, postgresql_where=WHOLE),
        sa.Index("ix_item_contribution_point_id", "point_id", unique=True, sqlite_where=OF_POINT, postgresql_where=OF_POINT),
    )

    id: Mapped[PrimaryKey]
    item_id: Mapped[int] = fk("synthesis_item.id", index=False)
    contribution_id: Mapped[int] = fk("contribution.id", index=False)
    attached_at: Mapped[Timestamp]
    point_id: Mapped[int | None] = fk("point.id", index=False)

    item: Mapped[SynthesisItem] = relationship(back_populates="links")
    contribution: Mapped[Contribution] = relationship()
    point: Mapped[Point | None] = relationship()


class ItemTally(Tally):
    """Contributions that an item gathers, by the passages that they are told of or went on from."""

    __tablename__ = "item_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    item_id: Mapped[int] = mapped_column(sa.ForeignKey("synthesis_item.id", ondelete="RESTRICT"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    place: Mapped[PassagePlace] = mapped_column(primary_key=True)
    state: Mapped[ContributionState] = mapped_column(primary_key=True)
    position: Mapped[Position] = mapped_column(primary_key=True)


class FoldTally(Tally):
    """Contributions of a fold, by the item that gathers them (0: none) and whether they are read by themselves (``adds_words``)."""

    __tablename__ = "fold_tally"
    __append_only__ = False  # a count, made anew from what it counts
    __recorded__ = False  # a count of what is recorded

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    fold_id: Mapped[int] = mapped_column(sa.ForeignKey("fold.id", ondelete="RESTRICT"), primary_key=True, index=True)
    item_id: Mapped[int] = mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)
    state: Mapped[ContributionState] = mapped_column(primary_key=True)
    adds_words: Mapped[bool] = mapped_column(primary_key=True)


class BlockChange(Base):
    """The new wording that an item gives to a block's lead."""

    __tablename__ = "block_change"
    __append_only__ = False  # worked on with its item
    __recorded__ = True
    __table_args__ = (
        sa.UniqueConstraint("item_id", "block_id"), sa.CheckConstraint("trim(wording) <> ''", name="wording_not_blank"),
    )

    id: Mapped[PrimaryKey]
    item_id: Mapped[int] = fk("synthesis_item.id")
    block_id: Mapped[int] = fk("block.id")
    wording: Mapped[str]

    item: Mapped[SynthesisItem] = relationship(back_populates="changes")
    block: Mapped[Block] = relationship()


class SynthesisReopening(Base):
    """A validated synthesis taken up again: by whom, and why."""

    __tablename__ = "synthesis_reopening"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.CheckConstraint("trim(reason) <> ''", name="reason_not_blank"),)

    id: Mapped[PrimaryKey]
    synthesis_id: Mapped[int] = fk("synthesis.id")
    reason: Mapped[str]
    reopened_by_id: Mapped[int] = fk("user.id")
    reopened_at: Mapped[Timestamp]

    synthesis: Mapped[Synthesis] = relationship(back_populates="reopenings")
    reopened_by: Mapped[User] = relationship()

    def audit_details(self) -> dict:
        return {"chapter": self.synthesis.chapter.number, "reason": self.reason}


class SynthesisNotice(Base):
    """That an author was told what became of their contributions to one chapter: once, whatever crashes."""

    __tablename__ = "synthesis_notice"
    __append_only__ = True
    __recorded__ = False  # whether the letter was written: the answer itself is recorded
    __table_args__ = (sa.UniqueConstraint("synthesis_id", "author_id"),)

    id: Mapped[PrimaryKey]
    synthesis_id: Mapped[int] = fk("synthesis.id")
    author_id: Mapped[int] = fk("user.id")
    written_at: Mapped[Timestamp]
