"""membership: when the representatives were told that somebody asks to belong to their organisation

Whoever asked before was told of in the act itself.
"""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("membership", sa.Column("told_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE membership SET told_at = joined_at")


def downgrade() -> None:
    op.drop_column("membership", "told_at")
