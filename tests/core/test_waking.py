"""The workers are told by a thread of its own: whoever promised work waits for no queue."""

import sqlite3
import threading

from consult.core.waking import Queue
from tests.waiting import PATIENCE, until


def test_nobody_waits_for_the_queue(tmp_path, caplog):
    """Its file is held by somebody else: the log says it once, and once more when it is over."""
    queue = Queue(f"sqlite:///{tmp_path / 'queue.sqlite'}", print)
    tried, let_go, is_held = threading.Semaphore(0), threading.Event(), [True]

    def send() -> None:
        tried.release()
        let_go.wait(PATIENCE)
        if is_held:
            raise sqlite3.OperationalError("database is locked")
    queue.send = send
    queue.wake()
    queue.wake()
    assert tried.acquire(timeout=PATIENCE), "nobody is woken"
    let_go.set()
    for _again in range(3):
        queue.wake()
        assert tried.acquire(timeout=PATIENCE), "it is not tried again"
    is_held.clear()
    until(lambda: queue.wake() or "woken again" in caplog.text, "it is never over")
    assert caplog.text.count("cannot be woken") == 1
