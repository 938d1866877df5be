"""The sealed submission, and what the Council decided."""

from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, Tone, says
from consult.synthesis.models import SynthesisState


class Submission(Base):
    """The sealed file sent to the Council: its name in the data folder, digest, manifest and the journal's head at that moment."""

    __tablename__ = "submission"
    __append_only__ = True

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id", unique=True, index=False)
    submitted_at: Mapped[Timestamp]
    submitted_by_id: Mapped[int] = fk("user.id")
    chain_position: Mapped[int] = mapped_column(sa.BigInteger)
    chain_digest: Mapped[str] = mapped_column(sa.String(64))

    consultation: Mapped[Consultation] = relationship()
    archive: Mapped["SubmissionArchive | None"] = relationship(back_populates="submission")

    def audit_details(self) -> dict[str, Any]:
        return {"chain_position": self.chain_position, "chain_digest": self.chain_digest}


class SubmissionArchive(Base):
    """The archive that the worker made of a submission, once."""

    __tablename__ = "submission_archive"
    __append_only__ = True

    submission_id: Mapped[int] = mapped_column(sa.ForeignKey("submission.id"), primary_key=True)
    file_name: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    sealed_at: Mapped[Timestamp]

    submission: Mapped[Submission] = relationship(back_populates="archive")


class CouncilOutcome(MeaningEnum):
    tone: Tone
    to: SynthesisState  # what becomes of the synthesis
    needs_words: bool

    ADOPTED = "adopted", N_("Adopted"), says(tone=Tone.GREEN, to=SynthesisState.ADOPTED, needs_words=False)
    ADOPTED_WITH_CHANGES = "adopted_with_changes", N_("Adopted with changes"), says(
        tone=Tone.GREEN, to=SynthesisState.ADOPTED_WITH_CHANGES, needs_words=True)
    RETURNED = "returned", N_("Returned to the commission"), says(tone=Tone.OCHRE, to=SynthesisState.RETURNED, needs_words=True)


class AdoptionDecision(Base):
    """What the Council decided on one chapter, when, in which words."""

    __tablename__ = "adoption_decision"
    __append_only__ = True

    id: Mapped[PrimaryKey]
    submission_id: Mapped[int] = fk("submission.id")
    chapter_id: Mapped[int] = fk("chapter.id", unique=True, index=False)
    outcome: Mapped[CouncilOutcome]
    words: Mapped[str] = mapped_column(default="")
    decided_on: Mapped[date]
    recorded_by_id: Mapped[int] = fk("user.id")
    recorded_at: Mapped[Timestamp]

    chapter: Mapped[Chapter] = relationship()
    submission: Mapped[Submission] = relationship()

    def audit_details(self) -> dict[str, Any]:
        return {"chapter": self.chapter.number, "outcome": self.outcome.value, "decided_on": self.decided_on.isoformat()}
