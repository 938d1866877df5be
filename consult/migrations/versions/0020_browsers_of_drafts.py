"""browsers of drafts: the letter that was asked for in a browser shows whose are the texts typed there"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("contribution_draft", sa.Column("browser", sa.String(64), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE contribution_draft DROP COLUMN browser")
