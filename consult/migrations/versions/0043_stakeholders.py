"""stakeholders: lists that are brought, those who are asked, the letters to them, and addresses that want none"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CATEGORIES = ("ministry", "chamber", "professional_association", "company", "conformity_assessment_body", "laboratory",
              "education_research", "consumer_association", "quality_association", "trade_union", "other")
SECTORS = ("agrifood", "automotive", "aeronautics", "chemistry", "textile", "construction", "energy", "health", "electronics", "logistics",
           "tourism_crafts", "fisheries", "water_environment", "digital", "finance", "cross_sector")
REGIONS = ("national", "tanger-tetouan-al-hoceima", "oriental", "fes-meknes", "rabat-sale-kenitra", "beni-mellal-khenifra",
           "casablanca-settat", "marrakech-safi", "draa-tafilalet", "souss-massa", "guelmim-oued-noun", "laayoune-sakia-el-hamra",
           "dakhla-oued-ed-dahab")
STATES = ("listed", "queued", "sent", "undelivered", "opened", "registered", "drafted", "lodged", "refused")
PROMISED = sa.text("outcome = 'promised'")


def upgrade() -> None:
    lists()
    stakeholders()
    letters()


def one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=op.f(f"ck_{table}_{column}"))


def leads_to(table: str, column: str, target: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def lists() -> None:
    op.create_table(
        "stakeholder_list",
        sa.Column("id", NUMBER, nullable=False), sa.Column("consultation_id", NUMBER, nullable=False),
        sa.Column("file_name", sa.String(200), nullable=False), sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("source", sa.String(300), nullable=False), sa.Column("columns", JSON, nullable=False),
        sa.Column("rows_count", sa.Integer(), nullable=False), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("imported_by_id", NUMBER, nullable=True), sa.Column("created_at", MOMENT, nullable=False),
        one_of("stakeholder_list", "state", ("reading", "read", "taking", "discarded")),
        leads_to("stakeholder_list", "consultation_id", "consultation"), leads_to("stakeholder_list", "imported_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stakeholder_list")),
    )
    for column in ("consultation_id", "imported_by_id"):
        op.create_index(f"ix_stakeholder_list_{column}", "stakeholder_list", [column])
    op.create_table(
        "stakeholder_row",
        sa.Column("id", NUMBER, nullable=False), sa.Column("list_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False), sa.Column("typed", JSON, nullable=False),
        sa.Column("address", sa.String(320), nullable=False), sa.Column("doubts", JSON, nullable=False),
        sa.Column("stands", sa.Boolean(), nullable=False), sa.Column("state", sa.String(40), nullable=False),
        one_of("stakeholder_row", "state", ("unread", "clear", "doubtful", "left_out", "taken")),
        leads_to("stakeholder_row", "list_id", "stakeholder_list"), sa.PrimaryKeyConstraint("id", name=op.f("pk_stakeholder_row")),
    )
    op.create_index("ix_stakeholder_row_list_id_state", "stakeholder_row", ["list_id", "state", "id"])
    op.create_index("ix_stakeholder_row_list_id_address", "stakeholder_row", ["list_id", "address"])
    op.create_index("ix_stakeholder_row_address", "stakeholder_row", ["address"])


def stakeholders() -> None:
    op.create_table(
        "stakeholder",
        sa.Column("id", NUMBER, nullable=False), sa.Column("consultation_id", NUMBER, nullable=False),
        sa.Column("list_id", NUMBER, nullable=False), sa.Column("organisation", sa.String(300), nullable=False),
        sa.Column("organisation_id", NUMBER, nullable=True), sa.Column("category", sa.String(40), nullable=False),
        sa.Column("sector", sa.String(40), nullable=True), sa.Column("region", sa.String(40), nullable=True),
        sa.Column("contact", sa.String(200), nullable=False), sa.Column("address", sa.String(320), nullable=False),
        sa.Column("language", sa.String(40), nullable=False), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("letters_before", sa.Integer(), nullable=False), sa.Column("promised", sa.Integer(), nullable=False),
        sa.Column("promised_at", MOMENT, nullable=True), sa.Column("created_at", MOMENT, nullable=False),
        one_of("stakeholder", "category", CATEGORIES), one_of("stakeholder", "sector", SECTORS), one_of("stakeholder", "region", REGIONS),
        one_of("stakeholder", "language", ("fr", "ar", "fr-ar")), one_of("stakeholder", "state", STATES),
        leads_to("stakeholder", "consultation_id", "consultation"), leads_to("stakeholder", "list_id", "stakeholder_list"),
        leads_to("stakeholder", "organisation_id", "organisation"), sa.PrimaryKeyConstraint("id", name=op.f("pk_stakeholder")),
        sa.UniqueConstraint("consultation_id", "address", name=op.f("uq_stakeholder_consultation_id_address")),
    )
    for name, columns in (
        ("list_id", ["list_id"]), ("organisation_id", ["organisation_id"]), ("address", ["address"]), ("promised_at", ["promised_at"]),
        ("state", ["consultation_id", "state", "category", "id"]), ("promised", ["consultation_id", "promised", "state"]),
        *((name, ["consultation_id", name, "state"]) for name in ("category", "sector", "region")),
    ):
        op.create_index(f"ix_stakeholder_{name}", "stakeholder", columns)
    op.create_table(
        "stakeholder_chapter",
        sa.Column("stakeholder_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        leads_to("stakeholder_chapter", "stakeholder_id", "stakeholder", "CASCADE"),
        sa.PrimaryKeyConstraint("stakeholder_id", "number", name=op.f("pk_stakeholder_chapter")),
    )


def letters() -> None:
    op.create_table(
        "stakeholder_letter",
        sa.Column("id", NUMBER, nullable=False), sa.Column("stakeholder_id", NUMBER, nullable=False),
        sa.Column("kind", sa.String(40), nullable=False), sa.Column("token_hash", sa.String(64), nullable=True),
        sa.Column("promised_at", MOMENT, nullable=False), sa.Column("written_at", MOMENT, nullable=True),
        sa.Column("outcome", sa.String(40), nullable=False),
        one_of("stakeholder_letter", "kind", ("invitation", "two_weeks", "two_days")),
        one_of("stakeholder_letter", "outcome", ("promised", "sent", "undelivered", "returned", "dropped")),
        leads_to("stakeholder_letter", "stakeholder_id", "stakeholder", "CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stakeholder_letter")),
        sa.UniqueConstraint("stakeholder_id", "kind", name=op.f("uq_stakeholder_letter_stakeholder_id_kind")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_stakeholder_letter_token_hash")),
    )
    op.create_index("ix_stakeholder_letter_open", "stakeholder_letter", ["promised_at"], sqlite_where=PROMISED, postgresql_where=PROMISED)
    op.create_table(
        "address_mark",
        sa.Column("id", NUMBER, nullable=False), sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("letters", sa.Integer(), nullable=False), sa.Column("refused_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_mark")), sa.UniqueConstraint("digest", name=op.f("uq_address_mark_digest")),
    )


def downgrade() -> None:
    for table in ("address_mark", "stakeholder_letter", "stakeholder_chapter", "stakeholder", "stakeholder_row", "stakeholder_list"):
        op.drop_table(table)
