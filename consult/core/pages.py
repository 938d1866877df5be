"""Pages that are the same for everybody, kept ready in the process and answered with an ETag, before Flask is asked.

A ready page is valid for one *stamp* (the revision and the counter that changes with each published contribution). The stamp
is asked of the database at most every ``FRESH`` seconds; readers with a session always go through Flask, which puts their
own part (the account menu) between the two markers of the same body.
"""

import gzip
import hashlib
import logging
import struct
import threading
import time
import zlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from werkzeug.http import parse_cookie

log = logging.getLogger(__name__)

FRESH = 0.5
CAPACITY = 64
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
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
    _packed: tuple[bytes, bytes] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.etag = f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'
        self.compressed = gzip.compress(self.body, 6, mtime=0)
        self.before, _start, rest = self.body.partition(START)
        self.after = rest.partition(END)[2]

    def with_account(self, account: bytes) -> bytes:
        """The same page around another account part."""
        return b"".join((self.before, START, account, END, self.after))

    def packed_with_account(self, account: bytes) -> bytes:
        """The same, as gzip (RFC 1952): the two large parts are deflated once, the reader's own is put between them.

        Each part is deflated by itself and ends at a byte (a full flush), so that they may be joined into one stream; what is
        personal is never compressed together with anything else.
        """
        if self._packed is None:
            self._packed = deflated(self.before + START), deflated(END + self.after, last=True)
        first, last = self._packed
        body = self.with_account(account)
        return b"".join((GZIP_HEAD, first, deflated(account), last, struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)))


def deflated(part: bytes, *, last: bool = False) -> bytes:
    """Raw deflate (RFC 1951) of one part of a stream; ``last`` ends the stream."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(part) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


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
        with self._lock:
            self._paths[path] = (time.monotonic(), stamp, ask)
            while len(self._paths) > CAPACITY:
                self._paths.pop(next(iter(self._paths)))

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


class Readers:
    """The account parts of signed-in readers, each good for one account stamp (name, state, appointments)."""

    def __init__(self, stamp_of: Callable[[str], Hashable], fresh: float = FRESH, capacity: int = 2000) -> None:
        self.stamp_of = stamp_of
        self.fresh = fresh
        self.capacity = capacity
        self._parts: dict[Hashable, tuple[Hashable, bytes]] = {}
        self._stamps: dict[Hashable, tuple[float, Hashable]] = {}

    def clear(self) -> None:
        self._parts.clear()
        self._stamps.clear()

    def keep(self, user: str, path: str, token: str | None, part: bytes) -> None:
        for kept in (self._parts, self._stamps):
            while len(kept) >= self.capacity:
                kept.pop(next(iter(kept)), None)
        self._parts[user, path, token] = (self.stamp(user), part)

    def part(self, user: str, path: str, token: str | None) -> bytes | None:
        kept = self._parts.get((user, path, token))
        return kept[1] if kept and kept[0] == self.stamp(user) else None

    def stamp(self, user: str) -> Hashable:
        """Asked of the database at most every ``fresh`` seconds for one reader."""
        asked, stamp = self._stamps.get(user, (0.0, None))
        if time.monotonic() - asked >= self.fresh:
            stamp = self.stamp_of(user)
            self._stamps[user] = (time.monotonic(), stamp)
        return stamp


class ReadyPages:
    """WSGI: answer GETs of ready pages, whoever reads; hand everything else on."""

    def __init__(self, wsgi, cookie: str, session_of: Callable[[str], dict], readers: Readers) -> None:
        self.wsgi = wsgi
        self.cookie = cookie
        self.session_of = session_of
        self.readers = readers

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            page = pages.ready(environ["PATH_INFO"])
            if page is not None:
                cookies = environ.get("HTTP_COOKIE")
                if cookies is None:
                    return answer(page, environ, start_response)
                part = self.account(cookies, environ["PATH_INFO"])
                if part is not None:
                    return answer_reader(page, part, environ, start_response) if part else answer(page, environ, start_response)
        return self.wsgi(environ, start_response)

    def account(self, header: str, path: str) -> bytes | None:
        """The reader's account part; empty for a visitor; None when the application must see to it itself."""
        cookies = parse_cookie(header)
        value = cookies.get(self.cookie)
        session = self.session_of(value) if value else {}
        if "_flashes" in session or "remember_token" in cookies and "_user_id" not in session:
            return None
        user = session.get("_user_id")
        return self.readers.part(user, path, session.get("csrf_token")) if user else b""


def answer_reader(page: Page, part: bytes, environ, start_response):
    headers = [h for h in page.headers if h[0] != "Cache-Control"]
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        body = page.packed_with_account(part)
        headers.append(("Content-Encoding", "gzip"))
    else:
        body = page.with_account(part)
    start_response("200 OK", [*headers, ("Cache-Control", "private, no-store"), ("Content-Length", str(len(body)))])
    return [body]


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
