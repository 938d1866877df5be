"""fold, fold_member, fold_run, fold_link, fold_choice, fold_tally: what says the same, and what people decided of it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core.append_only import refuse_changes

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
REASONS = ("less", "position", "place", "wording", "turn")
CHOICES = ("part", "join")
SCOPES = ("organisations", "participants", "chapter", "item", "fold")
STATES = ("submitted", "published", "withheld", "withdrawn")


def to(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete="RESTRICT")


def one_of(table: str, column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    return sa.CheckConstraint(f"{column} IN ({', '.join(map(repr, values))})", name=op.f(f"ck_{table}_{column}"))


def upgrade() -> None:
    make_folds()
    make_what_is_found()
    make_what_people_decide()
    put_scopes(SCOPES)


def make_folds() -> None:
    op.create_table(
        "fold",
        sa.Column("id", NUMBER, nullable=False), sa.Column("chapter_id", NUMBER, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False), sa.Column("core_id", NUMBER, nullable=False),
        to("fold", "chapter_id", "chapter"), to("fold", "core_id", "contribution"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fold")),
        sa.UniqueConstraint("chapter_id", "number", name=op.f("uq_fold_chapter_id_number")),
    )
    op.create_index(op.f("ix_fold_core_id"), "fold", ["core_id"])
    op.create_table(
        "fold_member",
        sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=False),
        sa.Column("chapter_id", NUMBER, nullable=False), sa.Column("fold_id", NUMBER, nullable=True),
        sa.Column("own_words", sa.Integer(), nullable=False), sa.Column("is_representative", sa.Boolean(), nullable=False),
        to("fold_member", "contribution_id", "contribution"), to("fold_member", "chapter_id", "chapter"),
        to("fold_member", "fold_id", "fold"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fold_member")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_fold_member_contribution_id")),
    )
    op.create_index("ix_fold_member_fold_id_id", "fold_member", ["fold_id", "id"])
    op.create_index("ix_fold_member_chapter_id_id", "fold_member", ["chapter_id", "id"])


def make_what_is_found() -> None:
    op.create_table(
        "fold_run",
        sa.Column("chapter_id", NUMBER, nullable=False), sa.Column("run", sa.BigInteger(), nullable=False),
        sa.Column("contribution_id", NUMBER, nullable=False),
        to("fold_run", "chapter_id", "chapter"), to("fold_run", "contribution_id", "contribution"),
        sa.PrimaryKeyConstraint("chapter_id", "run", "contribution_id", name=op.f("pk_fold_run")),
    )
    op.create_index(op.f("ix_fold_run_contribution_id"), "fold_run", ["contribution_id"])
    op.create_table(
        "fold_link",
        sa.Column("contribution_id", NUMBER, nullable=False), sa.Column("other_id", NUMBER, nullable=False),
        sa.Column("reason", sa.String(40), nullable=False), sa.Column("resemblance", sa.Double(), nullable=False),
        sa.Column("words", KEPT, nullable=False), one_of("fold_link", "reason", REASONS),
        to("fold_link", "contribution_id", "contribution"), to("fold_link", "other_id", "contribution"),
        sa.PrimaryKeyConstraint("contribution_id", "other_id", name=op.f("pk_fold_link")),
    )
    op.create_index(op.f("ix_fold_link_other_id"), "fold_link", ["other_id"])


def make_what_people_decide() -> None:
    op.create_table(
        "fold_choice",
        sa.Column("id", NUMBER, nullable=False), sa.Column("contribution_id", NUMBER, nullable=False),
        sa.Column("choice", sa.String(40), nullable=False), sa.Column("fold_id", NUMBER, nullable=False),
        sa.Column("chosen_by_id", NUMBER, nullable=False), sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        one_of("fold_choice", "choice", CHOICES), to("fold_choice", "contribution_id", "contribution"),
        to("fold_choice", "fold_id", "fold"), to("fold_choice", "chosen_by_id", "user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fold_choice")),
    )
    for column in ("contribution_id", "fold_id", "chosen_by_id"):
        op.create_index(op.f(f"ix_fold_choice_{column}"), "fold_choice", [column])
    refuse_changes(op.get_bind(), "fold_choice")
    op.create_table(
        "fold_tally",
        sa.Column("chapter_id", NUMBER, nullable=False), sa.Column("fold_id", NUMBER, nullable=False),
        sa.Column("item_id", NUMBER, nullable=False), sa.Column("state", sa.String(40), nullable=False),
        sa.Column("adds_words", sa.Boolean(), nullable=False), sa.Column("count", sa.BigInteger(), nullable=False),
        one_of("fold_tally", "state", STATES),
        to("fold_tally", "chapter_id", "chapter"), to("fold_tally", "fold_id", "fold"),
        sa.PrimaryKeyConstraint("chapter_id", "fold_id", "item_id", "state", "adds_words", name=op.f("pk_fold_tally")),
    )
    op.create_index(op.f("ix_fold_tally_fold_id"), "fold_tally", ["fold_id"])


def put_scopes(scopes: tuple[str, ...]) -> None:
    for table in ("respondent_tally", "respondent_count"):
        with op.batch_alter_table(table) as batch:
            batch.drop_constraint(op.f(f"ck_{table}_scope"), type_="check")
            batch.create_check_constraint(op.f(f"ck_{table}_scope"), f"scope IN ({', '.join(map(repr, scopes))})")


def downgrade() -> None:
    for table in ("respondent_tally", "respondent_count"):
        counts = sa.table(table, sa.column("scope", sa.String))
        op.execute(sa.delete(counts).where(counts.c.scope == "fold"))
    put_scopes(SCOPES[:-1])
    for table in ("fold_tally", "fold_choice", "fold_link", "fold_run", "fold_member", "fold"):
        op.drop_table(table)
