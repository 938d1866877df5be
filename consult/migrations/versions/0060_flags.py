"""flag: what readers tell the moderators about a published text, and what became of it"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
POINTS_TO = {"contribution_id": "contribution", "reply_id": "reply", "flagged_by_id": "user"}
KEPT = ("id", "contribution_id", "reply_id", "flagged_by_id", "reason", "words", "flagged_at")
REASONS = ("conforms", "insult", "off_topic", "personal_data", "advertising", "illegal", "duplicate", "mistake")
RULES = {
    "of_one_text": "(contribution_id IS NULL) <> (reply_id IS NULL)",
    "settled_with_its_outcome": "(outcome IS NULL) = (settled_at IS NULL)", "words_not_blank": "trim(words) <> ''",
    "reason": f"reason IN ({', '.join(map(repr, REASONS))})", "outcome": "outcome IN ('kept', 'acted', 'withdrawn')",
}


def upgrade() -> None:
    op.create_table(
        "flag", sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=True),
        sa.Column("reply_id", NUMBER, nullable=True), sa.Column("flagged_by_id", NUMBER, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False), sa.Column("words", sa.Text(), nullable=False),
        sa.Column("flagged_at", sa.DateTime(timezone=True), nullable=False), sa.Column("outcome", sa.String(40), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True), sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_flag_{name}")) for name, rule in RULES.items()),
        *(sa.ForeignKeyConstraint([name], [f"{of}.id"], name=op.f(f"fk_flag_{name}"), ondelete="RESTRICT")
          for name, of in POINTS_TO.items()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
        *(sa.UniqueConstraint(name, "flagged_by_id", name=op.f(f"uq_flag_{name}_flagged_by_id"))
          for name in ("contribution_id", "reply_id")),
    )
    op.create_index("ix_flag_outcome_id", "flag", ["outcome", "id"])
    op.create_index("ix_flag_flagged_by_id_flagged_at", "flag", ["flagged_by_id", "flagged_at"])
    refuse_changes(op.get_bind(), "flag", KEPT)


def downgrade() -> None:
    if op.get_bind().scalar(sa.text("SELECT count(*) FROM flag")):
        raise RuntimeError("flag has what readers told the moderators. This step back is not taken: the version before cannot keep it.")
    allow_changes(op.get_bind(), "flag")
    op.drop_table("flag")
