"""Users."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import _
from consult.core.identity import Identity

MAX_NAME = 200
NAMELESS = _("Write your name: contributions are not anonymous.")


class User(Base, Identity):
    """A person with an account; the names that Flask-Security asks for keep its spelling."""

    __tablename__ = "user"
    __append_only__ = False  # a person corrects their data, and may ask to be forgotten
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME), default="")
    name_ar: Mapped[str | None] = mapped_column(sa.String(MAX_NAME))
    function: Mapped[str | None] = mapped_column(sa.String(MAX_NAME))
    language: Mapped[str] = mapped_column(sa.String(3), default="fr")
    is_name_public: Mapped[bool] = mapped_column(default=False)
    is_told_of_work: Mapped[bool] = mapped_column(default=True, server_default=sa.true())  # by mail, of what waits for those in charge
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp]

    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    us_totp_secrets: Mapped[str | None]
    us_phone_number: Mapped[str | None] = mapped_column(sa.String(128))

    if TYPE_CHECKING:
        # Given by the models of the rooms above, whose classes this room does not know.
        membership: Mapped[Any | None]
        appointments: Mapped[list[Any]]

    is_system = False
    roles: list[Any] = []  # noqa: RUF012 - Flask-Security asks for its own roles; ours are appointments

    @property
    def organisation_id(self) -> int | None:
        """Of the organisation that this person speaks for; None: for themselves alone."""
        return self.membership.organisation_id if self.membership else None

    @property
    def organisation(self) -> Any | None:
        return self.membership.organisation if self.membership else None

    def holds(self, role: str, commission_id: int | None = None) -> bool:
        """Whether this person holds the role; a role of a commission counts in that commission only, or anywhere when none is named."""
        return any(
            a.role == role and (a.commission_id is None or commission_id is None or a.commission_id == commission_id)
            for a in self.appointments
        )

    def public_name(self, language: str = "fr") -> str | None:
        """The name to show beside what this person wrote, or None when they did not agree to it."""
        if not self.is_name_public:
            return None
        return self.name_ar if language == "ar" and self.name_ar else self.name


class Registration(Base):
    """What was typed to ask for an account that nobody has confirmed yet: anybody may type anybody's address, and a password with it."""

    __tablename__ = "registration"
    __append_only__ = False  # gone once the address is confirmed

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    browser_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    name: Mapped[str] = mapped_column(sa.String(MAX_NAME))
    language: Mapped[str] = mapped_column(sa.String(3))
    password: Mapped[str | None]
    created_at: Mapped[Timestamp]
