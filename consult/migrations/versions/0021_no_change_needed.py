"""no change needed: an accepted point says that it leaves the text as it is, for the reasons it gives"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("synthesis_item", sa.Column("needs_no_change", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.execute("ALTER TABLE synthesis_item DROP COLUMN needs_no_change")
