"""Organisations, the words by which they are found, who belongs to which, and who may sign for it, from when to when."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import InvitedByLetter, User
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Slug, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum, utcnow
from consult.core.states import StateEnum, Tone, says


class Category(LabelledEnum):
    """Kinds of stakeholder, aligned with article 5 of law 12-06 on the Council's members."""

    MINISTRY = "ministry", N_("Ministry or public body")
    CHAMBER = "chamber", N_("Professional chamber")
    PROFESSIONAL_ASSOCIATION = "professional_association", N_("Federation or professional association")
    COMPANY = "company", N_("Company")
    CONFORMITY_ASSESSMENT_BODY = "conformity_assessment_body", N_("Conformity assessment body")
    LABORATORY = "laboratory", N_("Laboratory or technical centre")
    EDUCATION_RESEARCH = "education_research", N_("Education and research")
    CONSUMER_ASSOCIATION = "consumer_association", N_("Consumer association")
    QUALITY_ASSOCIATION = "quality_association", N_("Quality association")
    TRADE_UNION = "trade_union", N_("Trade union")
    OTHER = "other", N_("Other")


class Sector(LabelledEnum):
    AGRIFOOD = "agrifood", N_("Agriculture and food")
    AUTOMOTIVE = "automotive", N_("Automotive")
    AERONAUTICS = "aeronautics", N_("Aeronautics")
    CHEMISTRY = "chemistry", N_("Chemistry and para-chemistry")
    TEXTILE = "textile", N_("Textile and leather")
    CONSTRUCTION = "construction", N_("Construction and materials")
    ENERGY = "energy", N_("Energy and mines")
    HEALTH = "health", N_("Health")
    ELECTRONICS = "electronics", N_("Electrical and electronics")
    LOGISTICS = "logistics", N_("Transport and logistics")
    TOURISM_CRAFTS = "tourism_crafts", N_("Tourism and crafts")
    FISHERIES = "fisheries", N_("Fisheries")
    WATER_ENVIRONMENT = "water_environment", N_("Water and environment")
    DIGITAL = "digital", N_("Digital")
    FINANCE = "finance", N_("Finance")
    CROSS_SECTOR = "cross_sector", N_("All sectors")


class Region(LabelledEnum):
    """Where a body is: the whole country, or one of the twelve regions of the Kingdom (decree 2-15-40)."""

    NATIONAL = "national", N_("The whole country")
    TANGER = "tanger-tetouan-al-hoceima", N_("Tanger-Tétouan-Al Hoceïma")
    ORIENTAL = "oriental", N_("L’Oriental")
    FES = "fes-meknes", N_("Fès-Meknès")
    RABAT = "rabat-sale-kenitra", N_("Rabat-Salé-Kénitra")
    BENI_MELLAL = "beni-mellal-khenifra", N_("Béni Mellal-Khénifra")
    CASABLANCA = "casablanca-settat", N_("Casablanca-Settat")
    MARRAKECH = "marrakech-safi", N_("Marrakech-Safi")
    DRAA = "draa-tafilalet", N_("Drâa-Tafilalet")
    SOUSS = "souss-massa", N_("Souss-Massa")
    GUELMIM = "guelmim-oued-noun", N_("Guelmim-Oued Noun")
    LAAYOUNE = "laayoune-sakia-el-hamra", N_("Laâyoune-Sakia El Hamra")
    DAKHLA = "dakhla-oued-ed-dahab", N_("Dakhla-Oued Ed-Dahab")


class Size(LabelledEnum):
    """How many people work there."""

    MICRO = "1-9", N_("1 to 9 people")
    SMALL = "10-49", N_("10 to 49 people")
    MEDIUM = "50-249", N_("50 to 249 people")
    LARGE = "250-", N_("250 people or more")


class OrganisationState(StateEnum):
    """Whether the secretariat has seen that there is such a body, of that name."""

    tone: Tone
    awaits_confirmation: bool

    LISTED = "listed", N_("To be confirmed"), says(leads_to=("confirmed",), tone=Tone.OCHRE, awaits_confirmation=True)
    CONFIRMED = "confirmed", N_("Confirmed"), says(leads_to=(), tone=Tone.GREEN, awaits_confirmation=False)


MAX_NAME, MAX_SHORT, MAX_WEBSITE, MAX_WORD, MAX_SLUG = 300, 12, 200, 60, 80
COUNTED_BY = ("category", "sector", "region", "size")  # a double has those of the body into which it was merged


class Organisation(Base):
    """A stakeholder that participants speak for."""

    __tablename__ = "organisation"
    __append_only__ = False  # its names are corrected, and its sector may change
    __recorded__ = all_but("row_counter")
    __table_args__ = (
        sa.CheckConstraint("trim(name_fr) <> ''", name="name_not_blank"),
        sa.CheckConstraint("(state = 'confirmed') = (confirmed_at IS NOT NULL)", name="confirmed_has_its_moment"),
        sa.CheckConstraint("merged_into_id <> id", name="merged_into_another"),
        sa.Index("ix_organisation_state_id", "state", "id"),
    )

    id: Mapped[PrimaryKey]
    slug: Mapped[Slug] = mapped_column(unique=True)
    short: Mapped[str] = mapped_column(sa.String(20))
    name_fr: Mapped[str]
    name_ar: Mapped[str | None]
    name_en: Mapped[str | None]
    category: Mapped[Category]
    sector: Mapped[Sector]
    region: Mapped[Region]
    size: Mapped[Size | None]
    website: Mapped[str | None] = mapped_column(sa.String(MAX_WEBSITE))
    ecosystem: Mapped[str | None] = mapped_column(sa.String(40))
    state: Mapped[OrganisationState] = mapped_column(default=OrganisationState.LISTED)
    confirmed_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = fk("organisation.id")  # the body that it is, which is itself merged into none
    created_at: Mapped[Timestamp]
    row_counter: Mapped[int] = mapped_column(default=1)

    merged_into: Mapped["Organisation | None"] = relationship(remote_side="Organisation.id", back_populates="doubles")
    doubles: Mapped[list["Organisation"]] = relationship(order_by="Organisation.id", back_populates="merged_into")

    __mapper_args__ = {"version_id_col": row_counter}

    @property
    def organisation_id(self) -> int:
        """Of itself, as the rules ask it of all that belongs to one."""
        return self.id

    @hybrid_property
    def body_id(self) -> int:
        """Of the body that it is: what was signed under the name of a double counts for the one into which it was merged."""
        return self.merged_into_id or self.id

    @body_id.inplace.expression
    @classmethod
    def _body_id(cls) -> sa.ColumnElement[int]:
        return sa.func.coalesce(cls.merged_into_id, cls.id)

    @property
    def body(self) -> "Organisation":
        return self.merged_into or self

    @property
    def names(self) -> list[str]:
        """Those that it goes by, in whatever language, and its acronym."""
        return [name for name in (*self.whole_names, self.short) if name]

    @property
    def whole_names(self) -> list[str]:
        return [name for name in (self.name_fr, self.name_ar, self.name_en) if name]

    # Of a correction what stood there and what stands there now, of a merger how much it moved: for the event of the act.
    details_in_act: Mapping[str, Any] = MappingProxyType({})

    def audit_details(self) -> dict:
        return {"organisation": self.slug, "name": self.name_fr, "state": self.state.value, **self.details_in_act}

    def name(self, language: str) -> str:
        return {"ar": self.name_ar, "en": self.name_en}.get(language) or self.name_fr


class OrganisationWord(Base):
    """A word of one of its names, as it is looked for (``finding.words_of``): kept so that looking costs the same among thousands."""

    __tablename__ = "organisation_word"
    __append_only__ = False  # they follow the names
    __recorded__ = False  # the names are

    id: Mapped[PrimaryKey]
    organisation_id: Mapped[int] = fk("organisation.id")
    word: Mapped[str] = mapped_column(sa.String(MAX_WORD).with_variant(sa.String(MAX_WORD, collation="C"), "postgresql"))

    __table_args__ = (sa.Index("ix_organisation_word_word", "word", "organisation_id", unique=True),)


class MembershipState(StateEnum):
    """Whether the organisation knows somebody as one of its own. Only a mandate lets them sign."""

    tone: Tone
    awaits_answer: bool
    is_member: bool

    ASKED = "asked", N_("To be accepted"), says(
        leads_to=("member", "refused", "left"), tone=Tone.OCHRE, awaits_answer=True, is_member=False)
    MEMBER = "member", N_("Member"), says(leads_to=("left",), tone=Tone.GREEN, awaits_answer=False, is_member=True)
    REFUSED = "refused", N_("Refused"), says(leads_to=(), tone=Tone.NONE, awaits_answer=False, is_member=False)
    LEFT = "left", N_("No longer a member"), says(leads_to=(), tone=Tone.NONE, awaits_answer=False, is_member=False)


MAX_STATEMENT = 300


class Membership(Base):
    """One person belonging to one organisation, until they leave it: to one at a time, and what was lodged before keeps its own."""

    __tablename__ = "membership"
    __append_only__ = False  # it goes when the person is forgotten; the journal tells of each
    __recorded__ = all_but("statement", "told_at")
    __table_args__ = (
        sa.CheckConstraint("left_at IS NULL OR left_at >= joined_at", name="left_after_joining"),
        sa.CheckConstraint("(state IN ('asked', 'member')) = (left_at IS NULL)", name="over_has_its_moment"),
        sa.Index("ix_membership_state_organisation_id", "state", "organisation_id"),
        sa.Index("ix_membership_present", "user_id", unique=True, sqlite_where=sa.text("left_at IS NULL"),
                 postgresql_where=sa.text("left_at IS NULL")),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int] = fk("organisation.id")
    state: Mapped[MembershipState] = mapped_column(default=MembershipState.ASKED)
    statement: Mapped[str] = mapped_column(sa.String(MAX_STATEMENT), default="")  # what they are there, for whoever accepts them
    joined_at: Mapped[Timestamp]
    left_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]  # when the representatives were told that this person asks

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined")

    def audit_details(self) -> dict:
        return {"user_id": self.user_id, "organisation_id": self.organisation_id, "state": self.state.value}


class Mandate(Base):
    """Who may sign for an organisation, from when to when. It outlasts the membership: what was signed with it points to it."""

    __tablename__ = "mandate"
    __append_only__ = all_but("ended_at")
    __recorded__ = True
    __table_args__ = (
        sa.CheckConstraint("ends_at IS NULL OR ends_at > begins_at", name="ends_after_beginning"),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= begins_at", name="ended_after_beginning"),
        sa.Index("ix_mandate_present", "user_id", unique=True, sqlite_where=sa.text("ended_at IS NULL"),
                 postgresql_where=sa.text("ended_at IS NULL")),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int] = fk("organisation.id")
    begins_at: Mapped[Timestamp]  # perhaps on a day to come
    ends_at: Mapped[datetime | None]  # when it was given for a term
    ended_at: Mapped[datetime | None]  # when it was taken back, replaced, or its holder left; its beginning, where it had not begun

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def is_in_force(self) -> bool:
        """At this moment."""
        now = utcnow()
        return self.ended_at is None and self.begins_at <= now and (self.ends_at is None or now < self.ends_at)

    @property
    def is_to_come(self) -> bool:
        return self.ended_at is None and self.begins_at > utcnow()

    def audit_details(self) -> dict:
        return {"user_id": self.user_id, "organisation_id": self.organisation_id, "begins_at": self.begins_at.isoformat(),
                "ends_at": self.ends_at and self.ends_at.isoformat(), "is_ended": self.ended_at is not None}


class MemberInvitation(InvitedByLetter):
    """To belong to an organisation: whoever takes it up is a member at once, and holds no mandate."""

    __tablename__ = "member_invitation"
    __append_only__ = False  # as all that are by letter
    __recorded__ = False  # the same
    __table_args__ = (sa.Index("ix_member_invitation_organisation_id_created_at", "organisation_id", "created_at"),)

    organisation_id: Mapped[int] = fk("organisation.id", index=False)

    organisation: Mapped[Organisation] = relationship(lazy="joined")

    def audit_details(self) -> dict:
        return {"organisation_id": self.organisation_id, "invited_by_id": self.invited_by_id, "state": self.state.value}


# The present ones. Only who acts is asked for whom they sign: lists of authors do not pay for it (see ``get_user_of_session``).
User.membership = relationship(
    Membership, primaryjoin=sa.and_(Membership.user_id == User.id, Membership.left_at.is_(None)), uselist=False, viewonly=True,
)
User.mandate = relationship(
    Mandate, primaryjoin=sa.and_(Mandate.user_id == User.id, Mandate.ended_at.is_(None)), uselist=False, viewonly=True,
)
# Those that are over as well.
User.memberships = relationship(Membership, primaryjoin=Membership.user_id == User.id, order_by=Membership.id, viewonly=True)
