"""register of organisations: confirmed by the secretariat, found by the words of their names; size and website"""

import re
import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WORD = sa.String(60).with_variant(sa.String(60, collation="C"), "postgresql")
SIZES, STATES = ("1-9", "10-49", "50-249", "250-"), ("listed", "confirmed")
CHECKS = {
    "ck_organisation_size": f"size IN ({', '.join(map(repr, SIZES))})",
    "ck_organisation_state": f"state IN ({', '.join(map(repr, STATES))})",
    "ck_organisation_confirmed_has_its_moment": "(state = 'confirmed') = (confirmed_at IS NOT NULL)",
}
NAMES = ("name_fr", "name_ar", "name_en", "short")
organisation = sa.table("organisation", *map(sa.column, ("id", *NAMES, "state", "confirmed_at", "created_at")))
event = sa.table("audit_event", *map(sa.column, ("action", "actor", "subject", "subject_id")))
word = sa.table("organisation_word", sa.column("organisation_id"), sa.column("word"))
SIGNS = re.compile("[\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed\u200b-\u200f\u2060\ufeff\u00ad]")
ALIKE = str.maketrans("أإآٱىؤئة’‘ʼ“”«»–—‑…", "اااايويه'''\"\"\"\"---.")
ARTICLES, PARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال"), ("ل", "ب", "و", "ف", "ك")
LITTLE = frozenset("de des du d la le les l et en pour the of and for في من و".split())


def upgrade() -> None:
    with op.batch_alter_table("organisation") as batch:
        batch.add_column(sa.Column("size", sa.String(40), nullable=True))
        batch.add_column(sa.Column("website", sa.String(200), nullable=True))
        batch.add_column(sa.Column("state", sa.String(40), nullable=False, server_default="listed"))
        batch.add_column(sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("row_counter", sa.Integer(), nullable=False, server_default="1"))
    # What the operator listed needs no confirming; what participants listed does.
    listed = sa.select(event.c.subject_id).where(
        event.c.subject == "organisation", event.c.actor == "system",
        event.c.action.in_(("organisations.add", "accounts.add_organisation")))
    op.execute(sa.update(organisation).where(organisation.c.id.in_(listed))
               .values(state="confirmed", confirmed_at=organisation.c.created_at))
    with op.batch_alter_table("organisation") as batch:
        batch.alter_column("state", existing_type=sa.String(40), existing_nullable=False, server_default=None)
        batch.alter_column("row_counter", existing_type=sa.Integer(), existing_nullable=False, server_default=None)
        for name, condition in CHECKS.items():
            batch.create_check_constraint(op.f(name), condition)
    op.create_index("ix_organisation_state_id", "organisation", ["state", "id"])
    op.create_table(
        "organisation_word",
        sa.Column("id", NUMBER, nullable=False), sa.Column("organisation_id", NUMBER, nullable=False),
        sa.Column("word", WORD, nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_organisation_word_organisation_id"),
                                ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation_word")),
    )
    op.create_index("ix_organisation_word_organisation_id", "organisation_word", ["organisation_id"])
    op.create_index("ix_organisation_word_word", "organisation_word", ["word", "organisation_id"], unique=True)
    rows = op.get_bind().execute(sa.select(organisation.c.id, *(organisation.c[name] for name in NAMES))).all()
    found = [{"organisation_id": key, "word": one} for key, *names in rows
             for one in sorted({key_of(short).replace(" ", "")[:60] for short in names[-1:] if short}.union(
                 *(words_of(name) for name in names if name))) if one]
    if found:
        op.bulk_insert(word, found)


def downgrade() -> None:
    op.drop_table("organisation_word")
    op.drop_index("ix_organisation_state_id", "organisation")
    with op.batch_alter_table("organisation") as batch:
        for name in CHECKS:
            batch.drop_constraint(op.f(name), type_="check")
    with op.batch_alter_table("organisation") as batch:
        for name in ("row_counter", "confirmed_at", "state", "website", "size"):
            batch.drop_column(name)


def words_of(name: str) -> set[str]:
    """As the platform had them when this table began."""
    words = {word for word in key_of(name).split() if word not in LITTLE}
    return {word[:60] for word in words | {without(word, ARTICLES) for word in words} | {without(word, PARTICLES) for word in words}}


def key_of(name: str) -> str:
    plain = " ".join(SIGNS.sub("", unicodedata.normalize("NFC", name)).casefold().translate(ALIKE).split())
    whole = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return " ".join(part for part in re.findall(r"[^\W_]+|[^\w\s]", whole)
                    if part.isalnum() or part in "#&@%*" or unicodedata.category(part) in ("Sm", "Sc", "So"))


def without(word: str, prefixes: tuple[str, ...]) -> str:
    return next((word[len(prefix):] for prefix in prefixes if word.startswith(prefix) and len(word) - len(prefix) > 2), word)
