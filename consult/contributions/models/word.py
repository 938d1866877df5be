"""Which words stand in which contribution: what is searched for those that speak of the same."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base

MAX_WORD = 20  # letters of a stem that are kept


class ContributionWord(Base):
    """One telling stem of a contribution that was published once; whether it may be shown is asked of the contribution."""

    __tablename__ = "contribution_word"
    __append_only__ = False  # made of the contribution's words, and made anew
    __recorded__ = False  # the contribution is

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    word: Mapped[str] = mapped_column(sa.String(MAX_WORD).with_variant(sa.String(MAX_WORD, collation="C"), "postgresql"), primary_key=True)
    contribution_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contribution.id", ondelete="RESTRICT"), primary_key=True, index=True, autoincrement=False)
