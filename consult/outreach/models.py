"""Lists of stakeholders as they were brought, those that are kept, the letters written to them, and addresses that want none."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.consultations.models import Consultation
from consult.core.db import Base, PrimaryKey, Timestamp, fk
from consult.core.i18n import N_
from consult.core.states import MeaningEnum, StateEnum, Tone, says
from consult.organisations.models import Category, Organisation, Region, Sector

MAX_ORGANISATION, MAX_CONTACT, MAX_SOURCE, MAX_FILE_NAME = 300, 200, 300, 200
APART = timedelta(days=3)  # between two letters to one address, at least


class ListState(StateEnum):
    tone: Tone
    is_under_way: bool  # the worker goes through it
    may_change: bool  # its rows may be corrected, left out and kept
    goes_through: str  # which of its rows the worker looks at

    READING = "reading", N_("Being looked at"), says(
        leads_to=("read", "discarded"), tone=Tone.OCHRE, is_under_way=True, may_change=True, goes_through="unread")
    READ = "read", N_("Looked at"), says(
        leads_to=("taking", "discarded"), tone=Tone.BLUE, is_under_way=False, may_change=True, goes_through="")
    TAKING = "taking", N_("Being kept"), says(
        leads_to=("read",), tone=Tone.OCHRE, is_under_way=True, may_change=False, goes_through="clear")
    DISCARDED = "discarded", N_("Discarded"), says(
        leads_to=(), tone=Tone.NONE, is_under_way=False, may_change=False, goes_through="")


class RowState(StateEnum):
    tone: Tone
    is_open: bool  # it may still be corrected or left out
    is_doubtful: bool

    UNREAD = "unread", N_("Not looked at yet"), says(
        leads_to=("clear", "doubtful", "left_out"), tone=Tone.NONE, is_open=True, is_doubtful=False)
    CLEAR = "clear", N_("Understood"), says(
        leads_to=("clear", "doubtful", "left_out", "taken"), tone=Tone.GREEN, is_open=True, is_doubtful=False)
    DOUBTFUL = "doubtful", N_("Doubtful"), says(
        leads_to=("clear", "doubtful", "left_out"), tone=Tone.OCHRE, is_open=True, is_doubtful=True)
    LEFT_OUT = "left_out", N_("Left out"), says(
        leads_to=("clear", "doubtful"), tone=Tone.NONE, is_open=True, is_doubtful=False)
    TAKEN = "taken", N_("Among the stakeholders"), says(
        leads_to=(), tone=Tone.BLUE, is_open=False, is_doubtful=False)


class Doubt(MeaningEnum):
    """Why a row is not kept as it stands."""

    field: str  # of the form that corrects it
    may_stand: bool  # somebody may say that it is right all the same

    NAMELESS = "nameless", N_("There is no organisation."), says(field="organisation", may_stand=False)
    NO_ADDRESS = "no_address", N_("There is no e-mail address, or it is none that letters reach."), says(field="address", may_stand=False)
    DOUBLED = "doubled", N_("The same address stands further up in this file."), says(field="address", may_stand=False)
    KNOWN = "known", N_("This address is in the list of stakeholders already."), says(field="address", may_stand=False)
    REFUSED = "refused", N_("Whoever reads this address asked not to be written to."), says(field="address", may_stand=False)
    SIMILAR = "similar", N_("An organisation with a name much like this one is listed."), says(field="organisation", may_stand=True)
    CATEGORY = "category", N_("The category is missing or unknown."), says(field="category", may_stand=False)
    SECTOR = "sector", N_("The sector is unknown."), says(field="sector", may_stand=False)
    REGION = "region", N_("The region is unknown."), says(field="region", may_stand=False)
    LANGUAGE = "language", N_("The language is unknown."), says(field="language", may_stand=False)
    CHAPTERS = "chapters", N_("There is no such chapter."), says(field="chapters", may_stand=False)
    FORMULA = "formula", N_("A cell holds a formula, which is never calculated."), says(field="organisation", may_stand=False)
    TOO_LONG = "too_long", N_("A cell is too long."), says(field="organisation", may_stand=False)
    SIGNS = "signs", N_("Signs that cannot be kept were left out: look whether the words are right."), says(
        field="organisation", may_stand=True)


class LetterLanguage(MeaningEnum):
    codes: tuple[str, ...]

    FR = "fr", N_("French"), says(codes=("fr",))
    AR = "ar", N_("Arabic"), says(codes=("ar",))
    BOTH = "fr-ar", N_("French and Arabic"), says(codes=("fr", "ar"))


class StakeholderState(StateEnum):
    """How far somebody who was asked has come."""

    tone: Tone
    is_invited: bool  # a letter left
    is_awaited: bool  # and a reminder may follow
    has_answered: bool  # they have an account by now: what is kept on them goes with it

    LISTED = "listed", N_("Not sent yet"), says(
        leads_to=("queued", "refused", "lodged"), tone=Tone.NONE, is_invited=False, is_awaited=False, has_answered=False)
    QUEUED = "queued", N_("Being sent"), says(
        leads_to=("listed", "sent", "undelivered", "refused", "lodged"), tone=Tone.OCHRE, is_invited=False, is_awaited=False,
        has_answered=False)
    SENT = "sent", N_("Sent"), says(
        leads_to=("undelivered", "opened", "registered", "drafted", "lodged", "refused"), tone=Tone.BLUE, is_invited=True, is_awaited=True,
        has_answered=False)
    UNDELIVERED = "undelivered", N_("Did not arrive"), says(
        leads_to=("opened", "registered", "drafted", "lodged", "refused"), tone=Tone.BRICK, is_invited=True, is_awaited=False,
        has_answered=False)
    OPENED = "opened", N_("Opened"), says(
        leads_to=("registered", "drafted", "lodged", "refused"), tone=Tone.BLUE, is_invited=True, is_awaited=True, has_answered=False)
    REGISTERED = "registered", N_("Account made"), says(
        leads_to=("drafted", "lodged", "refused"), tone=Tone.BLUE, is_invited=True, is_awaited=True, has_answered=True)
    DRAFTED = "drafted", N_("Began to write"), says(
        leads_to=("lodged", "refused"), tone=Tone.BLUE, is_invited=True, is_awaited=True, has_answered=True)
    LODGED = "lodged", N_("Lodged"), says(
        leads_to=("refused",), tone=Tone.GREEN, is_invited=True, is_awaited=False, has_answered=True)
    REFUSED = "refused", N_("Wants no letters"), says(
        leads_to=("lodged",), tone=Tone.NONE, is_invited=True, is_awaited=False, has_answered=False)


class LetterKind(MeaningEnum):
    rank: int  # in the order in which one person may get them, each once
    before_closing: timedelta | None

    INVITATION = "invitation", N_("Invitation"), says(rank=1, before_closing=None)
    TWO_WEEKS = "two_weeks", N_("Reminder, two weeks before the closing"), says(rank=2, before_closing=timedelta(days=14))
    TWO_DAYS = "two_days", N_("Reminder, two days before the closing"), says(rank=3, before_closing=timedelta(days=2))


MAX_LETTERS = len(LetterKind)  # to an address that did not ask


class LetterOutcome(MeaningEnum):
    makes: str  # the state of whoever it was written to, once it is known; empty: it stays

    PROMISED = "promised", N_("On its way"), says(makes="")
    SENT = "sent", N_("Taken by the mail server"), says(makes="sent")
    UNDELIVERED = "undelivered", N_("Refused by the mail server"), says(makes="undelivered")
    RETURNED = "returned", N_("It came back"), says(makes="")
    DROPPED = "dropped", N_("Not sent: it was no longer wanted"), says(makes="listed")


class StakeholderList(Base):
    """One file that the secretariat brought: its name and its digest; the file itself is not kept."""

    __tablename__ = "stakeholder_list"
    __append_only__ = False  # how far it is
    __recorded__ = False  # the secretariat's own work; who brought it stands in the journal

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    file_name: Mapped[str] = mapped_column(sa.String(MAX_FILE_NAME))
    digest: Mapped[str] = mapped_column(sa.String(64))
    source: Mapped[str] = mapped_column(sa.String(MAX_SOURCE))  # where the addresses come from, as its readers are told
    columns: Mapped[list[Any]]  # (heading, what it was taken for or empty)
    rows_count: Mapped[int]
    state: Mapped[ListState] = mapped_column(default=ListState.READING)
    imported_by_id: Mapped[int | None] = fk("user.id")  # None: from the command line
    created_at: Mapped[Timestamp]

    consultation: Mapped[Consultation] = relationship()
    imported_by: Mapped[User | None] = relationship()

    def audit_details(self) -> dict[str, Any]:
        return {"sha256": self.digest, "rows": self.rows_count, "state": self.state.value}


class StakeholderRow(Base):
    """One line of such a file, as it was typed, until it is kept or let go."""

    __tablename__ = "stakeholder_row"
    __append_only__ = False  # it is corrected, and goes
    __recorded__ = False  # nothing is sent to it
    __table_args__ = (
        sa.Index("ix_stakeholder_row_list_id_state", "list_id", "state", "id"),
        sa.Index("ix_stakeholder_row_list_id_address", "list_id", "address"), sa.Index("ix_stakeholder_row_address", "address"),
    )

    id: Mapped[PrimaryKey]
    list_id: Mapped[int] = mapped_column(sa.ForeignKey("stakeholder_list.id", ondelete="RESTRICT"))
    number: Mapped[int]  # of the line, as a spreadsheet counts
    typed: Mapped[dict[str, Any]]
    address: Mapped[str] = mapped_column(sa.String(320), default="")  # in its one spelling
    doubts: Mapped[list[Any]] = mapped_column(default=list)
    stands: Mapped[bool] = mapped_column(default=False)  # somebody said that it is right all the same
    state: Mapped[RowState] = mapped_column(default=RowState.UNREAD)

    list: Mapped[StakeholderList] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.list.consultation

    @property
    def found_doubts(self) -> tuple[Doubt, ...]:
        return tuple(Doubt(value) for value in self.doubts)

    def audit_details(self) -> dict[str, Any]:
        return {"line": self.number, "state": self.state.value}


class Stakeholder(Base):
    """Somebody who is asked to say something, for an organisation: each address once."""

    __tablename__ = "stakeholder"
    __append_only__ = False  # how far they have come; they go some time after the closing
    __recorded__ = False  # addresses, which nobody keeps for ever
    __table_args__ = (
        sa.UniqueConstraint("consultation_id", "address"),
        sa.Index("ix_stakeholder_state", "consultation_id", "state", "category", "id"),
        sa.Index("ix_stakeholder_category", "consultation_id", "category", "state"),
        sa.Index("ix_stakeholder_sector", "consultation_id", "sector", "state"),
        sa.Index("ix_stakeholder_region", "consultation_id", "region", "state"),
        sa.Index("ix_stakeholder_promised", "consultation_id", "promised", "state"),
        sa.Index("ix_stakeholder_promised_at", "promised_at"), sa.Index("ix_stakeholder_address", "address"),
    )

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = mapped_column(sa.ForeignKey("consultation.id", ondelete="RESTRICT"))
    list_id: Mapped[int] = fk("stakeholder_list.id")
    organisation: Mapped[str] = mapped_column(sa.String(MAX_ORGANISATION))
    organisation_id: Mapped[int | None] = fk("organisation.id")  # where it is listed under this very name
    category: Mapped[Category]
    sector: Mapped[Sector | None]
    region: Mapped[Region | None]
    contact: Mapped[str] = mapped_column(sa.String(MAX_CONTACT), default="")
    address: Mapped[str] = mapped_column(sa.String(320))
    language: Mapped[LetterLanguage]
    state: Mapped[StakeholderState] = mapped_column(default=StakeholderState.LISTED)
    letters_before: Mapped[int] = mapped_column(default=0)  # that the address got while it was known before
    promised: Mapped[int] = mapped_column(default=0)  # rank of the last letter that was promised
    promised_at: Mapped[datetime | None]
    created_at: Mapped[Timestamp]

    consultation: Mapped[Consultation] = relationship()
    list: Mapped[StakeholderList] = relationship()
    listed: Mapped[Organisation | None] = relationship()

    def audit_details(self) -> dict[str, Any]:
        return {"category": self.category.value, "state": self.state.value}


class StakeholderChapter(Base):
    """A chapter that concerns somebody; who has none is asked about all of them."""

    __tablename__ = "stakeholder_chapter"
    __append_only__ = False  # it goes with the stakeholder
    __recorded__ = False  # whom to ask

    stakeholder_id: Mapped[int] = mapped_column(sa.ForeignKey("stakeholder.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class StakeholderLetter(Base):
    """One letter to one stakeholder: its link is kept as a digest alone."""

    __tablename__ = "stakeholder_letter"
    __append_only__ = False  # what became of it
    __recorded__ = False  # letters and their keys
    __table_args__ = (
        sa.UniqueConstraint("stakeholder_id", "kind"),
        sa.Index("ix_stakeholder_letter_open", "promised_at", sqlite_where=sa.text("outcome = 'promised'"),
                 postgresql_where=sa.text("outcome = 'promised'")),
    )

    id: Mapped[PrimaryKey]
    stakeholder_id: Mapped[int] = mapped_column(sa.ForeignKey("stakeholder.id", ondelete="CASCADE"))
    kind: Mapped[LetterKind]
    token_hash: Mapped[str | None] = mapped_column(sa.String(64), unique=True)  # None until it is written
    promised_at: Mapped[Timestamp]
    written_at: Mapped[datetime | None]
    outcome: Mapped[LetterOutcome] = mapped_column(default=LetterOutcome.PROMISED)

    stakeholder: Mapped[Stakeholder] = relationship()

    @property
    def consultation(self) -> Consultation:
        return self.stakeholder.consultation

    @property
    def address(self) -> str:
        """As the rules ask whether it was written to whoever opens it."""
        return self.stakeholder.address

    def audit_details(self) -> dict[str, Any]:
        return {"kind": self.kind.value}


class AddressMark(Base):
    """What is remembered of an address when nothing else is: that it wants no letters, or how many it got. A keyed digest alone."""

    __tablename__ = "address_mark"
    __append_only__ = False  # it may be refused later
    __recorded__ = False  # digests

    id: Mapped[PrimaryKey]
    digest: Mapped[str] = mapped_column(sa.String(64), unique=True)
    letters: Mapped[int] = mapped_column(default=0)
    refused_at: Mapped[datetime | None]
    created_at: Mapped[Timestamp]
