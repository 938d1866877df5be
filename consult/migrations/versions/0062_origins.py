"""contribution.origin, .received_at: how it came; user.is_entered, .person_id, .has_claimed: for whom it was typed; the role of clerk"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import refuse_changes

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("id", "ref", "form_key", "chapter_id", "block_id", "block_key", "exact", "prefix", "suffix", "author_id", "organisation_id",
        "language", "kind", "comment_type", "position", "body", "justification", "submitted_at")
ORIGINS = "origin IN ('online', 'paper', 'letter', 'email', 'meeting', 'import')"
RECEIVED = "(origin = 'online') = (received_at IS NULL)"
ROLES = ("moderator", "rapporteur", "chair", "secretariat", "administrator")
MARKS = ("is_entered", "has_claimed")


def put_roles(roles: tuple[str, ...]) -> None:
    for table in ("appointment", "invitation"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_role"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_role"), f"role IN ({', '.join(map(repr, roles))})")


def upgrade() -> None:
    moment = "DATETIME" if op.get_bind().dialect.name == "sqlite" else "TIMESTAMP WITH TIME ZONE"
    # In place: a table built anew would lose its triggers, and there may be a million rows.
    op.execute(f"ALTER TABLE contribution ADD COLUMN origin VARCHAR(40) NOT NULL DEFAULT 'online' "
               f"CONSTRAINT ck_contribution_origin CHECK ({ORIGINS})")
    op.execute(f"ALTER TABLE contribution ADD COLUMN received_at {moment} "
               f"CONSTRAINT ck_contribution_received_where_typed CHECK ({RECEIVED})")
    refuse_changes(op.get_bind(), "contribution", (*KEPT, "origin", "received_at"))
    with op.batch_alter_table("user") as batch:
        for name in MARKS:
            batch.add_column(sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("person_id", NUMBER, nullable=True))
        batch.create_foreign_key(op.f("fk_user_person_id"), "user", ["person_id"], ["id"], ondelete="RESTRICT")
    op.create_index("ix_user_person_id", "user", ["person_id"])
    put_roles((*ROLES, "clerk"))


def refuse_to_lose() -> None:
    typed = sa.select(sa.func.count()).select_from(sa.table("contribution")).where(sa.column("origin") != "online")
    if op.get_bind().scalar(typed):
        raise RuntimeError("There are contributions that were typed for their author. This step back is not taken: the version before "
                           "would tell that they came online, and their receipts would not match.")


def downgrade() -> None:
    refuse_to_lose()
    for table in ("appointment", "invitation"):
        held = sa.table(table, sa.column("role", sa.String))
        op.execute(sa.delete(held).where(held.c.role == "clerk"))
    put_roles(ROLES)
    op.drop_index("ix_user_person_id", "user")
    with op.batch_alter_table("user") as batch:
        batch.drop_constraint(op.f("fk_user_person_id"), type_="foreignkey")
        for name in ("person_id", *MARKS):
            batch.drop_column(name)
    refuse_changes(op.get_bind(), "contribution", KEPT)
    op.execute("ALTER TABLE contribution DROP COLUMN received_at")
    op.execute("ALTER TABLE contribution DROP COLUMN origin")
