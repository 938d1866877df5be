"""That the worker lives: when each part of its every second last ended well, in the database, for whichever host asks."""

import time
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, Timestamp, session, unit_of_work
from consult.core.i18n import utcnow

EVERY = 10  # seconds between two notes: each is a write to the disk


class Beat(Base):
    """The last time a part of the clock ended well, in whichever worker."""

    __tablename__ = "beat"
    __append_only__ = False  # the present alone counts
    __recorded__ = False  # the present alone counts

    name: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    at: Mapped[Timestamp]


_ended: set[str] = set()  # what ended well since the last note
_noted: list[float] = [-EVERY]


def note(part: str) -> None:
    _ended.add(part)


def write() -> None:
    """Once in :data:`EVERY` seconds; what failed all that time keeps its old moment."""
    if not _ended or time.monotonic() - _noted[0] < EVERY:
        return
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(Beat).values([{"name": name, "at": utcnow()} for name in sorted(_ended)])
    with unit_of_work():
        session.execute(adding.on_conflict_do_update(index_elements=[Beat.name], set_={"at": adding.excluded.at}))
    _noted[0] = time.monotonic()
    _ended.clear()


def ended_well(parts: list[str]) -> sa.ColumnElement[datetime | None]:
    """When the part that lags most last ended well; NULL where one never did."""
    known = Beat.name.in_(parts)
    return sa.case((sa.func.count().filter(known) == len(parts), sa.func.min(Beat.at).filter(known)), else_=None)
