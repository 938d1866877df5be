"""The public record: the rows that may change by an act alone, whose event in the journal holds the digest of each as the act left it.

A model says what of it belongs there in ``__recorded__``: True (all its columns), ``all_but("activity", …)`` (these are nobody's word),
or False, with the reason beside it. What is personal (``__personal__``) enters as a digest salted with the row's own ``salt``: who
erases it changes the salt as well, and no event tells any more what stood there.

What the session flushes is noted by itself, and what ``add_row`` inserts; a statement over many rows is followed by :func:`note`.
"""

import datetime
import hashlib
import json
import json.encoder
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import event, orm

from consult.core.db import NOTED, Base, UtcDateTime, note_rows, session

CHUNK = 500
KEPT_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
FORMAT = 1  # of the digests: another one is another layout of every table
NAMED_BY = ("ref", "slug", "label", "key", "number", "title", "name_fr", "title_fr", "language", "role")
Records = dict[str, dict[str, str | None]]  # digest by primary key by table; None for a row that is gone


class Layout(NamedTuple):
    """What of a table is recorded, and how."""

    table: sa.Table
    columns: tuple[str, ...]
    personal: frozenset[str]
    moments: tuple[int, ...]  # where they stand in what is digested
    truths: tuple[int, ...]
    is_kept: bool  # no row of it ever changes

    @property
    def key(self) -> sa.Column[Any]:
        return self.table.primary_key.columns[0]

    @property
    def name(self) -> str:
        """The same as long as the digests of the same rows are."""
        return hashlib.sha256(canonical([FORMAT, self.table.name, self.columns, sorted(self.personal)])).hexdigest()[:16]

    def rows(self, dialect: str) -> sa.Select[Any]:
        """Key, columns, and the salt of what is personal; as the engine keeps them, so that a value which no code writes is read too."""
        salt = [self.table.c.salt] if self.personal else []
        return sa.select(self.key, *(as_kept(self.table.c[name], dialect) for name in self.columns), *salt)

    def rows_of(self, dialect: str) -> sa.Select[Any]:
        """Those whose keys are given as ``keys``."""
        return _rows_of(self, dialect)

    def digest(self, row: Sequence[Any]) -> str:
        """SHA-256 of a row that :meth:`rows` selected: of its table's name, its key, and its values in the order of the columns."""
        values = [self.table.name, *row]
        for place in self.truths:
            values[place] = truth(values[place])
        for place in self.moments:
            values[place] = plain(values[place])
        if self.personal:
            salt = values.pop()
            for place, name in enumerate(self.columns, 2):
                if name in self.personal:
                    values[place] = hashlib.sha256(canonical([salt, name, values[place]])).hexdigest()
        return hashlib.sha256(canonical(values)).hexdigest()

    def called(self, row: Sequence[Any]) -> str:
        """What a person knows it by."""
        known = next((row[self.columns.index(name) + 1] for name in NAMED_BY if name in self.columns), None)
        return f"{self.table.name} {row[0]}" + ("" if known is None else f" ({plain(known)})")


@cache
def _rows_of(layout: Layout, dialect: str) -> sa.Select[Any]:
    """Made once: each act asks for them."""
    return layout.rows(dialect).where(layout.key.in_(sa.bindparam("keys", expanding=True)))


# An encoder is made for each value otherwise, which takes as long as what it does; without the accelerator each has its own.
_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
_ACCELERATOR = getattr(json.encoder, "c_make_encoder", None)
_pieces: Callable[[Any, int], Iterable[str]] = (
    _ACCELERATOR(None, _ENCODER.default, json.encoder.encode_basestring, None, ":", ",", True, False, True) if _ACCELERATOR
    else lambda value, _level: _ENCODER.encode(value))


def canonical(value: Any) -> bytes:
    """The one JSON of a value."""
    return "".join(_pieces(value, 0)).encode()


def as_kept(column: sa.Column[Any], dialect: str) -> sa.ColumnElement[Any]:
    """As the driver tells it: :func:`plain` and :func:`truth` make of it what is digested."""
    if dialect == "sqlite" and isinstance(column.type, sa.Boolean):
        return sa.type_coerce(column, sa.Integer)
    if isinstance(column.type, sa.Enum) or dialect == "sqlite" and isinstance(column.type, UtcDateTime | sa.Date):
        return sa.type_coerce(column, sa.String)
    return sa.type_coerce(column, sa.DateTime(timezone=True)) if isinstance(column.type, UtcDateTime) else column


def truth(value: Any) -> Any:
    """SQLite's 0 and 1; any other value as it stands."""
    return {0: False, 1: True}.get(value, value) if type(value) is int else value


def plain(value: Any) -> Any:
    """As JSON has it, alike from every engine: SQLite's text of a moment too, and any other text as it stands."""
    if isinstance(value, str):
        return f"{value[:10]}T{value[11:]}+00:00" if KEPT_MOMENT.fullmatch(value) else value
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, datetime.date) else value


@cache
def layouts() -> dict[str, Layout]:
    """By the name of its table, of every model that has a part in the record, in the order in which they point to each other."""
    models: dict[str, type[Base]] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    return {table.name: layout for table in Base.metadata.sorted_tables
            if table.name in models and (layout := layout_of(models[table.name])) is not None}


@cache
def layout_of(model: type[Base]) -> Layout | None:
    """None where nothing of it is recorded; ValueError for a model that names what is no column, or has no single number as its key."""
    said, personal = model.__recorded__, model.__personal__
    if said is False:
        return None
    names = model.__table__.columns.keys()
    left_out = {"salt"} if said is True else {*said, "salt"}
    if strange := left_out.union(personal).difference(names) - {"salt"}:
        raise ValueError(f"{model.__name__} names what is no column: {', '.join(sorted(strange))}")
    key = model.__table__.primary_key.columns
    if len(key) != 1 or not isinstance(next(iter(key)).type, sa.Integer | sa.BigInteger):
        raise ValueError(f"{model.__name__} is recorded and has no single number as its primary key")
    kept = tuple(name for name in names if name not in left_out and name != next(iter(key)).name)
    moments = tuple(place for place, name in enumerate(kept, 2) if isinstance(model.__table__.c[name].type, UtcDateTime | sa.Date))
    truths = tuple(place for place, name in enumerate(kept, 2) if isinstance(model.__table__.c[name].type, sa.Boolean))
    return Layout(model.__table__, kept, personal, moments, truths, model.__append_only__ is True)


# What an act changed


def note(model: type[Base], *which: sa.ColumnElement[bool]) -> None:
    """The rows that a statement has just changed: the next event tells of them."""
    note_rows(model, session.scalars(sa.select(next(iter(model.__table__.primary_key.columns))).where(*which)))


@event.listens_for(orm.Session, "after_flush")
def _note_flushed(flushed: orm.Session, _context: Any) -> None:
    for row in flushed.new:
        _note_row(row)
    for row in flushed.deleted:
        _note_row(row)
    for row in flushed.dirty:
        layout = layout_of(row.__class__)
        if layout is not None and any(orm.attributes.get_history(row, name).has_changes() for name in _attributes(row.__class__)):
            _note_row(row)


def attribute_of(column: sa.Column[Any], model: type[Base]) -> str:
    """What a model calls a column: another name where everybody reads something else under the column's."""
    return sa.inspect(model).get_property_by_column(column).key


@cache
def _attributes(model: type[Base]) -> tuple[str, ...]:
    """What the model calls the columns that are recorded."""
    layout = layout_of(model)
    return () if layout is None else tuple(attribute_of(layout.table.c[name], model) for name in layout.columns)


def _note_row(row: Base) -> None:
    note_rows(type(row), orm.object_mapper(row).primary_key_from_instance(row))


@event.listens_for(orm.Session, "after_rollback")
def _forget(rolled_back: orm.Session) -> None:
    rolled_back.info.pop(NOTED, None)


def taken() -> Records:
    """The digests of all that was changed since the last event of this unit of work."""
    noted: Mapping[type[Base], Collection[int]] = session.info.pop(NOTED, {})
    records = {}
    for model in sorted(noted, key=lambda model: model.__tablename__):
        if (layout := layout_of(model)) is not None:
            records[layout.table.name] = _digests(layout, sorted(noted[model]))
    return records


def _digests(layout: Layout, keys: Sequence[int]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(map(str, keys))
    connection = session.connection()
    for some in chunks(keys):
        for row in connection.execute(layout.rows_of(connection.dialect.name), {"keys": some}):
            found[str(row[0])] = layout.digest(row)
    return found


def chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start:start + CHUNK] for start in range(0, len(keys), CHUNK))


def digests(connection: sa.Connection, layout: Layout, *which: sa.ColumnElement[bool]) -> Iterator[tuple[int, str, Sequence[Any]]]:
    """Key and digest of each row as it is now, by rising key, and the row itself."""
    rows = layout.rows(connection.dialect.name).where(*which).order_by(layout.key)
    with connection.execute(rows.execution_options(yield_per=1000)) as found:
        for row in found:
            yield row[0], layout.digest(row), row
