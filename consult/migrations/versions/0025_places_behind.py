"""places behind: how far the contributions are with their places in a revision, the order of the review, and counts of places"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = ("id", "revision_id", "chapter_id", "language", "begun_at")
CLASSES = ("kept", "moved", "changed", "deleted")
INDEXES = (("ix_anchor_revision_id_rank_id", ("revision_id", "rank", "id")),
           ("ix_anchor_revision_id_anchor_class_rank_id", ("revision_id", "anchor_class", "rank", "id")))
BEFORE = ("ix_anchor_revision_id_state_anchor_class", ("revision_id", "state", "anchor_class"))
# Ranked and counted as the tables are that day.
RANKED = """
    UPDATE anchor SET rank = CASE
      WHEN state = 'confirmed' THEN 3 WHEN state = 'reattached' THEN 4 WHEN state = 'left' THEN 5
      WHEN anchor_class = 'deleted' OR confidence < 0.8 THEN 0
      WHEN anchor_class IN ('kept', 'moved') AND confidence >= 0.95 THEN 2 ELSE 1 END
"""
COUNTED = """
    INSERT INTO anchor_tally (revision_id, rank, anchor_class, old_block_id, is_public, count)
    SELECT a.revision_id, a.rank, a.anchor_class, a.old_block_id, c.state = 'published', count(*)
    FROM anchor a JOIN contribution c ON c.id = a.contribution_id GROUP BY 1, 2, 3, 4, 5
"""


def upgrade() -> None:
    op.create_table(
        "anchoring",
        sa.Column("id", Id, nullable=False),
        sa.Column("revision_id", Id, nullable=False),
        sa.Column("chapter_id", Id, nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("reached", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        refers("anchoring", "revision"), refers("anchoring", "chapter"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchoring")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_anchoring_revision_id")),
    )
    op.create_index("ix_anchoring_chapter_id", "anchoring", ["chapter_id"])
    refuse_changes(op.get_bind(), "anchoring", KEPT)
    op.add_column("anchor", sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
    op.execute(RANKED)
    op.drop_index(BEFORE[0], "anchor")
    for name, columns in INDEXES:
        op.create_index(name, "anchor", columns)
    key = ("revision_id", "rank", "anchor_class", "old_block_id", "is_public")
    op.create_table(
        "anchor_tally",
        sa.Column("revision_id", Id, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("anchor_class", sa.Enum(*CLASSES, name="anchor_class", native_enum=False, create_constraint=True, length=40),
                  nullable=False),
        sa.Column("old_block_id", Id, nullable=False),
        sa.Column("is_public", sa.Boolean(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        refers("anchor_tally", "revision"), refers("anchor_tally", "block", "old_block_id"),
        sa.PrimaryKeyConstraint(*key, name=op.f("pk_anchor_tally")),
    )
    op.execute(COUNTED)


def refers(table: str, other: str, column: str = "") -> sa.ForeignKeyConstraint:
    column = column or f"{other}_id"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def downgrade() -> None:
    op.drop_table("anchor_tally")
    for name, _columns in INDEXES:
        op.drop_index(name, "anchor")
    op.create_index(BEFORE[0], "anchor", BEFORE[1])
    op.execute("ALTER TABLE anchor DROP COLUMN rank")  # in place: a table built anew would lose its triggers
    allow_changes(op.get_bind(), "anchoring")
    op.drop_table("anchoring")
