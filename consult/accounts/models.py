"""Users and organisations."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from consult.core.db import Base, PrimaryKey, Slug, Timestamp, fk
from consult.core.i18n import N_, LabelledEnum
from consult.core.identity import Identity


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
    """The twelve regions of the Kingdom (decree 2-15-40)."""

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


class User(Base, Identity):
    """A person with an account; the names that Flask-Security asks for keep its spelling."""

    __tablename__ = "user"
    __append_only__ = False  # a person corrects their data, and may ask to be forgotten
    __table_args__ = (sa.CheckConstraint("email = lower(email)", name="email_lower"),)

    id: Mapped[PrimaryKey]
    email: Mapped[str] = mapped_column(sa.String(320), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200), default="")
    name_ar: Mapped[str | None] = mapped_column(sa.String(200))
    function: Mapped[str | None] = mapped_column(sa.String(200))
    language: Mapped[str] = mapped_column(sa.String(3), default="fr")
    organisation_id: Mapped[int | None] = fk("organisation.id")
    is_name_public: Mapped[bool] = mapped_column(default=False)
    is_demonstration: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[Timestamp]

    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(sa.String(64), unique=True)
    confirmed_at: Mapped[datetime | None]
    us_totp_secrets: Mapped[str | None]
    us_phone_number: Mapped[str | None] = mapped_column(sa.String(128))

    organisation: Mapped[Organisation | None] = relationship(lazy="joined")

    is_system = False
    roles = ()

    def holds(self, role: str, commission_id: int | None = None) -> bool:
        """Whether this person holds the role; a role of a commission counts in that commission only, or anywhere when none is named."""
        return any(
            a.role == role and (a.commission_id is None or commission_id is None or a.commission_id == commission_id)
            for a in self.appointments
        )

    def public_name(self, language: str = "fr") -> str | None:
        """The name to show beside what this person wrote, or None when they did not agree to it."""
        if not self.is_name_public:
            return None
        return self.name_ar if language == "ar" and self.name_ar else self.name

    def audit_details(self) -> dict:
        return {"organisation_id": self.organisation_id}
