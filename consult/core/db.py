"""The database: base class, column types, and the one unit of work. Flask-SQLAlchemy is known to this file alone."""

import enum
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, ParamSpec, TypeVar

import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event, orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.orm.exc import StaleDataError

from consult.core import outage
from consult.core.config import make_private
from consult.core.i18n import arrived, utcnow
from consult.core.turns import PATIENCE, Turn, way_given

log = logging.getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(sa.TypeDecorator):
    """An aware UTC moment on every engine; SQLite keeps no zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value, dialect):
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without time zone cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value, dialect):
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def enum_type(python_type: type[enum.Enum]) -> sa.Enum:
    """Stored by value under a CHECK, so that both engines refuse what the code does not know."""
    return sa.Enum(
        python_type, values_callable=lambda e: [m.value for m in e], native_enum=False, create_constraint=True,
        name=python_type.__name__.lower(), length=40, validate_strings=True,
    )


@event.listens_for(sa.Column, "before_parent_attach")
def _name_check(column, _table) -> None:
    """Each enum's CHECK is named after its column, or two of one table would share a name."""
    if isinstance(column.type, sa.Enum):
        column.type.name = column.name


class Base(DeclarativeBase):
    metadata = sa.MetaData(naming_convention=NAMES)
    type_annotation_map = {
        datetime: UtcDateTime(),
        dict[str, Any]: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
        list[Any]: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
        enum.Enum: enum_type(enum.Enum),
        str: sa.Text(),
    }
    # Whether the database keeps the rows as they were written: each model says so (see `core.append_only`).
    __append_only__: ClassVar[bool | frozenset[str] | enum.Enum]
    # Which of its columns belong to the public record, and which of these are personal (see `core.records`).
    __recorded__: ClassVar[bool | frozenset[str]]
    __personal__: ClassVar[frozenset[str]] = frozenset()

    if TYPE_CHECKING:
        # What a declarative class has, for whoever is handed any of them.
        __table__: ClassVar[sa.Table]
        id: Any

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {sa.inspect(self).identity or 'new'}>"


PrimaryKey = Annotated[int, mapped_column(sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True)]
Timestamp = Annotated[datetime, mapped_column(UtcDateTime(), default=utcnow)]
PublicRef = Annotated[str, mapped_column(sa.String(40), unique=True)]
Slug = Annotated[str, mapped_column(sa.String(80))]


def fk(target: str, **options: Any):
    """A foreign key column with its index; nothing is ever deleted under its feet."""
    options.setdefault("index", True)
    return mapped_column(sa.ForeignKey(target, ondelete="RESTRICT"), **options)


db = SQLAlchemy(
    metadata=Base.metadata, disable_autonaming=True,
    session_options={
        # A test's outer transaction survives the commits of the code under test.
        "join_transaction_mode": "create_savepoint",
        # What a unit of work wrote can be shown after it without being read again; the next unit forgets it first.
        "expire_on_commit": False,
    },
)
session = db.session

# SQLite gives the write lock at BEGIN IMMEDIATE or not at all: a deferred transaction that turns to writing after another
# writer committed fails at once, whatever the busy timeout. So the unit of work says beforehand which kind it is.
WROTE = "wrote"  # where the session notes that the unit of work had its turn to write
BUSY = 15_000  # milliseconds for which SQLite waits for what another programme holds
_writes: ContextVar[bool] = ContextVar("writes", default=False)
_reads: ContextVar[bool] = ContextVar("reads", default=False)


def prepare_engine(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        event.listen(engine, "do_connect", _make_private)
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        event.listen(engine, "checkin", _end_turn)
    else:
        event.listen(engine, "handle_error", _forget_values)


def _make_private(_dialect, _record, arguments, _values) -> None:
    """SQLite would make a file that every user of the machine reads; what it puts beside it has the same rights."""
    make_private(arguments[0])


def _sqlite_connect(connection, _record) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and hides half-open transactions
    cursor = connection.cursor()
    # FULL: a contribution whose receipt was shown is on disk, even when the power goes.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY}", "cache_size=-16000",
                   "recursive_triggers=ON",  # or INSERT OR REPLACE would erase rows past the triggers that refuse DELETE
                   "secure_delete=ON"):  # what is erased is overwritten with zeros, not only let go
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _take_turn(connection, patience: float = PATIENCE) -> None:
    connection.info["writes"] = True
    path = connection.engine.url.database
    if path and path != ":memory:":
        turn = connection.info["turn"] = connection.info.get("turn") or Turn(path)
        if not turn.take(patience) and patience < PATIENCE:
            raise outage.TooBusy


def _end_turn(_connection, record) -> None:
    record.info.pop("writes", None)
    if "turn" in record.info:
        record.info["turn"].give_back()


def _sqlite_begin(connection) -> None:
    if _writes.get():
        _take_turn(connection)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if _writes.get() else "BEGIN")


@contextmanager
def unit_of_work() -> Iterator[orm.Session]:
    """All or nothing: commits at the end, rolls back on any exception."""
    token = _writes.set(True)
    try:
        with way_given(), reading_first() as unit:
            if unit.in_transaction():  # it reads already, as a page that is drawn does
                begin_writing()
            yield unit
    finally:
        _writes.reset(token)


@contextmanager
def reading_first() -> Iterator[orm.Session]:
    """A unit of work that others need not wait for until it calls :func:`begin_writing`. The only ``commit`` there is."""
    token = _writes.set(_writes.get())
    begin_afresh()
    session.info.pop(NOTED, None)
    try:
        with arrived():
            yield session()
            session.flush()
            tell_untold()
            has_written = session.info.pop(WROTE, False) or _writes.get() and session().in_transaction()  # which begins with a question
            session.commit()
    except BaseException:
        session.info.pop(WROTE, None)
        session.info.pop("after_commit", None)
        session.rollback()
        raise
    finally:
        _writes.reset(token)
    if has_written:
        outage.is_over()
    run_after_commit()


def begin_writing(patience: float = PATIENCE) -> None:
    """Take SQLite's write lock, when the unit of work has only read so far; what it read stays, as it does on PostgreSQL.

    The lock is then held for the act alone, not for the reading and the form before it. Nothing to do where it is held already,
    on PostgreSQL, and inside of somebody else's transaction. Whoever has little ``patience`` is refused (:class:`outage.TooBusy`).
    """
    session.info[WROTE] = True
    if not isinstance(session.get_bind(), sa.Engine) or session.get_bind().dialect.name != "sqlite":
        return
    connection = session.connection()
    if not connection.info.get("writes"):
        connection.exec_driver_sql("COMMIT")
        _take_turn(connection, patience)
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def begin_afresh() -> None:
    """Forget what an earlier transaction read: others may have written since."""
    if not session().in_transaction():
        session.expire_all()


@contextmanager
def reading() -> Iterator[orm.Session]:
    """A consistent view that takes no write lock and keeps nothing; inside another one, a part of that one."""
    if _reads.get():
        yield session()
        return
    tokens = _writes.set(False), _reads.set(True)
    begin_afresh()
    session.info[READ] = {}
    try:
        yield session()
    finally:
        session.info.pop(READ, None)
        session.rollback()
        _writes.reset(tokens[0])
        _reads.reset(tokens[1])


READ = "read"  # where the session keeps what it read, while nothing can have changed


def read_once(function: Callable[P, R]) -> Callable[P, R]:
    """A query that is asked once in a view that only reads: several parts of a page ask it. What it returns is not to be changed.

    Its arguments are rows, values and sequences of these. Where something may be written it is asked each time.
    """
    @wraps(function)
    def ask(*args: P.args, **values: P.kwargs) -> R:
        known = session.info.get(READ)
        if known is None:
            return function(*args, **values)
        key = (function, *map(_hashed, args), *((name, _hashed(value)) for name, value in values.items()))
        if key not in known:
            known[key] = function(*args, **values)
        return known[key]
    return ask


def _hashed(argument: Any) -> Any:
    return tuple(argument) if isinstance(argument, list) else argument


@contextmanager
def about_to_write() -> Iterator[None]:
    """Whatever begins a transaction in here asks for the write lock first (a POST reads its user before its view runs)."""
    token = _writes.set(True)
    try:
        yield
    finally:
        _writes.reset(token)


@lru_cache
def _insert(model: type[Base]) -> sa.Insert:
    return sa.insert(model.__table__)


def add_row(model: type[Base], **values: Any) -> int:
    """Insert a row that nobody needs as an object, for a fraction of what a flush costs; its id."""
    key = session.connection().execute(_insert(model), values).inserted_primary_key
    note_rows(model, key or ())
    return key[0] if key else 0


NOTED = "noted"  # where the session keeps which rows of the public record an act changed, until its event tells of them


def note_rows(model: type[Base], keys: Iterable[int]) -> None:
    if model.__recorded__ is not False:
        session.info.setdefault(NOTED, {}).setdefault(model, set()).update(keys)


def tell_untold() -> None:
    """What is written of the public record without an act would be a fault to whoever verifies it: ours, and told before they find it."""
    for model, keys in session.info.pop(NOTED, {}).items():
        log.error("%s: %s rows of the public record were changed by no act", model.__tablename__, len(keys))


def add_new(model: type[Base], rows: Sequence[dict[str, Any]], told: orm.InstrumentedAttribute[Any]) -> list[Any]:
    """Insert the rows whose keys nobody has taken, be it at this moment; ``told`` of each of them, in their order."""
    if not rows:
        return []
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    adding = dialect.insert(model).values(rows).on_conflict_do_nothing().returning(told)
    added = set(session.scalars(adding))
    return [row[told.key] for row in rows if row[told.key] in added]


def add_now(row: Base) -> None:
    """Add a new row, and what its columns were given, at once and alone: its relatives know it by its id, not by being its children."""
    columns = sa.inspect(type(row)).columns
    row.id = add_row(type(row), **{columns[name].key: value for name, value in row.__dict__.items() if name in columns})
    orm.make_transient_to_detached(row)
    session.add(row)


def scalar_count(statement: sa.Select[Any], values: dict[str, Any] | None = None) -> int:
    """The one number that a statement counts or sums; 0 where there is nothing."""
    return int(session.scalar(statement, values) or 0)  # PostgreSQL's sum of numbers is a decimal


def write_if_free(statement: sa.Executable) -> None:
    """What may as well be written at the next occasion: at once and by itself, or not at all where somebody else is writing."""
    engine = session.get_bind()
    if not isinstance(engine, sa.Engine):  # within somebody else's transaction
        session.execute(statement)
        return
    is_sqlite = engine.dialect.name == "sqlite"
    patience = "PRAGMA busy_timeout={}" if is_sqlite else "SET LOCAL lock_timeout = 100"
    token = _writes.set(False)
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(patience.format(0))
            try:
                connection.execute(statement)
                connection.commit()
            finally:
                connection.rollback()
                if is_sqlite:
                    connection.exec_driver_sql(patience.format(15000))
    except sa.exc.DBAPIError as error:
        log.debug("not written now: %s", type(error.orig).__name__)
    finally:
        _writes.reset(token)


def after_commit(function, *arguments) -> None:
    """Call ``function`` once the present unit of work is on disk; never when it is rolled back."""
    session.info.setdefault("after_commit", []).append((function, arguments))


def run_after_commit() -> None:
    for function, arguments in session.info.pop("after_commit", []):
        function(*arguments)


# What the database refuses


def _forget_values(context: sa.engine.ExceptionContext) -> None:
    """PostgreSQL shows the row that it refused, in a second line: what people wrote belongs in no log, nor in the error of a job."""
    fault, wrapped = context.original_exception, context.sqlalchemy_exception
    if rule := getattr(getattr(fault, "diag", None), "message_primary", None):
        fault.args = (rule,)
        if wrapped is not None:
            wrapped.args = (f"({type(fault).__module__}.{type(fault).__qualname__}) {rule}",)


# By SQLSTATE and by SQLite's extended codes: a row that is there already, or one that is not (or no longer) there.
_SQLSTATES = {"23505", "23503", "23001"}  # unique, foreign key, and a foreign key's RESTRICT
_SQLITE_CODES = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_ROWID,
    sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
}
_SQLITE_RESTRICT = "FOREIGN KEY constraint failed"  # which SQLite reports as a trigger's


def is_conflict(error: BaseException) -> bool:
    """Whether the database refused what somebody else's act makes impossible: a key that is taken, a row that is gone or was changed.

    What it refuses by a CHECK, a NOT NULL or a trigger should never have been sent: a fault of ours, whoever else was there.
    """
    fault = getattr(error, "orig", None)
    return (
        isinstance(error, StaleDataError)
        or getattr(fault, "sqlstate", None) in _SQLSTATES
        or getattr(fault, "sqlite_errorcode", None) in _SQLITE_CODES
        or isinstance(fault, sqlite3.IntegrityError) and str(fault) == _SQLITE_RESTRICT
    )
