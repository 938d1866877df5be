"""letters judged: a letter knows what it tells of, until when its key opens anything, and why it never left"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

NAMES = ("kind", "subject_id", "facts", "expires_at", "dropped_at", "drop_reason")


def upgrade() -> None:
    with op.batch_alter_table("outgoing_mail") as batch:
        batch.add_column(sa.Column("kind", sa.String(80), nullable=True))
        batch.add_column(sa.Column("subject_id", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
        batch.add_column(sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("drop_reason", sa.String(40), nullable=True))
        batch.create_check_constraint(op.f("ck_outgoing_mail_drop_reason"), "drop_reason IN ('outdated', 'replaced', 'expired')")
        batch.create_check_constraint(op.f("ck_outgoing_mail_dropped_has_its_reason"), "(dropped_at IS NULL) = (drop_reason IS NULL)")
    op.create_index("ix_outgoing_mail_kind_subject_id", "outgoing_mail", ["kind", "subject_id"])


def downgrade() -> None:
    """A letter that was dropped must not leave after all: it goes."""
    op.execute("DELETE FROM outgoing_mail WHERE dropped_at IS NOT NULL")
    op.drop_index("ix_outgoing_mail_kind_subject_id", "outgoing_mail")
    with op.batch_alter_table("outgoing_mail") as batch:
        batch.drop_constraint(op.f("ck_outgoing_mail_dropped_has_its_reason"), type_="check")
        batch.drop_constraint(op.f("ck_outgoing_mail_drop_reason"), type_="check")
        for name in reversed(NAMES):
            batch.drop_column(name)
