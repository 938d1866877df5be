"""What a request may say of where it came from and where it leads: nothing but its own path is believed, and no answer leads elsewhere."""

import ipaddress
import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from flask import Response, current_app, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.middleware.proxy_fix import ProxyFix

log = logging.getLogger(__name__)
# What a browser drops or turns before it looks where an address leads.
UNSAFE = re.compile(r"[\x00-\x20\x7f-\x9f\\]")
NOTHING = SplitResult("", "", "", "", "")
MAX_ELSEWHERE = 1_000  # characters of an address that is asked for and is none of ours
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# Of these a proxy that does not write them passes on whatever the visitor wrote.
NEVER_BELIEVED = ("HTTP_X_FORWARDED_PREFIX", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_FORWARDED", "HTTP_X_ORIGINAL_URL",
                  "HTTP_X_REWRITE_URL")


def is_of_this_site(address: str | None) -> bool:
    """A path and nothing that a browser, or whoever decodes it once more, could read as another site."""
    if not address or not all(map(_is_path, (address, unquote(address), unquote(unquote(address))))):
        return False
    parts = split(address)
    return not parts.scheme and not parts.netloc


def _is_path(address: str) -> bool:
    """The query may hold anything."""
    path = re.split(r"[?#]", address, maxsplit=1)[0]
    return path.startswith("/") and not path.startswith("//") and not UNSAFE.search(path)


def refuse_far_addresses() -> None:
    """To where a form leads on is a page of ours: the host of a long address that is none would be normalised for long by our libraries."""
    for value in (*request.args.getlist("next"), *request.form.getlist("next")):
        if len(value) > MAX_ELSEWHERE and not is_of_this_site(value):
            raise RequestEntityTooLarge


def host_of(base_url: str) -> str:
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()


def network(address: str) -> str:
    """An IPv6 subscriber has 2^64 addresses to try from (RFC 6177), and is one place."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return str(known)
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False).network_address)


def stay_here(response: Response) -> Response:
    """No answer sends to another site, whichever view or library made it."""
    location = response.headers.get("Location")
    if location is None or is_of_this_site(location):
        return response
    hosts = (request.host.lower(), host_of(current_app.config["BASE_URL"]))
    parts = split(location)
    path = parts._replace(scheme="", netloc="").geturl()
    if parts.scheme in ("http", "https") and parts.netloc.lower() in hosts and is_of_this_site(path):
        response.headers["Location"] = path
    else:
        log.warning("an answer of %s would have led to another site", request.endpoint)
        response.headers["Location"] = f"{request.script_root}/"
    return response


def split(address: str | None) -> SplitResult:
    """Of what is no address: nothing."""
    try:
        return urlsplit(address or "")
    except ValueError:
        return NOTHING


class Placed:
    """WSGI: the application stands at its public address, whatever headers say; whoever names another host is sent away."""

    def __init__(self, wsgi: Any, base_url: str, proxies: int) -> None:
        public = urlsplit(base_url)
        self.host, self.scheme, self.prefix = host_of(base_url), public.scheme, public.path.rstrip("/")
        self.is_local = _name_of(self.host) in LOCAL_HOSTS
        self.is_behind = bool(proxies)
        self.wsgi = ProxyFix(wsgi, x_for=proxies, x_proto=0, x_host=0, x_port=0, x_prefix=0) if proxies else wsgi

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        for name in NEVER_BELIEVED:
            environ.pop(name, None)
        if self.is_behind:
            environ.update({"HTTP_HOST": self.host, "wsgi.url_scheme": self.scheme})
        elif not self.is_answered(environ.get("HTTP_HOST", "").lower()):
            start_response("421 Misdirected Request", [("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")])
            return [f"This host is not served here: open {self.scheme}://{self.host}{self.prefix}/\n".encode()]
        self.place(environ)
        if not is_text(environ.get("HTTP_COOKIE", "")):
            del environ["HTTP_COOKIE"]  # none of ours, and the library that reads them would fail
        return self.wsgi(environ, start_response)

    def is_answered(self, host: str) -> bool:
        """Its own name, and this machine's; where it has no public name yet, whatever it is called by."""
        return self.is_local or host == self.host or _name_of(host) in LOCAL_HOSTS

    def place(self, environ: dict[str, Any]) -> None:
        """Under the path of the public address, whether or not the proxy takes it away."""
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = self.prefix
        if self.prefix and (path == self.prefix or path.startswith(f"{self.prefix}/")):
            environ["PATH_INFO"] = path[len(self.prefix):] or "/"


def is_text(value: str) -> bool:
    """Whether a header, as WSGI has its bytes, is UTF-8."""
    try:
        value.encode("latin-1").decode()
    except UnicodeError:
        return False
    return True


def _name_of(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host
