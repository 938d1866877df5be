"""submission requests: what is to be submitted is asked for, and called off with its reason when it cannot be sealed

A submission of before that never got its archive is sealed again: its work had been given up.
"""

import sqlalchemy as sa
from alembic import op

from consult.core.append_only import allow_changes, refuse_changes

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FAILURE = ("id", "request_id", "cause", "details", "failed_at")
SEALED_AGAIN = (
    "UPDATE job SET state = 'waiting', attempts = 0, finished_at = NULL "
    "WHERE name = 'adoption.seal_submission' AND state = 'failed'"
)


def upgrade() -> None:
    op.create_table("submission_request",
        sa.Column("id", Id, nullable=False),
        sa.Column("consultation_id", Id, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by_id", Id, nullable=False),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultation.id"], name=op.f("fk_submission_request_consultation_id"),
                                ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["requested_by_id"], ["user.id"], name=op.f("fk_submission_request_requested_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_request")),
    )
    op.create_index("ix_submission_request_consultation_id", "submission_request", ["consultation_id"])
    op.create_index("ix_submission_request_requested_by_id", "submission_request", ["requested_by_id"])
    op.create_table("submission_failure",
        sa.Column("id", Id, nullable=False),
        sa.Column("request_id", Id, nullable=False),
        sa.Column("cause", sa.Enum("document", "change", "worker", name="cause", native_enum=False, create_constraint=True, length=40),
                  nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["request_id"], ["submission_request.id"], name=op.f("fk_submission_failure_request_id"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_failure")),
        sa.UniqueConstraint("request_id", name=op.f("uq_submission_failure_request_id")),
    )
    refuse_changes(op.get_bind(), "submission_request", ())
    refuse_changes(op.get_bind(), "submission_failure", FAILURE)
    op.execute(SEALED_AGAIN)


def downgrade() -> None:
    for table in ("submission_failure", "submission_request"):
        allow_changes(op.get_bind(), table)
        op.drop_table(table)
