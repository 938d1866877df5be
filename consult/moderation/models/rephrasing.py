"""An author who is asked for other words: what was asked and until when, and their answer, which stands beside what was lodged."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.contributions.models import Contribution, Reply
from consult.core.append_only import all_but
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, says
from consult.moderation.models.decision import Decision, ModerationDecision, ReplyDecision
from consult.moderation.models.redaction import Part


class AnswerKind(MeaningEnum):
    has_words: bool  # new ones, which everybody reads once they are published
    is_final: bool  # its author is not asked again

    REWORDED = "reworded", N_("Rephrased by its author"), says(has_words=True, is_final=False)
    KEPT = "kept", N_("Its author keeps the words as they are"), says(has_words=False, is_final=True)
    LAPSED = "lapsed", N_("No answer within the term"), says(has_words=False, is_final=False)


class Rephrasing(Base):
    """What a decision asks of the author of a contribution, or of a reply: ``phrases`` are words of it, one on each line."""

    __tablename__ = "rephrasing"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name="of_one_text"),
        sa.CheckConstraint("(contribution_id IS NULL) = (decision_id IS NULL)", name="by_its_decision"),
        sa.CheckConstraint("(reply_id IS NULL) = (reply_decision_id IS NULL)", name="by_its_reply_decision"),
        sa.Index("ix_rephrasing_due_at", "due_at"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int | None] = fk("contribution.id")
    reply_id: Mapped[int | None] = fk("reply.id")
    decision_id: Mapped[int | None] = fk("moderation_decision.id", unique=True, index=False)
    reply_decision_id: Mapped[int | None] = fk("reply_decision.id", unique=True, index=False)
    phrases: Mapped[str] = mapped_column(default="")
    due_at: Mapped[datetime]

    contribution: Mapped[Contribution | None] = relationship()
    reply: Mapped[Reply | None] = relationship()
    decision: Mapped[ModerationDecision | None] = relationship()
    reply_decision: Mapped[ReplyDecision | None] = relationship()
    answer: Mapped["RephrasingAnswer | None"] = relationship(back_populates="rephrasing")

    @property
    def subject(self) -> Contribution | Reply:
        return self.contribution or self.reply  # type: ignore[return-value]  # one of them, by CHECK

    @property
    def asked_by(self) -> Decision:
        return self.decision or self.reply_decision  # type: ignore[return-value]  # one of them, by CHECK


class RephrasingAnswer(Base):
    """What became of it; the new words where there are some, of the parts that the text has."""

    __tablename__ = "rephrasing_answer"
    __append_only__ = all_but("written_at")
    __recorded__ = all_but("written_at")
    __table_args__ = (
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name="of_one_text"),
        sa.CheckConstraint("(kind = 'reworded') = (trim(body) <> '')", name="words_where_reworded"),
    )

    id: Mapped[PrimaryKey]
    rephrasing_id: Mapped[int] = fk("rephrasing.id", unique=True, index=False)
    contribution_id: Mapped[int | None] = fk("contribution.id")
    reply_id: Mapped[int | None] = fk("reply.id")
    kind: Mapped[AnswerKind]
    body: Mapped[str] = mapped_column(default="")
    justification: Mapped[str] = mapped_column(default="")
    replacement: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]  # when its author was sent the proof of it

    rephrasing: Mapped[Rephrasing] = relationship(back_populates="answer")

    def text_of(self, part: Part) -> str:
        text: str = getattr(self, part.value)
        return text

    @property
    def digest(self) -> str:
        """Of the new words, and of what they stand beside."""
        subject = self.rephrasing.subject
        return digest_of({
            "ref": subject.ref, "beside": subject.digest, "kind": self.kind.value, "answered_at": self.answered_at.isoformat(),
            **{part.value: self.text_of(part) for part in Part}})

    def audit_details(self) -> dict[str, str]:
        return {"ref": self.rephrasing.subject.ref, "answer": self.kind.value, "sha256": self.digest}
