"""decision_notice: who was told what the Council decided"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import refuse_changes

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decision_notice",
        sa.Column("id", NUMBER, nullable=False), sa.Column("decision_id", NUMBER, nullable=False),
        sa.Column("author_id", NUMBER, nullable=False), sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["adoption_decision.id"], name=op.f("fk_decision_notice_decision_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_decision_notice_author_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision_notice")),
        sa.UniqueConstraint("decision_id", "author_id", name=op.f("uq_decision_notice_decision_id_author_id")),
    )
    for column in ("decision_id", "author_id"):
        op.create_index(op.f(f"ix_decision_notice_{column}"), "decision_notice", [column])
    refuse_changes(op.get_bind(), "decision_notice")


def downgrade() -> None:
    op.drop_table("decision_notice")
