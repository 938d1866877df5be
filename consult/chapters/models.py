"""Chapters, immutable revisions, and addressable blocks with lasting keys."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Commission, Consultation, Titled
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum, ngettext
from consult.core.states import MeaningEnum, Tone, says


class BlockKind(LabelledEnum):
    HEADING = "heading", N_("Heading")
    PARAGRAPH = "paragraph", N_("Paragraph")
    AXIS = "axis", N_("Axis")
    PROJECT = "project", N_("Project")
    ACTION = "action", N_("Action")
    ROW = "row", N_("Table row")
    LIST = "list", N_("List")
    QUOTE = "quote", N_("Quote")
    CODE = "code", N_("Code")
    FOOTNOTE = "footnote", N_("Footnote")


class BlockFate(MeaningEnum):
    """What became of a block in the next revision."""

    tone: Tone
    rank: int  # in which order they are told: what is new first
    told: Callable[[int], str]  # how many there are, as a part of a sentence
    is_same_text: bool
    is_reworded: bool  # it goes on in other words
    is_shared: bool  # one of several that continue the same block, or one block that continues several; rare
    is_kept: bool
    is_new: bool  # it continues none of the revision before
    is_dropped: bool  # none continues it

    KEPT = "kept", N_("Kept"), says(
        tone=Tone.NONE, rank=7, told=lambda n: ngettext("%(num)s as it was", "%(num)s as they were", n),
        is_same_text=True, is_reworded=False, is_shared=False, is_kept=True, is_new=False, is_dropped=False)
    MOVED = "moved", N_("Moved"), says(
        tone=Tone.BLUE, rank=3, told=lambda n: ngettext("%(num)s moved", "%(num)s moved", n),
        is_same_text=True, is_reworded=False, is_shared=False, is_kept=False, is_new=False, is_dropped=False)
    CHANGED = "changed", N_("Changed"), says(
        tone=Tone.OCHRE, rank=1, told=lambda n: ngettext("%(num)s passage changed", "%(num)s passages changed", n),
        is_same_text=False, is_reworded=True, is_shared=False, is_kept=False, is_new=False, is_dropped=False)
    SPLIT = "split", N_("Split"), says(
        tone=Tone.OCHRE, rank=4, told=lambda n: ngettext("%(num)s out of a split", "%(num)s out of a split", n),
        is_same_text=False, is_reworded=True, is_shared=True, is_kept=False, is_new=False, is_dropped=False)
    MERGED = "merged", N_("Merged"), says(
        tone=Tone.OCHRE, rank=5, told=lambda n: ngettext("%(num)s merged", "%(num)s merged", n),
        is_same_text=False, is_reworded=True, is_shared=True, is_kept=False, is_new=False, is_dropped=False)
    NEW = "new", N_("New"), says(
        tone=Tone.GREEN, rank=2, told=lambda n: ngettext("%(num)s new", "%(num)s new", n),
        is_same_text=False, is_reworded=False, is_shared=False, is_kept=False, is_new=True, is_dropped=False)
    DELETED = "deleted", N_("Deleted"), says(
        tone=Tone.BRICK, rank=6, told=lambda n: ngettext("%(num)s dropped", "%(num)s dropped", n),
        is_same_text=False, is_reworded=False, is_shared=False, is_kept=False, is_new=False, is_dropped=True)

    @classmethod
    def ranked(cls) -> list["BlockFate"]:
        return sorted(cls, key=lambda fate: fate.rank)


class Chapter(Titled, Base):
    """One of the five texts. ``activity`` grows with each change of what the public sees of it, so that pages kept ready know their age."""

    __tablename__ = "chapter"
    __append_only__ = False  # its titles follow the newest revision and its counters grow; what it said stands in its revisions
    __recorded__ = all_but("activity", "last_ref")
    __table_args__ = (sa.UniqueConstraint("consultation_id", "number"),)

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    commission_id: Mapped[int] = fk("commission.id")
    number: Mapped[int]
    title_fr: Mapped[str]
    title_ar: Mapped[str | None]
    title_en: Mapped[str | None]
    activity: Mapped[int] = mapped_column(default=0)
    last_ref: Mapped[int] = mapped_column(default=0)

    consultation: Mapped[Consultation] = relationship(lazy="joined")
    commission: Mapped[Commission] = relationship(lazy="joined")


class Revision(Base):
    """One immutable published state of a chapter, in one language."""

    __tablename__ = "revision"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.UniqueConstraint("chapter_id", "language", "number"),)

    id: Mapped[PrimaryKey]
    chapter_id: Mapped[int] = fk("chapter.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    number: Mapped[int]
    title: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    source: Mapped[str] = mapped_column(deferred=True)
    source_sha256: Mapped[str] = mapped_column(sa.String(64))
    published_by_id: Mapped[int | None] = fk("user.id")
    published_at: Mapped[Timestamp]

    chapter: Mapped[Chapter] = relationship(lazy="joined")
    blocks: Mapped[list["Block"]] = relationship(back_populates="revision", order_by="Block.position")

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    def audit_details(self) -> dict:
        return {"chapter": self.chapter.number, "language": self.language, "number": self.number, "sha256": self.source_sha256}


class Block(Base):
    """The smallest addressable unit of a revision.

    ``html`` is sanitised at import; ``opens`` and ``closes`` hold the tags of the table or list around a run of blocks;
    ``lead`` is the part of ``text`` that a participant may rewrite (an action's sentence, without number and facts).
    """

    __tablename__ = "block"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.UniqueConstraint("revision_id", "key"), sa.UniqueConstraint("revision_id", "position"))

    id: Mapped[PrimaryKey]
    revision_id: Mapped[int] = fk("revision.id")
    position: Mapped[int]
    key: Mapped[str] = mapped_column(sa.String(80), index=True)
    kind: Mapped[BlockKind]
    level: Mapped[int] = mapped_column(default=0)
    label: Mapped[str] = mapped_column(sa.String(40), default="")
    html: Mapped[str]
    text: Mapped[str]
    lead: Mapped[str]
    opens: Mapped[str] = mapped_column(default="")
    closes: Mapped[str] = mapped_column(default="")

    revision: Mapped[Revision] = relationship(back_populates="blocks", lazy="joined")

    @property
    def chapter(self) -> Chapter:
        return self.revision.chapter

    @property
    def consultation(self) -> Consultation:
        return self.revision.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.revision.chapter.commission_id


class Alignment(Base):
    """What became of a block in the next revision of its language: one row for each pair, and for each block that begins or ends.

    ``revision`` is the later one; ``confidence`` goes from 0 to 1, and is 1 where the author's key or a person decided.
    """

    __tablename__ = "alignment"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.UniqueConstraint("revision_id", "old_block_id", "new_block_id"),
        sa.CheckConstraint("(old_block_id IS NULL) = (change = 'new')", name="new_has_no_old_block"),
        sa.CheckConstraint("(new_block_id IS NULL) = (change = 'deleted')", name="deleted_has_no_new_block"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence_is_a_share"),
    )

    id: Mapped[PrimaryKey]
    revision_id: Mapped[int] = fk("revision.id")
    old_block_id: Mapped[int | None] = fk("block.id")
    new_block_id: Mapped[int | None] = fk("block.id")
    change: Mapped[BlockFate]
    has_moved: Mapped[bool] = mapped_column(default=False)
    confidence: Mapped[float]
    is_by_hand: Mapped[bool] = mapped_column(default=False)

    revision: Mapped[Revision] = relationship()
    old_block: Mapped[Block | None] = relationship(foreign_keys=[old_block_id])
    new_block: Mapped[Block | None] = relationship(foreign_keys=[new_block_id])


class WorkingDraft(Base):
    """The next revision of a chapter in one language while it is being prepared: words, and what a person said of its alignment.

    ``corrections`` is a list of ``{"new": key in this source, "sha256": of that block's text, "old": lasting key or ""}``; where
    ``new`` is "" the old block is gone, and the words are its own.
    """

    __tablename__ = "working_draft"
    __append_only__ = False  # written and rewritten until it is published or discarded
    __recorded__ = False  # written and rewritten until it is published or discarded
    __table_args__ = (sa.UniqueConstraint("consultation_id", "number", "language"),)

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    commission_id: Mapped[int] = fk("commission.id")
    number: Mapped[int]
    language: Mapped[str] = mapped_column(sa.String(3))
    source: Mapped[str]
    corrections: Mapped[list[Any]]
    base_id: Mapped[int | None] = fk("revision.id")
    edited_by_id: Mapped[int | None] = fk("user.id")
    edited_at: Mapped[Timestamp]
    row_counter: Mapped[int] = mapped_column(default=1)

    consultation: Mapped[Consultation] = relationship(lazy="joined")
    commission: Mapped[Commission] = relationship(lazy="joined")
    base: Mapped[Revision | None] = relationship()
    edited_by: Mapped[User | None] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    def audit_details(self) -> dict:
        return {"chapter": self.number, "language": self.language, "sha256": hashlib.sha256(self.source.encode()).hexdigest()}


class OutdatedTranslation(Base):
    """A block whose twin changed alone: stale from that revision on, until a translator says that both say the same again."""

    __tablename__ = "outdated_translation"
    __append_only__ = all_but("confirmed_at", "confirmed_by_id")  # which passage, since when: the history of a text
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name="confirmed_by_somebody"),
        sa.Index("ix_outdated_translation_open", "chapter_id", "language", "confirmed_at"),
    )

    id: Mapped[PrimaryKey]
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    key: Mapped[str] = mapped_column(sa.String(80))
    language: Mapped[str] = mapped_column(sa.String(3))
    since_id: Mapped[int] = fk("revision.id")
    confirmed_at: Mapped[datetime | None]
    confirmed_by_id: Mapped[int | None] = fk("user.id")

    chapter: Mapped[Chapter] = relationship()
    since: Mapped[Revision] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    def audit_details(self) -> dict:
        return {"chapter": self.chapter.number, "key": self.key, "language": self.language}


class TwinLexicon(Base):
    """Which words stand for each other in the languages of a consultation's chapters (:mod:`consult.text.lexicon`), and those that so many
    passages have that they tell nothing of what is meant. ``reached`` is the last revision of all that it was learnt from.
    """

    __tablename__ = "twin_lexicon"
    __append_only__ = False  # learnt anew with each revision
    __recorded__ = False  # made of the texts alone, which are

    consultation_id: Mapped[int] = mapped_column(sa.ForeignKey("consultation.id", ondelete="RESTRICT"), primary_key=True)
    reached: Mapped[int]
    twins: Mapped[dict[str, Any]]
    common: Mapped[list[Any]]
