"""revisions aligned: what became of each block and of each contribution's place, working drafts, stale twins, quoted words"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core.append_only import allow_changes, refuse_changes

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
QUOTED = ("exact", "prefix", "suffix")
# As in 0002: what never changes and never goes, with the words that a contribution quotes.
KEPT_BEFORE = ("ref", "form_key", "chapter_id", "block_id", "block_key", "author_id", "organisation_id", "language", "kind",
               "comment_type", "position", "body", "justification", "submitted_at")
ANCHOR = ("contribution_id", "revision_id", "old_block_id", "anchor_class", "confidence")


def choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def upgrade() -> None:
    op.create_table("stale_twin",
        sa.Column("id", Id, nullable=False),
        sa.Column("chapter_id", Id, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("since_id", Id, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", Id, nullable=True),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name=op.f("ck_stale_twin_confirmed_by_somebody")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_stale_twin_chapter_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["user.id"], name=op.f("fk_stale_twin_confirmed_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["since_id"], ["revision.id"], name=op.f("fk_stale_twin_since_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stale_twin"))
    )
    op.create_index("ix_stale_twin_confirmed_by_id", "stale_twin", ["confirmed_by_id"])
    op.create_index("ix_stale_twin_open", "stale_twin", ["chapter_id", "language", "confirmed_at"])
    op.create_index("ix_stale_twin_since_id", "stale_twin", ["since_id"])

    op.create_table("working_draft",
        sa.Column("id", Id, nullable=False),
        sa.Column("consultation_id", Id, nullable=False),
        sa.Column("commission_id", Id, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("corrections", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("base_id", Id, nullable=True),
        sa.Column("edited_by_id", Id, nullable=True),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["base_id"], ["revision.id"], name=op.f("fk_working_draft_base_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["commission_id"], ["commission.id"], name=op.f("fk_working_draft_commission_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_working_draft_consultation_id"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["edited_by_id"], ["user.id"], name=op.f("fk_working_draft_edited_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_draft")),
        sa.UniqueConstraint("consultation_id", "number", "language", name=op.f("uq_working_draft_consultation_id_number_language"))
    )
    op.create_index("ix_working_draft_base_id", "working_draft", ["base_id"])
    op.create_index("ix_working_draft_commission_id", "working_draft", ["commission_id"])
    op.create_index("ix_working_draft_consultation_id", "working_draft", ["consultation_id"])
    op.create_index("ix_working_draft_edited_by_id", "working_draft", ["edited_by_id"])

    op.create_table("alignment",
        sa.Column("id", Id, nullable=False),
        sa.Column("revision_id", Id, nullable=False),
        sa.Column("old_block_id", Id, nullable=True),
        sa.Column("new_block_id", Id, nullable=True),
        sa.Column("change", choice("change", "kept", "moved", "changed", "split", "merged", "new", "deleted"), nullable=False),
        sa.Column("has_moved", sa.Boolean(), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("is_by_hand", sa.Boolean(), nullable=False),
        sa.CheckConstraint("(new_block_id IS NULL) = (change = 'deleted')", name=op.f("ck_alignment_deleted_has_no_new_block")),
        sa.CheckConstraint("(old_block_id IS NULL) = (change = 'new')", name=op.f("ck_alignment_new_has_no_old_block")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_alignment_confidence_is_a_share")),
        sa.ForeignKeyConstraint(["new_block_id"], ["block.id"], name=op.f("fk_alignment_new_block_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["old_block_id"], ["block.id"], name=op.f("fk_alignment_old_block_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_alignment_revision_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alignment")),
        sa.UniqueConstraint("revision_id", "old_block_id", "new_block_id", name=op.f("uq_alignment_revision_id_old_block_id_new_block_id"))
    )
    op.create_index("ix_alignment_new_block_id", "alignment", ["new_block_id"])
    op.create_index("ix_alignment_old_block_id", "alignment", ["old_block_id"])
    op.create_index("ix_alignment_revision_id", "alignment", ["revision_id"])

    op.create_table("anchor",
        sa.Column("id", Id, nullable=False),
        sa.Column("contribution_id", Id, nullable=False),
        sa.Column("revision_id", Id, nullable=False),
        sa.Column("old_block_id", Id, nullable=False),
        sa.Column("block_id", Id, nullable=True),
        sa.Column("anchor_class", choice("anchor_class", "kept", "moved", "changed", "deleted"), nullable=False),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("quote", choice("quote", "none", "found", "close", "lost"), nullable=False),
        sa.Column("exact", sa.Text(), nullable=False),
        sa.Column("state", choice("state", "proposed", "confirmed", "reattached", "left"), nullable=False),
        sa.Column("decided_by_id", Id, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lock", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state IN ('proposed', 'left')) OR decided_at IS NOT NULL", name=op.f("ck_anchor_decided_has_its_moment")),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name=op.f("ck_anchor_confidence_is_a_share")),
        sa.ForeignKeyConstraint(["block_id"], ["block.id"], name=op.f("fk_anchor_block_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["contribution_id"], ["contribution.id"], name=op.f("fk_anchor_contribution_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_anchor_decided_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["old_block_id"], ["block.id"], name=op.f("fk_anchor_old_block_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_anchor_revision_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_anchor")),
        sa.UniqueConstraint("contribution_id", "revision_id", name=op.f("uq_anchor_contribution_id_revision_id"))
    )
    op.create_index("ix_anchor_block_id", "anchor", ["block_id"])
    op.create_index("ix_anchor_decided_by_id", "anchor", ["decided_by_id"])
    op.create_index("ix_anchor_revision_id_state_anchor_class", "anchor", ["revision_id", "state", "anchor_class"])

    op.add_column("contribution", sa.Column("place_key", sa.String(length=80), nullable=True))
    for name in QUOTED:
        op.add_column("contribution", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.drop_index("ix_contribution_chapter_id_block_key_state", "contribution")
    op.create_index("ix_contribution_chapter_id_place_key_state", "contribution", ["chapter_id", "place_key", "state"])
    op.execute("UPDATE contribution SET place_key = block_key")
    connection = op.get_bind()
    refuse_changes(connection, "contribution", (*KEPT_BEFORE, *QUOTED))
    refuse_changes(connection, "alignment")
    refuse_changes(connection, "anchor", ANCHOR)


def downgrade() -> None:
    connection = op.get_bind()
    allow_changes(connection, "contribution")
    op.drop_index("ix_contribution_chapter_id_place_key_state", "contribution")
    op.create_index("ix_contribution_chapter_id_block_key_state", "contribution", ["chapter_id", "block_key", "state"])
    for name in ("place_key", *QUOTED):
        op.execute(f"ALTER TABLE contribution DROP COLUMN {name}")  # in place: a table built anew would lose its triggers
    refuse_changes(connection, "contribution", KEPT_BEFORE)
    for table in ("anchor", "alignment", "working_draft", "stale_twin"):
        op.drop_table(table)
