"""kept forms by network: how large each is, and a digest of the network that it came from"""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kept_form", sa.Column("network", sa.String(64), server_default="", nullable=False))
    op.add_column("kept_form", sa.Column("size", sa.Integer(), server_default="0", nullable=False))
    op.execute("UPDATE kept_form SET size = length(fields) + length(address) + length(came_from)")
    op.create_index("ix_kept_form_network", "kept_form", ["network", "size"])


def downgrade() -> None:
    op.drop_index("ix_kept_form_network", "kept_form")
    for name in ("size", "network"):
        op.drop_column("kept_form", name)
