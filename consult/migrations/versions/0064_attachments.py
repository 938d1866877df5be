"""attachment, attachment_words, draft_file: files that go with a contribution, and with what is not lodged yet"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core.append_only import allow_changes, refuse_changes

revision = "0064"
down_revision = "0063"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
KINDS = ("pdf", "docx", "xlsx", "odt", "png", "jpeg")
FORMER = ("id", "ref", "form_key", "chapter_id", "block_id", "block_key", "exact", "prefix", "suffix", "author_id", "organisation_id",
          "language", "kind", "comment_type", "position", "body", "justification", "submitted_at",
          "origin", "received_at")


def to(table: str, column: str, target: str, ondelete: str = "RESTRICT") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)


def what_a_file_is(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("name", sa.String(120), nullable=False), sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False), sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("is_confidential", sa.Boolean(), nullable=False),
        sa.CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name=op.f(f"ck_{table}_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.create_table(
        "draft_file",
        sa.Column("id", NUMBER, nullable=False), sa.Column("draft_id", NUMBER, nullable=True),
        sa.Column("offered_draft_id", NUMBER, nullable=True), *what_a_file_is("draft_file"),
        sa.Column("told", KEPT, nullable=False), sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(draft_id IS NULL) <> (offered_draft_id IS NULL)", name=op.f("ck_draft_file_of_one_draft")),
        to("draft_file", "draft_id", "contribution_draft", "CASCADE"), to("draft_file", "offered_draft_id", "offered_draft", "CASCADE"),
    )
    for column in ("draft_id", "offered_draft_id", "sha256"):
        op.create_index(op.f(f"ix_draft_file_{column}"), "draft_file", [column])
    op.create_table(
        "attachment",
        sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False), *what_a_file_is("attachment"),
        to("attachment", "contribution_id", "contribution"),
        sa.UniqueConstraint("contribution_id", "number", name=op.f("uq_attachment_contribution_id_number")),
    )
    op.create_index(op.f("ix_attachment_sha256"), "attachment", ["sha256"])
    refuse_changes(op.get_bind(), "attachment")
    op.create_table(
        "attachment_words",
        sa.Column("attachment_id", NUMBER, nullable=False), sa.Column("words", sa.Text(), nullable=False),
        to("attachment_words", "attachment_id", "attachment"),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachment_words")),
    )
    op.add_column("contribution", sa.Column("files_count", sa.Integer(), server_default="0", nullable=False))
    refuse_changes(op.get_bind(), "contribution", (*FORMER, "files_count"))


def refuse_to_lose() -> None:
    """The version before knows of no files, and could not show that what was lodged with some is what its receipt says."""
    if op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table("attachment"))):
        raise RuntimeError("Files were lodged with contributions. This step back is not taken: the version before cannot keep them.")


def downgrade() -> None:
    refuse_to_lose()
    allow_changes(op.get_bind(), "contribution")
    op.drop_column("contribution", "files_count")
    refuse_changes(op.get_bind(), "contribution", FORMER)
    op.drop_table("attachment_words")
    allow_changes(op.get_bind(), "attachment")
    op.drop_table("attachment")
    op.drop_table("draft_file")
