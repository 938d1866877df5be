"""Moderation decisions: added, never changed."""

from collections.abc import Callable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Role
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, gettext
from consult.core.permissions import Action
from consult.core.states import MeaningEnum, Tone, says


class Reason(MeaningEnum):
    """Grounds of the participation charter."""

    is_breach: bool  # of the charter

    CONFORMS = "conforms", N_("Conforms to the charter"), says(is_breach=False)
    INSULT = "insult", N_("Insulting or hateful words"), says(is_breach=True)
    OFF_TOPIC = "off_topic", N_("Unrelated to the text under consultation"), says(is_breach=True)
    PERSONAL_DATA = "personal_data", N_("Personal data of somebody else"), says(is_breach=True)
    ADVERTISING = "advertising", N_("Advertising"), says(is_breach=True)
    ILLEGAL = "illegal", N_("Contrary to the law"), says(is_breach=True)
    DUPLICATE = "duplicate", N_("Same text lodged twice by the same person"), says(is_breach=True)
    MISTAKE = "mistake", N_("The earlier decision was mistaken"), says(is_breach=False)


class Verdict(MeaningEnum):
    """What a moderator decides. The act, its address, its form and button, and the letter to the author are made of the member alone.

    What is said is translated where it is shown; a letter may name the contribution (``ref``), its passage (``key``) and its chapter
    (``number``).
    """

    tone: Tone
    starts: tuple[ContributionState, ...]  # from which states
    to: ContributionState  # and where it leads
    reasons: tuple[Reason, ...]  # of which one is given
    needs_words: bool  # to the author, beside a reason that is chosen; else one press decides, for the first reason
    heading: str  # of its form
    press: str  # its button
    help: str  # what it means, below the button
    key: str  # of the keyboard
    in_keys: str  # what the list of keys says
    subject: str  # of the letter
    told: str  # the letter's first sentence
    done: Callable[[str], str]  # what the moderator is told, of a reference
    reply_subject: str  # of the letter to whoever wrote a reply
    reply_told: str  # its first sentence; it may name the reply (``ref``) and the contribution (``to``)

    PUBLISH = "publish", N_("Published"), says(
        starts=(ContributionState.SUBMITTED,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, reasons=(Reason.CONFORMS,),
        needs_words=False, heading="", press=N_("Publish"), help=N_("It conforms to the charter: everybody will read it."), key="p",
        in_keys=N_("publish"), subject=N_("Your contribution %(ref)s is published"),
        told=N_("A moderator has read your contribution %(ref)s on the passage %(key)s of chapter %(number)s: it conforms to the charter "
                "and everybody can read it now."),
        done=lambda ref: gettext("%(ref)s is published; its author is told by mail.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is published"),
        reply_told=N_("A moderator has read your reply %(ref)s to the contribution %(to)s: it conforms to the charter and everybody can "
                      "read it now."))
    WITHHOLD = "withhold", N_("Withheld"), says(
        starts=(ContributionState.SUBMITTED, ContributionState.PUBLISHED), to=ContributionState.WITHHELD, tone=Tone.BRICK,
        reasons=Reason.where(is_breach=True), needs_words=True, heading=N_("Withhold it"), press=N_("Withhold"),
        help=N_("Kept out of the public’s sight, never erased; it can be restored on appeal."), key="w", in_keys=N_("withhold"),
        subject=N_("Your contribution %(ref)s is withheld"),
        told=N_("A moderator has withheld your contribution %(ref)s on the passage %(key)s of chapter %(number)s: it is kept as you "
                "lodged it, but the public does not read it."),
        done=lambda ref: gettext("%(ref)s is withheld; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is withheld"),
        reply_told=N_("A moderator has withheld your reply %(ref)s to the contribution %(to)s: it is kept as you lodged it, but the public "
                      "does not read it."))
    RESTORE = "restore", N_("Restored"), says(
        starts=(ContributionState.WITHHELD,), to=ContributionState.PUBLISHED, tone=Tone.GREEN, reasons=Reason.where(is_breach=False),
        needs_words=True, heading=N_("Publish it again"), press=N_("Restore"), help="", key="", in_keys="",
        subject=N_("Your contribution %(ref)s is published again"),
        told=N_("The decision to withhold your contribution %(ref)s on the passage %(key)s of chapter %(number)s has been reversed: "
                "everybody can read it now."),
        done=lambda ref: gettext("%(ref)s is published again; its author is told by mail, with your words.", ref=ref),
        reply_subject=N_("Your reply %(ref)s is published again"),
        reply_told=N_("The decision to withhold your reply %(ref)s to the contribution %(to)s has been reversed: everybody can read it "
                      "now."))

    @property
    def action(self) -> Action:
        """The permission to decide so."""
        return Action(f"moderation.{self.value}")

    @classmethod
    def possible(cls, state: ContributionState) -> tuple["Verdict", ...]:
        """What can be decided on a contribution in this state."""
        return tuple(verdict for verdict in cls if state in verdict.starts)


# The rule of the database about words, of the verdicts that need none.
WORDS = " OR ".join([*(f"verdict = '{verdict.value}'" for verdict in Verdict.where(needs_words=False)), "trim(words) <> ''"])
MAX_WORDS = 2000
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
