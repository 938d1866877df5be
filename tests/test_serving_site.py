"""`consult serve --work` as an operator runs it: what dies is started again, what was sent is answered, one address is served once."""

import http.client
import json
import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import urllib.request
from contextlib import closing, suppress

import pytest

from consult.core.db import session, unit_of_work
from tests import factories
from tests.conftest import app_on
from tests.story.sites import Site
from tests.waiting import PATIENCE, until


@pytest.fixture
def site(databases, migrated, tmp_path):
    if databases.kind != "sqlite":
        pytest.skip("once is enough")
    url = databases.new_database(migrated)
    with app_on(url, tmp_path):
        with unit_of_work():
            factories.a_chapter(factories.a_consultation())
        session.remove()
    os.rename(url.removeprefix("sqlite:///"), tmp_path / "consult.sqlite")
    site = Site(tmp_path, f"file://{tmp_path}/mail")
    yield site
    site.stop()


def children(process: subprocess.Popen, words: str) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(process.pid), "-f", words], capture_output=True, text=True, check=False)  # noqa: S603, S607
    return [int(line) for line in found.stdout.split()]


def lives(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    return False


def health(site: Site) -> dict:
    with urllib.request.urlopen(f"{site.base}/healthz", timeout=PATIENCE) as answer:  # noqa: S310 - our own server
        return json.load(answer)


def test_what_dies_is_started_again_and_all_of_it_ends_with_its_parent(site):
    site.start()
    until(lambda: health(site)["worker"]["seconds_since_last_beat"] is not None, "the worker does not say that it lives")
    (worker,) = until(lambda: children(site.server, "consult work"), "there is no worker")
    second = site.run("serve", "--port", str(site.port))
    assert second.returncode == 1
    assert "already" in second.stderr
    os.kill(worker, signal.SIGKILL)
    until(lambda: [pid for pid in children(site.server, "consult work") if pid != worker], "the worker stays dead")
    everybody = children(site.server, "consult")
    os.kill(site.server.pid, signal.SIGKILL)
    site.server.wait(PATIENCE)
    until(lambda: not any(map(lives, everybody)), "its children go on without it")
    site.start()


SLOW = {
    "silent": b"", "head": b"GET /fr/ HTTP/1.1\r\nHost: x\r\nX-A: ",
    "body": b"POST /en/accounts/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nemail=",
    "chunks": b"POST /en/accounts/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
}


def drip(connections: dict[socket.socket, str], over: threading.Event) -> None:
    """A byte each second of each that is still open; those that were let go leave the list."""
    while not over.wait(1):
        for connection, kind in list(connections.items()):
            try:
                connection.setblocking(False)
                if kind != "silent":
                    connection.send(b"1\r\na\r\n" if kind == "chunks" else b"a")
                if not connection.recv(1):
                    raise ConnectionResetError
            except BlockingIOError:
                continue
            except OSError:
                connection.close()
                del connections[connection]


def test_five_hundred_who_send_slowly_hold_up_nobody(site):
    """Neither who reads nor who writes; each of them is let go, whatever it sends."""
    site.start(with_worker=False)
    slow, over = {}, threading.Event()
    for number in range(500):
        kind = list(SLOW)[number % len(SLOW)]
        connection = socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE)
        connection.sendall(SLOW[kind])
        slow[connection] = kind
    thread = threading.Thread(target=drip, args=(slow, over))
    thread.start()
    try:
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site.base}
        for method, path, body, status in (("GET", "/fr/", None, 200), ("GET", "/fr/chapters/1", None, 200), ("HEAD", "/fr/", None, 200),
                                           ("POST", "/en/contributions/drop-draft/1", "expected_digest=x", 400)):
            with closing(http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)) as connection:
                connection.request(method, path, body, form if body else {})
                assert (path, connection.getresponse().status) == (path, status)
        until(lambda: not slow, "some of them are never let go")
    finally:
        over.set()
        thread.join(PATIENCE)
        for connection in list(slow):
            connection.close()


def test_what_was_sent_before_the_end_is_answered(site):
    """It waits for its turn to write while the server is told to stop."""
    site.start(with_worker=False)
    connection, answers = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE), []
    with closing(connection), closing(sqlite3.connect(site.data / "consult.sqlite", isolation_level=None)) as held:
        connection.request("GET", "/readyz")
        assert connection.getresponse().read()
        held.execute("BEGIN IMMEDIATE")
        form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": site.base}
        connection.request("POST", "/en/contributions/drop-draft/1", "expected_digest=x", form)
        time.sleep(1)  # it is at the server by then
        site.server.terminate()
        thread = threading.Thread(target=lambda: answers.append(connection.getresponse().status))
        thread.start()
        time.sleep(1)
        assert answers == [], "it does not wait"
        held.execute("ROLLBACK")
        thread.join(PATIENCE)
    assert answers, "it was lost"
    assert site.server.wait(PATIENCE) == 0


HALF = b"\xed\xa0\x80"  # of a surrogate pair: no UTF-8
RAW = {
    "path": b"GET /fr/" + HALF + b" HTTP/1.1\r\nHost: x\r\n", "query": b"GET /fr/?q=" + HALF + b" HTTP/1.1\r\nHost: x\r\n",
    "quoted": b"GET /fr/%ED%A0%80?q=%ED%A0%80 HTTP/1.1\r\nHost: x\r\n", "host": b"GET /fr/ HTTP/1.1\r\nHost: " + HALF + b"\r\n",
    "cookie": b"GET /fr/ HTTP/1.1\r\nHost: x\r\nCookie: consult=" + HALF + b"\r\n",
    "agent": b"GET /fr/ HTTP/1.1\r\nHost: x\r\nUser-Agent: " + HALF + b"\r\nReferer: " + HALF + b"\r\nOrigin: " + HALF + b"\r\n",
    "type": b"POST /fr/accounts/login HTTP/1.1\r\nHost: x\r\nContent-Type: " + HALF + b"\r\nContent-Length: 0\r\n",
}


def test_what_is_no_text_is_answered(site):
    """By the server itself, with bytes as they come: none of it is a fault, nor left without an answer."""
    site.start(with_worker=False)
    for name, head in RAW.items():
        with closing(socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE)) as connection:
            connection.sendall(head + b"Connection: close\r\n\r\n")
            status = connection.recv(12)
        assert status[:9] == b"HTTP/1.1 ", name
        assert status[9:10] in (b"2", b"3", b"4"), name
    assert "Traceback" not in (site.data / "log").read_text()
