"""member_invitation: who was asked by a letter to belong to an organisation, until when, and what became of it"""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("sent", "accepted", "withdrawn", "replaced", "expired")


def upgrade() -> None:
    op.create_table(
        "member_invitation",
        sa.Column("id", NUMBER, nullable=False), sa.Column("organisation_id", NUMBER, nullable=False),
        sa.Column("address", sa.String(320), nullable=False), sa.Column("language", sa.String(3), nullable=False),
        sa.Column("state", sa.String(40), nullable=False), sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("invited_by_id", NUMBER, nullable=True), sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name=op.f("ck_member_invitation_state")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_member_invitation_organisation_id"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["invited_by_id"], ["user.id"], name=op.f("fk_member_invitation_invited_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_member_invitation_token_hash")),
    )
    for name in ("invited_by_id", "address", "expires_at"):
        op.create_index(op.f(f"ix_member_invitation_{name}"), "member_invitation", [name])
    op.create_index("ix_member_invitation_organisation_id_created_at", "member_invitation", ["organisation_id", "created_at"])


def downgrade() -> None:
    op.drop_table("member_invitation")
