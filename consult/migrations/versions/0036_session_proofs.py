"""user_session: when its owner showed last who they are, and the digest of what their browser holds to say so"""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Who is signed in shows once more who they are before something delicate."""
    op.add_column("user_session", sa.Column("proved_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("user_session", sa.Column("proof_hash", sa.String(64), nullable=True))


def downgrade() -> None:
    for name in ("proof_hash", "proved_at"):
        op.drop_column("user_session", name)
