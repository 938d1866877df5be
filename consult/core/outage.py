"""What the platform stands on may be out of reach: the database stopped, locked by another programme, the disk full.

Which of them it is; and that it is said once in the log, and once more when it is over, however many ask meanwhile.
"""

import errno
import logging
import sqlite3
import threading
import time
from enum import Enum

from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = logging.getLogger(__name__)
SAY_AGAIN = 600  # seconds after which what still lasts is said once more


class Outage(Enum):
    """Beside each how it is said in the log."""

    BUSY = "the database is locked by somebody else, or has no room for more who ask"
    DOWN = "the database cannot be reached"
    FULL = "there is no room left on the disk"


class TooBusy(Exception):
    """So many wait to write that nobody else can."""


_SQLITE = {
    sqlite3.SQLITE_BUSY: Outage.BUSY, sqlite3.SQLITE_LOCKED: Outage.BUSY, sqlite3.SQLITE_FULL: Outage.FULL,
    sqlite3.SQLITE_CANTOPEN: Outage.DOWN, sqlite3.SQLITE_IOERR: Outage.DOWN,
}
_SQLSTATES = {
    "53100": Outage.FULL, "53300": Outage.BUSY, "55P03": Outage.BUSY, "40P01": Outage.BUSY, "40001": Outage.BUSY,
    "57P01": Outage.DOWN, "57P02": Outage.DOWN, "57P03": Outage.DOWN, "58030": Outage.DOWN,
}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
LATELY = 60  # seconds for which this process takes for lasting what it met, where nobody wrote since
_lasting: dict[Outage, float] = {}  # since when, or when it was said last
_met: dict[Outage, float] = {}  # when it was met last
_guard = threading.Lock()


def outage_of(error: BaseException) -> Outage | None:
    """What is out of reach; None where the error is a fault of ours."""
    if isinstance(error, OSError):
        return Outage.FULL if error.errno in _NO_ROOM else None
    if isinstance(error, PoolTimeout | TooBusy):
        return Outage.BUSY
    if isinstance(error, PendingRollbackError):  # what came after it in a transaction that was lost
        return Outage.DOWN
    return _outage_of_database(error) if isinstance(error, DBAPIError) else None


def _outage_of_database(error: DBAPIError) -> Outage | None:
    fault = error.orig
    if (code := getattr(fault, "sqlite_errorcode", None)) is not None:
        return _SQLITE.get(code & 0xFF)
    state = getattr(fault, "sqlstate", None)
    if state is None or state.startswith("08"):  # no answer at all
        is_lost = error.connection_invalidated or type(fault).__name__ in ("OperationalError", "ConnectionTimeout")
        return Outage.DOWN if is_lost and not isinstance(fault, sqlite3.Error) else None
    return _SQLSTATES.get(state)


def say(outage: Outage, error: BaseException) -> None:
    """In the log, the first time and then every ten minutes."""
    with _guard:
        _met[outage] = time.monotonic()
        said = _lasting.get(outage)
        if said is not None and time.monotonic() - said < SAY_AGAIN:
            return
        _lasting[outage] = time.monotonic()
    log.error("%s: %s", outage.value, " ".join(str(getattr(error, "orig", error)).split()))


def tell(logger: logging.Logger, error: BaseException, words: str, *values: object) -> None:
    """An exception in whose place others are tried: with its traceback, unless it is of something out of reach."""
    if (outage := outage_of(error)) is not None:
        say(outage, error)
    else:
        logger.error(words, *values, exc_info=error)


def lasting() -> set[Outage]:
    """What this process met lately, when it last tried to write."""
    since = time.monotonic() - LATELY
    with _guard:
        return {outage for outage, met in _met.items() if met > since and outage in _lasting}


def is_over() -> None:
    """The database answered and took what was written: whatever lasted until now is said to be over."""
    if not _lasting:
        return
    with _guard:
        over = list(_lasting)
        _lasting.clear()
    for outage in over:
        log.warning("over: %s", outage.value)


class Once(logging.Filter):
    """Lets one trouble of a kind pass in ten minutes: a library tells of each of its connections that a stopped server has closed."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        kind = f"{record.name}:{record.msg}"
        if time.monotonic() - self.passed.get(kind, -SAY_AGAIN) < SAY_AGAIN:
            return False
        self.passed[kind] = time.monotonic()
        return True


def quieten(*others: str) -> None:
    for name in ("sqlalchemy.pool", "sqlalchemy.pool.impl.QueuePool", *others):
        if not any(isinstance(known, Once) for known in logging.getLogger(name).filters):
            logging.getLogger(name).addFilter(Once())
