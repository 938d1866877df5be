"""mandates: members are accepted, and sign for their organisation with a mandate alone

Whoever spoke for an organisation before had chosen it by themselves: they ask to belong to it from now on, and hold no mandate.
"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("asked", "member", "refused", "left")
CHECKS = {
    "ck_membership_state": f"state IN ({', '.join(map(repr, STATES))})",
    "ck_membership_over_has_its_moment": "(state IN ('asked', 'member')) = (left_at IS NULL)",
}
LASTING = ("id", "user_id", "organisation_id", "begins_at", "ends_at")


def upgrade() -> None:
    with op.batch_alter_table("membership") as batch:
        batch.add_column(sa.Column("state", sa.String(40), nullable=False, server_default="asked"))
        batch.add_column(sa.Column("statement", sa.String(300), nullable=False, server_default=""))
    op.execute("UPDATE membership SET state = 'left' WHERE left_at IS NOT NULL")
    with op.batch_alter_table("membership") as batch:
        batch.alter_column("state", existing_type=sa.String(40), existing_nullable=False, server_default=None)
        batch.alter_column("statement", existing_type=sa.String(300), existing_nullable=False, server_default=None)
        for name, condition in CHECKS.items():
            batch.create_check_constraint(op.f(name), condition)
    op.create_index("ix_membership_state_organisation_id", "membership", ["state", "organisation_id"])
    op.create_table(
        "mandate",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("organisation_id", NUMBER, nullable=False), sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True), sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("ends_at IS NULL OR ends_at > begins_at", name=op.f("ck_mandate_ends_after_beginning")),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= begins_at", name=op.f("ck_mandate_ended_after_beginning")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_mandate_user_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_mandate_organisation_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate")),
    )
    op.create_index("ix_mandate_user_id", "mandate", ["user_id"])
    op.create_index("ix_mandate_organisation_id", "mandate", ["organisation_id"])
    op.create_index("ix_mandate_present", "mandate", ["user_id"], unique=True, sqlite_where=sa.text("ended_at IS NULL"),
                    postgresql_where=sa.text("ended_at IS NULL"))
    op.create_table(
        "declaration",
        sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=False),
        sa.Column("mandate_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_declaration_contribution_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["mandate_id"], ["mandate.id"], name=op.f("fk_declaration_mandate_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declaration")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_declaration_contribution_id")),
    )
    op.create_index("ix_declaration_mandate_id", "declaration", ["mandate_id"])
    refuse_changes(op.get_bind(), "mandate", LASTING)
    refuse_changes(op.get_bind(), "declaration")


def downgrade() -> None:
    for table in ("declaration", "mandate"):
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
    op.drop_index("ix_membership_state_organisation_id", "membership")
    with op.batch_alter_table("membership") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(name), type_="check")
        batch.drop_column("statement")
        batch.drop_column("state")
