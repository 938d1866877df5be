"""registrations: what was typed to ask for an account that nobody has confirmed, in rows of its own until somebody does

A password that was typed before this revision was typed by nobody knows whom: its row has a key that no browser holds. Going down, the
last password typed is that of the account again.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
user = sa.table("user", *map(sa.column, ("id", "name", "language", "password", "confirmed_at", "created_at")))
registration = sa.table(
    "registration", sa.column("id"), sa.column("user_id"), sa.column("browser_key"), sa.column("name"), sa.column("language"),
    sa.column("password"), sa.column("created_at"),
)


def upgrade() -> None:
    op.create_table("registration",
        sa.Column("id", Id, nullable=False),
        sa.Column("user_id", Id, nullable=False),
        sa.Column("browser_key", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("language", sa.String(3), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user.id"], name=op.f("fk_registration_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registration")),
        sa.UniqueConstraint("browser_key", name=op.f("uq_registration_browser_key")),
    )
    op.create_index("ix_registration_user_id", "registration", ["user_id"])
    connection = op.get_bind()
    unconfirmed = sa.select(user).where(user.c.confirmed_at.is_(None)).order_by(user.c.id)
    rows = [{"user_id": row.id, "browser_key": secrets.token_urlsafe(24), "name": row.name, "language": row.language,
             "password": row.password, "created_at": row.created_at} for row in connection.execute(unconfirmed)]
    if rows:
        connection.execute(sa.insert(registration), rows)
    connection.execute(sa.update(user).where(user.c.confirmed_at.is_(None)).values(password=None))


def downgrade() -> None:
    last = sa.select(sa.func.max(registration.c.id)).where(registration.c.user_id == user.c.id).correlate(user).scalar_subquery()
    typed = sa.select(registration.c.password).where(registration.c.id == last).correlate(user).scalar_subquery()
    op.get_bind().execute(sa.update(user).where(user.c.confirmed_at.is_(None)).values(password=typed))
    op.drop_table("registration")
