"""organisation_tally: contributions of each organisation to each chapter, to see from which sectors and regions nothing came"""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "organisation_tally",
        sa.Column("chapter_id", NUMBER, nullable=False, autoincrement=False),
        sa.Column("organisation_id", NUMBER, nullable=False, autoincrement=False), sa.Column("count", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_organisation_tally_chapter_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_tally_organisation_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("chapter_id", "organisation_id", name=op.f("pk_organisation_tally")),
    )
    op.execute("INSERT INTO organisation_tally (chapter_id, organisation_id, count) SELECT chapter_id, organisation_id, count(*) "
               "FROM contribution WHERE organisation_id IS NOT NULL GROUP BY chapter_id, organisation_id")


def downgrade() -> None:
    op.drop_table("organisation_tally")
