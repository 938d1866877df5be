"""When a request arrived whole, noted before it waits for anything: what was sent before the closing is not late for waiting its turn.

A process takes in many requests and answers a few at once. Each that is taken in is read to its end and has its moment at once; then it
waits. Under `consult serve` it was read before it came here (``core/reception.py``), and brings its moment.
"""

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from consult.core.i18n import arrived, arrived_now, utcnow

SAFE = ("GET", "HEAD", "OPTIONS")
ARRIVED = "consult.arrived"  # when a request was whole, where whoever hands it on knows
BUSY = "consult.busy"  # of a request that is to be answered so
PATIENCE = 15.0  # seconds for which somebody who writes waits for a turn
SMALL = 1_000_000  # bytes that are read at once; of what is larger the moment moves on with each part that is read


class Arrivals:
    """Around the whole application: ``at_once`` requests are answered, the others wait in line.

    Those who write have ``writing`` of the turns at most, and ``waiting`` of them wait: when the database lets nobody write, those who read
    are answered, and whoever waits for too long, or comes when too many do, is told so with what they typed.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], at_once: int, writing: int, waiting: int) -> None:
        self.app = app
        self.turns = threading.BoundedSemaphore(at_once)
        self.writing = threading.BoundedSemaphore(writing)
        self.waiting = threading.BoundedSemaphore(waiting)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if (moment := environ.pop(ARRIVED, None)) is None:
            take_in(environ)
            moment = utcnow()
        held = [self.turns]
        if environ.get("REQUEST_METHOD") not in SAFE:
            if self.may_write():
                held.append(self.writing)
            else:
                environ[BUSY] = True
        self.turns.acquire()
        answer = Answer(partial(release_all, held))
        with arrived(moment):
            answer.parts = self.app(environ, start_response)
        return answer

    def may_write(self) -> bool:
        """Once it is their turn."""
        if not self.waiting.acquire(blocking=False):
            return False
        try:
            return self.writing.acquire(timeout=PATIENCE)
        finally:
            self.waiting.release()


def release_all(held: list[threading.BoundedSemaphore]) -> None:
    for turn in held:
        turn.release()


class Answer:
    """What is sent, part by part; with its end, however it comes, the next request has its turn."""

    def __init__(self, release: Callable[[], None]) -> None:
        self.parts: Iterable[bytes] = ()
        self.release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        yield from self.parts
        self.end_turn()

    def end_turn(self) -> None:
        release, self.release = self.release, None
        if release is not None:
            release()

    def close(self) -> None:
        try:
            if (close := getattr(self.parts, "close", None)) is not None:
                close()
        finally:
            self.end_turn()

    def __del__(self) -> None:
        if self.release is not None:  # its server forgot it, as when its reader left
            self.close()


def take_in(environ: dict[str, Any]) -> None:
    """Read a small body to its end, so that it has arrived."""
    if "wsgi.input" not in environ or environ.get("REQUEST_METHOD") in SAFE:
        return
    length = str(environ.get("CONTENT_LENGTH") or "")
    if length.isascii() and length.isdecimal() and int(length) <= SMALL:
        environ["wsgi.input"] = io.BytesIO(read(environ["wsgi.input"], int(length)))
    elif length or "HTTP_TRANSFER_ENCODING" in environ:
        environ["wsgi.input"] = io.BufferedReader(Arriving(environ["wsgi.input"]))


def read(body: Any, length: int) -> bytes:
    parts: list[bytes] = []
    while length and (part := body.read(length)):
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


class Arriving(io.RawIOBase):
    """A body that its reader asks for part by part."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self.body.read(len(buffer))
        if part:
            arrived_now()
        buffer[:len(part)] = part
        return len(part)
