"""Pages that are the same for everybody, kept ready in the process and answered with an ETag, before Flask is asked.

A ready page is valid for one *stamp* (the revision and the counter that changes with each published contribution). The stamp
is asked of the database at most every ``FRESH`` seconds; readers with a session always go through Flask, which puts their
own part (the account menu) between the two markers of the same body.

What a page is joined from is kept too, each part by itself until something that it shows has changed, and so is each stretch of a page as
it is sent, compressed: when one contribution more is published, its passage is made anew, and the stretch that it stands in.
"""

import hashlib
import logging
import struct
import threading
import time
import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from werkzeug.http import parse_cookie

from consult.core import outage
from consult.core.metrics import ENDPOINT, READY

log = logging.getLogger(__name__)
T = TypeVar("T")

FRESH = 0.5
CAPACITY = 32_000_000  # bytes of all pages that are kept
MAX_ADDRESSES, MAX_PARTS, MAX_STRETCHES = 1_000, 8_000, 2_000
WINDOW = 32_768  # bytes that deflate looks back
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
START, END = b"<!--account-->", b"<!--/account-->"
SEAM = b"<!--seam-->"  # where a page is cut into stretches


class Kept(Generic[T]):
    """What was made last for each name; the oldest give way."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._all: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._all.clear()

    def get(self, name: Hashable) -> T | None:
        return self._all.get(name)

    def forget(self, name: Hashable) -> None:
        with self._lock:
            self._all.pop(name, None)

    def put(self, name: Hashable, value: T) -> T:
        with self._lock:
            self._all.pop(name, None)
            self._all[name] = value
            while len(self._all) > self.capacity:
                self._all.pop(next(iter(self._all)))
        return value


class Parts:
    """What pages are joined from, by name: each with all that it shows, which tells whether it is still right."""

    def __init__(self) -> None:
        self._kept: Kept[tuple[Any, Any]] = Kept(MAX_PARTS)

    def clear(self) -> None:
        self._kept.clear()

    def get(self, name: Hashable, shown: Any) -> Any | None:
        """None when there is none, or it shows something else."""
        kept = self._kept.get(name)
        return kept[1] if kept is not None and kept[0] == shown else None

    def keep(self, name: Hashable, shown: Any, part: T) -> T:
        self._kept.put(name, (shown, part))
        return part

    def get_or_make(self, name: Hashable, shown: Any, make: Callable[[], T]) -> T:
        kept = self.get(name, shown)
        return self.keep(name, shown, make()) if kept is None else kept


parts = Parts()
stretches: Kept[bytes] = Kept(MAX_STRETCHES)


@dataclass
class Page:
    """One rendered page: its body, and what is made of it once."""

    body: bytes
    headers: list[tuple[str, str]]
    etag: str = ""
    compressed: bytes = b""
    has_account: bool = False
    _own: tuple[int, int] = field(default=(0, 0), repr=False)  # where the account part begins and ends
    _packed: tuple[bytes, bytes] = field(default=(b"", b""), repr=False)

    def __post_init__(self) -> None:
        self.etag = f'W/"{hashlib.sha256(self.body).hexdigest()[:24]}"'
        start, end = self.body.find(START), self.body.find(END)
        self.has_account = 0 <= start < end
        self._own = (start + len(START), end) if self.has_account else (len(self.body), len(self.body))
        before, after = self.around
        self._packed = packed(before), packed(after, last=True)
        self.compressed = self.packed_with_account(self.body[slice(*self._own)])

    @property
    def around(self) -> tuple[bytes, bytes]:
        """What stands before the account part, and after it."""
        return self.body[:self._own[0]], self.body[self._own[1]:]

    @property
    def weight(self) -> int:
        return len(self.body) + len(self.compressed) + sum(map(len, self._packed))

    def with_account(self, account: bytes) -> bytes:
        """The same page around another account part."""
        before, after = self.around
        return b"".join((before, account, after))

    def packed_with_account(self, account: bytes) -> bytes:
        """The same, as gzip (RFC 1952): the two large parts are deflated once, the reader's own is put between them.

        Each part is deflated by itself and ends at a byte (a full flush), so that they may be joined into one stream; what is
        personal is never compressed together with anything else.
        """
        first, last = self._packed
        body = self.with_account(account)
        return b"".join((GZIP_HEAD, first, deflated(account), last, struct.pack("<LL", zlib.crc32(body), len(body) & 0xFFFFFFFF)))


def packed(part: bytes, *, last: bool = False) -> bytes:
    """Raw deflate of one part of a stream, stretch by stretch: those that were sent before as they are, after the same one, are not
    deflated again; ``last`` ends the stream."""
    whole, earlier, out = part.split(SEAM), b"", []
    for number, stretch in enumerate(whole, 1):
        is_last = number == len(whole)
        own = stretch if is_last else stretch + SEAM
        name = (hashlib.sha256(own).digest(), hashlib.sha256(earlier).digest(), last and is_last)
        found = stretches.get(name)
        out.append(stretches.put(name, deflated(own, earlier, last=last and is_last)) if found is None else found)
        earlier = own[-WINDOW:]
    return b"".join(out)


def deflated(part: bytes, earlier: bytes = b"", *, last: bool = False) -> bytes:
    """Raw deflate (RFC 1951) of one part of a stream, which may repeat what stands ``earlier`` in it; ``last`` ends the stream."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=earlier)
    return packer.compress(part) + packer.flush(zlib.Z_FINISH if last else zlib.Z_FULL_FLUSH)


class Pages:
    """The process's ready pages, by stamp; the oldest give way."""

    def __init__(self, fresh: float = FRESH) -> None:
        self.fresh = fresh
        self._pages: dict[Hashable, Page] = {}
        self._paths: Kept[tuple[float, Hashable, Callable[[], Hashable]]] = Kept(MAX_ADDRESSES)
        self._weight = 0
        self._lock = threading.Lock()

    def clear(self) -> None:
        with self._lock:
            self._pages.clear()
            self._weight = 0
        self._paths.clear()
        parts.clear()
        stretches.clear()

    def get(self, stamp: Hashable) -> Page | None:
        return self._pages.get(stamp)

    def keep(self, stamp: Hashable, page: Page) -> Page:
        with self._lock:
            former = self._pages.pop(stamp, None)
            self._pages[stamp] = page
            self._weight += page.weight - (former.weight if former else 0)
            while self._weight > CAPACITY and len(self._pages) > 1:
                self._weight -= self._pages.pop(next(iter(self._pages))).weight
        return page

    def serve(self, path: str, stamp: Hashable, ask: Callable[[], Hashable]) -> None:
        """Let the server answer ``path`` with the page of ``stamp`` while ``ask()`` says that the stamp holds."""
        self._paths.put(path, (time.monotonic(), stamp, ask))

    def ready(self, path: str) -> Page | None:
        known = self._paths.get(path)
        if known is None:
            return None
        checked, stamp, ask = known
        if time.monotonic() - checked >= self.fresh:
            if not still(ask, stamp):
                self._paths.forget(path)
                return None
            self._paths.put(path, (time.monotonic(), stamp, ask))
        return self._pages.get(stamp)


def still(ask: Callable[[], Hashable], stamp: Hashable) -> bool:
    """Whether the stamp holds; a question that fails is the application's to answer, with a page of its own."""
    try:
        return ask() == stamp
    except Exception as error:
        outage.tell(log, error, "a stamp could not be asked")
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

    def __init__(self, wsgi, names: Mapping[str, str], session_of: Callable[[str], dict], readers: Readers) -> None:
        self.wsgi = wsgi
        self.cookie, self.remembering = names["SESSION_COOKIE_NAME"], names["REMEMBER_COOKIE_NAME"]
        self.session_of = session_of
        self.readers = readers

    def __call__(self, environ, start_response):
        if environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING"):
            page = pages.ready(environ["PATH_INFO"])
            if page is not None:
                cookies = environ.get("HTTP_COOKIE")
                part = b"" if cookies is None or not page.has_account else self.account(cookies, environ["PATH_INFO"])
                if part is not None:
                    environ[ENDPOINT] = READY
                    return answer_reader(page, part, environ, start_response) if part else answer(page, environ, start_response)
        return self.wsgi(environ, start_response)

    def account(self, header: str, path: str) -> bytes | None:
        """The reader's account part; empty for a visitor; None when the application must see to it itself."""
        cookies = parse_cookie(header)
        value = cookies.get(self.cookie)
        session = self.session_of(value) if value else {}
        if "_flashes" in session or self.remembering in cookies and "_user_id" not in session:
            return None
        user = session.get("_user_id")
        try:
            return self.readers.part(user, path, session.get("csrf_token")) if user else b""
        except Exception as error:
            outage.tell(log, error, "the account of a reader could not be asked for")
            return None


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
