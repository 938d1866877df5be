"""contribution_draft: from which network a visitor sent it, and its size; by both its room is counted"""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contribution_draft", sa.Column("network", sa.String(64), nullable=False, server_default=""))
    op.add_column("contribution_draft", sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
    op.create_index("ix_contribution_draft_network", "contribution_draft", ["network", "size"])


def downgrade() -> None:
    op.drop_index("ix_contribution_draft_network", "contribution_draft")
    for name in ("size", "network"):
        op.drop_column("contribution_draft", name)
