"""What an author says against a decision to withhold or to hide words: once, to the secretariat."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.contributions.models import Contribution, Reply
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.moderation.models.decision import Decision, ReplyDecision


class Appeal(Base):
    """Of a contribution, or of a reply, and of the decision that its author does not accept; the next decision closes it."""

    __tablename__ = "appeal"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name="of_one_text"),
        sa.CheckConstraint("(contribution_id IS NULL) = (decision_id IS NULL)", name="against_its_decision"),
        sa.CheckConstraint("(reply_id IS NULL) = (reply_decision_id IS NULL)", name="against_its_reply_decision"),
        sa.CheckConstraint("trim(words) <> ''", name="words_not_blank"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int | None] = fk("contribution.id", unique=True, index=False)
    reply_id: Mapped[int | None] = fk("reply.id", unique=True, index=False)
    decision_id: Mapped[int | None] = fk("moderation_decision.id")
    reply_decision_id: Mapped[int | None] = fk("reply_decision.id")
    words: Mapped[str]
    lodged_at: Mapped[Timestamp]

    contribution: Mapped[Contribution | None] = relationship()
    reply: Mapped[Reply | None] = relationship()

    @property
    def subject(self) -> Contribution | Reply | None:
        return self.contribution or self.reply

    def is_against(self, decision: Decision) -> bool:
        return decision.id == (self.reply_decision_id if isinstance(decision, ReplyDecision) else self.decision_id)

    def audit_details(self) -> dict:
        return {"contribution_id": self.contribution_id, "reply_id": self.reply_id}
