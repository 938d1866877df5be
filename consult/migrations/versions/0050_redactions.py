"""redaction: words that a decision took out of the public's sight, the texts shown without them; verdicts that hide, show, take back"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes, triggers_kept

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FORMER = ("publish", "withhold", "restore")
VERDICTS = (*FORMER, "redact", "show_all", "reopen")
WORDS = "verdict = 'publish' OR verdict = 'reopen' OR trim(words) <> ''"
FORMER_WORDS = "verdict = 'publish' OR trim(words) <> ''"
DECISIONS = ("moderation_decision", "reply_decision")
SHOWN = {"contribution": ("shown_body", "shown_justification"), "suggested_amendment": ("shown_replacement",), "reply": ("shown_body",)}
AMENDMENT = ("id", "contribution_id", "replacement")


def constrain(verdicts: tuple[str, ...], words: str) -> None:
    listed = ", ".join(f"'{verdict}'" for verdict in verdicts)
    for table in DECISIONS:
        with triggers_kept(op.get_bind(), table), op.batch_alter_table(table) as batch:
            for name, rule in (("verdict", f"verdict IN ({listed})"), ("words_unless_published", words)):
                batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), rule)


def upgrade() -> None:
    constrain(VERDICTS, WORDS)
    for table, columns in SHOWN.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.Text(), nullable=True))
    refuse_changes(op.get_bind(), "suggested_amendment", AMENDMENT)
    op.create_table(
        "redaction", sa.Column("id", NUMBER, nullable=False), sa.Column("decision_id", NUMBER, nullable=True),
        sa.Column("reply_decision_id", NUMBER, nullable=True), sa.Column("part", sa.String(40), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False), sa.Column("ends", sa.Integer(), nullable=False),
        sa.CheckConstraint("part IN ('body', 'justification', 'replacement')", name=op.f("ck_redaction_part")),
        sa.CheckConstraint("(decision_id IS NULL) <> (reply_decision_id IS NULL)", name=op.f("ck_redaction_of_one_decision")),
        sa.CheckConstraint("0 <= begins AND begins < ends", name=op.f("ck_redaction_not_empty")),
        sa.ForeignKeyConstraint(["decision_id"], ["moderation_decision.id"], name=op.f("fk_redaction_decision_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["reply_decision_id"], ["reply_decision.id"], name=op.f("fk_redaction_reply_decision_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_redaction")),
    )
    op.create_index("ix_redaction_decision_id", "redaction", ["decision_id"])
    op.create_index("ix_redaction_reply_decision_id", "redaction", ["reply_decision_id"])
    refuse_changes(op.get_bind(), "redaction")


def refuse_to_lose() -> None:
    """The former schema knows nothing of these decisions: what they hid would be read by everybody again."""
    later = [verdict for verdict in VERDICTS if verdict not in FORMER]
    for table in DECISIONS:
        if op.get_bind().scalar(sa.select(sa.func.count()).select_from(sa.table(table)).where(sa.column("verdict").in_(later))):
            raise RuntimeError(f"{table} has decisions that hide words, show them again, or take a decision back. This step back is not "
                               "taken: the version before cannot keep them.")



def downgrade() -> None:
    refuse_to_lose()
    allow_changes(op.get_bind(), "redaction")
    op.drop_table("redaction")
    for table, columns in SHOWN.items():
        for column in columns:
            op.drop_column(table, column)
    refuse_changes(op.get_bind(), "suggested_amendment")
    constrain(FORMER, FORMER_WORDS)
