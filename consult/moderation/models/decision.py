"""Moderation decisions: added, never changed."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions.models import Contribution, Reply
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import utcnow
from consult.moderation.models.verdict import Reason, Verdict

# The rule of the database about words, of the verdicts that need none.
WORDS = " OR ".join([*(f"verdict = '{verdict.value}'" for verdict in Verdict.where(needs_words=False)), "trim(words) <> ''"])
MAX_WORDS = 2000
TAKEN_BACK_WITHIN = timedelta(hours=1)  # a decision; later on it is reversed by another, with its reason
CAPACITIES = tuple(sorted((role for role in Role if role.capacity), key=lambda role: role.capacity))


def capacity_of(moderator: User, commission_id: int) -> Role | None:
    """The role in which they decide on a chapter; None when they hold none any more."""
    return next((role for role in CAPACITIES if moderator.holds(role, commission_id)), None)


class ModerationDecision(Base):
    """A verdict with its reason; the words go to the author, the reason to everybody."""

    __tablename__ = "moderation_decision"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint(WORDS, name="words_unless_published"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id")
    verdict: Mapped[Verdict]
    reason: Mapped[Reason]
    words: Mapped[str] = mapped_column(default="")
    moderator_id: Mapped[int] = fk("user.id")
    decided_at: Mapped[Timestamp]

    contribution: Mapped[Contribution] = relationship()
    moderator: Mapped[User] = relationship()

    @property
    def subject(self) -> Contribution:
        return self.contribution

    @property
    def capacity(self) -> Role | None:
        return capacity_of(self.moderator, self.contribution.commission_id)

    def audit_details(self) -> dict:
        return {"ref": self.contribution.ref, "verdict": self.verdict.value, "reason": self.reason.value}


class ModerationNotice(Base):
    """Whether the author was told of a decision (the decision itself never changes)."""

    __tablename__ = "moderation_notice"
    __append_only__ = all_but("written_at")  # or an author could be told twice, or never
    __recorded__ = False  # whether the letter was written: the decision itself is recorded

    decision_id: Mapped[int] = mapped_column(sa.ForeignKey("moderation_decision.id"), primary_key=True)
    written_at: Mapped[datetime | None]


class ReplyDecision(Base):
    """The same on a reply; ``written_at`` when its author was told."""

    __tablename__ = "reply_decision"
    __append_only__ = all_but("written_at")
    __recorded__ = all_but("written_at")
    __table_args__ = (
        sa.CheckConstraint(WORDS, name="words_unless_published"),
    )

    id: Mapped[PrimaryKey]
    reply_id: Mapped[int] = fk("reply.id")
    verdict: Mapped[Verdict]
    reason: Mapped[Reason]
    words: Mapped[str] = mapped_column(default="")
    moderator_id: Mapped[int] = fk("user.id")
    decided_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]

    reply: Mapped[Reply] = relationship()
    moderator: Mapped[User] = relationship()

    @property
    def subject(self) -> Reply:
        return self.reply

    @property
    def capacity(self) -> Role | None:
        return capacity_of(self.moderator, self.reply.commission_id)

    def audit_details(self) -> dict:
        return {"ref": self.reply.ref, "verdict": self.verdict.value, "reason": self.reason.value}


Decision = ModerationDecision | ReplyDecision


def is_fresh(decision: Decision) -> bool:
    """Whether it may still be taken back."""
    return utcnow() - decision.decided_at <= TAKEN_BACK_WITHIN


def hiding(decisions: Iterable[Decision]) -> frozenset[int]:
    """Which of all decisions on one contribution, or reply, oldest first, hide words of it as things stand."""
    now: frozenset[int] = frozenset()
    before = now
    for decision in decisions:
        verdict = decision.verdict
        hidden = before if verdict.takes_back else frozenset() if verdict.shows_all else now | {decision.id} if verdict.hides_words else now
        before, now = now, hidden
    return now
