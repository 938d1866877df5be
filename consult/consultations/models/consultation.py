"""The consultation, its rounds, the commissions and who holds which role."""

from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, backref, joinedload, mapped_column, relationship

from consult.accounts.models import User
from consult.core.db import Base, PrimaryKey, Slug, Timestamp, fk, session
from consult.core.errors import Conflict
from consult.core.i18n import MOROCCO, N_, _, utcnow
from consult.core.permissions import is_declaration
from consult.core.states import MeaningEnum, StateEnum, Tone, says


class Phase(StateEnum):
    tone: Tone
    follows_dates: bool  # the dates may end it without anybody's doing
    receives_contributions: bool
    is_answering: bool  # what was said may be moderated, withdrawn, gathered and answered
    takes_entries: bool  # what was received otherwise than here may be typed, while the days for it last
    is_revising: bool  # the texts may change; those that the Council has before it do not change under its eyes
    is_concluding: bool  # the chairs validate, the secretariat submits
    is_submitted: bool  # the Council has the syntheses, or has decided
    lead: str  # what whoever arrives is told, to be translated where it is shown
    steps: tuple[tuple[str, str], ...]  # what happens to a contribution then, and what its author gets from it; to be translated too
    planned_by: str  # the field of the consultation with the day announced for it, and how the desk calls that day
    planned_words: str

    PREPARATION = "preparation", N_("In preparation"), says(
        leads_to=("open",), tone=Tone.OCHRE, follows_dates=True, receives_contributions=False, is_answering=False, takes_entries=False,
        is_revising=True, is_concluding=False, is_submitted=False,
        steps=(), planned_by="", planned_words="",
        lead=N_("The text is being prepared. From the opening on you comment on any line of it and propose better wording: every "
             "contribution is kept, and gets a reasoned answer that anyone can check."))
    OPEN = "open", N_("Open"), says(
        leads_to=("closed",), tone=Tone.GREEN, follows_dates=True, receives_contributions=True, is_answering=True, takes_entries=True,
        is_revising=True, is_concluding=False, is_submitted=False,
        steps=(
            (N_("You read, comment and recommend"), N_("A receipt at once, with a reference that stays.")),
            (N_("A moderator publishes your contribution"),
             N_("Your words for everybody to read, or the reason why not, and an appeal.")),
        ), planned_by="", planned_words="",
        lead=N_("Read the draft, comment on any line of it, propose better wording. Every contribution is kept, and every one gets a "
             "reasoned answer that anyone can check."))
    CLOSED = "closed", N_("Closed"), says(
        leads_to=("synthesis",), tone=Tone.OCHRE, follows_dates=False, receives_contributions=False, is_answering=True, takes_entries=True,
        is_revising=True, is_concluding=False, is_submitted=False,
        steps=(), planned_by="", planned_words="",
        lead=N_("Contributions are no longer received. Every one is kept; the commissions weigh them all and answer each with reasons "
             "that anyone can check."))
    SYNTHESIS = "synthesis", N_("Synthesis"), says(
        leads_to=("submitted",), tone=Tone.BLUE, follows_dates=False, receives_contributions=False, is_answering=True, takes_entries=False,
        is_revising=True, is_concluding=True, is_submitted=False,
        steps=(
            (N_("The commission weighs it and gives its reasons"), N_("A place in an item of the synthesis: none is left out.")),
        ), planned_by="", planned_words="",
        lead=N_("The commissions are answering. Everybody reads the reasons given to every contribution once the syntheses are submitted "
             "to the Council."))
    SUBMITTED = "submitted", N_("Submitted to the Council"), says(
        leads_to=("adopted",), tone=Tone.OCHRE, follows_dates=False, receives_contributions=False, is_answering=False, takes_entries=False,
        is_revising=False, is_concluding=False, is_submitted=True,
        steps=(
            (N_("The secretariat submits the five syntheses to the Council"), N_("The reasoned answer, by mail and in public.")),
        ), planned_by="submission_planned_for", planned_words=N_("Submission to the Council planned for"),
        lead=N_("The syntheses are before the Council. Read what was answered to every contribution, and why."))
    ADOPTED = "adopted", N_("Decided by the Council"), says(
        leads_to=(), tone=Tone.GREEN, follows_dates=False, receives_contributions=False, is_answering=False, takes_entries=False,
        is_revising=False, is_concluding=False, is_submitted=True,
        steps=(
            (N_("The Council decides, and you see what became of your words"),
             N_("The text as it was and as it became, passage by passage.")),
        ), planned_by="decision_planned_for", planned_words=N_("Decision of the Council planned for"),
        lead=N_("The Council has decided. Read what it decided on each chapter, and what became of every contribution."))

    @property
    def has_opened(self) -> bool:
        """Whether something said in it may be read by everybody."""
        return self.is_answering or self.is_submitted

    @property
    def is_under_way(self) -> bool:
        """Whether another one follows: what those in charge do is not over."""
        return bool(self.leads_to)


class ModerationMode(MeaningEnum):
    is_afterwards: bool  # what is lodged is published at once, and waits for a moderator to read it

    BEFORE = "before", N_("Contributions appear once a moderator has published them"), says(is_afterwards=False)
    AFTER = "after", N_("Contributions appear at once and are moderated afterwards"), says(is_afterwards=True)


class Role(MeaningEnum):
    decides: bool  # and so is held with a second factor alone, where that is required
    is_of_commission: bool
    appoints: bool
    capacity: int  # of several that one person holds, the lowest is named beside a decision of moderation; 0: none is taken in this one

    MODERATOR = "moderator", N_("Moderator"), says(decides=True, is_of_commission=True, appoints=False, capacity=2)
    RAPPORTEUR = "rapporteur", N_("Rapporteur of the commission"), says(
        decides=True, is_of_commission=True, appoints=False, capacity=1)
    CHAIR = "chair", N_("Chair of the commission"), says(decides=True, is_of_commission=True, appoints=False, capacity=3)
    SECRETARIAT = "secretariat", N_("Secretariat"), says(decides=True, is_of_commission=False, appoints=True, capacity=4)
    ADMINISTRATOR = "administrator", N_("Administrator"), says(decides=True, is_of_commission=False, appoints=True, capacity=0)
    # Decides nothing, but reads how people can be reached: a second factor is asked of them too.
    CLERK = "clerk", N_("Clerk"), says(decides=True, is_of_commission=False, appoints=False, capacity=0)


TYPED_WITHIN = timedelta(days=10)  # after the closing, of what was received before it
REGISTERED_WITHIN = timedelta(days=3)  # after the closing: how much was received before it
MAX_BRIEF = 600  # characters of what whoever arrives reads first
COMMISSION_ROLES = Role.where(is_of_commission=True)


class Titled:
    """A name in the three languages; French is never missing."""

    title_fr: Mapped[str]
    title_ar: Mapped[str | None]
    title_en: Mapped[str | None]

    def title(self, language: str) -> str:
        return {"ar": self.title_ar, "en": self.title_en}.get(language) or self.title_fr


class Consultation(Titled, Base):
    """The whole exercise, with its phase and the legal particulars that its forms must show (law 09-08, article 5)."""

    __tablename__ = "consultation"
    __append_only__ = False  # its particulars are corrected and its phase moves on; the journal holds each step
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("phase = 'preparation' OR trim(cndp_number) <> ''", name="cndp_number_before_opening"),
        sa.CheckConstraint("rephrasing_days BETWEEN 1 AND 60", name="rephrasing_days_in_bounds"),
        sa.CheckConstraint("promised_hours BETWEEN 1 AND 720", name="promised_hours_in_bounds"),
    )

    id: Mapped[PrimaryKey]
    slug: Mapped[Slug] = mapped_column(unique=True)
    title_fr: Mapped[str]
    title_ar: Mapped[str | None]
    title_en: Mapped[str | None]
    phase: Mapped[Phase] = mapped_column(default=Phase.PREPARATION)
    moderation_mode: Mapped[ModerationMode] = mapped_column(default=ModerationMode.BEFORE)
    controller: Mapped[str] = mapped_column(default="")
    recipients: Mapped[str] = mapped_column(default="")
    contact_email: Mapped[str] = mapped_column(sa.String(320), default="")
    cndp_number: Mapped[str] = mapped_column(sa.String(40), default="")
    is_example: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp]
    rephrasing_days: Mapped[int] = mapped_column(default=7, server_default="7")  # in which an author who is asked to rephrase answers
    promised_hours: Mapped[int] = mapped_column(default=48, server_default="48")  # in which a moderator reads what was lodged
    # What whoever arrives reads first.
    purpose_fr: Mapped[str] = mapped_column(default="", server_default="")
    purpose_ar: Mapped[str] = mapped_column(default="", server_default="")
    purpose_en: Mapped[str] = mapped_column(default="", server_default="")
    audience_fr: Mapped[str] = mapped_column(default="", server_default="")
    audience_ar: Mapped[str] = mapped_column(default="", server_default="")
    audience_en: Mapped[str] = mapped_column(default="", server_default="")
    submission_planned_for: Mapped[date | None]
    decision_planned_for: Mapped[date | None]

    rounds: Mapped[list["Round"]] = relationship(back_populates="consultation", order_by="Round.number")
    commissions: Mapped[list["Commission"]] = relationship(back_populates="consultation", order_by="Commission.number")

    def purpose(self, language: str) -> str:
        """Why the text is written; in French where this language has nothing, empty where nobody wrote it yet."""
        return self._words("purpose", language)

    def audience(self, language: str) -> str:
        """Who is asked to say what they think; the same way."""
        return self._words("audience", language)

    def _words(self, name: str, language: str) -> str:
        return getattr(self, f"{name}_{language}") or getattr(self, f"{name}_fr")

    def planned(self, phase: "Phase") -> date | None:
        """The day announced for a phase that no date begins by itself; None where none is, or where the closing was put off beyond it."""
        day: date | None = getattr(self, phase.planned_by) if phase.planned_by else None
        return day if day and (not self.closes_at or day >= self.closes_at.astimezone(MOROCCO).date()) else None

    @property
    def rephrasing_term(self) -> timedelta:
        return timedelta(days=self.rephrasing_days)

    @property
    def promise(self) -> timedelta:
        """How soon a moderator reads what was lodged, as authors are told."""
        return timedelta(hours=self.promised_hours)

    @property
    def is_declared(self) -> bool:
        """Whether the CNDP has given it a number."""
        return is_declaration(self.cndp_number)

    @property
    def round(self) -> "Round | None":
        """The present, or latest, open period."""
        return self.rounds[-1] if self.rounds else None

    @property
    def dated_round(self) -> "Round":
        """The same, where its dates are set; :class:`Conflict` where they are not."""
        if self.round is None:
            raise Conflict(_("The dates of this consultation are not set yet."), _("Set its opening and its closing first."))
        return self.round

    @property
    def opens_at(self) -> datetime | None:
        return self.round.opens_at if self.round else None

    @property
    def closes_at(self) -> datetime | None:
        return self.round.closes_at if self.round else None

    @property
    def current_phase(self) -> Phase:
        """The phase at this very second: the dates rule, even when the worker has not yet written the change down."""
        now = utcnow()
        if self.phase == Phase.PREPARATION and self.round and self.round.confirmed_at and self.round.opens_at <= now:
            return Phase.OPEN if now < self.round.closes_at else Phase.CLOSED
        if self.phase == Phase.OPEN and self.closes_at and self.closes_at <= now:
            return Phase.CLOSED
        return self.phase

    def received_contributions(self, moment: datetime) -> bool:
        """Whether what arrived then is in time: what waited for its turn while the closing was written down is not late for that."""
        phase = self.current_phase
        return phase.receives_contributions or bool(
            phase.is_answering and self.opens_at and self.closes_at and self.opens_at <= moment < self.closes_at <= utcnow())

    def takes_entries(self, moment: datetime) -> bool:
        """Whether what was received otherwise than here may be typed."""
        return self.current_phase.takes_entries and self._is_until(moment, TYPED_WITHIN)

    def takes_batches(self, moment: datetime) -> bool:
        """Whether it may still be written down how much was received."""
        return self.current_phase.takes_entries and self._is_until(moment, REGISTERED_WITHIN)

    def _is_until(self, moment: datetime, after_closing: timedelta) -> bool:
        return self.current_phase.receives_contributions or bool(self.closes_at and moment < self.closes_at + after_closing)

    def within_dates(self, moment: datetime) -> datetime:
        """The moment; of what arrived before an opening by hand and had its turn after it, that of the opening."""
        return max(moment, self.opens_at) if self.opens_at else moment

    def read_anew(self) -> None:
        """Phase, dates and settings as they stand now, by one statement."""
        stands = sa.select(Consultation).where(Consultation.id == self.id).options(joinedload(Consultation.rounds))
        session.scalars(stands, execution_options={"populate_existing": True}).unique().all()

    # Of an early closing, which day was announced and why it is not kept: for the event of the act.
    details_in_act: tuple[tuple[str, str], ...] = ()

    def audit_details(self) -> dict:
        return {"phase": self.phase.value, **dict(self.details_in_act)}


# The consultation that is shown: the newest.
CURRENT = sa.select(sa.func.max(Consultation.id)).scalar_subquery()


class Round(Base):
    """One open period, in aware UTC; shown in Morocco time."""

    __tablename__ = "round"
    __append_only__ = False  # its dates are set again until it opens; what is put off later has its Extension
    __recorded__ = True
    __table_args__ = (
        sa.UniqueConstraint("consultation_id", "number"),
        sa.CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
    )

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    number: Mapped[int]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]

    consultation: Mapped[Consultation] = relationship(back_populates="rounds")
    extensions: Mapped[list["Extension"]] = relationship(order_by="Extension.id")
    early_closing: Mapped["EarlyClosing | None"] = relationship()

    @property
    def days_left(self) -> int:
        """Days of Morocco's calendar until the last one on which it is open, 0 on that day and after it.

        What closes at midnight is open until the end of the day before.
        """
        last = (self.closes_at - timedelta(microseconds=1)).astimezone(MOROCCO).date()
        return max(0, (last - utcnow().astimezone(MOROCCO).date()).days)

    def audit_details(self) -> dict:
        return {"opens_at": self.opens_at.isoformat(), "closes_at": self.closes_at.isoformat()}


class Extension(Base):
    """A closing that was put off: from when to when, and why."""

    __tablename__ = "extension"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.CheckConstraint("trim(reason) <> ''", name="reason_not_blank"),
                      sa.CheckConstraint("extended_to > closed_before", name="later"))

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = fk("round.id")
    closed_before: Mapped[datetime]
    extended_to: Mapped[datetime]
    reason: Mapped[str]
    decided_by_id: Mapped[int | None] = fk("user.id")
    decided_at: Mapped[Timestamp]

    def audit_details(self) -> dict:
        return {"from": self.closed_before.isoformat(), "to": self.extended_to.isoformat(), "reason": self.reason}


class EarlyClosing(Base):
    """A closing by hand before the day that was announced: which day that was, and why."""

    __tablename__ = "early_closing"
    __append_only__ = True
    __recorded__ = True
    __table_args__ = (sa.CheckConstraint("trim(reason) <> ''", name="reason_not_blank"),
                      sa.CheckConstraint("closed_at < announced_for", name="earlier"))

    id: Mapped[PrimaryKey]
    round_id: Mapped[int] = fk("round.id", unique=True, index=False)
    announced_for: Mapped[datetime]
    closed_at: Mapped[datetime]
    reason: Mapped[str]
    decided_by_id: Mapped[int] = fk("user.id")
    decided_at: Mapped[Timestamp]

    def audit_details(self) -> dict:
        return {"announced_for": self.announced_for.isoformat(), "reason": self.reason}


class Commission(Titled, Base):
    """A body of the Council in charge of one chapter; its name is data, to be confirmed by the secretariat."""

    __tablename__ = "commission"
    __append_only__ = False  # its names are the secretariat’s to confirm
    __recorded__ = True
    __table_args__ = (sa.UniqueConstraint("consultation_id", "number"),)

    id: Mapped[PrimaryKey]
    consultation_id: Mapped[int] = fk("consultation.id")
    number: Mapped[int]
    title_fr: Mapped[str]
    title_ar: Mapped[str | None]
    title_en: Mapped[str | None]

    consultation: Mapped[Consultation] = relationship(back_populates="commissions")

    @property
    def commission_id(self) -> int:
        return self.id


class Appointment(Base):
    """One person holding one role, in one commission when the role belongs to commissions."""

    __tablename__ = "appointment"
    __append_only__ = False  # it ends with its row; the journal holds who was appointed, and until when
    __recorded__ = True
    __table_args__ = (
        sa.UniqueConstraint("user_id", "role", "commission_id"),
        sa.CheckConstraint(
            "(role IN ('moderator', 'rapporteur', 'chair')) = (commission_id IS NOT NULL)", name="commission_for_its_roles"
        ),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    role: Mapped[Role]
    commission_id: Mapped[int | None] = fk("commission.id")
    appointed_at: Mapped[Timestamp]

    user: Mapped[User] = relationship(backref=backref("appointments", lazy="selectin"))
    commission: Mapped[Commission | None] = relationship()

    def audit_details(self) -> dict:
        return {"user_id": self.user_id, "role": self.role.value, "commission_id": self.commission_id}
