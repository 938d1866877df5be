"""memberships: for which organisation a person speaks, from when to when, in rows of their own

A person who spoke for an organisation has done so since their account was made: nothing older is known. Going down keeps the
present membership of each; the former schema has no place for those that ended.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PRESENT = "left_at IS NULL"
MOVED = (
    'INSERT INTO membership (user_id, organisation_id, joined_at) SELECT id, organisation_id, created_at FROM "user" '
    "WHERE organisation_id IS NOT NULL ORDER BY id"
)
KEPT = 'UPDATE "user" SET organisation_id = (SELECT organisation_id FROM membership WHERE user_id = "user".id AND left_at IS NULL)'


def upgrade() -> None:
    op.create_table("membership",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("organisation_id", Id, nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("left_at IS NULL OR left_at >= joined_at", name=op.f("ck_membership_left_after_joining")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_membership_organisation_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_membership_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_organisation_id", "membership", ["organisation_id"])
    op.create_index("ix_membership_user_id", "membership", ["user_id"])
    op.create_index("ix_membership_present", "membership", ["user_id"], unique=True, sqlite_where=sa.text(PRESENT),
                    postgresql_where=sa.text(PRESENT))
    op.execute(MOVED)
    op.drop_index("ix_user_organisation_id", "user")
    with op.batch_alter_table("user") as batch:
        batch.drop_constraint("fk_user_organisation_id", type_="foreignkey")
        batch.drop_column("organisation_id")


def downgrade() -> None:
    with op.batch_alter_table("user") as batch:
        batch.add_column(sa.Column("organisation_id", Id, nullable=True))
        batch.create_foreign_key(op.f("fk_user_organisation_id"), "organisation", ["organisation_id"], ["id"], ondelete="RESTRICT")
    op.create_index("ix_user_organisation_id", "user", ["organisation_id"])
    op.execute(KEPT)
    op.drop_table("membership")
