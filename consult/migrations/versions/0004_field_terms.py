"""field terms: outdated translations, current keys and row counters under the names that the code and the field use"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Renamed in place: a table built anew would lose its triggers.
COLUMNS = (
    ("contribution", "place_key", "current_key"),
    *((table, "lock", "row_counter") for table in ("contribution", "anchor", "synthesis", "synthesis_item", "working_draft")),
)
JOBS = (("synthesis.tell_outcomes", "synthesis.tell_answers"),)
BY_CURRENT_KEY = ("ix_contribution_chapter_id_current_key_state", "contribution", ["chapter_id", "current_key", "state"])
BY_PLACE_KEY = ("ix_contribution_chapter_id_place_key_state", "contribution", ["chapter_id", "place_key", "state"])


def upgrade() -> None:
    move_marks("stale_twin", "outdated_translation")
    op.drop_index(BY_PLACE_KEY[0], BY_PLACE_KEY[1])
    for table, former, name in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {former} TO {name}")
    op.create_index(*BY_CURRENT_KEY)
    for former, name in JOBS:
        rename_jobs(former, name)


def downgrade() -> None:
    for former, name in JOBS:
        rename_jobs(name, former)
    op.drop_index(BY_CURRENT_KEY[0], BY_CURRENT_KEY[1])
    for table, former, name in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {name} TO {former}")
    op.create_index(*BY_PLACE_KEY)
    move_marks("outdated_translation", "stale_twin")


def rename_jobs(former: str, name: str) -> None:
    """What was promised under the former name is still done."""
    op.execute(sa.text("UPDATE job SET name = :name WHERE name = :former").bindparams(name=name, former=former))


def move_marks(former: str, name: str) -> None:
    """A table anew under its new name, with constraints and indexes named after it; no row is lost."""
    columns = ("id", "chapter_id", "key", "language", "since_id", "confirmed_at", "confirmed_by_id")
    op.create_table(name,
        sa.Column("id", Id, nullable=False),
        sa.Column("chapter_id", Id, nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("language", sa.String(length=3), nullable=False),
        sa.Column("since_id", Id, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_by_id", Id, nullable=True),
        sa.CheckConstraint("(confirmed_at IS NULL) = (confirmed_by_id IS NULL)", name=op.f(f"ck_{name}_confirmed_by_somebody")),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f(f"fk_{name}_chapter_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["confirmed_by_id"], ["user.id"], name=op.f(f"fk_{name}_confirmed_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["since_id"], ["revision.id"], name=op.f(f"fk_{name}_since_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.execute(f"INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {former}")  # noqa: S608 - our own names
    op.drop_table(former)
    op.create_index(f"ix_{name}_confirmed_by_id", name, ["confirmed_by_id"])
    op.create_index(f"ix_{name}_open", name, ["chapter_id", "language", "confirmed_at"])
    op.create_index(f"ix_{name}_since_id", name, ["since_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 0) + 1, false) FROM {name}")  # noqa: S608
