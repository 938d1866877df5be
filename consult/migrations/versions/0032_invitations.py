"""invitations: who was asked by a letter to hold a role, until when, and what became of it"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ROLES = ("moderator", "rapporteur", "chair", "secretariat", "administrator")
STATES = ("sent", "accepted", "withdrawn", "replaced", "expired")


def upgrade() -> None:
    op.create_table(
        "invitation",
        sa.Column("id", NUMBER, nullable=False), sa.Column("consultation_id", NUMBER, nullable=False),
        sa.Column("address", sa.String(320), nullable=False),
        sa.Column("role", sa.Enum(*ROLES, name="role", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("commission_id", NUMBER, nullable=True), sa.Column("language", sa.String(3), nullable=False),
        sa.Column("state", sa.Enum(*STATES, name="state", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False), sa.Column("invited_by_id", NUMBER, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(role IN ('moderator', 'rapporteur', 'chair')) = (commission_id IS NOT NULL)",
                           name=op.f("ck_invitation_commission_for_its_roles")),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_invitation_consultation_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["commission_id"], ["commission.id"], name=op.f("fk_invitation_commission_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["invited_by_id"], ["user.id"], name=op.f("fk_invitation_invited_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    for name in ("consultation_id", "commission_id", "invited_by_id", "address", "expires_at"):
        op.create_index(op.f(f"ix_invitation_{name}"), "invitation", [name])


def downgrade() -> None:
    op.drop_table("invitation")
