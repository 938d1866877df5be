"""staff letters: what waits for somebody in charge is told them by mail once a day at most, unless they want no such letter"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("staff_letter", "staff_news")


def upgrade() -> None:
    make_table("staff_letter", sa.Column("day", sa.Date(), nullable=False), "written_at")
    make_table("staff_news", sa.Column("key", sa.String(80), nullable=False), "told_at")
    op.add_column("user", sa.Column("is_told_of_work", sa.Boolean(), server_default=sa.true(), nullable=False))


def make_table(name: str, column: sa.Column, moment: str) -> None:
    op.create_table(
        name,
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        column,
        sa.Column(moment, sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{name}_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        sa.UniqueConstraint("user_id", column.name, name=op.f(f"uq_{name}_user_id_{column.name}")),
    )
    refuse_changes(op.get_bind(), name, ())


def downgrade() -> None:
    op.execute('ALTER TABLE "user" DROP COLUMN is_told_of_work')
    for table in TABLES:
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
