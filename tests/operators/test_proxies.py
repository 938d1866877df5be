"""nginx and Caddy as the papers set them, before two web servers and two workers: what is killed is no loss, what is refused is refused."""

import shutil
import socket
import ssl
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.contributions.models import Contribution
from consult.core.db import session, unit_of_work
from consult.core.permissions import SYSTEM
from tests import factories
from tests.conftest import app_on
from tests.contributions.browsing import FILLED, form_of
from tests.operators.hosts import HOST, KEY, Answer, Browser, Proxy, Redis, web_server
from tests.story.sites import Letters, free_port
from tests.waiting import PATIENCE, until

PASSWORD, AUTHOR = "une phrase assez longue, éàü", "salma@example.org"
FORM = "/en/contributions/lodge/1/C1-A1-P1-a1"
SENDERS, STEP = 3, 8  # contributions between one kill and the next
SLOW = 100


@pytest.fixture(params=["nginx", "caddy"])
def platform(request, databases, migrated, tmp_path):
    """nginx with counts and queue in the database; Caddy with both in Redis."""
    if databases.kind != "postgresql":
        pytest.skip("several hosts share a PostgreSQL: in the run on it")
    url, letters = databases.new_database(migrated), Letters()
    with app_on(url, tmp_path / "prepared"):
        with unit_of_work():
            factories.a_chapter(factories.a_consultation())
            accounts.add(SYSTEM, None, email=AUTHOR, name="Salma", password=PASSWORD)
        session.remove()
    with ExitStack() as ending:
        ending.callback(letters.stop)
        settings = {
            "CONSULT_DATABASE_URL": url, "CONSULT_QUEUE_URL": url.replace("+psycopg", ""), "CONSULT_BASE_URL": f"https://{HOST}",
            "CONSULT_SECRET_KEY": KEY, "CONSULT_MAIL_FROM": "avis@example.ma", "CONSULT_TRUSTED_PROXIES": "1",
        }
        redis = None
        if request.param == "caddy":
            (tmp_path / "redis").mkdir()
            redis = Redis(tmp_path / "redis")
            ending.callback(redis.kill)
            redis.start()
            address = f"redis://127.0.0.1:{redis.port}"
            settings |= {"CONSULT_LIMITS_URL": f"{address}/0", "CONSULT_QUEUE_URL": f"{address}/1"}
        hosts = [web_server(tmp_path / name, settings, letters.url) for name in ("first", "second")]
        (tmp_path / "proxy").mkdir()
        proxy = Proxy(request.param, tmp_path / "proxy", hosts)
        for host in hosts:
            ending.callback(host.stop)
            host.start_worker()
            host.server = host.spawn("serve", "--port", str(host.port))
        until(lambda: all(host.answers() for host in hosts), "the web servers do not answer")
        ending.callback(proxy.kill)
        proxy.start()
        yield SimpleNamespace(url=url, letters=letters, hosts=hosts, proxy=proxy, redis=redis, folder=tmp_path)


def browser(platform) -> Browser:
    return Browser(platform.proxy.https, platform.proxy.folder)


@pytest.mark.longest
def test_what_is_killed_is_no_loss_and_what_is_refused_is_refused(platform):
    with ExitStack() as ending:
        slow = [ending.enter_context(slow_client(platform, number)) for number in range(SLOW)]
        goes_on(platform, slow)


def goes_on(platform, slow: list[ssl.SSLSocket]) -> None:
    author = browser(platform)
    signed_in = author.sign_in(AUTHOR, PASSWORD)
    assert signed_in.status == 302, signed_in.body
    lodge_while_all_are_killed(platform, author)
    says_what_it_is_set_to(platform, author)
    believes_no_header(platform)
    for client in slow:
        until(lambda client=client: is_let_go(client), "who sends nothing is kept")
    logs = (platform.proxy.folder / "consult.log").read_text()
    assert "/en/accounts" in logs
    assert not [secret for secret in author.cookies.values() if secret in logs]
    assert "?known" not in logs


# Nothing lost, nothing doubled


class Sending:
    """Several send contributions of one author, each again until it is acknowledged, as one presses the button again."""

    def __init__(self, author: Browser) -> None:
        self.author, self.over = author, threading.Event()
        page = author.ask("GET", FORM)
        self.fields = {**form_of(page), **FILLED, "speak_as": "self", "act": "submit"}
        self.acknowledged: dict[str, str] = {}
        self.progress = threading.Semaphore(0)

    def send(self, sender: int) -> None:
        number = 0
        while not self.over.is_set():
            key = f"several-hosts-{sender:02}-{number:05}"
            while (answer := self.author.try_to("POST", FORM, {**self.fields, "form_key": key, "body": f"Mots {key}."})) is None:
                pass
            assert answer.status == 303, answer.body.decode()
            self.acknowledged[f"Mots {key}."] = answer.all("Location")[0].rpartition("/")[2]
            self.progress.release()
            number += 1

    def go_on(self) -> None:
        for _contribution in range(STEP):
            assert self.progress.acquire(timeout=PATIENCE), "nothing goes on"


def kills(platform):
    """Each in turn, dead while others lodge, then started again."""
    for host in platform.hosts:
        yield lambda host=host: host.kill(host.server), lambda host=host: host.start(with_worker=False)
        yield lambda host=host: host.kill(host.worker), host.start_worker
    if platform.redis:
        yield platform.redis.kill, platform.redis.start


def lodge_while_all_are_killed(platform, author: Browser) -> None:
    sending = Sending(author)
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [pool.submit(sending.send, sender) for sender in range(SENDERS)]
        try:
            for kill, start in kills(platform):
                sending.go_on()
                kill()
                sending.go_on()
                start()
            platform.proxy.kill()
            platform.proxy.start()
            sending.go_on()
        finally:
            sending.over.set()
        for future in sent:
            future.result(PATIENCE)
    with app_on(platform.url, platform.folder / "looking"):
        kept = session.execute(sa.select(Contribution.body, Contribution.ref)).all()
        assert dict(kept) == sending.acknowledged
        assert len(kept) == len(sending.acknowledged), "one of them twice"
        until(lambda: have_all_letters(platform, sending.acknowledged.values()), "a receipt is lost")
    checked = platform.hosts[0].run("verify")
    assert checked.returncode == 0, checked.stdout


def have_all_letters(platform, refs: Iterable[str]) -> bool:
    """As if the minute after which a silent worker is taken for dead were over."""
    session.execute(sa.text("UPDATE job SET beat_at = beat_at - interval '1 hour' "
                            "WHERE state = 'running' AND beat_at < now() - interval '12 s'"))
    session.commit()
    return all(platform.letters.to(AUTHOR, ref) for ref in refs)


# What the proxy is set to


def slow_client(platform, number: int) -> ssl.SSLSocket:
    """Of every two one stops within its headers, the other within its body."""
    client = browser(platform).connect()
    begun = f"POST {FORM} HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    client.sendall((begun if number % 2 else f"{begun}Content-Length: 1000\r\n\r\nbody=").encode())
    client.settimeout(0.05)
    return client


def is_let_go(client: ssl.SSLSocket) -> bool:
    try:
        while client.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    client.close()
    return True


def says_what_it_is_set_to(platform, author: Browser) -> None:
    plain = plainly(platform, f"GET /fr/journal?page=2 HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n")
    assert plain.startswith(b"HTTP/1.1 30"), plain
    assert f"Location: https://{HOST}/fr/journal?page=2".encode() in plain
    sheet = author.ask("GET", "/static/css/base.css")
    assert (sheet.status, sheet.all("Cache-Control")) == (200, ["max-age=31536000, public"])
    if platform.proxy.kind == "nginx":  # Caddy hands on what comes, and the platform does not wait for the rest of it
        too_large = author.ask("POST", FORM, b"body=" + b"x" * 12_700_000)
        assert (too_large.status, b"<main" in too_large.body) == (413, True), "the platform says it itself"
    cut = begins_too_large(platform)
    for answer in (sheet, cut, author.ask("GET", "/fr/"), author.ask("GET", "/fr/nothing")):
        assert answer.all("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"], answer.status
        assert answer.all("X-Content-Type-Options") == ["nosniff"]
        [policy] = answer.all("Content-Security-Policy")
        assert "default-src 'none'" in policy
    assert cut.status == 413
    assert author.cookies
    assert [name for name in author.cookies if not name.startswith("__Host-")] == []
    assert_nobody_answers(platform)


def begins_too_large(platform) -> Answer:
    """Says that it will send 100 MB: that is answered, and not waited for."""
    connection = HTTPConnection("127.0.0.1", platform.proxy.https)
    with closing(connection):
        connection.sock = browser(platform).connect()
        connection.putrequest("POST", FORM, skip_host=True)
        for name, value in (("Host", HOST), ("Content-Length", "100000000"), ("Content-Type", "application/x-www-form-urlencoded")):
            connection.putheader(name, value)
        connection.endheaders(b"body=")
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())


def plainly(platform, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", platform.proxy.http), timeout=PATIENCE) as client:
        client.sendall(request.encode())
        found = b""
        with suppress(ConnectionResetError):
            while piece := client.recv(65536):
                found += piece
        return found


def assert_nobody_answers(platform) -> None:
    """By another name: in clear, in the handshake, or in the request alone."""
    elsewhere = "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert b"consult" not in plainly(platform, elsewhere)
    visitor = browser(platform)
    with pytest.raises(ssl.SSLError):
        visitor.connect("evil.example")
    with visitor.connect() as client:
        client.sendall(elsewhere.encode())
        assert b"consult" not in client.recv(65536)


def believes_no_header(platform) -> None:
    """Eleven wrong passwords from as many addresses that it writes itself are from one address."""
    thief, statuses = browser(platform), []
    for number in range(11):
        forged = f"10.0.0.{number}"
        answer = thief.sign_in("nobody@example.org", "not this one", X_Forwarded_For=forged, Forwarded=f"for={forged}", X_Real_IP=forged,
                               X_Forwarded_Host="evil.example", X_Forwarded_Proto="http")
        statuses.append(answer.status)
        assert b"evil.example" not in answer.body
    assert statuses[-1] == 429, statuses


@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_the_key_of_a_link_stands_in_no_log(kind, tmp_path):
    """Sent to the port 80, to another name, and while no web server answers."""
    proxy = Proxy(kind, tmp_path, [SimpleNamespace(port=free_port()) for _server in range(2)])
    proxy.start()
    try:
        visitor, link = Browser(proxy.https, tmp_path), "/fr/accounts/follow-link/planted?code=planted"
        assert visitor.ask("GET", link).status == 502
        for host in (HOST, "elsewhere.example"):
            with socket.create_connection(("127.0.0.1", proxy.http), timeout=PATIENCE) as plain:
                plain.sendall(f"GET {link} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                while plain.recv(4096):
                    pass
    finally:
        proxy.kill()
    logs = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert b" 502 " in b"".join(logs.values()) or b":502" in b"".join(logs.values()), "nothing is logged"
    assert [path.name for path, log in logs.items() if b"planted" in log] == []


def test_the_programmes_are_there():
    """What this file runs is installed by `make test`, and is not left out where it is missing."""
    assert [name for name in ("caddy", "redis-server", "openssl") if shutil.which(name) is None] == []
    assert shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
