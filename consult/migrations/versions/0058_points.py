"""point: one request within a contribution that somebody split; item_contribution.point_id: of which one an item answers"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0058"
down_revision = "0057"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("id", "contribution_id", "chapter_id", "number", "part", "begins", "made_by_id", "made_at")
OPEN, WHOLE, OF_POINT = sa.text("rejoined_at IS NULL"), sa.text("point_id IS NULL"), sa.text("point_id IS NOT NULL")


def to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        "point",
        sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=False),
        sa.Column("chapter_id", NUMBER, nullable=False), sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False), sa.Column("has_change", sa.Boolean(), nullable=False),
        sa.Column("place_key", sa.String(80), nullable=True), sa.Column("made_by_id", NUMBER, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rejoined_at", sa.DateTime(timezone=True), nullable=True), sa.Column("row_counter", sa.Integer(), nullable=False),
        sa.CheckConstraint("part IN ('body', 'justification', 'replacement')", name=op.f("ck_point_part")),
        sa.CheckConstraint("begins >= 0 AND number > 0", name=op.f("ck_point_counted_from_its_beginning")),
        sa.CheckConstraint("part <> 'replacement'", name=op.f("ck_point_of_prose")),
        to("point", "contribution_id", "contribution"), to("point", "chapter_id", "chapter"), to("point", "made_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_point")),
    )
    op.create_index("ix_point_contribution_id_number", "point", ["contribution_id", "number"], unique=True)
    op.create_index("ix_point_open", "point", ["contribution_id", "part", "begins"], unique=True, sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index(op.f("ix_point_chapter_id"), "point", ["chapter_id"])
    op.create_index(op.f("ix_point_made_by_id"), "point", ["made_by_id"])
    refuse_changes(op.get_bind(), "point", KEPT)
    with op.batch_alter_table("item_contribution") as batch:
        batch.add_column(sa.Column("point_id", NUMBER, nullable=True))
        batch.create_foreign_key(op.f("fk_item_contribution_point_id"), "point", ["point_id"], ["id"], ondelete="RESTRICT")
        batch.drop_constraint(op.f("uq_item_contribution_contribution_id"), type_="unique")
    op.create_index("ix_item_contribution_contribution_id_point_id", "item_contribution", ["contribution_id", "point_id"])
    op.create_index("ix_item_contribution_whole", "item_contribution", ["contribution_id"], unique=True,
                    sqlite_where=WHOLE, postgresql_where=WHOLE)
    op.create_index("ix_item_contribution_point_id", "item_contribution", ["point_id"], unique=True,
                    sqlite_where=OF_POINT, postgresql_where=OF_POINT)


def refuse_to_lose() -> None:
    """The version before has one answer for each contribution, and counts it in one item."""
    asked = op.get_bind().scalar
    if asked(sa.text("SELECT count(*) FROM point WHERE rejoined_at IS NULL")) or asked(
            sa.text("SELECT count(*) FROM item_contribution WHERE point_id IS NOT NULL")):
        raise RuntimeError("Contributions are split into requests. This step back is not taken: the version before answers each once. "
                           "Join the requests of each again first.")


def downgrade() -> None:
    refuse_to_lose()
    for name in ("contribution_id_point_id", "whole", "point_id"):
        op.drop_index(f"ix_item_contribution_{name}", "item_contribution")
    with op.batch_alter_table("item_contribution") as batch:
        batch.drop_constraint(op.f("fk_item_contribution_point_id"), type_="foreignkey")
        batch.drop_column("point_id")
        batch.create_unique_constraint(op.f("uq_item_contribution_contribution_id"), ["contribution_id"])
    allow_changes(op.get_bind(), "point")
    op.drop_table("point")
