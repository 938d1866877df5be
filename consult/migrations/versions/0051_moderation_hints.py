"""moderation_hint: what a text may give a moderator to think of, and who put it aside"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLE = "moderation_hint"
KINDS = "kind IN ('card', 'telephone', 'mail', 'street', 'account', 'insult', 'spam', 'language')"


def number(name: str) -> sa.Column:
    return sa.Column(name, NUMBER, nullable=True)


def upgrade() -> None:
    op.create_table(
        TABLE, sa.Column("id", NUMBER, nullable=False), number("contribution_id"), number("reply_id"),
        sa.Column("kind", sa.String(40), nullable=False), sa.Column("part", sa.String(40), nullable=False),
        sa.Column("begins", sa.Integer(), nullable=False), sa.Column("ends", sa.Integer(), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True), number("dismissed_by_id"),
        sa.CheckConstraint(KINDS, name=op.f("ck_moderation_hint_kind")),
        sa.CheckConstraint("part IN ('body', 'justification', 'replacement')", name=op.f("ck_moderation_hint_part")),
        sa.CheckConstraint("(contribution_id IS NULL) <> (reply_id IS NULL)", name=op.f("ck_moderation_hint_of_one_text")),
        sa.CheckConstraint("(dismissed_at IS NULL) = (dismissed_by_id IS NULL)", name=op.f("ck_moderation_hint_dismissed_by_somebody")),
        *(sa.ForeignKeyConstraint([f"{name}_id"], [f"{of}.id"], name=op.f(f"fk_moderation_hint_{name}_id"), ondelete="RESTRICT")
          for name, of in (("contribution", "contribution"), ("reply", "reply"), ("dismissed_by", "user"))),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_moderation_hint")),
        *(sa.UniqueConstraint(f"{of}_id", "part", "kind", "begins", name=op.f(f"uq_moderation_hint_{of}_id_part_kind_begins"))
          for of in ("contribution", "reply")),
    )
    op.create_index("ix_moderation_hint_dismissed_by_id", TABLE, ["dismissed_by_id"])
    refuse_changes(op.get_bind(), TABLE, ("id", "contribution_id", "reply_id", "kind", "part", "begins", "ends"))


def downgrade() -> None:
    allow_changes(op.get_bind(), TABLE)
    op.drop_table(TABLE)
