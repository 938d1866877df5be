"""rephrasing, rephrasing_answer: other words that an author is asked for, the state in which a text awaits them; terms and promises"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes, triggers_kept

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FORMER_STATES = ("submitted", "published", "withheld", "withdrawn")
STATES = (*FORMER_STATES, "rephrasing")
OF_STATES = ("contribution", "reply", "chapter_tally", "provision_tally", "reply_tally", "item_tally", "fold_tally")
FORMER_VERDICTS = ("publish", "withhold", "restore", "redact", "show_all", "reopen", "uphold")
VERDICTS = (*FORMER_VERDICTS, "ask_to_rephrase")
OF_VERDICTS = ("moderation_decision", "reply_decision")
POINTS_TO = {"contribution": "contribution", "reply": "reply", "decision": "moderation_decision", "reply_decision": "reply_decision"}
RULES = {
    "of_one_text": "(contribution_id IS NULL) <> (reply_id IS NULL)",
    "by_its_decision": "(contribution_id IS NULL) = (decision_id IS NULL)",
    "by_its_reply_decision": "(reply_id IS NULL) = (reply_decision_id IS NULL)",
}
TERMS = {"rephrasing_days": ("7", "rephrasing_days BETWEEN 1 AND 60"), "promised_hours": ("48", "promised_hours BETWEEN 1 AND 720")}
ANSWER = ("id", "rephrasing_id", "contribution_id", "reply_id", "kind", "body", "justification", "replacement", "answered_at")
TEXTS = ("contribution", "reply")
SHOWN = {
    "contribution": "shown_body IS NOT NULL OR shown_justification IS NOT NULL OR EXISTS (SELECT 1 FROM suggested_amendment "
                    "WHERE suggested_amendment.contribution_id = contribution.id AND shown_replacement IS NOT NULL)",
    "reply": "shown_body IS NOT NULL",
}


def constrain(tables: tuple[str, ...], column: str, values: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{value}'" for value in values)
    for table in tables:
        with triggers_kept(op.get_bind(), table), op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_{column}"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_{column}"), f"{column} IN ({listed})")


def upgrade() -> None:
    constrain(OF_STATES, "state", STATES)
    constrain(OF_VERDICTS, "verdict", VERDICTS)
    for table in TEXTS:
        op.add_column(table, sa.Column("is_redacted", sa.Boolean(), server_default=sa.false(), nullable=False))
        op.add_column(table, sa.Column("rephrased_at", sa.DateTime(timezone=True), nullable=True))
        op.execute(sa.update(sa.table(table, sa.column("is_redacted", sa.Boolean))).where(sa.text(SHOWN[table])).values(is_redacted=True))
    with op.batch_alter_table("consultation") as batch:
        for name, (default, rule) in TERMS.items():
            batch.add_column(sa.Column(name, sa.Integer(), server_default=default, nullable=False))
            batch.create_check_constraint(op.f(f"ck_consultation_{name}_in_bounds"), rule)
    make_rephrasings()


def make_rephrasings() -> None:
    op.create_table(
        "rephrasing", sa.Column("id", NUMBER, nullable=False),
        *(sa.Column(f"{name}_id", NUMBER, nullable=True) for name in POINTS_TO),
        sa.Column("phrases", sa.Text(), nullable=False), sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_rephrasing_{name}")) for name, rule in RULES.items()),
        *(sa.ForeignKeyConstraint([f"{name}_id"], [f"{of}.id"], name=op.f(f"fk_rephrasing_{name}_id"), ondelete="RESTRICT")
          for name, of in POINTS_TO.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rephrasing")),
        *(sa.UniqueConstraint(f"{of}_id", name=op.f(f"uq_rephrasing_{of}_id")) for of in ("decision", "reply_decision")),
    )
    for name in TEXTS:
        op.create_index(op.f(f"ix_rephrasing_{name}_id"), "rephrasing", [f"{name}_id"])
    op.create_index("ix_rephrasing_due_at", "rephrasing", ["due_at"])
    op.create_table(
        "rephrasing_answer", sa.Column("id", NUMBER, nullable=False), sa.Column("rephrasing_id", NUMBER, nullable=False),
        *(sa.Column(f"{name}_id", NUMBER, nullable=True) for name in TEXTS),
        sa.Column("kind", sa.String(40), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("body", "justification", "replacement")),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('reworded', 'kept', 'lapsed')", name=op.f("ck_rephrasing_answer_kind")),
        sa.CheckConstraint(RULES["of_one_text"], name=op.f("ck_rephrasing_answer_of_one_text")),
        sa.CheckConstraint("(kind = 'reworded') = (trim(body) <> '')", name=op.f("ck_rephrasing_answer_words_where_reworded")),
        sa.ForeignKeyConstraint(
            ["rephrasing_id"], ["rephrasing.id"], name=op.f("fk_rephrasing_answer_rephrasing_id"), ondelete="RESTRICT"),
        *(sa.ForeignKeyConstraint([f"{name}_id"], [f"{name}.id"], name=op.f(f"fk_rephrasing_answer_{name}_id"), ondelete="RESTRICT")
          for name in TEXTS),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rephrasing_answer")),
        sa.UniqueConstraint("rephrasing_id", name=op.f("uq_rephrasing_answer_rephrasing_id")),
    )
    for name in TEXTS:
        op.create_index(op.f(f"ix_rephrasing_answer_{name}_id"), "rephrasing_answer", [f"{name}_id"])
    refuse_changes(op.get_bind(), "rephrasing")
    refuse_changes(op.get_bind(), "rephrasing_answer", ANSWER)


def refuse_to_lose() -> None:
    """The former schema knows nothing of what was asked and answered: other words than those lodged would be shown without a cause."""
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM rephrasing")):
        raise RuntimeError("rephrasing has what authors were asked, and rephrasing_answer their words. This step back is not taken: the "
                           "version before cannot keep them.")


def downgrade() -> None:
    refuse_to_lose()
    for table in ("rephrasing_answer", "rephrasing"):
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
    with op.batch_alter_table("consultation") as batch:
        for name in TERMS:
            batch.drop_constraint(op.f(f"ck_consultation_{name}_in_bounds"), type_="check")
            batch.drop_column(name)
    for table in TEXTS:
        op.drop_column(table, "is_redacted")
        op.drop_column(table, "rephrased_at")
    for table in ("chapter_tally", "provision_tally", "reply_tally", "item_tally", "fold_tally"):
        counts = sa.table(table, sa.column("state", sa.String))
        op.execute(sa.delete(counts).where(counts.c.state == "rephrasing"))  # of which none is left: counts of nothing
    constrain(OF_VERDICTS, "verdict", FORMER_VERDICTS)
    constrain(OF_STATES, "state", FORMER_STATES)
