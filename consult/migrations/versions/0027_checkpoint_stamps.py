"""checkpoint stamps: time stamps of an authority (RFC 3161) on the published places of the journal"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "checkpoint_stamp",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("chain_position", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("response", sa.LargeBinary(), nullable=True),
        sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(response IS NULL) = (stamped_at IS NULL)", name=op.f("ck_checkpoint_stamp_answered_has_its_moment")),
        sa.ForeignKeyConstraint(["chain_position"], ["checkpoint.chain_position"], name=op.f("fk_checkpoint_stamp_chain_position"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkpoint_stamp")),
        sa.UniqueConstraint("chain_position", name=op.f("uq_checkpoint_stamp_chain_position")),
    )
    refuse_changes(op.get_bind(), "checkpoint_stamp", ("id", "chain_position", "asked_at"))


def downgrade() -> None:
    allow_changes(op.get_bind(), "checkpoint_stamp")
    op.drop_table("checkpoint_stamp")
