"""Words that a decision took out of the public's sight: where they stand, never what they are."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.core.db import Base, PrimaryKey, fk
from consult.core.i18n import N_, LabelledEnum
from consult.moderation.models.decision import ModerationDecision, ReplyDecision

MAX_PHRASES = 10_000  # characters of the words that are named at once


class Part(LabelledEnum):
    """A text of a contribution, or of a reply, of which words may be hidden: ``lodged_…`` and ``shown_…`` of this name."""

    BODY = "body", N_("Contribution")
    JUSTIFICATION = "justification", N_("Justification")
    REPLACEMENT = "replacement", N_("Proposed change")


class Redaction(Base):
    """From which character to which (the end not included) of a text as it was lodged, or rephrased last before the decision; of a
    contribution's decision, or of a reply's.
    """

    __tablename__ = "redaction"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(decision_id IS NULL) <> (reply_decision_id IS NULL)", name="of_one_decision"),
        sa.CheckConstraint("0 <= begins AND begins < ends", name="not_empty"),
    )

    id: Mapped[PrimaryKey]
    decision_id: Mapped[int | None] = fk("moderation_decision.id")
    reply_decision_id: Mapped[int | None] = fk("reply_decision.id")
    part: Mapped[Part]
    begins: Mapped[int]
    ends: Mapped[int]

    decision: Mapped[ModerationDecision | None] = relationship()
    reply_decision: Mapped[ReplyDecision | None] = relationship()
