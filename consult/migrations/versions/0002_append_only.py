"""append only: the database itself refuses to rewrite or erase what was said, published, decided or recorded"""

from alembic import op

from consult.core.append_only import allow_changes, make_function, refuse_changes

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BODY = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END"
# Rows that never change once written.
FROZEN = ("audit_event", "audit_seal", "revision", "block", "suggested_amendment", "moderation_decision", "extension",
          "submission_archive", "adoption_decision", "synthesis_notice", "synthesis_reopening")
# Rows that never go, and whose words never change: table, columns.
KEPT = (
    ("contribution", ("ref", "form_key", "chapter_id", "block_id", "block_key", "author_id", "organisation_id", "language", "kind",
                      "comment_type", "position", "body", "justification", "submitted_at")),
    ("receipt", ("contribution_id", "digest", "issued_at")),
    ("submission", ("consultation_id", "submitted_at", "chain_position", "chain_digest")),
)


def upgrade() -> None:
    connection = op.get_bind()
    make_function(connection, BODY)
    for table, columns in tables():
        refuse_changes(connection, table, columns)


def tables():
    return *((table, ()) for table in FROZEN), *KEPT


def downgrade() -> None:
    connection = op.get_bind()
    for table, _columns in tables():
        allow_changes(connection, table)
    if connection.dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")
