"""early closings: a closing by hand before the day that was announced keeps that day and its reason"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table("early_closing",
        sa.Column("id", Id, nullable=False),
        sa.Column("round_id", Id, nullable=False),
        sa.Column("announced_for", Moment, nullable=False),
        sa.Column("closed_at", Moment, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by_id", Id, nullable=False),
        sa.Column("decided_at", Moment, nullable=False),
        sa.CheckConstraint("closed_at < announced_for", name=op.f("ck_early_closing_earlier")),
        sa.CheckConstraint("trim(reason) <> ''", name=op.f("ck_early_closing_reason_not_blank")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_early_closing_decided_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_early_closing_round_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_early_closing")),
        sa.UniqueConstraint("round_id", name=op.f("uq_early_closing_round_id")),
    )
    op.create_index("ix_early_closing_decided_by_id", "early_closing", ["decided_by_id"])
    refuse_changes(op.get_bind(), "early_closing")


def downgrade() -> None:
    allow_changes(op.get_bind(), "early_closing")
    op.drop_table("early_closing")
