"""letters let go: of some whose recipient could not be reached the secretariat told in another way"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

BEFORE, NOW = ("outdated", "replaced", "expired"), ("outdated", "replaced", "expired", "otherwise")


def allow(reasons: tuple[str, ...]) -> None:
    with op.batch_alter_table("outgoing_mail") as batch:
        batch.drop_constraint(op.f("ck_outgoing_mail_drop_reason"), type_="check")
        batch.create_check_constraint(op.f("ck_outgoing_mail_drop_reason"), f"drop_reason IN ({', '.join(map(repr, reasons))})")


def upgrade() -> None:
    allow(NOW)


def downgrade() -> None:
    op.execute(sa.text("UPDATE outgoing_mail SET drop_reason = 'outdated' WHERE drop_reason = 'otherwise'"))
    allow(BEFORE)
