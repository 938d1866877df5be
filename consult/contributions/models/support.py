"""Support of contributions by others: given, taken back, given again; counted in public, and listed nowhere."""

import secrets
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Timestamp, fk

BY_A_PERSON = sa.text("organisation_id IS NULL AND withdrawn_at IS NULL")
BY_AN_ORGANISATION = sa.text("organisation_id IS NOT NULL AND withdrawn_at IS NULL")


class Support(Base):
    """One person backs one contribution, or one organisation by whoever speaks for it that day; what is given again is another row.

    Its digest in the journal, which leaves with the dossier, is salted: there are few contributions, and each could be tried.
    """

    __tablename__ = "support"
    __append_only__ = all_but("withdrawn_at")
    __recorded__ = True
    __personal__ = frozenset({"contribution_id"})
    __table_args__ = (
        sa.Index("uq_support_contribution_id_supporter_id", "contribution_id", "supporter_id", unique=True,
                 sqlite_where=BY_A_PERSON, postgresql_where=BY_A_PERSON),
        sa.Index("uq_support_contribution_id_organisation_id", "contribution_id", "organisation_id", unique=True,
                 sqlite_where=BY_AN_ORGANISATION, postgresql_where=BY_AN_ORGANISATION),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id")
    supporter_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int | None] = fk("organisation.id")
    given_at: Mapped[Timestamp]
    withdrawn_at: Mapped[datetime | None]
    salt: Mapped[str] = mapped_column(sa.String(32), default=lambda: secrets.token_hex(16))

    contribution: Mapped[Contribution] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.contribution.consultation

    def audit_details(self) -> dict[str, Any]:
        """Not of which contribution: the journal, which those in charge read, is no list of who supports what."""
        return {"is_organisation": self.organisation_id is not None, "is_given": self.withdrawn_at is None}
