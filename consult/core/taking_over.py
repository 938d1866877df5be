"""Rows that were there before they were recorded, or before their table's digests were made as they are now: an event tells of them.

``record_layout`` says in which layout (:class:`~consult.core.records.Layout`) the rows of a table are recorded. When a version changes
one, ``consult db upgrade`` takes all rows of that table over, as they are at that moment, in events that say so; ``consult verify`` tells
of a table that was taken over twice in one layout: nobody needs that who has not changed its rows.
"""

from collections.abc import Iterator
from itertools import count, islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from consult.core import records
from consult.core.audit import AuditEvent
from consult.core.db import Base
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from consult.core.records import Layout, layouts

TAKE_OVER = "core.take_over"
ROWS_OF_EVENT = 5_000


class RecordLayout(Base):
    """In which layout the rows of a table are recorded."""

    __tablename__ = "record_layout"
    __append_only__ = False  # another version records otherwise
    __recorded__ = False  # it says how the others are

    name: Mapped[str] = mapped_column(sa.String(63), primary_key=True)
    layout: Mapped[str] = mapped_column(sa.String(16))


EVENTS, LAYOUTS = AuditEvent.__table__, RecordLayout.__table__


def list_stale_layouts(connection: sa.Connection) -> list[str]:
    """The tables whose rows are not recorded as this version does."""
    known = dict(connection.execute(sa.select(LAYOUTS.c.name, LAYOUTS.c.layout)).all())
    return [name for name, layout in layouts().items() if known.get(name) != layout.name]


def take_over(connection: sa.Connection) -> None:
    """Record all rows of the tables whose layout is new: once the tables are up to date, in the same transaction."""
    for name in list_stale_layouts(connection):
        layout = layouts()[name]
        for event in _events(connection, layout):
            connection.execute(sa.insert(EVENTS), event)
        connection.execute(sa.delete(LAYOUTS).where(LAYOUTS.c.name == name))
        connection.execute(sa.insert(LAYOUTS), {"name": name, "layout": layout.name})


def _events(connection: sa.Connection, layout: Layout) -> Iterator[dict[str, Any]]:
    name, rows = layout.table.name, records.digests(connection, layout)
    for part in count(1):
        digests = {str(key): digest for key, digest, _row in islice(rows, ROWS_OF_EVENT)}
        if not digests:
            return
        yield {"at": utcnow(), "action": TAKE_OVER, "actor": SYSTEM.name, "actor_id": None, "subject": name, "subject_id": 0,
               "details": {"layout": layout.name, "part": part}, "records": {name: digests}}


def list_taken_over_twice(connection: sa.Connection) -> list[str]:
    """Tables that were taken over again in one layout, or later on in part: nobody needs that who has not changed their rows."""
    events = sa.select(EVENTS.c.id, EVENTS.c.subject, EVENTS.c.details).where(EVENTS.c.action == TAKE_OVER).order_by(EVENTS.c.id)
    parts: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for event_id, name, details in connection.execute(events):
        parts.setdefault((name, details["layout"]), []).append((event_id, details["part"]))
    # Made in one go while nobody acts: numbered from one on, one after the other.
    return [f"{name}: its rows were taken over more than once as one version records them" for (name, _layout), told in parts.items()
            if told != [(told[0][0] + place, place + 1) for place in range(len(told))]]
