"""forgotten people: what was erased, when and why; when an account was used last; what a person is erased with may go

Memberships, and that somebody in charge was told something, go with the person whom they tell of; the journal tells of each membership.
"""

import sqlalchemy as sa
from alembic import op

from consult.core import append_only

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COLUMNS = ("signed_in_at", "warned_at", "forgotten_at")
NO_LONGER_KEPT = {"membership": ("id", "user_id", "organisation_id", "joined_at"), "staff_letter": (), "staff_news": ()}


def upgrade() -> None:
    for name in COLUMNS:
        op.add_column("user", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for table in NO_LONGER_KEPT:
        append_only.allow_changes(op.get_bind(), table)
    op.create_table("erasure",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Enum("own_wish", "request", "unconfirmed", "dormant", "restored", name="cause", native_enum=False,
                                   length=40, create_constraint=True), nullable=False),
        sa.Column("identity_check", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_by_id", Id, nullable=True),
        sa.CheckConstraint("cause <> 'request' OR (trim(identity_check) <> '' AND trim(reason) <> '' AND decided_by_id IS NOT NULL)",
                           name=op.f("ck_erasure_a_request_is_told_of")),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_erasure_user_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user.id"], name=op.f("fk_erasure_decided_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("user_id", name=op.f("uq_erasure_user_id")),
    )
    op.create_index("ix_erasure_decided_by_id", "erasure", ["decided_by_id"])
    append_only.refuse_changes(op.get_bind(), "erasure")
    op.create_index("ix_outgoing_mail_recipient", "outgoing_mail", ["recipient"])


def downgrade() -> None:
    op.drop_index("ix_outgoing_mail_recipient", "outgoing_mail")
    append_only.allow_changes(op.get_bind(), "erasure")
    op.drop_table("erasure")
    for table, columns in NO_LONGER_KEPT.items():
        append_only.refuse_changes(op.get_bind(), table, columns)
    for name in COLUMNS:
        op.drop_column("user", name)
