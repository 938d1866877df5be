"""Counters of attempts that all processes share: rows with an end, in the database, or beside it where that is one file.

SQLite has one writer at a time, and who guesses passwords is not to hold up who contributes: there the counters are a file of their own.
"""

import hmac
import logging
import secrets
import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from limits import parse
from limits.storage import Storage
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.schema import CreateIndex, CreateTable

from consult.core.config import Config, make_private
from consult.core.db import Base

log = logging.getLogger(__name__)
SCHEME = "shared"
SWEPT = 50  # one attempt in so many takes away what has expired
# From one place, on one account from everywhere that does not know it, from one network.
GUESSES = "10 per 15 minutes", "60 per 15 minutes", "100 per 15 minutes"
LETTERS = "6 per 15 minutes", "30 per 15 minutes", "200 per 15 minutes"
CODES = "5 per 15 minutes", "50 per day", "60 per 15 minutes"  # of six digits, by whoever has the password already
# On one account from all browsers that know it together, of those attempts that are beyond a browser's first ones.
KNOWN = {"guess": "40 per 15 minutes", "letter": "40 per 15 minutes", "code": "50 per day"}
UNTOLD = 2
LONGEST = timedelta(seconds=max(parse(amount).get_expiry() for amount in (*GUESSES, *LETTERS, *CODES)))


class AttemptCount(Base):
    """How often something was tried until it expires; whose it is, and from where, is kept as a keyed digest."""

    __tablename__ = "attempt_count"
    __append_only__ = False  # forgotten once it has expired
    __recorded__ = False  # forgotten once it has expired

    key: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger)
    expires_at: Mapped[float] = mapped_column(index=True)


TABLE: Any = AttemptCount.__table__


class SharedStorage(Storage):
    """For the ``limits`` library: fixed windows, each from its first attempt on."""

    STORAGE_SCHEME = [SCHEME]  # noqa: RUF012 - the library reads it of the class

    def __init__(self, uri: str | None = None, wrap_exceptions: bool = False, *, config: Config, **options: Any) -> None:
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        self.secret = hmac.digest(config.secret.encode(), b"attempts", "sha256")
        self.is_file = config.database.startswith("sqlite")
        self.engine = sa.create_engine(
            f"sqlite:///{config.folder / 'attempts.sqlite'}" if self.is_file else config.database, poolclass=sa.NullPool,
            hide_parameters=True, isolation_level="AUTOCOMMIT")
        if self.is_file:
            make_private(config.folder / "attempts.sqlite")
            sa.event.listen(self.engine, "connect", quick)

    @property
    def base_exceptions(self) -> type[Exception]:
        return sa.exc.SQLAlchemyError

    def connect(self) -> sa.Connection:
        connection = self.engine.connect()
        if self.is_file:  # each time: a file that was begun and not finished would count nothing, for good
            connection.execute(CreateTable(TABLE, if_not_exists=True))
            for index in TABLE.indexes:
                connection.execute(CreateIndex(index, if_not_exists=True))
        return connection

    def hidden(self, key: str) -> str:
        return hmac.digest(self.secret, key.encode(), "sha256").hex()

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        now = time.time()
        adding = (sqlite if self.is_file else postgresql).insert(TABLE).values(key=self.hidden(key), count=amount, expires_at=now + expiry)
        is_over, new = TABLE.c.expires_at <= now, adding.excluded
        counting = adding.on_conflict_do_update(index_elements=[TABLE.c.key], set_={
            "count": sa.case((is_over, new.count), else_=TABLE.c.count + amount),
            "expires_at": sa.case((is_over, new.expires_at), else_=TABLE.c.expires_at),
        }).returning(TABLE.c.count)
        with self.connect() as connection:
            count = connection.execute(counting).scalar_one()
            if secrets.randbelow(SWEPT) == 0:
                connection.execute(sa.delete(TABLE).where(TABLE.c.expires_at <= now))
        return count

    def _row(self, key: str) -> tuple[int, float]:
        asked = sa.select(TABLE.c.count, TABLE.c.expires_at).where(TABLE.c.key == self.hidden(key), TABLE.c.expires_at > time.time())
        with self.connect() as connection:
            row = connection.execute(asked).first()
        return (row[0], row[1]) if row else (0, time.time())

    def get(self, key: str) -> int:
        return self._row(key)[0]

    def get_expiry(self, key: str) -> float:
        return self._row(key)[1]

    def check(self) -> bool:
        self._row("")
        return True

    def reset(self) -> int | None:
        with self.connect() as connection:
            return connection.execute(sa.delete(TABLE)).rowcount

    def clear(self, key: str) -> None:
        with self.connect() as connection:
            connection.execute(sa.delete(TABLE).where(TABLE.c.key == self.hidden(key)))


def quick(connection: Any, _record: Any) -> None:
    """A counter that a power cut loses is no harm."""
    for pragma in ("journal_mode=WAL", "synchronous=OFF", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")
