"""position_tally: who speaks of which passage in favour and against, of what is public"""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
POSITIONS = ("in_favour", "in_favour_with_changes", "opposed", "neutral")


def upgrade() -> None:
    op.create_table(
        "position_tally",
        sa.Column("chapter_id", NUMBER, nullable=False, autoincrement=False), sa.Column("key", sa.String(80), nullable=False),
        sa.Column("category", sa.String(40), nullable=False), sa.Column("position", sa.String(40), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(f"position IN ({', '.join(map(repr, POSITIONS))})", name=op.f("ck_position_tally_position")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_position_tally_chapter_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("chapter_id", "key", "category", "position", name=op.f("pk_position_tally")),
    )
    op.execute("""
        INSERT INTO position_tally (chapter_id, key, category, position, count)
        SELECT said.chapter_id, coalesce(said.current_key, said.block_key), coalesce(body.category, 'own_name'), said.position, count(*)
        FROM contribution AS said LEFT JOIN organisation AS body ON body.id = said.organisation_id
        WHERE said.state = 'published' GROUP BY 1, 2, 3, 4
    """)


def downgrade() -> None:
    op.drop_table("position_tally")
