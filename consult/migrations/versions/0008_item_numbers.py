"""item numbers: each point of a synthesis keeps the number that its readers have seen, and none is given twice"""

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NUMBERS = ("ix_synthesis_item_synthesis_id_number", "synthesis_item", ["synthesis_id", "number"])
OF_SYNTHESIS = ("ix_synthesis_item_synthesis_id", "synthesis_item", ["synthesis_id"])
item = sa.table("synthesis_item", sa.column("id"), sa.column("synthesis_id"), sa.column("number"))
synthesis = sa.table("synthesis", sa.column("id"), sa.column("chapter_id"), sa.column("last_number"))
chapter = sa.table("chapter", sa.column("id"), sa.column("number"))
event = sa.table("audit_event", sa.column("action"), sa.column("subject_id"), sa.column("details", sa.JSON()))


def upgrade() -> None:
    op.execute("ALTER TABLE synthesis_item RENAME COLUMN position TO number")
    op.add_column("synthesis", sa.Column("last_number", sa.Integer(), server_default="0", nullable=False))
    number_items(op.get_bind())
    op.create_index(*NUMBERS, unique=True)
    op.drop_index(OF_SYNTHESIS[0], OF_SYNTHESIS[1])


def downgrade() -> None:
    op.create_index(*OF_SYNTHESIS)
    op.drop_index(NUMBERS[0], NUMBERS[1])
    op.execute("ALTER TABLE synthesis DROP COLUMN last_number")
    op.execute("ALTER TABLE synthesis_item RENAME COLUMN number TO position")


def number_items(connection: sa.Connection) -> None:
    """What was shown stays: on the screen of a draft, in the documents of what is validated."""
    made = made_in(connection)
    for (synthesis_id,) in connection.execute(sa.select(synthesis.c.id)).all():
        items = connection.execute(
            sa.select(item.c.id, item.c.number).where(item.c.synthesis_id == synthesis_id).order_by(item.c.number, item.c.id)).all()
        last, taken = max([0, *(number for _id, number in items)]), set()
        for id_, number in items:
            if number < 1 or number in taken:  # written beside the program
                last = number = last + 1
                connection.execute(sa.update(item).where(item.c.id == id_).values(number=number))
            taken.add(number)
        last = max(last, made[synthesis_id])
        connection.execute(sa.update(synthesis).where(synthesis.c.id == synthesis_id).values(last_number=last))


def made_in(connection: sa.Connection) -> Counter:
    """How many items each synthesis ever had, after the journal: no number above that was shown, be its item there or dropped.

    Of a dropped one the journal tells the chapter's number alone: of several consultations each counts it.
    """
    of_item = dict(connection.execute(sa.select(item.c.id, item.c.synthesis_id)).all())
    of_chapter: dict[int, list[int]] = {}
    for synthesis_id, number in connection.execute(
            sa.select(synthesis.c.id, chapter.c.number).join(chapter, chapter.c.id == synthesis.c.chapter_id)):
        of_chapter.setdefault(number, []).append(synthesis_id)
    made: Counter = Counter()
    added = sa.select(event.c.subject_id, event.c.details).where(event.c.action == "synthesis.add_item")
    for item_id, details in connection.execute(added):
        made.update([of_item[item_id]] if item_id in of_item else of_chapter.get(details["chapter"], ()))
    return made
