"""json exports: a format of what is taken away; appeals of authors, and the verdict that upholds a decision"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes, triggers_kept

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

FORMER = ("csv", "excel.csv", "xlsx", "docx", "pdf", "md", "zip")
FORMATS = ("csv", "excel.csv", "xlsx", "docx", "pdf", "md", "json", "zip")
NAME = "ck_export_format"
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VERDICTS = ("publish", "withhold", "restore", "redact", "show_all", "reopen")
POINTS_TO = {"contribution": "contribution", "reply": "reply", "decision": "moderation_decision", "reply_decision": "reply_decision"}
RULES = {
    "of_one_text": "(contribution_id IS NULL) <> (reply_id IS NULL)",
    "against_its_decision": "(contribution_id IS NULL) = (decision_id IS NULL)",
    "against_its_reply_decision": "(reply_id IS NULL) = (reply_decision_id IS NULL)", "words_not_blank": "trim(words) <> ''",
}


def constrain(formats: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{format}'" for format in formats)
    with op.batch_alter_table("export") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), f"format IN ({listed})")


def constrain_verdicts(verdicts: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{verdict}'" for verdict in verdicts)
    for table in ("moderation_decision", "reply_decision"):
        with triggers_kept(op.get_bind(), table), op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_verdict"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_verdict"), f"verdict IN ({listed})")


def upgrade() -> None:
    constrain(FORMATS)
    constrain_verdicts((*VERDICTS, "uphold"))
    op.create_table(
        "appeal", sa.Column("id", NUMBER, nullable=False), *(sa.Column(f"{name}_id", NUMBER, nullable=True) for name in POINTS_TO),
        sa.Column("words", sa.Text(), nullable=False), sa.Column("lodged_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_appeal_{name}")) for name, rule in RULES.items()),
        *(sa.ForeignKeyConstraint([f"{name}_id"], [f"{of}.id"], name=op.f(f"fk_appeal_{name}_id"), ondelete="RESTRICT")
          for name, of in POINTS_TO.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        *(sa.UniqueConstraint(f"{of}_id", name=op.f(f"uq_appeal_{of}_id")) for of in ("contribution", "reply")),
    )
    for name in ("decision", "reply_decision"):
        op.create_index(f"ix_appeal_{name}_id", "appeal", [f"{name}_id"])
    refuse_changes(op.get_bind(), "appeal")


def refuse_to_lose() -> None:
    """The former schema knows nothing of appeals."""
    upheld = sa.column("verdict") == "uphold"
    for table, which in (("appeal", sa.true()), ("moderation_decision", upheld), ("reply_decision", upheld)):
        if op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(table)).where(which)):
            raise RuntimeError(f"{table} has appeals, or decisions on them. This step back is not taken: the version before cannot keep "
                               "them.")



def downgrade() -> None:
    refuse_to_lose()
    allow_changes(op.get_bind(), "appeal")
    op.drop_table("appeal")
    constrain_verdicts(VERDICTS)
    op.execute("DELETE FROM export WHERE format = 'json'")
    constrain(FORMER)
