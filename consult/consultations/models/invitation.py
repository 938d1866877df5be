"""Whoever is asked, by a letter, to hold a role."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models.consultation import Commission, Consultation, Role
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, utcnow
from consult.core.states import StateEnum, Tone, says

INVITATION_LASTS = timedelta(days=7)


class InvitationState(StateEnum):
    tone: Tone
    is_open: bool  # its link may still be taken up
    refusal: str  # what whoever opens the link is told, to be translated where it is shown
    remedy: str

    SENT = "sent", N_("Sent"), says(
        leads_to=("accepted", "withdrawn", "replaced", "expired"), tone=Tone.OCHRE, is_open=True, refusal="", remedy="")
    ACCEPTED = "accepted", N_("Accepted"), says(
        leads_to=(), tone=Tone.GREEN, is_open=False,
        refusal=N_("This invitation was accepted already: its link serves once."), remedy=N_("If it was you, sign in."))
    WITHDRAWN = "withdrawn", N_("Withdrawn"), says(
        leads_to=(), tone=Tone.BRICK, is_open=False,
        refusal=N_("This invitation was withdrawn."), remedy=N_("Whoever invited you can tell you why."))
    REPLACED = "replaced", N_("Replaced by a newer one"), says(
        leads_to=(), tone=Tone.NONE, is_open=False,
        refusal=N_("This invitation was sent once more, and this link opens nothing any more."),
        remedy=N_("Open the link of the newest letter."))
    # By its day alone: nothing is written down when it comes.
    EXPIRED = "expired", N_("Expired"), says(
        leads_to=("withdrawn", "replaced"), tone=Tone.NONE, is_open=False,
        refusal=N_("This invitation has expired."), remedy=N_("Ask whoever invited you to send it once more."))


class Invitation(Base):
    """To one address, for one role: its link serves once, until its day, and is kept as a digest alone."""

    __tablename__ = "invitation"
    __append_only__ = False  # gone some time after its end, whatever became of it
    __recorded__ = False  # letters and their keys; who invited and who accepted stands in the journal, with the role that was given
    __table_args__ = (
        sa.CheckConstraint(
            "(role IN ('moderator', 'rapporteur', 'chair')) = (commission_id IS NOT NULL)", name="commission_for_its_roles"),
        sa.Index("ix_invitation_address", "address"), sa.Index("ix_invitation_expires_at", "expires_at"),
    )

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    address: Mapped[str] = mapped_column(sa.String(320))
    role: Mapped[Role]
    commission_id: Mapped[int | None] = fk("commission.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    state: Mapped[InvitationState] = mapped_column(default=InvitationState.SENT)
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    invited_by_id: Mapped[int | None] = fk("user.id")  # None: from the command line
    created_at: Mapped[Timestamp]
    expires_at: Mapped[datetime]

    consultation: Mapped[Consultation] = relationship()
    commission: Mapped[Commission | None] = relationship()
    invited_by: Mapped[User | None] = relationship()

    @property
    def email(self) -> str:
        """As letters ask for it."""
        return self.address

    @property
    def current_state(self) -> InvitationState:
        """At this very second."""
        return InvitationState.EXPIRED if self.state.is_open and self.expires_at <= utcnow() else self.state

    def audit_details(self) -> dict:
        return {"role": self.role.value, "commission_id": self.commission_id, "invited_by_id": self.invited_by_id}
