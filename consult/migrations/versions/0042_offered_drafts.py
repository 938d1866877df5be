"""drafts that members offer to their organisation, with their wordings and what is said of them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from consult.core import append_only

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("offered", "returned", "accepted", "lodged", "taken_back")
UNTOLD = sa.text("told_at IS NULL")


def one_of(name: str, values: tuple[str, ...], *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40), nullable=nullable)


def number(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, Id, nullable=nullable)


def small(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=False)


def moment(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def refers(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [sa.ForeignKeyConstraint([name], [f"{of}.id"], name=op.f(f"fk_{table}_{name}"), ondelete="RESTRICT")
            for name, of in columns.items()]


def upgrade() -> None:
    op.create_table(
        "offered_draft", number("id"), sa.Column("form_key", sa.String(64), nullable=False), number("organisation_id"),
        number("consultation_id"), number("author_id"), number("block_id"), small("chapter_number"), small("place"),
        one_of("state", STATES), small("last_wording"), number("contribution_id", nullable=True), moment("offered_at"),
        moment("changed_at"), moment("told_at", nullable=True), small("row_counter"),
        sa.CheckConstraint("(state = 'lodged') = (contribution_id IS NOT NULL)", name=op.f("ck_offered_draft_lodged_has_its_contribution")),
        *refers("offered_draft", organisation_id="organisation", consultation_id="consultation", author_id="user", block_id="block",
                contribution_id="contribution"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offered_draft")),
        sa.UniqueConstraint("form_key", name=op.f("uq_offered_draft_form_key")),
        sa.UniqueConstraint("contribution_id", name=op.f("uq_offered_draft_contribution_id")),
    )
    for name in ("consultation_id", "author_id", "block_id", "changed_at"):
        op.create_index(f"ix_offered_draft_{name}", "offered_draft", [name])
    in_text_order = ["organisation_id", "consultation_id", "chapter_number", "place", "id"]
    op.create_index("ix_offered_draft_in_text_order", "offered_draft", in_text_order)
    op.create_index("ix_offered_draft_organisation_id_state", "offered_draft", ["organisation_id", "state", "id"])
    op.create_index("ix_offered_draft_untold", "offered_draft", ["offered_at"], sqlite_where=UNTOLD, postgresql_where=UNTOLD)
    op.create_table(
        "draft_wording", number("id"), number("offered_draft_id"), small("number"), number("author_id"),
        sa.Column("fields", Json, nullable=False), moment("written_at"),
        *refers("draft_wording", offered_draft_id="offered_draft", author_id="user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_wording")),
        sa.UniqueConstraint("offered_draft_id", "number", name=op.f("uq_draft_wording_offered_draft_id_number")),
    )
    op.create_table(
        "draft_remark", number("id"), sa.Column("form_key", sa.String(64), nullable=False), number("offered_draft_id"),
        number("author_id"), one_of("moved_to", STATES, nullable=True), sa.Column("body", sa.Text(), nullable=False), moment("written_at"),
        sa.CheckConstraint("moved_to IS NOT NULL OR trim(body) <> ''", name=op.f("ck_draft_remark_body_not_blank")),
        *refers("draft_remark", offered_draft_id="offered_draft", author_id="user"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft_remark")), sa.UniqueConstraint("form_key", name=op.f("uq_draft_remark_form_key")),
    )
    op.create_index("ix_draft_remark_offered_draft_id_id", "draft_remark", ["offered_draft_id", "id"])
    for table in ("draft_wording", "draft_remark"):
        op.create_index(f"ix_{table}_author_id", table, ["author_id"])
        append_only.refuse_rewriting(op.get_bind(), table)


def downgrade() -> None:
    for table in ("draft_remark", "draft_wording", "offered_draft"):
        append_only.allow_changes(op.get_bind(), table)
        op.drop_table(table)
