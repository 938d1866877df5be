"""append only: the database itself refuses to rewrite or erase what was said, published, decided or recorded"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

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
    if op.get_bind().dialect.name == "sqlite":
        for statement in sqlite_triggers():
            op.execute(statement)
    else:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
        for statement in postgresql_triggers():
            op.execute(statement)


def sqlite_triggers():
    refuse = "BEGIN SELECT RAISE(ABORT, '{0} is append-only'); END"
    for table in FROZEN:
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} " + refuse.format(table)
    for table, columns in KEPT:
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {', '.join(columns)} ON {table} " + refuse.format(table)
    for table in (*FROZEN, *(table for table, _ in KEPT)):
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} " + refuse.format(table)


def postgresql_triggers():
    run = "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    for table in FROZEN:
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {run}"
    for table, columns in KEPT:
        yield f"CREATE TRIGGER {table}_no_update BEFORE UPDATE OF {', '.join(columns)} ON {table} {run}"
    for table in (*FROZEN, *(table for table, _ in KEPT)):
        yield f"CREATE TRIGGER {table}_no_delete BEFORE DELETE OR TRUNCATE ON {table} {run}"


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    for table in (*FROZEN, *(table for table, _ in KEPT)):
        for act in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{act}" + ("" if sqlite else f" ON {table}"))
    if not sqlite:
        op.execute("DROP FUNCTION refuse_change()")
