"""recorded rows: events hold the digests of the rows they changed, receipts where the journal stood; checkpoints; salts of what is personal

The rows that are there are taken over once the tables are up to date (``consult/core/taking_over.py``).
"""

import secrets

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core.append_only import allow_changes, refuse_changes, triggers_kept

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
USER = sa.table("user", sa.column("id"), sa.column("salt"))


def upgrade() -> None:
    op.add_column("audit_event", sa.Column("records", Json, nullable=True))
    op.drop_index("ix_audit_event_action", "audit_event")
    op.create_index("ix_audit_event_action_id", "audit_event", ["action", "id"])
    op.create_index("ix_audit_event_actor_id_id", "audit_event", ["actor_id", "id"])
    op.create_index("ix_audit_event_actor_id_action_id", "audit_event", ["actor_id", "action", "id"])
    op.create_table(
        "checkpoint",
        sa.Column("chain_position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("chain_digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chain_position", name=op.f("pk_checkpoint")),
    )
    refuse_changes(op.get_bind(), "checkpoint")
    op.create_table(
        "record_layout",
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("layout", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_record_layout")),
    )
    op.add_column("receipt", sa.Column("chain_position", sa.BigInteger(), nullable=True))
    op.add_column("receipt", sa.Column("chain_digest", sa.String(64), nullable=True))
    refuse_changes(op.get_bind(), "receipt", ("id", "contribution_id", "digest", "chain_position", "chain_digest", "issued_at"))
    op.add_column("user", sa.Column("salt", sa.String(32), nullable=True))
    people = op.get_bind().execute(sa.select(USER.c.id)).scalars().all()
    for user_id in people:
        op.get_bind().execute(sa.update(USER).where(USER.c.id == user_id).values(salt=secrets.token_hex(16)))
    with op.batch_alter_table("user") as batch:
        batch.alter_column("salt", existing_type=sa.String(32), nullable=False)


def downgrade() -> None:
    op.drop_column("user", "salt")
    allow_changes(op.get_bind(), "receipt")
    with op.batch_alter_table("receipt") as batch:
        batch.drop_column("chain_digest")
        batch.drop_column("chain_position")
    refuse_changes(op.get_bind(), "receipt", ("id", "contribution_id", "digest", "issued_at"))
    op.drop_table("record_layout")
    allow_changes(op.get_bind(), "checkpoint")
    op.drop_table("checkpoint")
    op.drop_index("ix_audit_event_actor_id_action_id", "audit_event")
    op.drop_index("ix_audit_event_actor_id_id", "audit_event")
    op.drop_index("ix_audit_event_action_id", "audit_event")
    op.create_index("ix_audit_event_action", "audit_event", ["action"])
    with triggers_kept(op.get_bind(), "audit_event"), op.batch_alter_table("audit_event") as batch:
        batch.drop_column("records")
