"""Pages that are the same for everybody, kept ready in the process and answered with an ETag, before Flask is asked.

A ready page is valid for one *stamp* (the revision and the counter that changes with each published contribution). The stamp
is asked of the database at most every ``FRESH`` seconds; readers with a session always go through Flask, which puts their
own part (the account menu) between the two markers of the same body.
"""

import gzip
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

log = logging.getLogger(__name__)

FRESH = 0.5
CAPACITY = 64
START, END = b"<!--account-->", b"<!--/account-->"


@dataclass
class Page:
    """One rendered page: its body, and what is made of it once."""

    body: bytes
    headers: list[tuple[str, str]]
    etag: str = ""
    compressed: bytes = b""
    before: bytes = field(default=b"", repr=False)
    after: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        self.etag = f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'
        self.compressed = gzip.compress(self.body, 6, mtime=0)
        self.before, _start, rest = self.body.partition(START)
        self.after = rest.partition(END)[2]

    def with_account(self, account: bytes) -> bytes:
        """The same page around another account part."""
        return b"".join((self.before, START, account, END, self.after))


class Pages:
    """The process's ready pages, by stamp; the oldest give way."""

    def __init__(self, fresh: float = FRESH) -> None:
        self.fresh = fresh
        self._pages: dict[Hashable, Page] = {}
        self._paths: dict[str, tuple[float, Hashable, Callable[[], Hashable]]] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._paths.clear()

    def get(self, stamp: Hashable) -> Page | None:
        return self._pages.get(stamp)

    def keep(self, stamp: Hashable, page: Page) -> Page:
        with self._lock:
            self._pages[stamp] = page
            while len(self._pages) > CAPACITY:
                self._pages.pop(next(iter(self._pages)))
        return page

    def serve(self, path: str, stamp: Hashable, ask: Callable[[], Hashable]) -> None:
        """Let the server answer ``path`` with the page of ``stamp`` while ``ask()`` says that the stamp holds."""
        self._paths[path] = (time.monotonic(), stamp, ask)

    def ready(self, path: str) -> Page | None:
        known = self._paths.get(path)
        if known is None:
            return None
        checked, stamp, ask = known
        if time.monotonic() - checked >= self.fresh:
            if not still(ask, stamp):
                self._paths.pop(path, None)
                return None
            self._paths[path] = (time.monotonic(), stamp, ask)
        return self._pages.get(stamp)


def still(ask: Callable[[], Hashable], stamp: Hashable) -> bool:
    """Whether the stamp holds; a question that fails is the application's to answer, with a page of its own."""
    try:
        return ask() == stamp
    except Exception:
        log.exception("a stamp could not be asked")
        return False


pages = Pages()


class ReadyPages:
    """WSGI: answer anonymous GETs of ready pages; hand everything else on."""

    def __init__(self, wsgi, cookie: str) -> None:
        self.wsgi = wsgi
        self.cookies = (cookie + "=", "remember_token=")

    def __call__(self, environ, start_response):
        page = None
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            cookie = environ.get("HTTP_COOKIE")
            if cookie is None or not any(name in cookie for name in self.cookies):
                page = pages.ready(environ["PATH_INFO"])
        if page is None:
            return self.wsgi(environ, start_response)
        return answer(page, environ, start_response)


def answer(page: Page, environ, start_response):
    headers = [*page.headers, ("ETag", page.etag)]
    if environ.get("HTTP_IF_NONE_MATCH") == page.etag:
        start_response("304 NOT MODIFIED", headers)
        return [b""]
    body = page.body
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = page.compressed
        headers.append(("Content-Encoding", "gzip"))
    headers.append(("Content-Length", str(len(body))))
    start_response("200 OK", headers)
    return [body]
