"""home words: why the text is written, who is asked, and the days planned for the submission and the decision"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WORDS = [f"{name}_{language}" for name in ("purpose", "audience") for language in ("fr", "ar", "en")]
DAYS = ("submission_planned_for", "decision_planned_for")


def upgrade() -> None:
    for name in WORDS:
        op.add_column("consultation", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in DAYS:
        op.add_column("consultation", sa.Column(name, sa.Date(), nullable=True))


def downgrade() -> None:
    for name in (*DAYS, *WORDS):
        op.drop_column("consultation", name)
