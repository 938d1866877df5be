"""What a reader tells the moderators about a published text: once each, for them alone, and what became of it."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.accounts.models import User
from consult.contributions.models import Contribution, Reply
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, says
from consult.moderation.models.verdict import Reason

MAX_FLAG_WORDS = 1000


class FlagOutcome(MeaningEnum):
    """What whoever flagged it is told."""

    told: str  # to be translated where it is shown

    KEPT = "kept", N_("Left as it is"), says(
        told=N_("A moderator has read it again and leaves it as it is: it conforms to the charter."))
    ACTED = "acted", N_("A decision was taken"), says(
        told=N_("A moderator has read it again and taken a decision, which stands in the public register."))
    WITHDRAWN = "withdrawn", N_("Withdrawn by its author"), says(told=N_("Its author has withdrawn it meanwhile."))


class Flag(Base):
    """Of a contribution, or of a reply; it hides nothing by itself, however many there are."""

    __tablename__ = "flag"
    __append_only__ = all_but("outcome", "settled_at", "told_at")
    __recorded__ = all_but("told_at")
    __table_args__ = (
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name="of_one_text"),
        sa.CheckConstraint("(outcome IS NULL) = (settled_at IS NULL)", name="settled_with_its_outcome"),
        sa.CheckConstraint("trim(words) <> ''", name="words_not_blank"),
        sa.UniqueConstraint("contribution_id", "flagged_by_id"),
        sa.UniqueConstraint("reply_id", "flagged_by_id"),
        sa.Index("ix_flag_outcome_id", "outcome", "id"),
        sa.Index("ix_flag_flagged_by_id_flagged_at", "flagged_by_id", "flagged_at"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int | None] = fk("contribution.id", index=False)
    reply_id: Mapped[int | None] = fk("reply.id", index=False)
    flagged_by_id: Mapped[int] = fk("user.id", index=False)
    reason: Mapped[Reason]
    words: Mapped[str]
    flagged_at: Mapped[Timestamp]
    outcome: Mapped[FlagOutcome | None]
    settled_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]

    contribution: Mapped[Contribution | None] = relationship()
    reply: Mapped[Reply | None] = relationship()
    flagged_by: Mapped[User] = relationship()

    @property
    def subject(self) -> Contribution | Reply:
        return self.contribution or self.reply  # type: ignore[return-value]  # one of them, by CHECK

    def audit_details(self) -> dict:
        return {"reason": self.reason.value, "contribution_id": self.contribution_id, "reply_id": self.reply_id}
