"""beats: when each part of the worker's every second last ended well; what failed, and what did not leave, is found at once"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

FEW = (("ix_job_failed", "job", "finished_at", "state = 'failed'"),
       ("ix_outgoing_mail_waiting", "outgoing_mail", "created_at", "sent_at IS NULL AND dropped_at IS NULL"))


def upgrade() -> None:
    op.create_table(
        "beat", sa.Column("name", sa.String(80), nullable=False), sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_beat")),
    )
    for name, table, column, which in FEW:
        op.create_index(name, table, [column], sqlite_where=sa.text(which), postgresql_where=sa.text(which))


def downgrade() -> None:
    for name, table, _column, _which in FEW:
        op.drop_index(name, table)
    op.drop_table("beat")
