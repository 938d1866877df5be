"""identities at an OpenID provider, and sessions that began with the provider's second factor"""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "provider_identity",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False), sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False), sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_provider_identity_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_provider_identity_issuer_subject")),
        sa.UniqueConstraint("user_id", "issuer", name=op.f("uq_provider_identity_user_id_issuer")),
    )
    op.create_index(op.f("ix_provider_identity_user_id"), "provider_identity", ["user_id"])
    op.add_column("user_session", sa.Column("is_factor_proven", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("user_session", "is_factor_proven")
    op.drop_table("provider_identity")
