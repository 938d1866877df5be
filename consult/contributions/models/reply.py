"""Replies: a flat thread under each published contribution, moderated like contributions and never counted among them."""

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions.models.contribution import Contribution, ContributionState, as_shown
from consult.core.append_only import all_but
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, PublicRef, Timestamp, fk
from consult.organisations.models import Organisation

MAX_REPLY = 2_000
REPLY_REF = "-R"  # in the reference of a reply, and in no other


class Reply(Base):
    """What one participant replies to a contribution: withdrawn perhaps, never rewritten. ``number`` is its place in the thread."""

    __tablename__ = "reply"
    __append_only__ = all_but("state", "withdrawn_at", "told_at", "row_counter", "shown_body", "is_redacted", "rephrased_at",
                              "awaits_reading")
    __recorded__ = all_but("told_at", "row_counter", "shown_body", "is_redacted", "rephrased_at", "awaits_reading")
    __table_args__ = (
        sa.CheckConstraint("trim(body) <> ''", name="body_not_blank"),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_its_moment"),
        sa.UniqueConstraint("contribution_id", "number"),
        sa.Index("ix_reply_chapter_id_state_id", "chapter_id", "state", "id"),
        sa.Index("ix_reply_awaits_reading_id_chapter_id", "awaits_reading", "id", "chapter_id"),
    )

    id: Mapped[PrimaryKey]
    ref: Mapped[PublicRef]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    contribution_id: Mapped[int] = fk("contribution.id", index=False)
    number: Mapped[int]
    author_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int | None] = fk("organisation.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    lodged_body: Mapped[str] = mapped_column("body")
    state: Mapped[ContributionState] = mapped_column(default=ContributionState.SUBMITTED)
    submitted_at: Mapped[Timestamp]
    withdrawn_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the author of the contribution was told of it
    row_counter: Mapped[int] = mapped_column(default=1)
    shown_body: Mapped[str | None]
    is_redacted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # words of it are kept out of the public's sight
    rephrased_at: Mapped[datetime | None]
    awaits_reading: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # published at once, by no moderator

    body = as_shown("body")
    chapter: Mapped[Chapter] = relationship()
    contribution: Mapped[Contribution] = relationship()
    author: Mapped[User] = relationship()
    organisation: Mapped[Organisation | None] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    @property
    def provision_key(self) -> str:
        return self.contribution.provision_key

    @hybrid_property
    def is_public(self) -> bool:
        """A thread goes with its contribution."""
        return self.state.is_public and self.contribution.is_public

    @is_public.inplace.expression
    @classmethod
    def _is_public(cls) -> sa.ColumnElement[bool]:
        return sa.and_(
            cls.state.in_(ContributionState.where(is_public=True)),
            sa.exists().where(Contribution.id == cls.contribution_id, Contribution.is_public).correlate_except(Contribution))

    @property
    def as_lodged(self) -> SimpleNamespace:
        """Its words as its author lodged them."""
        return SimpleNamespace(language=self.language, body=self.lodged_body, further_texts=[], amendment=None)

    @property
    def digest(self) -> str:
        return digest_of({
            "ref": self.ref, "author_id": self.author_id, "organisation_id": self.organisation_id, "language": self.language,
            "body": self.lodged_body, "submitted_at": self.submitted_at.isoformat(),
        })

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.ref, "state": self.state.value, "sha256": self.digest}
