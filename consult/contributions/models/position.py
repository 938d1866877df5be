"""Positions: contributions that one author lodged together, with one receipt for all of them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution
from consult.core.append_only import all_but
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, PublicRef, Timestamp, fk


class PositionReceipt(Base):
    """Proof that contributions were lodged together: its digest covers theirs. Each has its own receipt besides.

    ``form_key`` is that of the page from which they were lodged: sent again, it finds what it lodged.
    """

    __tablename__ = "position_receipt"
    __append_only__ = all_but("written_at")
    __recorded__ = all_but("written_at")

    id: Mapped[PrimaryKey]
    ref: Mapped[PublicRef]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    consultation_id: Mapped[int] = fk("consultation.id")
    author_id: Mapped[int] = fk("user.id")
    digest: Mapped[str] = mapped_column(sa.String(64))
    chain_position: Mapped[int] = mapped_column(sa.BigInteger)
    chain_digest: Mapped[str] = mapped_column(sa.String(64))
    lodged_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]

    consultation: Mapped[Consultation] = relationship()
    author: Mapped[User] = relationship()

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.ref, "sha256": self.digest}


class PositionEntry(Base):
    """That a contribution was lodged as a part of a position; in text order, by rising id."""

    __tablename__ = "position_entry"
    __append_only__ = True
    __recorded__ = True

    id: Mapped[PrimaryKey]
    position_receipt_id: Mapped[int] = fk("position_receipt.id")
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)

    position_receipt: Mapped[PositionReceipt] = relationship()
    contribution: Mapped[Contribution] = relationship()


def digest_of_position(ref: str, author_id: int, lodged_at: datetime, lodged: list[tuple[str, str]]) -> str:
    """``lodged``: reference and digest of each contribution, in text order."""
    contributions = [list(one) for one in lodged]
    return digest_of({"ref": ref, "author_id": author_id, "lodged_at": lodged_at.isoformat(), "contributions": contributions})
