"""Moderation decisions: added, never changed."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions.models import Contribution, ContributionState
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, gettext
from consult.core.states import MeaningEnum, Tone, says


class Verdict(MeaningEnum):
    """What a moderator decides; the act of that name does it."""

    tone: Tone
    starts: tuple[ContributionState, ...]  # from which states
    to: ContributionState  # and where it leads
    letter: str  # what its author is written
    done: Callable[[str], str]  # what the moderator is told, of a reference

    PUBLISH = "publish", N_("Published"), says(
        starts=(ContributionState.SUBMITTED,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, letter="moderation/published",
        done=lambda ref: gettext("%(ref)s is published; its author is told by mail.", ref=ref))
    WITHHOLD = "withhold", N_("Withheld"), says(
        starts=(ContributionState.SUBMITTED, ContributionState.PUBLISHED), to=ContributionState.WITHHELD, tone=Tone.BRICK,
        letter="moderation/withheld",
        done=lambda ref: gettext("%(ref)s is withheld; its author is told by mail, with your words.", ref=ref))
    RESTORE = "restore", N_("Restored"), says(
        starts=(ContributionState.WITHHELD,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, letter="moderation/restored",
        done=lambda ref: gettext("%(ref)s is published again; its author is told by mail, with your words.", ref=ref))

    @classmethod
    def possible(cls, state: ContributionState) -> tuple["Verdict", ...]:
        """What can be decided on a contribution in this state."""
        return tuple(verdict for verdict in cls if state in verdict.starts)


class Reason(MeaningEnum):
    """Grounds of the participation charter."""

    withholds: bool
    restores: bool

    CONFORMS = "conforms", N_("Conforms to the charter"), says(withholds=False, restores=True)
    INSULT = "insult", N_("Insulting or hateful words"), says(withholds=True, restores=False)
    OFF_TOPIC = "off_topic", N_("Unrelated to the text under consultation"), says(withholds=True, restores=False)
    PERSONAL_DATA = "personal_data", N_("Personal data of somebody else"), says(withholds=True, restores=False)
    ADVERTISING = "advertising", N_("Advertising"), says(withholds=True, restores=False)
    ILLEGAL = "illegal", N_("Contrary to the law"), says(withholds=True, restores=False)
    DUPLICATE = "duplicate", N_("Same text lodged twice by the same person"), says(withholds=True, restores=False)
    MISTAKE = "mistake", N_("The earlier decision was mistaken"), says(withholds=False, restores=True)


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
