"""Counts that are kept: the act that changes what is counted changes its count, in the same transaction.

A tally is a table whose primary key says what is counted, and whose ``count`` says how much of it there is. What an act changes is
written once at its end, in one order of tables and keys: of two acts that change the same counts one waits, and never both.
``consult verify`` counts everything anew and compares; ``consult recount`` writes every count anew.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from consult.core.db import Base, session

GATHERED = "tallies"  # where the session keeps what an act changes until it ends
SLOTS = 8
SHOWN = 5  # differences that a fault names
LOOKED_FOR = SHOWN + 1
Changes = Mapping[tuple[type["Tally"], tuple[Any, ...]], int]  # by the tally and the values of its primary key
Recount = TypeVar("Recount", bound=Callable[..., sa.Select[Any] | sa.CompoundSelect[Any]])


class Tally(Base):
    """A table of counts; a row that is not there counts nothing."""

    __abstract__ = True

    count: Mapped[int] = mapped_column(sa.BigInteger(), default=0)


class Distinct(Tally):
    """A tally whose rows are counted themselves, each once however much it holds, in the tally ``counted_in``.

    The last column of its key says who or what is counted, by its id; that of ``counted_in`` is one of :data:`SLOTS` among which these
    are spread, so that few writers wait for each other there: their sum is the count.
    """

    __abstract__ = True

    counted_in: ClassVar[type[Tally]]


RECOUNTS: dict[type[Tally], list[Callable[..., Any]]] = {}


def counts(tally: type[Tally]) -> Callable[[Recount], Recount]:
    """Say how a tally is made from what it counts: a SELECT of its key and the count. Each room says so of its own part."""
    def register(function: Recount) -> Recount:
        RECOUNTS.setdefault(tally, []).append(function)
        return function
    return register


# What acts change


def add(changes: Changes) -> None:
    """Change counts by these numbers, at once or at the end of :func:`together`."""
    gathered: Counter | None = session.info.get(GATHERED)
    if gathered is None:
        _write(changes)
    else:
        for key, change in changes.items():
            gathered[key] += change


@contextmanager
def together() -> Iterator[None]:
    """Write what several acts change at the end of all of them, once; nothing of what is left by an exception, an inner one included."""
    outer: Counter | None = session.info.get(GATHERED)
    inner: Counter = Counter()
    session.info[GATHERED] = inner
    try:
        yield
    finally:
        if outer is None:
            del session.info[GATHERED]
        else:
            session.info[GATHERED] = outer
    add(inner)


@contextmanager
def changed(count: Callable[[], Counter]) -> Iterator[None]:
    """What ``count`` tells of the rows that are changed in here: its difference is written."""
    before = count()
    yield
    session.flush()
    after = count()
    after.subtract(before)
    add(after)


def _write(changes: Changes) -> None:
    by_tally: dict[type[Tally], Counter] = {}
    for (tally, key), change in changes.items():
        by_tally.setdefault(tally, Counter())[key] += change
    # The rows that are counted themselves come first: they tell which of them begin or cease to be counted.
    for tally in [tally for tally in _in_order(by_tally) if issubclass(tally, Distinct)]:
        by_tally.setdefault(tally.counted_in, Counter()).update(_put_distinct(tally, by_tally.pop(tally)))
    for tally in _in_order(by_tally):
        if rows := _rows(tally, by_tally[tally]):
            session.connection().execute(_upsert(tally.__table__, _dialect()), rows)


def _key(tally: type[Tally]) -> tuple[sa.Column[Any], ...]:
    return tuple(tally.__table__.primary_key.columns)


def _in_order(tallies: Iterable[type[Tally]]) -> list[type[Tally]]:
    return sorted(tallies, key=lambda tally: (not issubclass(tally, Distinct), tally.__table__.name))


def _dialect() -> str:
    return session.get_bind().dialect.name


def _rows(tally: type[Tally], changes: Mapping[tuple, int]) -> list[dict[str, Any]]:
    names = [column.name for column in _key(tally)]
    return [{**dict(zip(names, key, strict=True)), "count": changes[key]} for key in sorted(changes) if changes[key]]


@cache
def _upsert(table: sa.Table, dialect: str) -> Any:
    adding = (postgresql if dialect == "postgresql" else sqlite).insert(table)
    return adding.on_conflict_do_update(
        index_elements=tuple(table.primary_key.columns), set_={"count": table.c.count + adding.excluded.count})


def _put_distinct(tally: type[Distinct], changes: Mapping[tuple, int]) -> Counter:
    """Write the rows; what that changes in the tally that counts them."""
    counted: Counter = Counter()
    rows = _rows(tally, changes)
    if not rows:
        return counted
    written = session.connection().execute(_upsert(tally.__table__, _dialect()).returning(*_key(tally), tally.__table__.c.count), rows)
    for *key, now in written:
        before = now - changes[tuple(key)]
        counted[(*key[:-1], key[-1] % SLOTS)] += (now > 0) - (before > 0)
    return counted


# Counted anew


def recount_all() -> None:
    """Write every count anew from what it counts."""
    for tally in all_in_order():
        session.execute(sa.delete(tally.__table__))
        session.execute(sa.insert(tally.__table__).from_select([*(column.name for column in _key(tally)), "count"], _recounted(tally)))


def faults_of(tally: type[Tally]) -> list[str]:
    """Where a count is not what counting anew finds: one English sentence, or none."""
    return [f"{tally.__table__.name}: {wrong}"] if (wrong := _faults_of(tally)) else []


def faults() -> list[str]:
    return [fault for tally in all_in_order() for fault in faults_of(tally)]


def all_in_order() -> list[type[Tally]]:
    return _in_order({*RECOUNTS, *(tally.counted_in for tally in RECOUNTS if issubclass(tally, Distinct))})


def _faults_of(tally: type[Tally]) -> str:
    kept = sa.select(*_key(tally), tally.__table__.c.count.label("count"))
    anew = _recounted(tally).subquery()
    both = sa.union_all(kept, sa.select(*list(anew.c)[:-1], -list(anew.c)[-1])).subquery()
    *key, count = both.c
    found = session.execute(sa.select(*key, sa.func.sum(count)).group_by(*key).having(sa.func.sum(count) != 0).limit(LOOKED_FOR)).all()
    said = ["/".join(map(str, key)) + f" is {difference:+} off" for *key, difference in found[:SHOWN]]
    return ", ".join(said) + (", and more" if len(found) > SHOWN else "")


def _recounted(tally: type[Tally]) -> Any:
    """A SELECT of the key and the count."""
    if tally in RECOUNTS:
        return sa.union_all(*(recount() for recount in RECOUNTS[tally])) if len(RECOUNTS[tally]) > 1 else RECOUNTS[tally][0]()
    (distinct,) = (one for one in RECOUNTS if issubclass(one, Distinct) and one.counted_in is tally)
    *scope, who, _count = _recounted(distinct).subquery().c
    slot = who % sa.literal_column(str(SLOTS))
    return sa.select(*scope, slot, sa.func.count()).group_by(*scope, slot)

