"""kept counts: of passages, chapters, items and respondents, in place of the tallies of blocks; orders that lists are read in"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
STATES = ("submitted", "published", "withheld", "withdrawn")
PLACES = ("shown", "left", "gone_on")
SCOPES = ("organisations", "participants", "chapter", "item")
POSITIONS = ("in_favour", "in_favour_with_changes", "opposed", "neutral")
LINK = "ix_item_contribution_item_id"
SHOWN_BEFORE, SHOWN = "ix_contribution_chapter_id_current_key_state", "ix_contribution_chapter_id_current_key_id"
ACTS = "ix_audit_event_actor_id_at"
TABLES = ("item_tally", "provision_tally", "chapter_tally", "respondent_count", "respondent_tally")

# Counted as the tables are that day. Each contribution is told of one passage, and counted where it went on from besides.
AT = (
    ("coalesce(c.current_key, c.block_key)", "CASE WHEN c.current_key IS NULL THEN 'left' ELSE 'shown' END", ""),
    ("c.block_key", "'gone_on'", "WHERE c.current_key <> c.block_key"),
)
PROVISIONS = """
    INSERT INTO provision_tally (chapter_id, key, place, state, is_amending, count)
    SELECT c.chapter_id, {key}, {place}, c.state, a.id IS NOT NULL, count(*)
    FROM contribution c LEFT JOIN suggested_amendment a ON a.contribution_id = c.id {where}
    GROUP BY 1, 2, 3, 4, 5
"""
ITEMS = """
    INSERT INTO item_tally (item_id, key, place, state, position, count)
    SELECT l.item_id, {key}, {place}, c.state, c.position, count(*)
    FROM item_contribution l JOIN contribution c ON c.id = l.contribution_id {where}
    GROUP BY 1, 2, 3, 4, 5
"""
CHAPTERS = """
    INSERT INTO chapter_tally (chapter_id, state, category, count)
    SELECT c.chapter_id, c.state, coalesce(o.category, 'own_name'), count(*)
    FROM contribution c LEFT JOIN organisation o ON o.id = c.organisation_id
    GROUP BY c.chapter_id, c.state, coalesce(o.category, 'own_name')
"""
RESPONDENTS = """
    INSERT INTO respondent_tally (scope, scope_id, category, respondent_id, count)
    SELECT '{scope}', {of}, {category}, {who}, count(*)
    FROM contribution c JOIN chapter h ON h.id = c.chapter_id LEFT JOIN organisation o ON o.id = c.organisation_id {join}
    WHERE c.state = 'published' AND {who} IS NOT NULL
    GROUP BY 1, 2, 3, 4
"""
SPEAKS = {"category": "coalesce(o.category, 'own_name')", "who": "coalesce(c.organisation_id, c.author_id)"}
WHO = (
    {"scope": "organisations", "of": "h.consultation_id", "category": "''", "who": "c.organisation_id", "join": ""},
    {"scope": "participants", "of": "h.consultation_id", "category": "''", "who": "c.author_id", "join": ""},
    {"scope": "chapter", "of": "c.chapter_id", **SPEAKS, "join": ""},
    {"scope": "item", "of": "l.item_id", **SPEAKS, "join": "JOIN item_contribution l ON l.contribution_id = c.id"},
)
COUNTED = """
    INSERT INTO respondent_count (scope, scope_id, category, slot, count)
    SELECT scope, scope_id, category, respondent_id % 8, count(*) FROM respondent_tally
    GROUP BY scope, scope_id, category, respondent_id % 8
"""
BLOCKS = """
    INSERT INTO block_tally (chapter_id, key, published)
    SELECT chapter_id, current_key, count(*) FROM contribution WHERE state = 'published' AND current_key IS NOT NULL
    GROUP BY chapter_id, current_key
"""


def one_of(name: str, values: tuple[str, ...]) -> sa.Column:
    return sa.Column(name, sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40), nullable=False)


def text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length), nullable=False)


def make_table(name: str, *columns: sa.Column, of: str = "") -> None:
    """All columns but the count are its key; the first points to ``of``."""
    names = [column.name for column in columns]
    refers = [sa.ForeignKeyConstraint([names[0]], [f"{of}.id"], name=op.f(f"fk_{name}_{names[0]}"), ondelete="RESTRICT")] if of else []
    op.create_table(name, *columns, sa.Column("count", sa.BigInteger(), nullable=False), *refers,
                    sa.PrimaryKeyConstraint(*names, name=op.f(f"pk_{name}")))


def upgrade() -> None:
    make_table("provision_tally", sa.Column("chapter_id", Id, nullable=False), text("key", 80), one_of("place", PLACES),
               one_of("state", STATES), sa.Column("is_amending", sa.Boolean(), nullable=False), of="chapter")
    make_table("chapter_tally", sa.Column("chapter_id", Id, nullable=False), one_of("state", STATES),
               text("category", 40), of="chapter")
    make_table("item_tally", sa.Column("item_id", Id, nullable=False), text("key", 80), one_of("place", PLACES), one_of("state", STATES),
               one_of("position", POSITIONS), of="synthesis_item")
    for name, last in (("respondent_tally", sa.Column("respondent_id", Id, nullable=False)),
                       ("respondent_count", sa.Column("slot", sa.Integer(), nullable=False))):
        make_table(name, one_of("scope", SCOPES), sa.Column("scope_id", Id, nullable=False),
                   text("category", 40), last)
    for at, place, where in AT:
        op.execute(PROVISIONS.format(key=at, place=place, where=where))
        op.execute(ITEMS.format(key=at, place=place, where=where))
    for statement in (CHAPTERS, *(RESPONDENTS.format(**who) for who in WHO), COUNTED):
        op.execute(statement)
    op.drop_table("block_tally")
    op.drop_index(LINK, "item_contribution")
    op.create_index("ix_item_contribution_item_id_contribution_id", "item_contribution", ["item_id", "contribution_id"])
    op.drop_index(SHOWN_BEFORE, "contribution")
    op.create_index(SHOWN, "contribution", ["chapter_id", "current_key", "id", "state"])
    op.create_index(ACTS, "audit_event", ["actor_id", "at"])


def downgrade() -> None:
    op.drop_index(ACTS, "audit_event")
    op.drop_index(SHOWN, "contribution")
    op.create_index(SHOWN_BEFORE, "contribution", ["chapter_id", "current_key", "state"])
    op.drop_index("ix_item_contribution_item_id_contribution_id", "item_contribution")
    op.create_index(LINK, "item_contribution", ["item_id"])
    op.create_table(
        "block_tally", sa.Column("chapter_id", Id, nullable=False), sa.Column("key", sa.String(80), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["chapter_id"], ["chapter.id"], name=op.f("fk_block_tally_chapter_id")),
        sa.PrimaryKeyConstraint("chapter_id", "key", name=op.f("pk_block_tally")),
    )
    op.execute(BLOCKS)
    for table in TABLES:
        op.drop_table(table)
