"""support of contributions, and replies to them, with their decisions and their counts"""

import sqlalchemy as sa
from alembic import op

from consult.core import append_only

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("submitted", "published", "withheld", "withdrawn")
VERDICTS = ("publish", "withhold", "restore")
REASONS = ("conforms", "insult", "off_topic", "personal_data", "advertising", "illegal", "duplicate", "mistake")
REACTIONS = ("person", "organisation", "reply")
BY_A_PERSON = sa.text("organisation_id IS NULL AND withdrawn_at IS NULL")
BY_AN_ORGANISATION = sa.text("organisation_id IS NOT NULL AND withdrawn_at IS NULL")
# What stays as it was written; all else of a row may change.
SUPPORT = ("id", "contribution_id", "supporter_id", "organisation_id", "given_at")
REPLY = ("id", "ref", "form_key", "chapter_id", "contribution_id", "number", "author_id", "organisation_id", "language", "body",
         "submitted_at")
DECISION = ("id", "reply_id", "verdict", "reason", "words", "moderator_id", "decided_at")


def one_of(name: str, values: tuple[str, ...]) -> sa.Column:
    return sa.Column(name, sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40), nullable=False)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, Id, nullable=nullable)


def moment(name: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def refers(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{of}.id"], name=op.f(f"fk_{table}_{name}"), ondelete="RESTRICT")
            for name, of in columns.items()]


def make_tally(name: str, of: str, counted: sa.Column) -> None:
    op.create_table(name, number(f"{of}_id"), counted, sa.Column("count", sa.BigInteger(), nullable=False),
                    *refers(name, **{f"{of}_id": of}), sa.PrimaryKeyConstraint(f"{of}_id", counted.name, name=op.f(f"pk_{name}")))


def upgrade() -> None:
    op.create_table(
        "support", number("id"), number("contribution_id"), number("supporter_id"), number("organisation_id", nullable=True),
        moment("given_at", nullable=False), moment("withdrawn_at"),
        *refers("support", contribution_id="contribution", supporter_id="user", organisation_id="organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_support")),
    )
    for name in ("contribution_id", "supporter_id", "organisation_id"):
        op.create_index(f"ix_support_{name}", "support", [name])
    for name, where in (("supporter_id", BY_A_PERSON), ("organisation_id", BY_AN_ORGANISATION)):
        op.create_index(f"uq_support_contribution_id_{name}", "support", ["contribution_id", name], unique=True, sqlite_where=where,
                        postgresql_where=where)
    make_replies()
    make_tally("reaction_tally", "contribution", one_of("reaction", REACTIONS))
    make_tally("reply_tally", "chapter", one_of("state", STATES))
    for table, columns in (("support", SUPPORT), ("reply", REPLY), ("reply_decision", DECISION)):
        append_only.refuse_changes(op.get_bind(), table, columns)


def make_replies() -> None:
    op.create_table(
        "reply", number("id"), sa.Column("ref", sa.String(40), nullable=False), sa.Column("form_key", sa.String(64), nullable=False),
        number("chapter_id"), number("contribution_id"), sa.Column("number", sa.Integer(), nullable=False), number("author_id"),
        number("organisation_id", nullable=True), sa.Column("language", sa.String(3), nullable=False),
        sa.Column("body", sa.Text(), nullable=False), one_of("state", STATES), moment("submitted_at", nullable=False),
        moment("withdrawn_at"), moment("told_at"), sa.Column("row_counter", sa.Integer(), nullable=False),
        sa.CheckConstraint("trim(body) <> ''", name=op.f("ck_reply_body_not_blank")),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f("ck_reply_withdrawn_has_its_moment")),
        *refers("reply", chapter_id="chapter", contribution_id="contribution", author_id="user", organisation_id="organisation"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply")), sa.UniqueConstraint("ref", name=op.f("uq_reply_ref")),
        sa.UniqueConstraint("form_key", name=op.f("uq_reply_form_key")),
        sa.UniqueConstraint("contribution_id", "number", name=op.f("uq_reply_contribution_id_number")),
    )
    op.create_index("ix_reply_author_id", "reply", ["author_id"])
    op.create_index("ix_reply_organisation_id", "reply", ["organisation_id"])
    op.create_index("ix_reply_chapter_id_state_id", "reply", ["chapter_id", "state", "id"])
    op.create_table(
        "reply_decision", number("id"), number("reply_id"), one_of("verdict", VERDICTS), one_of("reason", REASONS),
        sa.Column("words", sa.Text(), nullable=False), number("moderator_id"), moment("decided_at", nullable=False), moment("written_at"),
        sa.CheckConstraint("verdict = 'publish' OR trim(words) <> ''", name=op.f("ck_reply_decision_words_unless_published")),
        *refers("reply_decision", reply_id="reply", moderator_id="user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_decision")),
    )
    op.create_index("ix_reply_decision_reply_id", "reply_decision", ["reply_id"])
    op.create_index("ix_reply_decision_moderator_id", "reply_decision", ["moderator_id"])


def downgrade() -> None:
    for table in ("reply_decision", "reply", "support"):
        append_only.allow_changes(op.get_bind(), table)
    for table in ("reply_tally", "reaction_tally", "reply_decision", "reply", "support"):
        op.drop_table(table)
