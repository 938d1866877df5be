"""A request is handed on once it is whole, an answer waits for its reader beside the thread that made it."""

import asyncio
import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from consult.core import reception
from consult.core.arrival import ARRIVED
from consult.core.reception import Reception
from tests.house.source import ROOT
from tests.story.sites import free_port


class Protocol:
    """What the server gives: the parts of a body (a number: so many seconds of nothing), and what is answered."""

    def __init__(self, *parts, takes=None) -> None:
        self.parts, self.takes = iter(parts), takes
        self.status, self.headers, self.body = 0, [], b""

    def __aiter__(self):
        return self

    async def __anext__(self) -> bytes:
        for part in self.parts:
            if isinstance(part, bytes):
                return part
            await asyncio.sleep(part)
        raise StopAsyncIteration

    def answered(self, status, headers, body=b"") -> None:
        self.status, self.headers, self.body = int(status), dict(headers), body if isinstance(body, bytes) else body.encode()

    response_empty = response_bytes = response_str = answered

    def response_stream(self, status, headers):
        self.answered(status, headers)
        return self

    async def send_bytes(self, part: bytes) -> None:
        if self.takes is not None:
            await asyncio.get_running_loop().run_in_executor(None, self.takes)
        self.body += part


def scope(method="POST", path="/fr/é", headers=(), client="[::1]:5"):
    return SimpleNamespace(
        proto="http", http_version="1.1", scheme="http", method=method, path=path, query_string="a=%C3%A9", client=client,
        server="127.0.0.1:80", headers=SimpleNamespace(items=lambda: list(headers)))


def call(app, protocol: Protocol, **asked) -> Protocol:
    """In a thread of its own: a browser that drove tests before these leaves a loop running in the thread of the tests."""
    with ThreadPoolExecutor(1) as apart:
        apart.submit(lambda: asyncio.run(Reception(app, 2).__rsgi__(scope(**asked), protocol))).result()
    return protocol


def echo(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    return [environ["wsgi.input"].read()]


def test_a_request_is_as_wsgi_has_it():
    seen = {}

    def app(environ, start):
        seen.update(environ, body=environ["wsgi.input"].read())
        start("200 OK", [("X-A", "1")])
        return [b"a", b"", b"b"]
    answer = call(app, Protocol(b"one", b"two"), headers=[
        ("host", "x"), ("cookie", "a=1"), ("cookie", "b=2"), ("x-a", "1"), ("x-a", "2"), ("x_a", "evil"), ("content-type", "text/x"),
        ("transfer-encoding", "chunked"), ("content_length", "9")])
    assert (answer.status, answer.headers["x-a"], answer.body) == (200, "1", b"ab")
    assert (seen["body"], seen["CONTENT_LENGTH"], seen["CONTENT_TYPE"]) == (b"onetwo", "6", "text/x")
    assert (seen["HTTP_COOKIE"], seen["HTTP_X_A"], seen["REMOTE_ADDR"]) == ("a=1; b=2", "1,2", "::1")
    assert seen["PATH_INFO"].encode("latin-1").decode() == "/fr/é"
    assert seen[ARRIVED] is not None
    assert "HTTP_TRANSFER_ENCODING" not in seen


def test_who_sends_too_slowly_is_let_go_before_anybody_is_asked(monkeypatch):
    monkeypatch.setattr(reception, "GRACE", 0.05)
    for parts in ((b"a", 5, b"b"), (5, b"a"), (*(part for _ in range(40) for part in (0.02, b"a")),)):
        answer = call(lambda *_: pytest.fail("it was handed on"), Protocol(*parts), headers=[("content-length", "9")])
        assert answer.status == 408


def test_a_slow_line_that_goes_on_is_waited_for(monkeypatch):
    monkeypatch.setattr(reception, "GRACE", 0.2)
    monkeypatch.setattr(reception, "LEAST", 1000)
    parts = (part for _ in range(10) for part in (0.05, b"x" * 1000))
    assert call(echo, Protocol(*parts), headers=[("content-length", "10000")]).body == b"x" * 10_000


def test_more_than_anybody_may_send_is_refused(monkeypatch):
    monkeypatch.setattr(reception, "LARGEST", 10)
    assert call(echo, Protocol(b"x" * 6, b"x" * 6), headers=[("transfer-encoding", "chunked")]).status == 413
    said = call(lambda environ, start: [start("413 X", []) and environ["CONTENT_LENGTH"].encode()], Protocol(99), headers=[
        ("content-length", "12")])
    assert (said.status, said.body) == (413, b"12"), "the application says so, and nobody waits for it"


def test_a_slow_reader_holds_no_thread_however_long_the_answer_is():
    made = threading.Event()

    def app(_environ, start):
        start("200 OK", [])
        yield from [b"x" * 1_000_000] * 70
        made.set()

    def takes() -> None:
        assert made.wait(20), "the answer waits for its reader"
    answer = call(app, Protocol(takes=takes), method="GET")
    assert (len(answer.body), answer.headers["content-length"]) == (70_000_000, "70000000")
    assert reception.room.taken == 0


def test_answers_that_wait_take_no_more_than_their_room(monkeypatch, caplog):
    monkeypatch.setattr(reception, "ROOM", 1_000_000)
    ended = threading.Event()

    def endless(_environ, start):
        start("200 OK", [("X-A", "1")])
        try:
            while True:
                yield b"x" * 100_000
        finally:
            ended.set()

    def leaves() -> None:
        raise ConnectionResetError
    refused = call(endless, Protocol(), method="GET")
    assert (refused.status, refused.body, "x-a" in refused.headers) == (503, b"", False)
    assert ended.is_set()
    assert "wait for their readers" in caplog.text
    for takes in (leaves, None):  # who left gave it back
        assert call(lambda _environ, start: [start("200 OK", []) and b"x" * 900_000], Protocol(takes=takes), method="GET").status == 200


@pytest.mark.parametrize("length", [10, 1_000_000])
def test_a_fault_in_the_middle_is_no_answer_that_looks_whole(caplog, length):
    def app(_environ, start):
        start("200 OK", [("Content-Disposition", "attachment")])
        yield b"x" * length
        raise LookupError
    answer = call(app, Protocol(), method="GET")
    assert (answer.status, answer.body, answer.headers) == (500, b"", {"content-type": "text/plain"})
    assert "an answer could not be made" in caplog.text


def test_a_fault_before_the_answer_is_one(caplog):
    def app(_environ, _start):
        raise LookupError
    assert call(app, Protocol(), method="GET").status == 500
    assert "an answer could not be made" in caplog.text


# What is made for long


LONG = """
import sys, threading
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from consult.core import reception

reception.PATIENCE = 0.2
goes_on = threading.Event()

def app(environ, start):
    start("200 OK", [("Content-Type", "text/plain")])
    if environ["PATH_INFO"] == "/on":
        goes_on.set()
        return [b"ok"]
    return parts(environ["PATH_INFO"])

def parts(path):
    goes_on.clear()
    yield b"first, "
    assert goes_on.wait(60)
    if path == "/fails":
        raise LookupError
    yield b"last"

def made():
    return reception.Reception(app, 4)

if __name__ == "__main__":
    Granian("long:made", factory=True, interface=Interfaces.RSGI, port=int(sys.argv[1]), http=HTTPModes.http1, log_enabled=False).serve()
"""


@pytest.fixture
def line():
    """A connection: (its other end's address as the server tells it, that end)."""
    with socket.create_server(("127.0.0.1", 0)) as listening, socket.create_connection(listening.getsockname()) as reader:
        connection, address = listening.accept()
        reader.settimeout(20)
        with connection:
            yield f"{address[0]}:{address[1]}", reader


def in_two(seen: threading.Event, fault: type[Exception] | None):
    def app(_environ, start):
        start("200 OK", [])
        yield b"first, "
        assert seen.wait(20)
        if fault is not None:
            raise fault
        yield b"last"
    return app


@pytest.mark.parametrize("fault", [None, LookupError])
def test_what_is_made_for_long_is_sent_as_it_grows_and_broken_off_where_it_fails(monkeypatch, line, caplog, fault):
    monkeypatch.setattr(reception, "PATIENCE", 0.05)
    seen = threading.Event()
    answer = call(in_two(seen, fault), Protocol(takes=seen.set), method="GET", client=line[0])
    assert (answer.status, "content-length" in answer.headers) == (200, False)
    assert answer.body == (b"first, " if fault else b"first, last")
    if fault:
        assert line[1].recv(1) == b"", "its reader sees that the connection ended"
        assert "an answer could not be made" in caplog.text
    assert reception.room.taken == 0


def test_an_answer_is_held_until_it_is_broken_off(monkeypatch, line):
    """Whatever is let go before that is ended by the server as if it were whole, now and then before the line is broken off."""
    monkeypatch.setattr(reception, "PATIENCE", 0.05)
    seen, ends = threading.Event(), []

    class Stream(Protocol):
        def __del__(self) -> None:
            line[1].setblocking(False)
            with suppress(BlockingIOError):
                ends.append(line[1].recv(1))

    class Server(Protocol):
        def response_stream(self, status, headers):
            self.answered(status, headers)
            return Stream(takes=seen.set)

    call(in_two(seen, LookupError), Server(), method="GET", client=line[0])
    assert ends == [b""], "the connection had ended by then"


def test_where_it_could_not_be_broken_off_it_waits_until_it_is_whole(monkeypatch):
    monkeypatch.setattr(reception, "PATIENCE", 0.05)
    seen = threading.Event()
    timer = threading.Timer(0.5, seen.set)
    timer.start()
    answer = call(in_two(seen, LookupError), Protocol(), method="GET", client="")
    assert (answer.status, answer.body) == (500, b"")
    timer.join()


def test_the_server_itself_sends_early_and_breaks_off(tmp_path):
    port, command = free_port(), str(tmp_path / "long.py")
    Path(command).write_text(LONG)
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    with subprocess.Popen([sys.executable, command, str(port)], env=environment, stderr=subprocess.DEVNULL) as server:  # noqa: S603 - our own
        try:
            until_it_answers(port)
            for path, is_whole in (("/lasts", True), ("/fails", False)):
                with asked(port, path) as answer:
                    assert answer.read1(100) == b"first, ", "before the rest is made"
                    with asked(port, "/on"):
                        pass
                    if is_whole:
                        assert answer.read() == b"last"
                    else:
                        with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                            answer.read()
        finally:
            server.terminate()


@contextmanager
def asked(port: int, path: str) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", path)
        with connection.getresponse() as answer:
            yield answer


def until_it_answers(port: int) -> None:
    for _attempt in range(600):
        with suppress(OSError), asked(port, "/on"):
            return
        time.sleep(0.1)
    pytest.fail("the server does not answer")
