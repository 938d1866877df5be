"""draft_wording.saved_by: the open page that saves an offered draft by itself, so that its next save is the same version"""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("draft_wording", sa.Column("saved_by", sa.String(80), nullable=True))


def downgrade() -> None:
    op.drop_column("draft_wording", "saved_by")
