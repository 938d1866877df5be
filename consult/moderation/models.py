"""Moderation decisions: added, never changed."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions.models import Contribution
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum


class Verdict(LabelledEnum):
    PUBLISH = "publish", N_("Published")
    WITHHOLD = "withhold", N_("Withheld")
    RESTORE = "restore", N_("Restored")


class Reason(LabelledEnum):
    """Grounds of the participation charter."""

    CONFORMS = "conforms", N_("Conforms to the charter")
    INSULT = "insult", N_("Insulting or hateful words")
    OFF_TOPIC = "off_topic", N_("Unrelated to the text under consultation")
    PERSONAL_DATA = "personal_data", N_("Personal data of somebody else")
    ADVERTISING = "advertising", N_("Advertising")
    ILLEGAL = "illegal", N_("Contrary to the law")
    DUPLICATE = "duplicate", N_("Same text lodged twice by the same person")
    MISTAKE = "mistake", N_("The earlier decision was mistaken")


WITHHOLD_REASONS = (Reason.INSULT, Reason.OFF_TOPIC, Reason.PERSONAL_DATA, Reason.ADVERTISING, Reason.ILLEGAL, Reason.DUPLICATE)
RESTORE_REASONS = (Reason.MISTAKE, Reason.CONFORMS)
MAX_WORDS = 2000
CAPACITIES = (Role.RAPPORTEUR, Role.MODERATOR, Role.CHAIR, Role.SECRETARIAT)


class ModerationDecision(Base):
    """Publish, withhold or restore, with its reason; the words go to the author, the reason to everybody."""

    __tablename__ = "moderation_decision"
    __append_only__ = True
    __table_args__ = (
        sa.CheckConstraint("verdict = 'publish' OR trim(words) <> ''", name="words_unless_published"),
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
    def capacity(self) -> Role | None:
        """The role in which the moderator decides on this chapter; None when they hold none any more."""
        commission_id = self.contribution.commission_id
        return next((role for role in CAPACITIES if self.moderator.holds(role, commission_id)), None)

    def audit_details(self) -> dict:
        return {"ref": self.contribution.ref, "verdict": self.verdict.value, "reason": self.reason.value}


class ModerationNotice(Base):
    """Whether the author was told of a decision (the decision itself never changes)."""

    __tablename__ = "moderation_notice"
    __append_only__ = all_but("written_at")  # or an author could be told twice, or never

    decision_id: Mapped[int] = mapped_column(sa.ForeignKey("moderation_decision.id"), primary_key=True)
    written_at: Mapped[datetime | None]
