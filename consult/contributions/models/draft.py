"""What is being written and not lodged yet."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.chapters.models import Block
from consult.consultations.models import Consultation
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, Timestamp, fk

# What a visitor typed and never came back for is nobody's: it is not kept longer than a consultation usually lasts.
KEPT_FOR_NOBODY = timedelta(days=30)


class ContributionDraft(Base):
    """What somebody typed and has not submitted: kept by its token, so that a lost session loses no word.

    It has an ``address`` from when one was typed in that ``browser``, to register or to sign in by a letter, until the owner of the
    address shows that they typed the text: anybody may type anybody's address. ``saved_by`` is the open page that saved it last by
    itself, and its how manieth save that was.
    """

    __tablename__ = "contribution_draft"
    __append_only__ = False  # what was not lodged is its author’s to change and to throw away
    __recorded__ = False  # its author’s alone until it is lodged

    id: Mapped[PrimaryKey]
    token: Mapped[str] = mapped_column(sa.String(64), unique=True)
    author_id: Mapped[int | None] = fk("user.id")
    address: Mapped[str | None] = mapped_column(sa.String(320), index=True)
    browser: Mapped[str | None] = mapped_column(sa.String(64))  # as the letters that were asked for there name it
    block_id: Mapped[int] = fk("block.id")
    fields: Mapped[dict[str, Any]]
    updated_at: Mapped[Timestamp]
    row_counter: Mapped[int] = mapped_column(default=1, server_default="1")
    saved_by: Mapped[str | None] = mapped_column(sa.String(80))
    network: Mapped[str] = mapped_column(sa.String(64), default="", server_default="")  # a keyed digest of it, until its author is known
    size: Mapped[int] = mapped_column(default=0, server_default="0")  # characters, as long as it has a network

    __table_args__ = (sa.Index("ix_contribution_draft_network", "network", "size"),)  # how much a network keeps is read out of it

    block: Mapped[Block] = relationship()

    __mapper_args__ = {"version_id_col": row_counter}

    organisation_id = None  # it belongs to a person; what is offered to an organisation is another row

    def is_known_now(self) -> None:
        """Whose it is is known, and that they typed it."""
        self.address = self.browser = None
        self.network, self.size = "", 0

    @property
    def digest(self) -> str:
        """Of what it holds: by it a form says what it had seen."""
        return digest_of([self.block_id, self.fields])

    def is_from_elsewhere(self, tokens: Collection[str]) -> bool:
        """Whether nothing shows yet that whoever reads it, and holds these tokens, typed it: somebody else may have, with their address."""
        return self.address is not None and self.token not in tokens

    @property
    def consultation(self) -> Consultation:
        return self.block.consultation
