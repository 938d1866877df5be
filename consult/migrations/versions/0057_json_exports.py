"""json exports: a format of what is taken away"""

from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

FORMER = ("csv", "excel.csv", "xlsx", "docx", "pdf", "md", "zip")
FORMATS = ("csv", "excel.csv", "xlsx", "docx", "pdf", "md", "json", "zip")
NAME = "ck_export_format"


def constrain(formats: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{format}'" for format in formats)
    with op.batch_alter_table("export") as batch:
        batch.drop_constraint(op.f(NAME), type_="check")
        batch.create_check_constraint(op.f(NAME), f"format IN ({listed})")


def upgrade() -> None:
    constrain(FORMATS)


def downgrade() -> None:
    op.execute("DELETE FROM export WHERE format = 'json'")
    constrain(FORMER)
