"""batch, entry, entry_check, brought_table: what was received otherwise than here, typed for its author, and compared with the paper"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core.append_only import allow_changes, refuse_changes

revision = "0063"
down_revision = "0062"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
ORIGINS = "origin IN ('online', 'paper', 'letter', 'email', 'meeting', 'import')"


def to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    op.create_table(
        "batch", sa.Column("id", NUMBER, nullable=False), sa.Column("form_key", sa.String(64), nullable=False),
        sa.Column("consultation_id", NUMBER, nullable=False), sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("origin", sa.String(40), nullable=False), sa.Column("place", sa.String(200), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False), sa.Column("announced", sa.Integer(), nullable=False),
        sa.Column("registered_by_id", NUMBER, nullable=False), sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False), sa.Column("set_aside", sa.Integer(), nullable=False),
        sa.Column("set_aside_reason", sa.Text(), nullable=False), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True), sa.Column("row_counter", sa.Integer(), nullable=False),
        check("batch", "origin", ORIGINS), check("batch", "state", "state IN ('open', 'closed')"),
        check("batch", "typed_for_somebody", "origin <> 'online'"), check("batch", "announced_some", "announced > 0"),
        check("batch", "never_over_count", "last_number >= 0 AND set_aside >= 0 AND last_number + set_aside <= announced"),
        check("batch", "reason_of_what_is_set_aside", "(set_aside > 0) = (trim(set_aside_reason) <> '')"),
        check("batch", "closed_when_balanced",
              "(state = 'closed') = (closed_at IS NOT NULL) AND (state = 'open' OR last_number + set_aside = announced)"),
        to("batch", "consultation_id", "consultation"), to("batch", "registered_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")), sa.UniqueConstraint("form_key", name=op.f("uq_batch_form_key")),
        sa.UniqueConstraint("consultation_id", "number", name=op.f("uq_batch_consultation_id_number")),
    )
    op.create_index("ix_batch_registered_by_id", "batch", ["registered_by_id"])
    refuse_changes(op.get_bind(), "batch", ("id", "form_key", "consultation_id", "number", "origin", "place", "received_at", "announced",
                                            "registered_by_id", "registered_at"))
    op.create_table(
        "entry", sa.Column("id", NUMBER, nullable=False), sa.Column("form_key", sa.String(64), nullable=False),
        sa.Column("batch_id", NUMBER, nullable=False), sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("contribution_id", NUMBER, nullable=False), sa.Column("contact", sa.String(200), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False), sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("typed_by_id", NUMBER, nullable=False), sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("is_sampled", sa.Boolean(), nullable=False), sa.Column("claimed_at", MOMENT, nullable=True),
        sa.Column("row_counter", sa.Integer(), nullable=False),
        to("entry", "batch_id", "batch"), to("entry", "contribution_id", "contribution"), to("entry", "typed_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")), sa.UniqueConstraint("form_key", name=op.f("uq_entry_form_key")),
        sa.UniqueConstraint("batch_id", "number", name=op.f("uq_entry_batch_id_number")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_entry_contribution_id")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_entry_code_hash")),
    )
    op.create_index("ix_entry_typed_by_id", "entry", ["typed_by_id"])
    refuse_changes(op.get_bind(), "entry", ("id", "form_key", "batch_id", "number", "code_hash", "salt", "typed_by_id", "entered_at"))
    op.create_table(
        "entry_check", sa.Column("id", NUMBER, nullable=False), sa.Column("entry_id", NUMBER, nullable=False),
        sa.Column("outcome", sa.String(40), nullable=False), sa.Column("note", sa.Text(), nullable=False),
        sa.Column("former_contribution_id", NUMBER, nullable=True), sa.Column("checked_by_id", NUMBER, nullable=False),
        sa.Column("checked_at", MOMENT, nullable=False),
        check("entry_check", "outcome", "outcome IN ('same', 'corrected')"),
        check("entry_check", "corrected_replaces_one", "(outcome = 'corrected') = (former_contribution_id IS NOT NULL)"),
        to("entry_check", "entry_id", "entry"), to("entry_check", "former_contribution_id", "contribution"),
        to("entry_check", "checked_by_id", "user"), sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_check")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_entry_check_entry_id")),
        sa.UniqueConstraint("former_contribution_id", name=op.f("uq_entry_check_former_contribution_id")),
    )
    make_tables()
    op.create_index("ix_entry_check_checked_by_id", "entry_check", ["checked_by_id"])
    refuse_changes(op.get_bind(), "entry_check")


def make_tables() -> None:
    op.create_table(
        "brought_table", sa.Column("id", NUMBER, nullable=False), sa.Column("batch_id", NUMBER, nullable=False),
        sa.Column("brought_by_id", NUMBER, nullable=False), sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False), sa.Column("columns", KEPT, nullable=False),
        sa.Column("rows", KEPT, nullable=False), sa.Column("rows_count", sa.Integer(), nullable=False),
        sa.Column("mapping", KEPT, nullable=True), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False), sa.Column("refused", KEPT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        check("brought_table", "state", "state IN ('read', 'entering', 'done')"),
        to("brought_table", "batch_id", "batch"), to("brought_table", "brought_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_brought_table")),
    )
    op.create_index("ix_brought_table_batch_id", "brought_table", ["batch_id"])
    op.create_index("ix_brought_table_brought_by_id", "brought_table", ["brought_by_id"])


def downgrade() -> None:
    op.drop_table("brought_table")
    for table in ("entry_check", "entry", "batch"):
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
