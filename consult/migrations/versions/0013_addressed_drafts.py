"""addressed drafts: what a visitor wrote belongs to the address that was typed beside it"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contribution_draft", sa.Column("address", sa.String(320), nullable=True))
    op.create_index("ix_contribution_draft_address", "contribution_draft", ["address"])


def downgrade() -> None:
    op.drop_index("ix_contribution_draft_address", "contribution_draft")
    op.execute("ALTER TABLE contribution_draft DROP COLUMN address")
