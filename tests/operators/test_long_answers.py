"""Long answers behind nginx and Caddy as the papers set them: handed on as they grow, whole or seen to be broken off, never kept by the
proxy while their reader takes his time; parts of a file, and none of it to whoever asks for its head alone.
"""

import hashlib
import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.core.test_reception import asked, until_it_answers
from tests.house.source import ROOT
from tests.operators.hosts import HOST, Browser, Proxy
from tests.story.sites import free_port

LARGE, PIECE = 60_000_000, 65_536
KEPT = 8_000_000  # bytes that a proxy may hold for one reader: its buffers and those of the system
SITE = """
import sys, threading
from flask import Flask, send_file
from granian import Granian
from granian.constants import HTTPModes, Interfaces
from consult.core import reception

reception.PATIENCE = 3
goes_on = threading.Event()
site = Flask("long")

@site.get("/on")
def on():
    goes_on.set()
    return "ok"

@site.get("/<any(lasts, fails):how>")
def parts(how):
    goes_on.clear()
    def made():
        yield b"first, "
        assert goes_on.wait(60)
        if how == "fails":
            raise LookupError
        yield b"last"
    return made(), {"Content-Type": "text/csv"}

@site.get("/large")
def large():
    return (bytes([number % 251]) * 60_000 for number in range(1_000))

@site.get("/file")
def file():
    return send_file(sys.argv[2], as_attachment=True, download_name="file.bin", etag="kept", conditional=True)

def made():
    return reception.Reception(site, 8)

if __name__ == "__main__":
    Granian("long_site:made", factory=True, interface=Interfaces.RSGI, port=int(sys.argv[1]), http=HTTPModes.http1,
            log_enabled=False).serve()
"""


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def served(request, tmp_path_factory) -> Iterator[SimpleNamespace]:
    folder = tmp_path_factory.mktemp("long")
    (folder / "long_site.py").write_text(SITE)
    (folder / "file").write_bytes(bytes(range(256)) * 4_000)
    (folder / "proxy").mkdir()
    port = free_port()
    command = [sys.executable, str(folder / "long_site.py"), str(port), str(folder / "file")]
    environment = {**os.environ, "PYTHONPATH": f"{folder}:{ROOT}"}
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as server:  # noqa: S603 - our own
        proxy = Proxy(request.param, folder / "proxy", [SimpleNamespace(port=port)] * 2)
        try:
            until_it_answers(port)
            proxy.start()
            yield SimpleNamespace(proxy=proxy, browser=Browser(proxy.https, folder / "proxy"), port=port, file=folder / "file")
        finally:
            proxy.kill()
            server.terminate()


@contextmanager
def opened(served, path: str, method: str = "GET", **headers: str) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", served.proxy.https)) as connection:
        connection.sock = served.browser.connect()
        connection.request(method, path, headers={"Host": HOST, **headers})
        with connection.getresponse() as answer:
            yield answer


@pytest.mark.parametrize(("path", "is_whole"), [("/lasts", True), ("/fails", False)])
def test_what_is_made_for_long_is_handed_on_as_it_grows_and_broken_off_where_it_fails(served, path, is_whole):
    with opened(served, path) as answer:
        assert answer.read1(100) == b"first, ", "before the rest is made"
        with asked(served.port, "/on"):
            pass
        if is_whole:
            assert answer.read() == b"last"
        else:
            if served.proxy.kind == "caddy" and caddy_version() < (2, 8):
                pytest.skip("that Caddy ends as whole what was broken off, as its file says")
            with pytest.raises((http.client.IncompleteRead, ConnectionError)):
                answer.read()


def caddy_version() -> tuple[int, ...]:
    said = subprocess.run(["caddy", "version"], capture_output=True, text=True, check=True).stdout  # noqa: S607 - as the papers call it
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def test_a_long_answer_waits_for_a_slow_reader_and_not_in_the_proxy(served):
    sent = hashlib.sha256(b"".join(bytes([number % 251]) * 60_000 for number in range(1_000))).hexdigest()
    before = held_by(served.proxy)
    with opened(served, "/large") as answer:
        assert answer.getheader("Content-Length") == str(LARGE)
        found, read, most = hashlib.sha256(), 0, 0
        while part := answer.read(PIECE):
            found.update(part)
            read += len(part)
            if read <= 40 * PIECE:
                with suppress(subprocess.TimeoutExpired):
                    served.proxy.process.wait(0.1)
                most = max(most, held_by(served.proxy) - before)
    assert (read, found.hexdigest()) == (LARGE, sent)
    assert most < KEPT, "the proxy takes all of it, and keeps it until its reader has it"


def held_by(proxy: Proxy) -> int:
    """Bytes in the memory and in the temporary files of a proxy's processes."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(process.name)) != proxy.process.pid:
                continue
            total += int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            total += sum(file.stat().st_size for file in (process / "fd").iterdir() if str(proxy.folder / "proxy") in os.readlink(file))
    return total


def test_who_asks_for_its_head_gets_no_body(served):
    with opened(served, "/file", "HEAD") as head, opened(served, "/file") as whole:
        assert (head.status, head.read(), head.getheader("Content-Length")) == (200, b"", str(served.file.stat().st_size))
        assert whole.read() == served.file.read_bytes()


def test_what_was_cut_is_gone_on_with(served):
    content = served.file.read_bytes()
    with opened(served, "/file", Range="bytes=1000000-") as rest:
        assert (rest.status, rest.getheader("Content-Range")) == (206, f"bytes 1000000-{len(content) - 1}/{len(content)}")
        assert rest.read() == content[1_000_000:]
    with opened(served, "/file", Range="bytes=1000000-", **{"If-Range": '"another"'}) as other:
        assert (other.status, other.read()) == (200, content), "it is another file by now"
    with opened(served, "/file", Range="bytes=9999999999-") as beyond:
        assert beyond.status == 416
    with opened(served, "/file", **{"If-None-Match": '"kept"'}) as known:
        assert (known.status, known.read()) == (304, b"")
