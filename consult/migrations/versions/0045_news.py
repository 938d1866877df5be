"""news: what each person chooses to be told and follows, what waits to be told, which closings were announced; how letters are stopped"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TOPICS = ("contributions", "replies", "organisation", "followed", "deadlines", "publications", "receipt", "decision", "belonging",
          "invited", "account", "charge", "gathered")
FREQUENCIES = ("immediately", "daily", "weekly", "never")
REASONS = ("outdated", "replaced", "expired", "otherwise")


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(map(repr, values))})"


def to_user(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f(f"fk_{table}_user_id"), ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        "news_choice",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("topic", sa.String(40), nullable=False), sa.Column("frequency", sa.String(40), nullable=False),
        sa.CheckConstraint(one_of("topic", TOPICS), name=op.f("ck_news_choice_topic")),
        sa.CheckConstraint(one_of("frequency", FREQUENCIES), name=op.f("ck_news_choice_frequency")),
        to_user("news_choice"), sa.PrimaryKeyConstraint("id", name=op.f("pk_news_choice")),
        sa.UniqueConstraint("user_id", "topic", name=op.f("uq_news_choice_user_id_topic")),
    )
    op.create_table(
        "follow",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("chapter_id", NUMBER, nullable=False),
        sa.Column("key", sa.String(80), nullable=False), sa.Column("followed_at", MOMENT, nullable=False),
        to_user("follow"),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_follow_chapter_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_follow")),
        sa.UniqueConstraint("user_id", "chapter_id", "key", name=op.f("uq_follow_user_id_chapter_id_key")),
    )
    op.create_index("ix_follow_chapter_id_key", "follow", ["chapter_id", "key", "user_id"])
    op.create_table(
        "news_item",
        sa.Column("id", NUMBER, nullable=False), sa.Column("user_id", NUMBER, nullable=False),
        sa.Column("topic", sa.String(40), nullable=False), sa.Column("matter", sa.String(80), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False), sa.Column("mark", sa.String(64), nullable=False),
        sa.Column("facts", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False), sa.Column("told_at", MOMENT, nullable=True),
        sa.CheckConstraint(one_of("topic", TOPICS), name=op.f("ck_news_item_topic")),
        to_user("news_item"), sa.PrimaryKeyConstraint("id", name=op.f("pk_news_item")),
        sa.UniqueConstraint("user_id", "matter", "subject_id", "mark", name=op.f("uq_news_item_user_id_matter_subject_id_mark")),
    )
    op.create_index("ix_news_item_due", "news_item", ["due_at", "user_id"], sqlite_where=sa.text("told_at IS NULL"),
                    postgresql_where=sa.text("told_at IS NULL"))
    op.create_index("ix_news_item_happened_at", "news_item", ["happened_at"])
    op.create_table(
        "closing_notice",
        sa.Column("id", NUMBER, nullable=False), sa.Column("round_id", NUMBER, nullable=False),
        sa.Column("closes_at", MOMENT, nullable=False), sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("noted_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name=op.f("fk_closing_notice_round_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing_notice")),
        sa.UniqueConstraint("round_id", "closes_at", "days", name=op.f("uq_closing_notice_round_id_closes_at_days")),
    )
    check_reasons((*REASONS, "unwanted"))
    op.add_column("outgoing_mail", sa.Column("stop_url", sa.Text(), nullable=True))


def check_reasons(reasons: tuple[str, ...]) -> None:
    with op.batch_alter_table("outgoing_mail") as batch:
        batch.drop_constraint(op.f("ck_outgoing_mail_drop_reason"), type_="check")
        batch.create_check_constraint(op.f("ck_outgoing_mail_drop_reason"), one_of("drop_reason", reasons))


def downgrade() -> None:
    """What was dropped as unwanted is told of as it was before: it was told otherwise."""
    op.drop_column("outgoing_mail", "stop_url")
    op.execute(sa.text("UPDATE outgoing_mail SET drop_reason = 'otherwise' WHERE drop_reason = 'unwanted'"))
    check_reasons(REASONS)
    for table in ("closing_notice", "news_item", "follow", "news_choice"):
        op.drop_table(table)
