"""What a person chose to be told and follows, and what waits to be told to them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Round
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.news import Frequency, Topic

WHOLE = ""  # instead of the key of a passage: the whole chapter


class NewsChoice(Base):
    """How often somebody is told of something, where they chose it themselves."""

    __tablename__ = "news_choice"
    __append_only__ = False  # changed as often as its owner likes
    __recorded__ = False  # which letters somebody wants: nobody’s word
    __table_args__ = (sa.UniqueConstraint("user_id", "topic"),)

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", index=False)
    topic: Mapped[Topic]
    frequency: Mapped[Frequency]


class Follow(Base):
    """That somebody follows a passage by its lasting key, or a whole chapter."""

    __tablename__ = "follow"
    __append_only__ = False  # gone once its owner wants no more of it
    __recorded__ = False  # what somebody reads: nobody’s word
    __table_args__ = (
        sa.UniqueConstraint("user_id", "chapter_id", "key"), sa.Index("ix_follow_chapter_id_key", "chapter_id", "key", "user_id"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", index=False)
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    key: Mapped[str] = mapped_column(sa.String(80), default=WHOLE)
    followed_at: Mapped[Timestamp]

    user: Mapped[User] = relationship()
    chapter: Mapped[Chapter] = relationship()


class NewsItem(Base):
    """One thing that is to be told to one person when it is due: the number of a row of what the matter is about, never its words.

    It is told once: what tells apart things of one matter on one row (``facts`` of a letter, the date of a closing) stands in ``mark``.
    """

    __tablename__ = "news_item"
    __append_only__ = False  # no longer kept than it keeps anybody from being told twice
    __recorded__ = False  # letters about what stands in other rows
    __table_args__ = (
        sa.UniqueConstraint("user_id", "matter", "subject_id", "mark"),
        sa.Index("ix_news_item_due", "due_at", "user_id", sqlite_where=sa.text("told_at IS NULL"),
                 postgresql_where=sa.text("told_at IS NULL")),
        sa.Index("ix_news_item_happened_at", "happened_at"),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id", index=False)
    topic: Mapped[Topic]
    matter: Mapped[str] = mapped_column(sa.String(80))
    subject_id: Mapped[int] = mapped_column(sa.BigInteger)
    mark: Mapped[str] = mapped_column(sa.String(64), default="")
    facts: Mapped[list[Any] | None]
    happened_at: Mapped[Timestamp]
    due_at: Mapped[datetime]
    told_at: Mapped[datetime | None]

    @property
    def told(self) -> frozenset[Any]:
        """What the letter would have told, that is gathered instead."""
        return frozenset(tuple(fact) if isinstance(fact, list) else fact for fact in self.facts or ())


class ClosingNotice(Base):
    """That a closing date was near, so many days before it: each is announced once, and another date again."""

    __tablename__ = "closing_notice"
    __append_only__ = False  # no longer kept than it keeps anybody from being told twice
    __recorded__ = False  # letters about what stands in other rows
    __table_args__ = (sa.UniqueConstraint("round_id", "closes_at", "days"),)

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = fk("round.id", index=False)
    closes_at: Mapped[datetime]
    days: Mapped[int]
    noted_at: Mapped[Timestamp]

    round: Mapped[Round] = relationship()
