"""What those in charge were told of the work that waits for them."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, PrimaryKey, Timestamp, fk


class StaffLetter(Base):
    """That somebody in charge was told, on one day of Morocco’s calendar, what waits for them: once a day, whatever crashes."""

    __tablename__ = "staff_letter"
    __append_only__ = False  # no longer kept than it keeps anybody from being told twice
    __recorded__ = False  # letters about work that waits
    __table_args__ = (sa.UniqueConstraint("user_id", "day"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", index=False)
    day: Mapped[date]
    written_at: Mapped[Timestamp]


class StaffNews(Base):
    """What happened, and a person in charge was told in one of those letters: no other tells it again."""

    __tablename__ = "staff_news"
    __append_only__ = False  # no longer kept than it keeps anybody from being told twice
    __recorded__ = False  # letters about work that waits
    __table_args__ = (sa.UniqueConstraint("user_id", "key"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", index=False)
    key: Mapped[str] = mapped_column(sa.String(80))
    told_at: Mapped[Timestamp]
