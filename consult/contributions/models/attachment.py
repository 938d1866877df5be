"""Files that go with a contribution: with its draft until it is lodged, then for good."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.states import MeaningEnum, says

MAX_FILES = 5  # of one contribution
MAX_FILE_NAME = 120


class AttachmentKind(MeaningEnum):
    """What may be attached, as its content shows and not its name."""

    content_type: str

    PDF = "pdf", "PDF", says(content_type="application/pdf")
    DOCX = "docx", "DOCX", says(content_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    XLSX = "xlsx", "XLSX", says(content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    ODT = "odt", "ODT", says(content_type="application/vnd.oasis.opendocument.text")
    PNG = "png", "PNG", says(content_type="image/png")
    JPEG = "jpeg", "JPEG", says(content_type="image/jpeg")


class DraftFile(Base):
    """A file of what is not lodged yet: of somebody's draft, or of one that they offered to their organisation.

    ``sha256`` is by what the store knows it; ``told`` what it says of people beside its content, and what was taken out of it, for its
    author to read before it is lodged.
    """

    __tablename__ = "draft_file"
    __append_only__ = False  # what was not lodged is its author's to change and to throw away
    __recorded__ = False  # its author's alone until it is lodged
    __table_args__ = (sa.CheckConstraint("(draft_id IS NULL) <> (offered_draft_id IS NULL)", name="of_one_draft"),)

    id: Mapped[PrimaryKey]
    draft_id: Mapped[int | None] = mapped_column(sa.ForeignKey("contribution_draft.id", ondelete="CASCADE"), index=True)
    offered_draft_id: Mapped[int | None] = mapped_column(sa.ForeignKey("offered_draft.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(sa.String(MAX_FILE_NAME))
    kind: Mapped[AttachmentKind]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    is_confidential: Mapped[bool]
    told: Mapped[list[Any]]
    added_at: Mapped[Timestamp]


class Attachment(Base):
    """A file as it was lodged with its contribution; ``number`` counts from 1. A confidential one is an annex: the commission and the
    secretariat read it, and nobody else but its author; the public knows that there is one.
    """

    __tablename__ = "attachment"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.UniqueConstraint("contribution_id", "number"),)

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", index=False)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(sa.String(MAX_FILE_NAME))
    kind: Mapped[AttachmentKind]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(sa.String(64), index=True)
    is_confidential: Mapped[bool]

    contribution: Mapped[Contribution] = relationship(back_populates="attachments")

    @property
    def author_id(self) -> int:
        return self.contribution.author_id

    @property
    def commission_id(self) -> int:
        return self.contribution.commission_id

    @property
    def consultation(self) -> Consultation:
        return self.contribution.consultation

    @property
    def is_public(self) -> bool:
        """While words of its contribution are hidden its files are too, which may well have the same."""
        return self.contribution.is_public and not self.contribution.is_redacted and not self.is_confidential

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.contribution.ref, "file": self.number, "sha256": self.sha256}


class AttachmentWords(Base):
    """What the platform read of a file's text, by which it is found; the file itself is what was lodged. Of an annex there is none."""

    __tablename__ = "attachment_words"
    __append_only__ = False  # read again by a later version, it may be more
    __recorded__ = False  # made of a file whose digest is recorded

    attachment_id: Mapped[int] = mapped_column(sa.ForeignKey("attachment.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False)
    words: Mapped[str]
