"""Folds: what many said in nearly the same words, read once; what resembles it and was kept apart, and what people decided of both."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum
from consult.core.states import MeaningEnum, says

FEW_OWN_WORDS = 12  # a member that adds no more is answered with its fold; one that adds more is read by itself


class Apart(MeaningEnum):
    """Why a contribution is not folded into one that it resembles; ``in_method`` is what :mod:`consult.text.folding` calls it."""

    in_method: str
    is_same_words: bool  # nearly: whoever reads one must be told of the other

    LESS = "less", N_("It resembles it, less than what is folded"), says(in_method="", is_same_words=False)
    POSITION = "position", N_("Nearly the same words, another position"), says(in_method="position", is_same_words=True)
    PLACE = "place", N_("The same few words, on another passage"), says(in_method="place", is_same_words=True)
    WORDING = "wording", N_("Nearly the same words, another proposed change"), says(in_method="wording", is_same_words=True)
    TURN = "turn", N_("Nearly the same words, but a figure, a date or a negation differs"), says(in_method="turn", is_same_words=True)

    @classmethod
    def of(cls, in_method: str) -> "Apart":
        return next(member for member in cls if member.in_method == in_method)


class Choice(LabelledEnum):
    """What a person decided of a contribution; it stays so: nothing that is compared later moves what has its place."""

    PART = "part", N_("taken out of its fold")
    JOIN = "join", N_("put into a fold")


class Fold(Base):
    """A number for those of a chapter that say the same, given once; ``core`` is the first of them."""

    __tablename__ = "fold"
    __append_only__ = False  # made of the contributions, and its core is another once a person takes that out
    __recorded__ = False  # computed; what people decided is recorded
    __table_args__ = (sa.UniqueConstraint("chapter_id", "number"),)

    id: Mapped[PrimaryKey]
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    number: Mapped[int]
    core_id: Mapped[int] = fk("contribution.id")

    chapter: Mapped[Chapter] = relationship()
    core: Mapped[Contribution] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id


class FoldMember(Base):
    """A contribution that was compared with all before it, in the order of ``id``. Those that resemble nothing have no fold."""

    __tablename__ = "fold_member"
    __append_only__ = False  # computed, and put right by people
    __recorded__ = False  # computed; what people decided is recorded
    __table_args__ = (
        sa.Index("ix_fold_member_fold_id_id", "fold_id", "id"), sa.Index("ix_fold_member_chapter_id_id", "chapter_id", "id"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    fold_id: Mapped[int | None] = fk("fold.id", index=False)
    own_words: Mapped[int] = mapped_column(default=0)  # that the fold's core does not have
    is_representative: Mapped[bool] = mapped_column(default=False)  # others are compared with it

    contribution: Mapped[Contribution] = relationship()
    fold: Mapped[Fold | None] = relationship()


class FoldRun(Base):
    """A run of three words, as a hash, of a contribution that others are compared with: by which it is found."""

    __tablename__ = "fold_run"
    __append_only__ = False  # made of the contribution's words
    __recorded__ = False  # the contribution is

    chapter_id: Mapped[int] = mapped_column(sa.ForeignKey("chapter.id", ondelete="RESTRICT"), primary_key=True)
    run: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    contribution_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contribution.id", ondelete="RESTRICT"), primary_key=True, index=True, autoincrement=False)


class FoldLink(Base):
    """A contribution and an earlier one that it resembles, without being folded with it, and why; ``words`` are those that differ."""

    __tablename__ = "fold_link"
    __append_only__ = False  # computed
    __recorded__ = False  # computed

    contribution_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contribution.id", ondelete="RESTRICT"), primary_key=True, autoincrement=False)
    other_id: Mapped[int] = mapped_column(
        sa.ForeignKey("contribution.id", ondelete="RESTRICT"), primary_key=True, index=True, autoincrement=False)
    reason: Mapped[Apart]
    resemblance: Mapped[float]  # shared runs among all, between 0 and 1
    words: Mapped[list[Any]] = mapped_column(default=list)


class FoldChoice(Base):
    """That a person put a contribution into a fold, or took it out."""

    __tablename__ = "fold_choice"
    __append_only__ = True
    __recorded__ = True

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id")
    choice: Mapped[Choice]
    fold_id: Mapped[int] = fk("fold.id")  # that it was put into, or taken out of
    chosen_by_id: Mapped[int] = fk("user.id")
    chosen_at: Mapped[Timestamp]

    contribution: Mapped[Contribution] = relationship()
    fold: Mapped[Fold] = relationship()
    chosen_by: Mapped[User] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.contribution.consultation

    @property
    def commission_id(self) -> int:
        return self.contribution.commission_id

    def audit_details(self) -> dict:
        return {"ref": self.contribution.ref, "choice": self.choice.value, "fold": self.fold.number}
