"""What the platform stands on is taken away while many lodge and read by HTTP: each is told so at once, and nothing is lost or doubled.

A few seconds here, with less patience than an operator's platform has; ``make outages`` takes it away for 30 seconds, or ``ARGS``, with all
of its patience, and tells how long people waited.
"""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from urllib.parse import urlsplit

import flask_migrate
import pytest

from tests import postgresql
from tests.conftest import app_on
from tests.core.test_outages import HOLD
from tests.senders import Sender, a_site, a_site_with_people, compare, verified
from tests.story.sites import Site
from tests.waiting import PATIENCE, until

SECONDS = float(os.environ.get("OUTAGE", "0"))  # at least; 0: until everybody was told
SENDERS, READERS = (24, 8) if SECONDS else (12, 4)
TOLD = 4  # times that a library tells of the same, once in each of its threads
IMPATIENT = """
from consult.core import arrival, db, turns
arrival.PATIENCE, db.BUSY, turns.PATIENCE = 1, 1000, 1
from consult.cli import main
main()
"""
USUAL = ("-m", "consult")
PAGES = ("/fr/", "/ar/", "/fr/chapters/1", "/ar/contributions/", "/fr/consultations/help", "/ar/privacy")
MACHINES = ("/readyz", "/healthz")


def wrong_page(answer: http.client.HTTPResponse | urllib.error.HTTPError, html: str, path: str) -> str:
    """What is missing of the page of an outage, in its reader's language."""
    language = path[1:3]
    for name, is_there in (
            ("language", f'lang="{language}"' in html), ("page", "<main" in html), ("Retry-After", answer.headers["Retry-After"] == "10"),
            ("no-store", "no-store" in answer.headers["Cache-Control"])):
        if not is_there:
            return f"{path} has no {name}: {html[:300]}"
    return ""


class Watched(Sender):
    """Looks at each refusal, and says what is wrong with it."""

    def __init__(self, *arguments) -> None:
        super().__init__(*arguments)
        self.refusals, self.longest, self.faults = 0, 0.0, []

    def run(self) -> None:
        try:
            super().run()
        except Exception as error:
            self.faults.append(f"{self.called}: {error!r}")

    def lodge(self, body: str) -> str:
        began = time.monotonic()
        try:
            return super().lodge(body)
        finally:
            self.longest = max(self.longest, time.monotonic() - began)

    def refused(self, answer, body: str) -> None:
        html = answer.read().decode()
        fault = wrong_page(answer, html, urlsplit(self.url).path)
        if fault or body not in html:
            self.faults.append(fault or f"the words are gone: {html}")
        self.refusals += 1

    def lost(self, error: OSError) -> None:
        self.faults.append(f"no answer: {error!r}")


class Reader(threading.Thread):
    """Opens one page after the other."""

    def __init__(self, port: int, cookie: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.port, self.cookie, self.over = port, cookie, over
        self.answers: Counter[tuple[str, int]] = Counter()
        self.faults: list[str] = []
        self.longest = 0.0

    def run(self) -> None:
        while not self.over.is_set():
            for path in (*PAGES, *MACHINES):
                began = time.monotonic()
                try:
                    self.open(path)
                except (OSError, http.client.HTTPException) as error:
                    self.faults.append(f"{path}: {error!r}")
                self.longest = max(self.longest, time.monotonic() - began)
                time.sleep(0.05)

    def open(self, path: str) -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers={"Cookie": self.cookie} if self.cookie else {})
            answer = connection.getresponse()
            html = answer.read().decode()
        self.answers[path, answer.status] += 1
        if answer.status not in (200, 503) or path in PAGES and answer.status == 503 and wrong_page(answer, html, path):
            self.faults.append(f"{path} {answer.status}: {wrong_page(answer, html, path)}")


class Crowd:
    """Everybody who lodges and reads, from the start of the site until told to stop."""

    def __init__(self, site: Site, at: str, cookies: list[str]) -> None:
        self.over = threading.Event()
        self.senders = [Watched(f"p{number}", f"{site.base}/{('fr', 'ar')[number % 2]}/{at}", cookie, self.over)
                        for number, cookie in enumerate(cookies)]
        self.readers = [Reader(site.port, cookies[number] if number % 2 else "", self.over) for number in range(READERS)]

    @property
    def everybody(self) -> list[Watched | Reader]:
        return [*self.senders, *self.readers]

    def until(self, ask: Callable[[], bool], complaint: str) -> None:
        until(lambda: self.faults() or ask(), complaint)
        assert self.faults() == []

    def faults(self) -> list[str]:
        return [fault for one in self.everybody for fault in one.faults]

    def start(self) -> None:
        for one in self.everybody:
            one.start()
        self.go_on("nobody can lodge")

    def go_on(self, complaint: str) -> None:
        """Until each has lodged twice more."""
        enough = [(sender, len(sender.acknowledged) + 2) for sender in self.senders]
        self.until(lambda: all(len(sender.acknowledged) >= count for sender, count in enough), complaint)

    def are_told(self, seconds: float) -> None:
        """For that long at least, and until each was told twice that they cannot lodge now."""
        until_then = time.monotonic() + seconds
        enough = [(sender, sender.refusals + 2) for sender in self.senders]
        self.until(lambda: time.monotonic() > until_then and all(sender.refusals >= count for sender, count in enough),
                   "somebody is not told")

    def read(self, *paths: str) -> set[int]:
        """How these are answered from now on."""
        before = [Counter(reader.answers) for reader in self.readers]

        def since() -> Counter:
            return sum((reader.answers - count for reader, count in zip(self.readers, before, strict=True)), Counter())
        self.until(lambda: all(any(path == asked for asked, _status in since()) for path in paths), "a page is never answered")
        return {status for path, status in since() if path in paths}

    def end(self) -> None:
        self.over.set()
        for one in self.everybody:
            one.join(PATIENCE)
            assert not one.is_alive(), "it is never answered"
        assert self.faults() == []

    def tell(self) -> None:
        print(f"{len(self.senders)} who lodge: {sum(len(sender.acknowledged) for sender in self.senders)} acknowledged, "
              f"{sum(sender.refusals for sender in self.senders)} told 503, longest {max(s.longest for s in self.senders):.1f} s; "
              f"{len(self.readers)} who read: {dict(sum((reader.answers for reader in self.readers), Counter()))}, "
              f"longest {max(reader.longest for reader in self.readers):.1f} s")


@contextmanager
def crowded(site: Site, at: str, cookies: list[str], url: str, programme=("-c", IMPATIENT)):
    """Afterwards all goes on by itself, and what was acknowledged is there once, also where its form is sent again."""
    if not SECONDS:
        site.programme = programme
    site.environment["CONSULT_WORKERS"] = "2"
    site.start()
    crowd = Crowd(site, at, cookies)
    try:
        crowd.start()
        yield crowd
        crowd.go_on("it does not go on by itself")
        until(lambda: crowd.read(*MACHINES) == {200}, "whoever watches is not told that it is over")
        crowd.end()
        for sender in crowd.senders:
            assert {body: [sender.lodge(body)] for body in sender.acknowledged} == sender.acknowledged, "the form sent again tells another"
        crowd.tell()
        compare(url, crowd.senders)
        verified(url, site)
        assert (site.data / "log").read_text().count("Traceback") <= TOLD, "it is told again and again"
    finally:
        crowd.over.set()
        site.stop()


@contextmanager
def locked(*files):
    """Another programme writes to them and does not end."""
    with ExitStack() as held:
        for file in files:
            holding = held.enter_context(subprocess.Popen(  # noqa: S603 - our own lines
                [sys.executable, "-c", HOLD, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            held.callback(holding.stdin.close)
            assert holding.stdout.readline() == b"held\n"
        yield


@pytest.fixture
def on_sqlite(databases, migrated, tmp_path):
    """(a crowd there, as what it is served by: with what patience)."""
    if databases.kind != "sqlite":
        pytest.skip("no file to lock")
    url = databases.new_database(migrated)
    at, cookies = a_site_with_people(url, tmp_path, SENDERS)
    return partial(crowded, a_site(tmp_path, url), at, cookies, f"sqlite:///{tmp_path}/consult.sqlite")


@pytest.mark.longest
def test_sqlite_is_locked_while_many_lodge_and_read(on_sqlite, tmp_path):
    """Who lodges is told so, who reads is not held up."""
    with on_sqlite() as crowd, locked(tmp_path / "consult.sqlite"):
        crowd.are_told(SECONDS)
        assert crowd.read(*PAGES, "/readyz") == {200}
        assert 503 in crowd.read("/healthz")


@pytest.mark.longest
def test_what_stands_beside_sqlite_is_locked(on_sqlite, tmp_path):
    """Nobody notices: what is lodged does not wait for the queue, nor who reads for the counted attempts."""
    with on_sqlite(USUAL) as crowd:
        with locked(tmp_path / "queue.sqlite", tmp_path / "attempts.sqlite"):
            crowd.go_on("it waits for the queue")
            time.sleep(SECONDS)
            crowd.go_on("it waits for the queue")
            assert crowd.read(*PAGES, "/readyz") == {200}
        assert sum(sender.refusals for sender in crowd.senders) == 0


@pytest.mark.longest
def test_postgresql_is_stopped_while_many_lodge_and_read(databases, tmp_path):
    """And started again, as for a new version of it."""
    if databases.kind != "postgresql":
        pytest.skip("no server to stop")
    folder = tempfile.mkdtemp(prefix="consult-outage-")
    try:
        with ExitStack() as running:
            url = running.enter_context(postgresql.lasting_server(folder)).new_database()
            with app_on(url, tmp_path):
                flask_migrate.upgrade()
            at, cookies = a_site_with_people(url, tmp_path, SENDERS)
            with crowded(a_site(tmp_path, url), at, cookies, url) as crowd:
                running.close()
                crowd.are_told(SECONDS)
                assert crowd.read(*MACHINES) == {503}
                running.enter_context(postgresql.lasting_server(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
