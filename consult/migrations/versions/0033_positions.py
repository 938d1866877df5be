"""positions: contributions lodged together with one receipt; drafts know how often, and by which page, they were saved"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LASTING = ("id", "ref", "form_key", "consultation_id", "author_id", "digest", "chain_position", "chain_digest", "lodged_at")


def upgrade() -> None:
    op.add_column("contribution_draft", sa.Column("row_counter", sa.Integer(), server_default="1", nullable=False))
    op.add_column("contribution_draft", sa.Column("saved_by", sa.String(80), nullable=True))
    op.create_table(
        "position_receipt",
        sa.Column("id", NUMBER, nullable=False), sa.Column("ref", sa.String(40), nullable=False),
        sa.Column("form_key", sa.String(64), nullable=False), sa.Column("consultation_id", NUMBER, nullable=False),
        sa.Column("author_id", NUMBER, nullable=False), sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("chain_position", sa.BigInteger(), nullable=False), sa.Column("chain_digest", sa.String(64), nullable=False),
        sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_position_receipt_consultation_id"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["author_id"], ["user.id"], name=op.f("fk_position_receipt_author_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_receipt")),
        sa.UniqueConstraint("ref", name=op.f("uq_position_receipt_ref")),
        sa.UniqueConstraint("form_key", name=op.f("uq_position_receipt_form_key")),
    )
    op.create_index(op.f("ix_position_receipt_consultation_id"), "position_receipt", ["consultation_id"])
    op.create_index(op.f("ix_position_receipt_author_id"), "position_receipt", ["author_id"])
    op.create_table(
        "position_entry",
        sa.Column("id", NUMBER, nullable=False), sa.Column("position_receipt_id", NUMBER, nullable=False),
        sa.Column("contribution_id", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["position_receipt_id"], ["position_receipt.id"], name=op.f("fk_position_entry_position_receipt_id"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_position_entry_contribution_id"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_position_entry")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_position_entry_contribution_id")),
    )
    op.create_index(op.f("ix_position_entry_position_receipt_id"), "position_entry", ["position_receipt_id"])
    refuse_changes(op.get_bind(), "position_receipt", LASTING)
    refuse_changes(op.get_bind(), "position_entry")


def downgrade() -> None:
    for table in ("position_entry", "position_receipt"):
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
    op.drop_column("contribution_draft", "saved_by")
    op.drop_column("contribution_draft", "row_counter")
