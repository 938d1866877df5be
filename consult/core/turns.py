"""Waiting in line for an SQLite file, whoever writes it: one after the other, as they came."""

import fcntl
import os
import time

PATIENCE, PAUSE = 15, 0.0005  # seconds


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
