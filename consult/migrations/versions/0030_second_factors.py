"""second factors: an authenticator and recovery codes of each account, and its passkeys"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

LIST = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("user", sa.Column("tf_totp_secret", sa.Text(), nullable=True))
    op.add_column("user", sa.Column("totp_counter", sa.BigInteger(), nullable=True))
    op.add_column("user", sa.Column("mf_recovery_codes", LIST, nullable=True))
    op.add_column("user", sa.Column("fs_webauthn_user_handle", sa.String(64), nullable=True))
    op.create_index(op.f("ix_user_fs_webauthn_user_handle"), "user", ["fs_webauthn_user_handle"], unique=True)
    op.create_table(
        "passkey",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("name", sa.String(60), nullable=False), sa.Column("credential_id", sa.LargeBinary(1024), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False), sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("transports", LIST, nullable=True), sa.Column("backup_state", sa.Boolean(), nullable=False),
        sa.Column("device_type", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lastuse_datetime", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_passkey_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_passkey_user_id_name")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_user_id"), "passkey", ["user_id"])


def downgrade() -> None:
    op.drop_table("passkey")
    op.drop_index(op.f("ix_user_fs_webauthn_user_handle"), "user")
    for name in ("fs_webauthn_user_handle", "mf_recovery_codes", "totp_counter", "tf_totp_secret"):
        op.drop_column("user", name)
