"""bodies: which entry of an organisation is merged into which; what whoever signs for one declares of its interests"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import triggers_kept

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
INTEREST = "interest IN ('none', 'some')"
WORDS = "(interest IS NOT NULL AND interest = 'some') = (trim(interests) <> '')"


def upgrade() -> None:
    with op.batch_alter_table("organisation") as batch:
        batch.add_column(sa.Column("merged_into_id", NUMBER, nullable=True))
        batch.create_foreign_key(op.f("fk_organisation_merged_into_id"), "organisation", ["merged_into_id"], ["id"], ondelete="RESTRICT")
        batch.create_check_constraint(op.f("ck_organisation_merged_into_another"), "merged_into_id <> id")
    op.create_index("ix_organisation_merged_into_id", "organisation", ["merged_into_id"])
    with triggers_kept(op.get_bind(), "declaration"), op.batch_alter_table("declaration") as batch:
        batch.add_column(sa.Column("interest", sa.String(40), nullable=True))
        batch.add_column(sa.Column("interests", sa.Text(), nullable=False, server_default=""))
        batch.create_check_constraint(op.f("ck_declaration_interest"), INTEREST)
        batch.create_check_constraint(op.f("ck_declaration_interests_in_words"), WORDS)


def downgrade() -> None:
    with triggers_kept(op.get_bind(), "declaration"), op.batch_alter_table("declaration") as batch:
        batch.drop_constraint(op.f("ck_declaration_interests_in_words"), type_="check")
        batch.drop_constraint(op.f("ck_declaration_interest"), type_="check")
        batch.drop_column("interests")
        batch.drop_column("interest")
    op.drop_index("ix_organisation_merged_into_id", "organisation")
    with op.batch_alter_table("organisation") as batch:
        batch.drop_constraint(op.f("ck_organisation_merged_into_another"), type_="check")
        batch.drop_constraint(op.f("fk_organisation_merged_into_id"), type_="foreignkey")
        batch.drop_column("merged_into_id")
