"""Between the server and the application: a request is handed on once it has arrived whole, and an answer waits here until it is whole.

Who sends or reads slowly, on purpose or on a poor line, holds a connection and nothing else; who is slower than :data:`LEAST` is let go.
The server calls it by its own interface (RSGI), where a thread of WSGI's would wait for every byte; an answer that was begun cannot be
taken back there, nor be ended so that its reader sees that it is not whole: the server closes it as if it were. So only what is made for
longer than :data:`PATIENCE` is sent as it grows, before a proxy gives it up, and only over a line that is in hand here
(``core/lines.py``): where the rest cannot be made, the connection ends before the answer does.
"""

import asyncio
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import urlsplit

from consult.core.arrival import ARRIVED
from consult.core.i18n import utcnow
from consult.core.lines import line_to

log = logging.getLogger(__name__)
GRACE, LEAST = 10.0, 2_000  # seconds before it counts, then bytes each second
LARGEST = 16_000_000  # bytes of a request, above what the application itself takes and refuses on a page of its own
IN_MEMORY, PIECE = 65_536, 65_536  # what is longer waits on the disk
ROOM = 2_000_000_000  # bytes of all the answers of a process that wait
STALLED = 30.0  # seconds in which a reader takes a piece at least
PATIENCE = 15.0  # seconds until what is there of an answer is sent; proxies give up after 60
AT_ONCE = ("x-accel-buffering", "no")  # nginx hands on what comes instead of waiting for a full buffer
NOTHING = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class TooSlow(Exception):
    """Less than :data:`LEAST` came in."""


class TooLarge(Exception):
    """More came than anybody may send."""


class NoRoom(Exception):
    """The answers that wait for their readers take :data:`ROOM`."""


class Reception:
    """An application of the server's interface around one of WSGI's, of which ``at_once`` requests are answered or wait in line."""

    def __init__(self, app: Callable[..., Iterable[bytes]], at_once: int) -> None:
        self.app = app
        self.threads = ThreadPoolExecutor(at_once, "request")

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        if scope.proto != "http":
            return
        environ = environ_of(scope)
        try:
            environ["wsgi.input"] = body = await body_of(protocol, environ)
        except TooSlow:
            protocol.response_str(HTTPStatus.REQUEST_TIMEOUT, [("content-type", "text/plain"), ("connection", "close")], "Too slow.\n")
            return
        except TooLarge:
            protocol.response_str(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, [("content-type", "text/plain"), ("connection", "close")],
                                  "Too large.\n")
            return
        environ[ARRIVED] = utcnow()
        answer = Answer(asyncio.get_running_loop())
        try:
            work = asyncio.get_running_loop().run_in_executor(self.threads, respond, self.app, environ, answer)
            await send(answer, protocol, scope)
            answer.leave()  # before its thread is waited for, which may be far ahead
            await work
        finally:
            answer.leave()
            body.close()


def environ_of(scope: Any) -> dict[str, Any]:
    """As WSGI (PEP 3333) has a request."""
    client, server = split_address(scope.client), split_address(scope.server)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method, "SCRIPT_NAME": "", "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string, "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "SERVER_NAME": server[0], "SERVER_PORT": server[1], "REMOTE_ADDR": client[0], "REMOTE_PORT": client[1],
        "wsgi.version": (1, 0), "wsgi.url_scheme": scope.scheme, "wsgi.errors": sys.stderr,
        "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False, "wsgi.input_terminated": True,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # in WSGI's names it would stand for another header
            continue
        key = name.upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        value = value.encode().decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if key == 'HTTP_COOKIE' else ','}{value}" if key in environ else value
    return environ


def split_address(address: str) -> tuple[str, str]:
    parts = urlsplit(f"//{address}")
    return parts.hostname or "", str(parts.port or "")


# What comes in


async def body_of(protocol: Any, environ: dict[str, Any]) -> IO[bytes]:
    """All of it; :class:`TooSlow`, :class:`TooLarge`. What says itself that it is too large is not waited for: the page of that says so."""
    body: Any = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever asks closes it
    declared = environ.get("CONTENT_LENGTH", "")
    if (not declared and "HTTP_TRANSFER_ENCODING" not in environ) or (declared.isdecimal() and int(declared) > LARGEST):
        return body
    loop, parts, length = asyncio.get_running_loop(), aiter(protocol), 0
    began = loop.time()
    try:
        while True:
            async with asyncio.timeout_at(began + GRACE + length / LEAST):
                part = await anext(parts, b"")
            if not part:
                break
            length += len(part)
            if length > LARGEST:
                raise TooLarge
            body.write(part)
    except TimeoutError as error:
        body.close()
        raise TooSlow from error
    except BaseException:
        body.close()
        raise
    environ["CONTENT_LENGTH"] = str(length)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    body.seek(0)
    return body


# What goes out


class Room:
    """How much the answers of this process take."""

    def __init__(self) -> None:
        self.guard, self.taken = threading.Lock(), 0

    def take(self, length: int) -> None:
        with self.guard:
            if self.taken + length > ROOM:
                raise NoRoom
            self.taken += length

    def give_back(self, length: int) -> None:
        with self.guard:
            self.taken -= length


room = Room()


class Answer:
    """What a thread makes and the loop sends: no reader holds a thread, a fault before it is begun to be sent is an answer of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.status, self.headers = 0, [("content-type", "text/plain")]
        self.file: Any = SpooledTemporaryFile(IN_MEMORY * 4)  # noqa: SIM115 - closed when its reader leaves
        self.guard, self.is_whole, self.has_grown = threading.Lock(), asyncio.Event(), asyncio.Event()
        self.length, self.has_left, self.is_begun, self.is_broken = 0, False, False, False

    # The thread's

    def start(self, status: str, headers: list[tuple[str, str]], *_error: Any) -> Callable[[bytes], None]:
        self.status = int(status.partition(" ")[0])
        self.headers = [(name.lower(), value) for name, value in headers]
        return self.write

    def write(self, part: bytes) -> None:
        with self.guard:
            if self.has_left:
                raise BrokenPipeError
            room.take(len(part))
            self.length += len(part)
            self.file.seek(0, os.SEEK_END)
            self.file.write(part)
        if self.is_begun:
            self.tell(self.has_grown)

    def fail(self, status: int) -> None:
        """Instead of what was written; the end of what is being sent."""
        with self.guard:
            self.is_broken = self.is_begun
            if not self.has_left and not self.is_begun:
                self.status, self.headers = status, [("content-type", "text/plain")]
                self.clear()

    def clear(self) -> None:
        room.give_back(self.length)
        self.length = 0

    def end(self) -> None:
        self.tell(self.is_whole)
        self.tell(self.has_grown)

    def tell(self, event: asyncio.Event) -> None:
        with suppress(RuntimeError):  # the loop is gone, with whoever waited
            self.loop.call_soon_threadsafe(event.set)

    # The loop's

    async def is_whole_within(self, seconds: float | None) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.is_whole.wait()
        return self.is_whole.is_set()

    def begin(self) -> bool:
        """Whether it can be sent as it grows from now on: it has a body, of which something is there."""
        with self.guard:
            self.is_begun = bool(self.length) and self.status not in NOTHING
        return self.is_begun

    def part(self, sent: int) -> bytes:
        with self.guard:
            self.file.seek(sent)
            part: bytes = self.file.read(PIECE)
        return part

    def leave(self) -> None:
        with self.guard:
            self.has_left = True
            self.clear()
            self.file.close()


def respond(app: Callable[..., Iterable[bytes]], environ: dict[str, Any], answer: Answer) -> None:
    """In a thread of its own."""
    parts: Iterable[bytes] = ()
    try:
        parts = app(environ, answer.start)
        for part in parts:
            if part:
                answer.write(part)
    except BrokenPipeError:  # its reader left
        pass
    except NoRoom:
        log.warning("too many answers wait for their readers: one more is refused")
        answer.fail(HTTPStatus.SERVICE_UNAVAILABLE)
    except Exception:
        log.exception("an answer could not be made")
        answer.fail(HTTPStatus.INTERNAL_SERVER_ERROR)
    finally:
        try:
            if (close := getattr(parts, "close", None)) is not None:
                close()
        finally:
            answer.end()


async def send(answer: Answer, protocol: Any, scope: Any) -> None:
    while scope.method != "HEAD" and not await answer.is_whole_within(PATIENCE):
        with line_to(*split_address(scope.client)) as line:
            if line is None:
                break
            if answer.begin():
                # Held until the line is broken off: the server ends an answer as soon as nobody holds it any more.
                stream = protocol.response_stream(answer.status, [*answer.headers, AT_ONCE])
                if not await send_parts(answer, stream):
                    line.break_off()
                return
    await answer.is_whole_within(None)
    status, headers = answer.status or HTTPStatus.INTERNAL_SERVER_ERROR, answer.headers
    if scope.method == "HEAD" or status in NOTHING or not answer.length:
        protocol.response_empty(status, headers)
    elif answer.length <= PIECE:
        protocol.response_bytes(status, headers, answer.part(0))
    else:
        if "content-length" not in dict(headers):  # so that who gets less knows
            headers = [*headers, ("content-length", str(answer.length))]
        await send_parts(answer, protocol.response_stream(status, headers))


async def send_parts(answer: Answer, stream: Any) -> bool:
    """Whether all of it was taken; what is not there yet is waited for."""
    sent = 0
    while True:
        answer.has_grown.clear()
        is_whole = answer.is_whole.is_set()
        if part := answer.part(sent):
            try:
                async with asyncio.timeout(STALLED):
                    await stream.send_bytes(part)
            except Exception:  # its reader left, or takes nothing
                return False
            sent += len(part)
        elif is_whole:
            return not answer.is_broken
        else:
            await answer.has_grown.wait()
