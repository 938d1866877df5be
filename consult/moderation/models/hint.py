"""What the text of a contribution, or of a reply, may give a moderator to think of; by whom it was put aside."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.accounts.models import User
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, fk
from consult.core.i18n import N_, LabelledEnum
from consult.moderation.models.redaction import Part
from consult.text.hints import Hint


class HintKind(LabelledEnum):
    """What is found in a text, by the values of :class:`~consult.text.hints.Hint`."""

    CARD = Hint.CARD, N_("Number of an identity card?")
    TELEPHONE = Hint.TELEPHONE, N_("Telephone number?")
    MAIL = Hint.MAIL, N_("E-mail address?")
    STREET = Hint.STREET, N_("Postal address?")
    ACCOUNT = Hint.ACCOUNT, N_("Number of a bank account?")
    INSULT = Hint.INSULT, N_("Insulting words?")
    SPAM = Hint.SPAM, N_("Advertising?")
    LANGUAGE = Hint.LANGUAGE, N_("Another language than it says?")


class ModerationHint(Base):
    """From which character to which of a text as it was lodged; once put aside, it never comes back."""

    __tablename__ = "moderation_hint"
    __append_only__ = all_but("dismissed_at", "dismissed_by_id")
    __recorded__ = False  # it follows from the text; who puts it aside is an event of the journal
    __table_args__ = (
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name="of_one_text"),
        sa.CheckConstraint("(dismissed_at IS NULL) = (dismissed_by_id IS NULL)", name="dismissed_by_somebody"),
        sa.UniqueConstraint("contribution_id", "part", "kind", "begins"),
        sa.UniqueConstraint("reply_id", "part", "kind", "begins"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int | None] = fk("contribution.id", index=False)
    reply_id: Mapped[int | None] = fk("reply.id", index=False)
    kind: Mapped[HintKind]
    part: Mapped[Part]
    begins: Mapped[int]
    ends: Mapped[int]
    dismissed_at: Mapped[datetime | None]
    dismissed_by_id: Mapped[int | None] = fk("user.id")

    dismissed_by: Mapped[User | None] = relationship()

    def audit_details(self) -> dict:
        """Not the words, which may be somebody's personal data."""
        return {"kind": self.kind.value, "part": self.part.value, "contribution_id": self.contribution_id, "reply_id": self.reply_id}
