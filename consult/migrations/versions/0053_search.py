"""search: which words stand in what everybody reads, and by what they are looked up"""

import sqlalchemy as sa
from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def in_bytes(length: int) -> sa.types.TypeEngine:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "search_posting",
        sa.Column("word", in_bytes(40), nullable=False), sa.Column("kind", in_bytes(8), nullable=False),
        sa.Column("subject_id", NUMBER, nullable=False), sa.Column("weight", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("word", "kind", "subject_id", "weight", name=op.f("pk_search_posting")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_search_posting_subject_id_kind", "search_posting", ["subject_id", "kind"])
    op.create_table(
        "search_word",
        sa.Column("word", in_bytes(40), nullable=False), sa.Column("written", sa.String(60), nullable=False),
        sa.PrimaryKeyConstraint("word", name=op.f("pk_search_word")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "search_key",
        sa.Column("key", in_bytes(41), nullable=False), sa.Column("word", in_bytes(40), nullable=False),
        sa.PrimaryKeyConstraint("key", "word", name=op.f("pk_search_key")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_search_key_word"), "search_key", ["word"])


def downgrade() -> None:
    op.drop_table("search_key")
    op.drop_table("search_word")
    op.drop_table("search_posting")
