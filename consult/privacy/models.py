"""That a person was forgotten."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum

MAX_WORDS = 1_000


class Cause(LabelledEnum):
    OWN_WISH = "own_wish", N_("By the person, on the site")
    REQUEST = "request", N_("By the secretariat, on request")
    UNCONFIRMED = "unconfirmed", N_("The address was never confirmed")
    DORMANT = "dormant", N_("The account was not used any more")
    RESTORED = "restored", N_("Again, after a backup was restored")


class Erasure(Base):
    """One person was forgotten: when, why, and how the secretariat knew who asked. It names nobody."""

    __tablename__ = "erasure"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("cause <> 'request' OR (trim(identity_check) <> '' AND trim(reason) <> '' AND decided_by_id IS NOT NULL)",
                           name="a_request_is_told_of"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", unique=True, index=False)
    erased_at: Mapped[Timestamp]
    cause: Mapped[Cause]
    identity_check: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    decided_by_id: Mapped[int | None] = fk("user.id")

    decided_by: Mapped[User | None] = relationship(foreign_keys=[decided_by_id])

    def audit_details(self) -> dict:
        return {"user_id": self.user_id, "cause": self.cause.value}
