"""Documents that were asked for."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum
from consult.core.states import MeaningEnum, StateEnum, Tone, says


class ExportKind(LabelledEnum):
    """What can be asked for; the room that makes it registers it."""

    CONTRIBUTIONS = "contributions", N_("Contributions")
    SYNTHESIS = "synthesis", N_("Synthesis of a chapter")
    DOSSIER = "dossier", N_("Whole dossier, as a draft")


class ExportFormat(MeaningEnum):
    """How a file's name ends, and what it is called on screen."""

    content_type: str

    CSV = "csv", N_("CSV, commas"), says(content_type="text/csv")
    EXCEL_CSV = "excel.csv", N_("CSV, semicolons: opens in columns in Excel in French"), says(content_type="text/csv")
    XLSX = "xlsx", "XLSX", says(content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    DOCX = "docx", "DOCX", says(content_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document")
    PDF = "pdf", "PDF", says(content_type="application/pdf")
    MARKDOWN = "md", "Markdown", says(content_type="text/markdown")
    JSON = "json", "JSON", says(content_type="application/json")
    ZIP = "zip", "ZIP", says(content_type="application/zip")


class ExportState(StateEnum):
    tone: Tone
    is_ready: bool

    REQUESTED = "requested", N_("Being prepared"), says(leads_to=("ready", "failed"), tone=Tone.OCHRE, is_ready=False)
    READY = "ready", N_("Ready"), says(leads_to=(), tone=Tone.GREEN, is_ready=True)
    FAILED = "failed", N_("Failed"), says(leads_to=("requested",), tone=Tone.BRICK, is_ready=False)


class Export(Base):
    """A document asked for; made by a job, kept in the data folder under ``file_name``."""

    __tablename__ = "export"
    __append_only__ = False  # a file that is asked for again replaces nothing that was said
    __recorded__ = False  # made again from what is recorded

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    chapter_id: Mapped[int | None] = fk("chapter.id")
    kind: Mapped[ExportKind]
    format: Mapped[ExportFormat]
    language: Mapped[str] = mapped_column(sa.String(3))
    state: Mapped[ExportState] = mapped_column(default=ExportState.REQUESTED)
    requested_by_id: Mapped[int | None] = fk("user.id")
    requested_at: Mapped[Timestamp]
    ready_at: Mapped[datetime | None]
    file_name: Mapped[str | None]
    size: Mapped[int | None] = mapped_column(sa.BigInteger)
    sha256: Mapped[str | None] = mapped_column(sa.String(64))

    consultation: Mapped[Consultation] = relationship()
    chapter: Mapped[Chapter | None] = relationship()

    @property
    def commission_id(self) -> int | None:
        return self.chapter.commission_id if self.chapter else None

    def audit_details(self) -> dict[str, Any]:
        return {"kind": self.kind.value, "format": self.format.value, "language": self.language, "chapter_id": self.chapter_id}
