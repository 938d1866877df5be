"""Waiting in line for an SQLite file, whoever writes it: one after the other, as they came."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE, PAUSE = 15, 0.0005  # seconds
LONGEST_PAUSE = 1.0  # seconds that long work leaves to others after one unit of work
_gives_way: ContextVar[bool] = ContextVar("gives_way", default=False)


class Turn:
    """The file lock beside an SQLite file by which writers wait in line; closed, and so given back, with its connection or process.

    SQLite itself makes a writer look again after ever longer pauses, so that under load one waits for seconds while others pass.
    """

    def __init__(self, path: str) -> None:
        self.descriptor = os.open(f"{path}-turn", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __del__(self) -> None:
        os.close(self.descriptor)

    def take(self, patience: float = PATIENCE) -> bool:
        """Wait for it, so many seconds at most, and say whether it came: after :data:`PATIENCE` SQLite's own lock decides."""
        until = time.monotonic() + patience
        while not (has_come := self.try_to_take()) and time.monotonic() < until:
            time.sleep(PAUSE)
        return has_come

    def try_to_take(self) -> bool:
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def give_back(self) -> None:
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)


@contextmanager
def giving_way() -> Iterator[None]:
    """Each unit of work in here is followed by a pause as long as it took. Whoever writes one after the other would have its turn again
    before anybody who waits has looked, so that people would wait until all of it is done.
    """
    token = _gives_way.set(True)
    try:
        yield
    finally:
        _gives_way.reset(token)


@contextmanager
def way_given() -> Iterator[None]:
    """Around a unit of work: the pause behind it. Nothing outside of :func:`giving_way`."""
    began = time.monotonic()
    try:
        yield
    finally:
        if _gives_way.get():
            time.sleep(min(time.monotonic() - began, LONGEST_PAUSE))
