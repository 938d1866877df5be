"""Contributions: withdrawn perhaps, never rewritten; their amendment and receipt."""

from collections.abc import Callable, MutableMapping
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter
from consult.consultations.models import Consultation
from consult.contributions import statement
from consult.core.append_only import all_but
from consult.core.audit import digest_of
from consult.core.db import Base, PrimaryKey, PublicRef, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum, gettext, ngettext
from consult.core.states import MeaningEnum, StateEnum, Tone, says
from consult.organisations.models import Mandate, Organisation


class Kind(LabelledEnum):
    COMMENT = "comment", N_("Comment")
    RECOMMENDATION = "recommendation", N_("Recommendation")


class CommentType(MeaningEnum):
    """The types of the ISO/IEC/CEN/CENELEC commenting template."""

    iso: str  # its code there

    GENERAL = "general", N_("General"), says(iso="ge")
    TECHNICAL = "technical", N_("Technical"), says(iso="te")
    EDITORIAL = "editorial", N_("Editorial"), says(iso="ed")


class Position(MeaningEnum):
    tone: Tone
    sign: str  # what stands for it where there is little room
    in_key: str  # what the key of these signs says, to be translated where it is shown
    is_favourable: bool
    is_opposed: bool

    IN_FAVOUR = "in_favour", N_("In favour"), says(
        tone=Tone.GREEN, sign="+", in_key=N_("in favour"), is_favourable=True, is_opposed=False)
    IN_FAVOUR_WITH_CHANGES = "in_favour_with_changes", N_("In favour with changes"), says(
        tone=Tone.OCHRE, sign="±", in_key=N_("in favour with changes"), is_favourable=True, is_opposed=False)
    OPPOSED = "opposed", N_("Opposed"), says(
        tone=Tone.BRICK, sign="−", in_key=N_("opposed"), is_favourable=False, is_opposed=True)  # noqa: RUF001 - the sign of less
    NEUTRAL = "neutral", N_("Neutral"), says(
        tone=Tone.NONE, sign="=", in_key=N_("neutral"), is_favourable=False, is_opposed=False)


class Origin(MeaningEnum):
    """How it came: a mark, shown wherever the contribution is, and never a weight."""

    is_typed: bool  # somebody else typed it, for its author
    how: str  # it came, to be translated where it is shown

    ONLINE = "online", N_("Online"), says(is_typed=False, how="")
    PAPER = "paper", N_("Paper"), says(is_typed=True, how=N_("received on paper"))
    LETTER = "letter", N_("Letter"), says(is_typed=True, how=N_("received by letter"))
    EMAIL = "email", N_("E-mail"), says(is_typed=True, how=N_("received by e-mail"))
    MEETING = "meeting", N_("Meeting"), says(is_typed=True, how=N_("said at a meeting"))
    IMPORT = "import", N_("Another platform"), says(is_typed=True, how=N_("brought from another platform"))


class ContributionState(StateEnum):
    """Where a contribution stands, and what follows from it for everybody who reads, decides, answers, counts or writes letters."""

    tone: Tone
    counted: Callable[[int], str]  # what a number of them is called, agreeing with it
    replies_counted: Callable[[int], str]  # and of replies, which are moderated alike
    among: str  # the line of a table of figures that counts them, to be translated where it is shown
    is_public: bool  # everybody reads its words
    is_silent: bool  # its words are taken down: the public sees its trace, and no export shows more
    awaits_moderation: bool  # a moderator decides on it first
    awaits_author: bool  # its author was asked for other words, and answers first
    is_answerable: bool  # the commission owes it a reasoned answer
    is_taken_back: bool  # its author does not stand by it any more
    is_told_of_place: bool  # its author hears of what a new version does to its passage
    is_told_of_answer: bool  # its author hears of the commission's answer

    SUBMITTED = "submitted", N_("Awaiting moderation"), says(
        leads_to=("published", "withheld", "rephrasing", "withdrawn"), tone=Tone.OCHRE, among=N_("of which awaiting moderation"),
        counted=lambda n: ngettext("contribution awaiting moderation", "contributions awaiting moderation", n),
        replies_counted=lambda n: ngettext("reply awaiting moderation", "replies awaiting moderation", n),
        is_public=False, is_silent=False, awaits_moderation=True, awaits_author=False, is_answerable=False, is_taken_back=False,
        is_told_of_place=True, is_told_of_answer=False)
    REPHRASING = "rephrasing", N_("To be rephrased by its author"), says(
        leads_to=("submitted", "withdrawn"), tone=Tone.BLUE, among=N_("of which to be rephrased by their author"),
        counted=lambda n: ngettext("contribution to be rephrased", "contributions to be rephrased", n),
        replies_counted=lambda n: ngettext("reply to be rephrased", "replies to be rephrased", n),
        is_public=False, is_silent=False, awaits_moderation=False, awaits_author=True, is_answerable=False, is_taken_back=False,
        is_told_of_place=True, is_told_of_answer=False)
    PUBLISHED = "published", N_("Published"), says(
        leads_to=("submitted", "withheld", "rephrasing", "withdrawn"), tone=Tone.GREEN, among=N_("of which published"),
        counted=lambda n: ngettext("contribution published", "contributions published", n),
        replies_counted=lambda n: ngettext("reply published", "replies published", n),
        is_public=True, is_silent=False, awaits_moderation=False, awaits_author=False, is_answerable=True, is_taken_back=False,
        is_told_of_place=True, is_told_of_answer=True)
    WITHHELD = "withheld", N_("Withheld"), says(
        leads_to=("submitted", "published", "withdrawn"), tone=Tone.BRICK, among=N_("of which withheld, with their reason"),
        counted=lambda n: ngettext("contribution withheld", "contributions withheld", n),
        replies_counted=lambda n: ngettext("reply withheld", "replies withheld", n),
        is_public=False, is_silent=True, awaits_moderation=False, awaits_author=False, is_answerable=False, is_taken_back=False,
        is_told_of_place=False, is_told_of_answer=True)
    WITHDRAWN = "withdrawn", N_("Withdrawn by its author"), says(
        leads_to=(), tone=Tone.NONE, among=N_("of which withdrawn by their author"),
        counted=lambda n: ngettext("contribution withdrawn", "contributions withdrawn", n),
        replies_counted=lambda n: ngettext("reply withdrawn", "replies withdrawn", n),
        is_public=False, is_silent=True, awaits_moderation=False, awaits_author=False, is_answerable=False, is_taken_back=True,
        is_told_of_place=False, is_told_of_answer=False)

    @property
    def blocks_validation(self) -> bool:
        """No synthesis is complete while one is neither to be answered nor taken down, whatever else it is."""
        return not (self.is_answerable or self.is_silent)


def as_shown(name: str) -> hybrid_property[str]:
    """The words that everybody reads: those lodged, unless others are shown in their place. What is set is what is lodged."""
    def read(row: Any) -> str:
        shown = getattr(row, f"shown_{name}")
        return getattr(row, f"lodged_{name}") if shown is None else shown

    def lodge(row: Any, value: str) -> None:
        setattr(row, f"lodged_{name}", value)

    def in_query(model: Any) -> sa.ColumnElement[str]:
        return sa.func.coalesce(getattr(model, f"shown_{name}"), getattr(model, f"lodged_{name}"))

    def in_bulk(cls: Any, mapping: MutableMapping[str, Any], value: str) -> None:
        mapping[f"lodged_{name}"] = value
    read.__name__ = lodge.__name__ = in_query.__name__ = in_bulk.__name__ = name
    return hybrid_property(read, lodge, expr=in_query, bulk_dml_setter=in_bulk)


class Contribution(Base):
    """What one participant says about one block, or about the words ``exact`` in it.

    ``block`` and ``block_key`` are where it was written and never change; ``current_key`` is where the present text shows it, None
    when it stays on the revision that it was written on. ``prefix`` and ``suffix`` are the words around ``exact``
    (TextQuoteSelector of the W3C Web Annotation Data Model, 2017).

    What its author lodged stands in ``lodged_…`` and never changes. Everybody reads ``body`` and ``justification``: the same, or
    ``shown_…`` where its author rephrased it since (``rephrased_at``), or the moderators took words of it out of the public's sight.
    """

    __tablename__ = "contribution"
    __append_only__ = all_but("current_key", "state", "withdrawn_at", "row_counter", "shown_body", "shown_justification", "is_redacted",
                              "rephrased_at", "awaits_reading")
    # What is shown follows from what was lodged, from its author's answers and from the decisions, which are recorded; ``consult verify``
    # compares.
    # Which files there are is recorded with them, and covered by the digest; how many, the row says for whoever need not ask.
    __recorded__ = all_but("row_counter", "shown_body", "shown_justification", "is_redacted", "rephrased_at", "awaits_reading",
                           "files_count")
    __table_args__ = (
        sa.CheckConstraint("trim(body) <> ''", name="body_not_blank"),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name="withdrawn_has_its_moment"),
        sa.CheckConstraint("(origin = 'online') = (received_at IS NULL)", name="received_where_typed"),
        # What the text shows on a passage, in the order of lodging; the state behind it, so that no row is read to know it.
        sa.Index("ix_contribution_chapter_id_current_key_id", "chapter_id", "current_key", "id", "state"),
        sa.Index("ix_contribution_chapter_id_state", "chapter_id", "state", "id"),
        sa.Index("ix_contribution_awaits_reading_id_chapter_id", "awaits_reading", "id", "chapter_id"),
    )

    id: Mapped[PrimaryKey]
    ref: Mapped[PublicRef]
    form_key: Mapped[str] = mapped_column(sa.String(64), unique=True)
    chapter_id: Mapped[int] = fk("chapter.id", index=False)
    block_id: Mapped[int] = fk("block.id")
    block_key: Mapped[str] = mapped_column(sa.String(80))
    current_key: Mapped[str | None] = mapped_column(sa.String(80), default=lambda row: row.get_current_parameters()["block_key"])
    exact: Mapped[str] = mapped_column(default="", server_default="")
    prefix: Mapped[str] = mapped_column(default="", server_default="")
    suffix: Mapped[str] = mapped_column(default="", server_default="")
    author_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int | None] = fk("organisation.id")
    language: Mapped[str] = mapped_column(sa.String(3))
    kind: Mapped[Kind]
    comment_type: Mapped[CommentType]
    position: Mapped[Position]
    lodged_body: Mapped[str] = mapped_column("body")
    lodged_justification: Mapped[str] = mapped_column("justification", default="")
    state: Mapped[ContributionState] = mapped_column(default=ContributionState.SUBMITTED)
    submitted_at: Mapped[Timestamp]
    withdrawn_at: Mapped[datetime | None]
    row_counter: Mapped[int] = mapped_column(default=1)
    origin: Mapped[Origin] = mapped_column(default=Origin.ONLINE, server_default=Origin.ONLINE.value)
    received_at: Mapped[datetime | None]  # of what somebody else typed
    shown_body: Mapped[str | None]
    shown_justification: Mapped[str | None]
    is_redacted: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # words of it are kept out of the public's sight
    rephrased_at: Mapped[datetime | None]
    awaits_reading: Mapped[bool] = mapped_column(default=False, server_default=sa.false())  # published at once, by no moderator
    files_count: Mapped[int] = mapped_column(default=0, server_default="0")

    body = as_shown("body")
    justification = as_shown("justification")

    chapter: Mapped[Chapter] = relationship()
    block: Mapped[Block] = relationship()
    author: Mapped[User] = relationship()
    organisation: Mapped[Organisation | None] = relationship()
    amendment: Mapped["SuggestedAmendment | None"] = relationship(back_populates="contribution")
    receipt: Mapped["Receipt | None"] = relationship(back_populates="contribution")
    declaration: Mapped["Declaration | None"] = relationship(back_populates="contribution")
    attachments: Mapped[list[Any]] = relationship("Attachment", back_populates="contribution", order_by="Attachment.number")

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def consultation(self) -> Consultation:
        return self.chapter.consultation

    @property
    def commission_id(self) -> int:
        return self.chapter.commission_id

    @hybrid_property
    def provision_key(self) -> str:
        """Where the present text has it; of what is no longer there, where it was written."""
        return self.current_key or self.block_key

    @provision_key.inplace.expression
    @classmethod
    def _provision_key(cls) -> sa.ColumnElement[str]:
        return sa.func.coalesce(cls.current_key, cls.block_key)

    @hybrid_property
    def is_public(self) -> bool:
        return self.state.is_public

    @is_public.inplace.expression
    @classmethod
    def _is_public(cls) -> sa.ColumnElement[bool]:
        return cls.state.in_(ContributionState.where(is_public=True))

    @hybrid_property
    def is_answerable(self) -> bool:
        return self.state.is_answerable

    @is_answerable.inplace.expression
    @classmethod
    def _is_answerable(cls) -> sa.ColumnElement[bool]:
        return cls.state.in_(ContributionState.where(is_answerable=True))

    @property
    def is_traced(self) -> bool:
        """Whether the public knows that it was there: withheld or withdrawn, without its words."""
        return self.state.is_silent

    def content(self) -> dict[str, Any]:
        """Everything its author said, where and when, in the form that the receipt's digest covers."""
        return content_of(self)

    @property
    def further_texts(self) -> list[tuple[str, str]]:
        """(heading, words) of what its author wrote beside the body, as everybody reads it."""
        return [(gettext(field.heading), getattr(self, field.name)) for field in statement.FURTHER_TEXTS if getattr(self, field.name)]

    @property
    def as_lodged(self) -> SimpleNamespace:
        """Its words as its author lodged them, for its author, and for whoever may read what is not shown."""
        said = statement.lodged_in(self)
        texts = [(gettext(field.heading), said[field.name]) for field in statement.FURTHER_TEXTS if said[field.name]]
        amendment = SimpleNamespace(replacement=said["replacement"]) if said["replacement"] else None
        return SimpleNamespace(language=self.language, block=self.block, body=said["body"], further_texts=texts, amendment=amendment)

    @property
    def digest(self) -> str:
        return digest_of(self.content())

    def audit_details(self) -> dict[str, Any]:
        return {"ref": self.ref, "state": self.state.value, "sha256": self.digest}


def content_of(lodged: Any) -> dict[str, Any]:
    """The same of a contribution, or of what has its columns, its amendment and its attachments.

    How it came enters it where somebody else typed it, and files where there are some: the digests of what was lodged before still hold.
    """
    came = {"origin": lodged.origin, "received_at": lodged.received_at.isoformat()} if lodged.received_at is not None else {}
    files = {"files": [file_in_digest(file) for file in lodged.attachments]} if lodged.files_count else {}
    return {
        "ref": lodged.ref, "block": lodged.block_key, "block_id": lodged.block_id, "author_id": lodged.author_id,
        "language": lodged.language, "submitted_at": lodged.submitted_at.isoformat(), **came, **statement.digested(lodged), **files,
    }


def file_in_digest(file: Any) -> dict[str, Any]:
    return {"name": file.name, "sha256": file.sha256, "size": file.size, "confidential": file.is_confidential}


class SuggestedAmendment(Base):
    """Replacement wording for the block's lead, plain text."""

    __tablename__ = "suggested_amendment"
    __append_only__ = all_but("shown_replacement")
    __recorded__ = all_but("shown_replacement")
    __table_args__ = (sa.CheckConstraint("trim(replacement) <> ''", name="replacement_not_blank"),)

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    lodged_replacement: Mapped[str] = mapped_column("replacement")
    shown_replacement: Mapped[str | None]

    replacement = as_shown("replacement")
    contribution: Mapped[Contribution] = relationship(back_populates="amendment")


class Receipt(Base):
    """Proof of lodging: the digest of what was lodged, where the journal stood, and when its author was told by mail."""

    __tablename__ = "receipt"
    __append_only__ = all_but("written_at")
    __recorded__ = all_but("written_at")

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    digest: Mapped[str] = mapped_column(sa.String(64))
    chain_position: Mapped[int | None] = mapped_column(sa.BigInteger)  # None: issued before receipts told of it
    chain_digest: Mapped[str | None] = mapped_column(sa.String(64))
    issued_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]

    contribution: Mapped[Contribution] = relationship(back_populates="receipt")


class Interest(LabelledEnum):
    """What whoever signs for an organisation declares, of themselves and of it, in the matter of the passage."""

    NONE = "none", N_("No interest declared")
    SOME = "some", N_("An interest is declared")


class Declaration(Base):
    """With which mandate a contribution was signed for its organisation, and the interests declared with it.

    One for an organisation without it is from before mandates; ``interest`` is None from before interests were asked for.
    """

    __tablename__ = "declaration"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("(interest IS NOT NULL AND interest = 'some') = (trim(interests) <> '')", name="interests_in_words"),
    )

    id: Mapped[PrimaryKey]
    contribution_id: Mapped[int] = fk("contribution.id", unique=True, index=False)
    mandate_id: Mapped[int] = fk("mandate.id")
    interest: Mapped[Interest | None]
    interests: Mapped[str] = mapped_column(default="", server_default="")  # in the signer's words

    contribution: Mapped[Contribution] = relationship(back_populates="declaration")
    mandate: Mapped[Mandate] = relationship()
