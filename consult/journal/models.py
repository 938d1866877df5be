"""What an authority outside said of the journal."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, relationship

from consult.core.append_only import all_but
from consult.core.audit import Checkpoint
from consult.core.db import Base, PrimaryKey, Timestamp, fk


class CheckpointStamp(Base):
    """A time stamp on a published place of the journal: ``response`` is the authority's answer in DER (RFC 3161, 2.4.2), None while it is
    asked for.
    """

    __tablename__ = "checkpoint_stamp"
    __append_only__ = all_but("response", "stamped_at")  # asked for first, answered later
    __recorded__ = False  # signed by somebody else
    __table_args__ = (sa.CheckConstraint("(response IS NULL) = (stamped_at IS NULL)", name="answered_has_its_moment"),)

    id: Mapped[PrimaryKey]
    chain_position: Mapped[int] = fk("checkpoint.chain_position", unique=True, index=False)
    asked_at: Mapped[Timestamp]
    response: Mapped[bytes | None]
    stamped_at: Mapped[datetime | None]

    checkpoint: Mapped[Checkpoint] = relationship()
