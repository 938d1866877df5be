"""What the proxies of the papers hand on: whole requests, one to a connection, whatever was written into them; in clear no programme is
led on to the address of which it should have known.
"""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import SimpleNamespace

import pytest

from tests.operators.hosts import HOST, Browser, Proxy

HEAD = f"POST /fr/accounts/login HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n".encode()
HIDDEN = b"GET /hidden HTTP/1.1\r\nX-A: "
CHUNKS = b"5\r\na=b&c\r\n0\r\n\r\n"
# What one reads as the end of a request and another as its middle.
SMUGGLED = {
    "length and chunks": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and length": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + CHUNKS + HIDDEN,
    "two lengths": b"Content-Length: 5\r\nContent-Length: 60\r\n\r\na=b&c" + HIDDEN,
    "a list of lengths": b"Content-Length: 5, 60\r\n\r\na=b&c" + HIDDEN,
    "a length with a sign": b"Content-Length: +5\r\n\r\na=b&c" + HIDDEN,
    "a length in other digits": b"Content-Length: 0x5\r\n\r\na=b&c" + HIDDEN,
    "a space before the colon": b"Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS + HIDDEN,
    "a tab before chunked": b"Transfer-Encoding:\tchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS + HIDDEN,
    "a sign within chunked": b"Transfer-Encoding: \x0bchunked\r\nContent-Length: 5\r\n\r\n" + CHUNKS + HIDDEN,
    "not quite chunked": b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\na=b&c" + HIDDEN,
    "chunked twice": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n" + CHUNKS + HIDDEN,
    "a header that goes on": b"X-B: a\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\na=b&c" + HIDDEN,
    "a line's end alone": b"Content-Length: 5\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS + HIDDEN,
    "a return alone": b"X-B: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\na=b&c" + HIDDEN,
    "a size that goes round": b"Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\na=b&c\r\n0\r\n\r\n" + HIDDEN,
    "a size that goes on": b"Transfer-Encoding: chunked\r\n\r\n5;a=\"\n\"\r\na=b&c\r\n0\r\n\r\n" + HIDDEN,
    "a NUL": b"X-B: a\x00b\r\nContent-Length: 5\r\n\r\na=b&c" + HIDDEN,
}
MACHINES = ["/fr/exports/open-data/contributions?page=2", "/ar/exports/open-data/replies", "/fr/journal/feed", "/en/news/feed",
            "/fr/news/chapters/3/feed", "/metrics", "/healthz"]
PAGES = ["/", "/fr/", "/fr/exports/open-data", "/ar/chapters/1?a=b", "/fr/journal"]


class Origin:
    """In place of the platform: keeps what comes on each connection, answers the first request on it, and goes on listening."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.received: list[bytearray] = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _address = self.socket.accept()
                kept = bytearray()
                self.received.append(kept)
                threading.Thread(target=self.answer, args=(connection, kept), daemon=True).start()

    def answer(self, connection: socket.socket, kept: bytearray) -> None:
        connection.settimeout(5)
        with connection, suppress(OSError):
            while not is_whole(kept):
                part = connection.recv(65536)
                if not part:
                    return
                kept += part
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\nok")
            while part := connection.recv(65536):
                kept += part


def split(request: bytes) -> tuple[list[bytes], bytes]:
    head, _sign, body = bytes(request).partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def lengths(lines: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    return ([line for line in lines if re.match(rb"content-length\s*:", line, re.IGNORECASE)],
            [line for line in lines if re.match(rb"transfer-encoding\s*:", line, re.IGNORECASE)])


def is_whole(kept: bytearray) -> bool:
    if b"\r\n\r\n" not in kept:
        return False
    lines, body = split(kept)
    sized, chunked = lengths(lines)
    if chunked:
        return body.endswith(b"0\r\n\r\n")
    return len(body) >= (int(sized[0].split(b":")[1]) if sized else 0)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def behind(request, tmp_path_factory) -> Iterator[SimpleNamespace]:
    folder, origin = tmp_path_factory.mktemp("boundaries"), Origin()
    proxy = Proxy(request.param, folder, [SimpleNamespace(port=origin.port)] * 2)
    with ExitStack() as ending:
        ending.callback(origin.socket.close)
        ending.callback(proxy.kill)
        proxy.start()
        yield SimpleNamespace(origin=origin, proxy=proxy, browser=Browser(proxy.https, folder))


@pytest.mark.parametrize("how", SMUGGLED)
def test_no_request_is_hidden_in_another(behind, how):
    """Each connection to the platform holds one request, whose end is said once; what follows it never begins another's."""
    behind.origin.received.clear()
    with behind.browser.connect() as client:
        client.settimeout(3)
        client.sendall(HEAD + SMUGGLED[how])
        with suppress(OSError):
            while client.recv(65536):
                pass
    assert behind.browser.ask("GET", "/fr/another").body == b"ok"
    for kept in behind.origin.received:
        lines, body = split(kept)
        sized, chunked = lengths(lines)
        assert len(sized) + len(chunked) <= 1, lines
        assert lines[0].split()[1] in (b"/fr/accounts/login", b"/fr/another"), "the hidden one was handed on as a request"
        if sized:
            assert re.fullmatch(rb"[Cc]ontent-[Ll]ength: \d+", sized[0])
            assert len(body) == int(sized[0].split(b":")[1])
        assert b"/hidden" not in body or not chunked, "more than its chunks was handed on"


@pytest.mark.parametrize("path", MACHINES)
def test_what_programmes_read_is_refused_in_clear(behind, path):
    answer = plainly(behind, path)
    assert answer.startswith(b"HTTP/1.1 403 "), answer
    assert b"ocation:" not in answer
    assert f"https://{HOST}".encode() in answer


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_led_on(behind, path):
    answer = plainly(behind, path)
    assert answer.startswith(b"HTTP/1.1 301 "), answer
    assert f"Location: https://{HOST}{path}\r\n".encode() in answer


def plainly(behind, path: str) -> bytes:
    with socket.create_connection(("127.0.0.1", behind.proxy.http), timeout=20) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := client.recv(65536):
            answer += part
    return answer
