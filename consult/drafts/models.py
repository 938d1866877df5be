"""Chapters, immutable revisions, and addressable blocks with lasting keys."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.consultations.models import Commission, Consultation, Titled
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum


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


class Chapter(Titled, Base):
    """One of the five texts. ``activity`` grows with each change of what the public sees of it, so that pages kept ready know their age."""

    __tablename__ = "chapter"
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


class BlockTally(Base):
    """How many contributions the public sees on a block: kept, not counted, whatever the revision and language."""

    __tablename__ = "block_tally"

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    published: Mapped[int] = mapped_column(default=0)
