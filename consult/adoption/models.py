"""The sealed submission, and what the Council decided."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, gettext
from consult.core.states import MeaningEnum, Tone, says
from consult.synthesis.models import SynthesisState


class SubmissionRequest(Base):
    """What the secretariat asked to be sent to the Council: nothing is submitted before every document of it is made and sealed."""

    __tablename__ = "submission_request"
    __append_only__ = True
    __recorded__ = True

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    requested_at: Mapped[Timestamp]
    requested_by_id: Mapped[int] = fk("user.id")

    consultation: Mapped[Consultation] = relationship()
    requested_by: Mapped[User] = relationship()
    failure: Mapped["SubmissionFailure | None"] = relationship(back_populates="request")

    @property
    def is_under_way(self) -> bool:
        return self.failure is None and not self.consultation.phase.is_submitted


class FailureCause(MeaningEnum):
    advice: str  # what to do next, as a message

    DOCUMENT = "document", N_("A document could not be made."), says(
        advice=N_("Give the lines below to whoever runs the platform, then submit again."))
    CHANGE = "change", N_("Something changed while the documents were being made."), says(
        advice=N_("Look at the syntheses again, then submit again."))
    WORKER = "worker", N_("The work was interrupted too often."), says(
        advice=N_("Give the lines below to whoever runs the platform, then submit again."))

    @property
    def remedy(self) -> str:
        return gettext(self.advice)


class SubmissionFailure(Base):
    """Why a request was called off; ``details`` are for whoever runs the platform."""

    __tablename__ = "submission_failure"
    __append_only__ = all_but("told_at")
    __recorded__ = all_but("told_at")

    id: Mapped[PrimaryKey]
    request_id: Mapped[int] = fk("submission_request.id", unique=True, index=False)
    cause: Mapped[FailureCause]
    details: Mapped[str]
    failed_at: Mapped[Timestamp]
    told_at: Mapped[datetime | None]  # when the letter about it was written

    request: Mapped[SubmissionRequest] = relationship(back_populates="failure")

    def audit_details(self) -> dict[str, Any]:
        return {"request_id": self.request_id, "cause": self.cause.value}


class Submission(Base):
    """The sealed file sent to the Council: its name in the data folder, digest, manifest and the journal's head at that moment."""

    __tablename__ = "submission"
    __append_only__ = True
    __recorded__ = True

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
    __recorded__ = True

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
    __recorded__ = True

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

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    def audit_details(self) -> dict[str, Any]:
        return {"chapter": self.chapter.number, "outcome": self.outcome.value, "decided_on": self.decided_on.isoformat()}


class DecisionNotice(Base):
    """That an author was told what the Council decided on a chapter to which they contributed: once, whatever crashes."""

    __tablename__ = "decision_notice"
    __append_only__ = True
    __recorded__ = False  # whether the letter was written: the decision itself is recorded
    __table_args__ = (sa.UniqueConstraint("decision_id", "author_id"),)

    id: Mapped[PrimaryKey]
    decision_id: Mapped[int] = fk("adoption_decision.id")
    author_id: Mapped[int] = fk("user.id")
    written_at: Mapped[Timestamp]
