"""exports: what waits to be made is a job of the room that makes it"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

JOBS = (("adoption.make_export", "exports.make_export"),)


def upgrade() -> None:
    for former, name in JOBS:
        rename_jobs(former, name)


def downgrade() -> None:
    for former, name in JOBS:
        rename_jobs(name, former)


def rename_jobs(former: str, name: str) -> None:
    """What was promised under the former name is still done."""
    op.execute(sa.text("UPDATE job SET name = :name WHERE name = :former").bindparams(name=name, former=former))
