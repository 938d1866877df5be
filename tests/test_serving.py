"""`consult serve` as an operator runs it: one address is served once, what ends at once is started ever more rarely, nothing unsafe is."""

import multiprocessing
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from types import SimpleNamespace

import pytest

from consult import serving
from consult.core.config import Config, ConfigError
from consult.core.errors import Conflict
from consult.serving import FIRST, LONGEST, STEADY, Delay, only_one, working
from tests.operators.hosts import HOST, listens, make_certificate
from tests.story.sites import Site, free_port
from tests.waiting import PATIENCE, until


def test_what_ends_at_once_is_started_ever_more_rarely():
    delay = Delay()
    waits = [delay.after(1) for _again in range(10)]
    assert waits[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert waits[-1] == LONGEST
    assert delay.after(STEADY + 1) == FIRST


def test_no_web_process_begins_while_the_worker_does(monkeypatch):
    """It would inherit the pipe that its starter reads to the end: the worker would be watched by nobody."""
    begun, done = threading.Event(), threading.Event()

    def start_slowly(*_arguments):
        begun.set()
        time.sleep(1)
        done.set()
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])  # noqa: S603 - ourselves

    monkeypatch.setattr(serving, "subprocess", SimpleNamespace(Popen=start_slowly, TimeoutExpired=subprocess.TimeoutExpired))
    with working(with_worker=True):
        assert begun.wait(PATIENCE)
        process = multiprocessing.get_context("fork").Process(target=lambda: os._exit(0 if done.is_set() else 1))
        process.start()
        process.join(PATIENCE)
        assert process.exitcode == 0


def test_an_address_is_served_once():
    """Whether the other already answers there, by a socket that would be shared, or is only about to."""
    port = free_port()
    with only_one("127.0.0.1", port), pytest.raises(Conflict, match="already"), only_one("127.0.0.1", port):
        pass
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(Conflict, match="already"), only_one("127.0.0.1", port):
            pass
    with only_one("127.0.0.1", port):
        pass


PUBLIC = {
    "base_url": "https://consultation.example.ma", "mail_url": "smtps://user:pw@mail.example.ma", "mail_from": "avis@example.ma",
    "trusted_proxies": "1",
}
SHARED = {"secret_key": "0123456789abcdefghijklmnopqrstuvwxyz"}
UNSAFE = [
    ({"trusted_proxies": "0"}, "CONSULT_TRUSTED_PROXIES"),
    ({"base_url": "http://consultation.example.ma"}, "CONSULT_BASE_URL"), ({"mail_url": "console:"}, "CONSULT_MAIL_URL"),
    ({"mail_url": "file:///tmp/mail"}, "CONSULT_MAIL_URL"), ({"mail_url": "smtp://user:pw@mail.example.ma"}, "CONSULT_MAIL_URL"),
    ({"mail_from": "consultation@localhost.localdomain"}, "CONSULT_MAIL_FROM"), ({"secret_key": "x" * 40}, "CONSULT_SECRET_KEY"),
    ({"database_url": "postgresql://db.example.ma/consult"}, "CONSULT_SECRET_KEY"), ({"second_factor": "offered"}, "CONSULT_SECOND_FACTOR"),
    ({"database_url": "postgresql://db.example.ma/consult", "secret_key": "0123456789abcdefghijklmnopqrstuvwxyz", "limits_url": "memory://"},
     "CONSULT_LIMITS_URL"),
    ({**SHARED, "database_url": "postgresql+psycopg://u:p@db.example.ma/consult?sslmode=require"}, "CONSULT_DATABASE_URL"),
    ({**SHARED, "database_url": "postgresql:///consult?host=/run,db.example.ma"}, "CONSULT_DATABASE_URL"),
    ({"queue_url": "postgresql://db.example.ma/consult"}, "CONSULT_QUEUE_URL"),
    ({"queue_url": "redis://:p@10.0.0.7/1"}, "CONSULT_QUEUE_URL"),
    ({"limits_url": "redis://cache.example.ma"}, "CONSULT_LIMITS_URL"),
    ({"limits_url": "rediss://cache.example.ma?ssl_cert_reqs=none"}, "CONSULT_LIMITS_URL"),
]
CLOSED = [
    {**SHARED, "database_url": "postgresql://db.example.ma/consult?sslmode=verify-full&sslrootcert=/etc/consult/root.pem"},
    {**SHARED, "database_url": "postgresql:///consult"}, {**SHARED, "database_url": "postgresql+psycopg://u@/c?host=/run/postgresql"},
    {"queue_url": "rediss://:p@cache.example.ma/1"}, {"limits_url": "redis://127.0.0.1"}, {"limits_url": "rediss://cache.example.ma"},
    {**SHARED, "database_url": "postgresql://db/consult", "queue_url": "redis://cache", "inner_tls": "no"},
]


@pytest.mark.parametrize("setting", CLOSED)
def test_what_nobody_between_can_read_is_served(setting):
    Config(**{**PUBLIC, **setting}).refuse_unsafe()


@pytest.mark.parametrize(("setting", "named"), UNSAFE)
def test_what_is_unsafe_before_the_public_is_refused_and_named(setting, named):
    with pytest.raises(ConfigError, match=f"^{named}: "):
        Config(**{**PUBLIC, **setting}).refuse_unsafe()


def test_what_is_served_beyond_this_machine_needs_its_address():
    with pytest.raises(ConfigError, match="^CONSULT_BASE_URL: "):
        Config().refuse_unsafe("0.0.0.0")  # noqa: S104 - the danger itself
    Config().refuse_unsafe("127.0.0.1")


def test_between_the_proxy_and_another_machine_nobody_reads():
    everywhere = "0.0.0.0"  # noqa: S104 - behind a proxy
    with pytest.raises(ConfigError, match="^--host 0.0.0.0: .*--certificate"):
        Config(**PUBLIC).refuse_unsafe(everywhere)
    Config(**PUBLIC).refuse_unsafe(everywhere, is_ciphered=True)
    Config(**PUBLIC, inner_tls="no").refuse_unsafe(everywhere)
    Config(**PUBLIC).refuse_unsafe("127.0.0.1")


def test_a_proxy_on_another_machine_is_answered_by_tls_alone(databases, migrated, tmp_path):
    if databases.kind != "sqlite":
        pytest.skip("once is enough")
    os.rename(databases.new_database(migrated).removeprefix("sqlite:///"), tmp_path / "consult.sqlite")
    make_certificate(tmp_path)
    site = Site(tmp_path, "console:")
    assert site.run("serve", "--port", str(site.port), "--certificate", str(tmp_path / "fullchain.pem")).returncode == 2
    site.server = site.spawn("serve", "--port", str(site.port), "--certificate", str(tmp_path / "fullchain.pem"),
                             "--key", str(tmp_path / "privkey.pem"))
    try:
        trusts = ssl.create_default_context(cafile=str(tmp_path / "fullchain.pem"))
        until(lambda: listens(site.port), "the server does not answer")
        with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as plain, \
                trusts.wrap_socket(plain, server_hostname=HOST) as line:
            line.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
            assert line.recv(65536).startswith(b"HTTP/1.1 200 ")
        with socket.create_connection(("127.0.0.1", site.port), timeout=PATIENCE) as plain, suppress(ConnectionResetError):
            plain.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert not plain.recv(65536).startswith(b"HTTP/1.1 200 ")
    finally:
        site.stop()


def test_what_the_platform_makes_is_its_own(tmp_path):
    """Whatever the umask of whoever starts it."""
    site = Site(tmp_path / "data" / "of-ours", "console:")
    before = os.umask(0o022)
    try:
        assert site.run("db", "upgrade").returncode == 0
        assert site.run("work", "--once").returncode == 0
    finally:
        os.umask(before)
    assert (tmp_path / "data" / "of-ours").stat().st_mode & 0o077 == 0
    made = {path.name: path.stat().st_mode & 0o077 for path in (tmp_path / "data" / "of-ours").rglob("*")}
    assert {"consult.sqlite", "queue.sqlite", "attempts.sqlite"} <= made.keys()
    assert [name for name, others in made.items() if others] == []


def test_serve_and_work_refuse(tmp_path):
    site = Site(tmp_path, "console:")
    site.environment["CONSULT_BASE_URL"] = "https://consultation.example.ma"
    for command in (["serve"], ["work"]):
        done = site.run(*command)
        assert (done.returncode, "CONSULT_MAIL_URL" in done.stderr) == (1, True)
