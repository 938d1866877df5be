"""The queue library, and what tells the workers through it that something waits.

Nobody who promised work waits for that: a queue that is locked, slow or away holds up no act that is on disk already.
"""

import logging
import threading
import time
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import psycopg
from huey import PostgresHuey, RedisHuey, SqliteHuey

from consult.core.config import make_private
from consult.core.outage import SAY_AGAIN

log = logging.getLogger(__name__)
QUIET = 0.1  # seconds between two messages: under load the workers are awake
FIRST_STARTS = 10  # of the library's tables each may be what another is just making


def postgres_queue(url: str) -> PostgresHuey:
    """The library makes its tables at the first start: of several hosts that begin at once one alone succeeds, and the others find them."""
    for _again in range(FIRST_STARTS):
        with suppress(psycopg.errors.UniqueViolation, psycopg.errors.DuplicateTable):
            return PostgresHuey("consult", dsn=url)
    return PostgresHuey("consult", dsn=url)


class Queue:
    """The queue library behind one method."""

    def __init__(self, url: str, work: Any) -> None:
        scheme = urlsplit(url).scheme
        if scheme in ("redis", "rediss"):
            self.huey = RedisHuey("consult", url=url)
        elif scheme == "postgresql":
            self.huey = postgres_queue(url)
        else:
            make_private(filename := url.removeprefix("sqlite:///"))
            self.huey = SqliteHuey("consult", filename=filename)
        self.send = self.huey.task(name="work")(work)
        self.asked, self.guard = threading.Event(), threading.Lock()
        self.thread: threading.Thread | None = None
        self.failing_since: float | None = None

    def wake(self) -> None:
        """One message for what was promised within :data:`QUIET` seconds: whoever wakes takes all that waits."""
        self.asked.set()
        with self.guard:
            if self.thread is None or not self.thread.is_alive():  # the first time, and in a process that was forked since
                self.thread = threading.Thread(target=self.go_on_telling, daemon=True, name="waking")
                self.thread.start()

    def go_on_telling(self) -> None:
        while self.asked.wait():
            self.asked.clear()
            self.tell()
            time.sleep(QUIET)

    def tell(self) -> None:
        """What fails is said once: the workers look by themselves each second."""
        try:
            self.send()
        except Exception as error:
            if self.failing_since is None or time.monotonic() - self.failing_since > SAY_AGAIN:
                log.error("the workers cannot be woken (%s): what was promised waits for the queue", type(error).__name__)
                self.failing_since = time.monotonic()
        else:
            if self.failing_since is not None:
                log.warning("over: the workers are woken again")
            self.failing_since = None
