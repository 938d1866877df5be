"""contribution_word and twin_lexicon: what is searched for contributions that speak of the same

Both are filled by the worker, from the contributions that are published and from the texts.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
WORD = sa.String(20).with_variant(sa.String(20, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "contribution_word",
        sa.Column("chapter_id", NUMBER, nullable=False), sa.Column("word", WORD, nullable=False),
        sa.Column("contribution_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_contribution_word_chapter_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["contribution_id"], ["contribution.id"], name=op.f("fk_contribution_word_contribution_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("chapter_id", "word", "contribution_id", name=op.f("pk_contribution_word")),
    )
    op.create_index("ix_contribution_word_contribution_id", "contribution_word", ["contribution_id"])
    op.create_table(
        "twin_lexicon",
        sa.Column("consultation_id", NUMBER, nullable=False), sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("twins", KEPT, nullable=False), sa.Column("common", KEPT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultation.id"], name=op.f("fk_twin_lexicon_consultation_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("consultation_id", name=op.f("pk_twin_lexicon")),
    )


def downgrade() -> None:
    op.drop_table("twin_lexicon")
    op.drop_table("contribution_word")
