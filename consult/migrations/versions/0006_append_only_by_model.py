"""append only by model: what each model says is kept, ids included; the fault that a trigger raises names it"""

from alembic import op

from consult.core.append_only import allow_changes, make_function, refuse_changes

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FORMER_BODY = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
CONTRIBUTION = ("ref", "form_key", "chapter_id", "block_id", "block_key", "exact", "prefix", "suffix", "author_id", "organisation_id",
                "language", "kind", "comment_type", "position", "body", "justification", "submitted_at")
ANCHOR = ("contribution_id", "revision_id", "old_block_id", "anchor_class", "confidence")
RECEIPT = ("contribution_id", "digest", "issued_at")
# Table and columns that never change, where no column is named all of them; rows never go.
FORMER = (
    ("contribution", CONTRIBUTION), ("anchor", ANCHOR), ("receipt", RECEIPT),
    ("submission", ("consultation_id", "submitted_at", "chain_position", "chain_digest")),
)
NOW = (
    ("contribution", ("id", *CONTRIBUTION)), ("anchor", ("id", *ANCHOR)), ("receipt", ("id", *RECEIPT)), ("submission", ()),
    ("outdated_translation", ("id", "chapter_id", "key", "language", "since_id")),
    ("moderation_notice", ("decision_id",)),
    ("synthesis", ("id", "chapter_id")),
    ("membership", ("id", "user_id", "organisation_id", "joined_at")),
)


def upgrade() -> None:
    make_function(op.get_bind())
    for table, columns in NOW:
        refuse_changes(op.get_bind(), table, columns)


def downgrade() -> None:
    for table, _columns in NOW:
        allow_changes(op.get_bind(), table)
    for table, columns in FORMER:
        refuse_changes(op.get_bind(), table, columns)
    make_function(op.get_bind(), FORMER_BODY)
