"""excel csv: contributions for Excel in French, parted by semicolons"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

FORMER = ("csv", "xlsx", "docx", "pdf", "md", "zip")
NOW = ("csv", "excel.csv", "xlsx", "docx", "pdf", "md", "zip")
CHECK = "ck_export_format"
export = sa.table("export", sa.column("format"), sa.column("kind"))


def upgrade() -> None:
    allow(NOW)


def downgrade() -> None:
    """Such a file was made for whoever asked: its row goes with the format, and the contributions are exported again."""
    op.execute(sa.delete(export).where(export.c.format == "excel.csv"))
    allow(FORMER)


def allow(formats: tuple[str, ...]) -> None:
    with op.batch_alter_table("export") as batch:
        batch.drop_constraint(op.f(CHECK), type_="check")
        batch.create_check_constraint(op.f(CHECK), sa.column("format").in_(formats))
