"""received_form, received_row: filled comment forms as they came, and what was understood of each of their rows"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
FORM_STATES = ("reading", "read", "drafting", "discarded")
ROW_STATES = ("unread", "certain", "doubtful", "general", "left_out", "drafted")
SPEAKING = ("self", "organisation", "offered")
CONFIDENCES = ("sure", "doubtful", "none")
REASONS = ("key", "number", "title", "words", "nearly_title", "nearly_words", "quoted", "mentioned", "whole", "section", "no_place", "page",
           "several", "many", "unknown", "incomplete", "part", "disagrees", "other_chapter", "other_text")


def upgrade() -> None:
    op.create_table(
        "received_form",
        sa.Column("id", NUMBER, nullable=False), sa.Column("consultation_id", NUMBER, nullable=False),
        sa.Column("author_id", NUMBER, nullable=False), sa.Column("chapter_number", sa.Integer(), nullable=True),
        sa.Column("file_name", sa.String(200), nullable=False), sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False), sa.Column("preface", JSON, nullable=False),
        sa.Column("rows_count", sa.Integer(), nullable=False), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("speaking", sa.String(40), nullable=False), sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        one_of("received_form", "state", FORM_STATES), one_of("received_form", "speaking", SPEAKING),
        leads_to("received_form", "consultation_id", "consultation"), leads_to("received_form", "author_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_form")),
    )
    for column in ("consultation_id", "author_id", "created_at"):
        op.create_index(op.f(f"ix_received_form_{column}"), "received_form", [column])
    op.create_table(
        "received_row",
        sa.Column("id", NUMBER, nullable=False), sa.Column("form_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False), sa.Column("said", JSON, nullable=False),
        sa.Column("state", sa.String(40), nullable=False), sa.Column("key", sa.String(80), nullable=True),
        sa.Column("chapter_number", sa.Integer(), nullable=True), sa.Column("confidence", sa.String(40), nullable=True),
        sa.Column("why", sa.String(40), nullable=True), sa.Column("others", JSON, nullable=False),
        one_of("received_row", "state", ROW_STATES), one_of("received_row", "confidence", CONFIDENCES), one_of("received_row", "why",
            REASONS),
        leads_to("received_row", "form_id", "received_form", "CASCADE"), sa.PrimaryKeyConstraint("id", name=op.f("pk_received_row")),
    )
    op.create_index("ix_received_row_form_id_state", "received_row", ["form_id", "state", "id"])


def one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=op.f(f"ck_{table}_{column}"))


def leads_to(table: str, column: str, target: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def downgrade() -> None:
    op.drop_table("received_row")
    op.drop_table("received_form")
