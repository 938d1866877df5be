"""Organisations, and who speaks for which, from when to when."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.accounts.models import User
from consult.core.append_only import all_but
from consult.core.db import Base, PrimaryKey, Slug, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum


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


MAX_NAME, MAX_SHORT = 300, 12


class Organisation(Base):
    """A stakeholder that participants speak for."""

    __tablename__ = "organisation"
    __append_only__ = False  # its names are corrected, and its sector may change
    __table_args__ = (sa.CheckConstraint("trim(name_fr) <> ''", name="name_not_blank"),)

    id: Mapped[PrimaryKey]
    slug: Mapped[Slug] = mapped_column(unique=True)
    short: Mapped[str] = mapped_column(sa.String(20))
    name_fr: Mapped[str]
    name_ar: Mapped[str | None]
    name_en: Mapped[str | None]
    category: Mapped[Category]
    sector: Mapped[Sector]
    region: Mapped[Region]
    ecosystem: Mapped[str | None] = mapped_column(sa.String(40))
    created_at: Mapped[Timestamp]

    def name(self, language: str) -> str:
        return {"ar": self.name_ar, "en": self.name_en}.get(language) or self.name_fr


class Membership(Base):
    """One person speaking for one organisation, until they leave it: for one at a time, and what was lodged before keeps its own."""

    __tablename__ = "membership"
    __append_only__ = all_but("left_at")
    __table_args__ = (
        sa.CheckConstraint("left_at IS NULL OR left_at >= joined_at", name="left_after_joining"),
        sa.Index("ix_membership_present", "user_id", unique=True, sqlite_where=sa.text("left_at IS NULL"),
                 postgresql_where=sa.text("left_at IS NULL")),
    )

    id: Mapped[PrimaryKey]
    user_id: Mapped[int] = fk("user.id")
    organisation_id: Mapped[int] = fk("organisation.id")
    joined_at: Mapped[Timestamp]
    left_at: Mapped[datetime | None]

    user: Mapped[User] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined")

    def audit_details(self) -> dict:
        return {"user_id": self.user_id, "organisation_id": self.organisation_id}


# The present one. Only who acts is asked for whom they speak: lists of authors do not pay for it (see ``get_user_of_session``).
User.membership = relationship(
    Membership, primaryjoin=sa.and_(Membership.user_id == User.id, Membership.left_at.is_(None)), uselist=False, viewonly=True,
)
