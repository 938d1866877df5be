"""support: a salt, so that no digest of the journal tells of which contribution it is

The rows that are there are taken over once the tables are up to date; what earlier events say of them stays as it was said.
"""

import secrets

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

SUPPORT = sa.table("support", sa.column("id"), sa.column("salt"))
# What stays as it was written.
KEPT = ("id", "contribution_id", "supporter_id", "organisation_id", "given_at")


def upgrade() -> None:
    allow_changes(op.get_bind(), "support")
    op.add_column("support", sa.Column("salt", sa.String(32), nullable=True))
    for support_id in op.get_bind().execute(sa.select(SUPPORT.c.id)).scalars().all():
        op.get_bind().execute(sa.update(SUPPORT).where(SUPPORT.c.id == support_id).values(salt=secrets.token_hex(16)))
    with op.batch_alter_table("support") as batch:
        batch.alter_column("salt", existing_type=sa.String(32), nullable=False)
    refuse_changes(op.get_bind(), "support", (*KEPT, "salt"))


def downgrade() -> None:
    allow_changes(op.get_bind(), "support")
    with op.batch_alter_table("support") as batch:
        batch.drop_column("salt")
    refuse_changes(op.get_bind(), "support", KEPT)
