"""Whoever is asked, by a letter, to hold a role."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.accounts.models import InvitedByLetter
from consult.consultations.models.consultation import Commission, Consultation, Role
from consult.core.db import fk


class Invitation(InvitedByLetter):
    """For one role."""

    __tablename__ = "invitation"
    __append_only__ = False  # as all that are by letter
    __recorded__ = False  # the same
    __table_args__ = (
        sa.CheckConstraint(
            "(role IN ('moderator', 'rapporteur', 'chair')) = (commission_id IS NOT NULL)", name="commission_for_its_roles"),
    )

    consultation_id: Mapped[int] = fk("consultation.id")
    role: Mapped[Role]
    commission_id: Mapped[int | None] = fk("commission.id")

    consultation: Mapped[Consultation] = relationship()
    commission: Mapped[Commission | None] = relationship()

    def audit_details(self) -> dict:
        return {"role": self.role.value, "commission_id": self.commission_id, "invited_by_id": self.invited_by_id}
