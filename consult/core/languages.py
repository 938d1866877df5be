"""Languages in addresses: which one this page is in, and where the same page is in the others."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from flask import current_app, g, has_request_context, request, url_for

from consult.core import events, i18n
from consult.core.i18n import DEFAULT_LANGUAGE, LANGUAGES
from consult.core.origins import is_of_this_site, split


def take_language(_endpoint, values) -> None:
    if values and "language" in values:
        g.language = values.pop("language")


def give_language(endpoint: str, values: dict) -> None:
    if endpoint == "static":
        values.setdefault("v", static_digest(current_app.static_folder, values["filename"]))
    elif "language" not in values and expects_language(endpoint):
        values["language"] = language()


@lru_cache
def static_digest(folder: str, filename: str) -> str:
    path = Path(folder) / filename
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10] if path.is_file() else ""


def language() -> str:
    """The language of the address, else the one that the reader's browser likes best."""
    if not has_request_context():
        return i18n.language_in_use()
    first = request.path.split("/")[1]
    return g.get("language") or (first if first in LANGUAGES else preferred())


def preferred() -> str:
    """The browser's first wish that we speak: `ar-MA` means Arabic, whatever comes after it."""
    wishes = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in wishes if tag in LANGUAGES), DEFAULT_LANGUAGE)


def choose_locale() -> str:
    # Mails and documents force their reader's language; what is left outside of requests is the command line, which is in English.
    # The catalogue of French is `fr`; `fr_MA` would leave Flask-Security's own texts in English.
    chosen = language() if has_request_context() else "en"
    return {"ar": "ar_MA"}.get(chosen, chosen)


def expects_language(endpoint: str) -> bool:
    known = current_app.extensions.setdefault("consult_expecting", {})  # asked for each address of each page
    try:
        if endpoint not in known:
            known[endpoint] = current_app.url_map.is_endpoint_expecting(endpoint, "language")
        return known[endpoint]
    except KeyError:  # no such endpoint: url_for says so better
        return False


# The same page in each language


def language_urls() -> list[tuple[str, str, str]]:
    """(code, name, address) of this page in each language: of the same passage, the same page of a list, with the same filters."""
    page = page_address()
    return [(code, name, in_language(page, code) or url_for(events.home_endpoint(), language=code)) for code, name in LANGUAGES.items()]


def carrying_urls(action: str = "") -> list[tuple[str, str, str]]:
    """(code, name, address) of this page in each other language, for the form that is sent to ``action``: what is typed comes along."""
    others = [(code, name, url) for code, name, url in language_urls() if code != language()]
    return [(code, name, f"{url}{'&' if '?' in url else '?'}{urlencode({'carry': action})}") for code, name, url in others]


def page_address() -> str:
    """Where this page is opened: of the answer to a form that is no page of its own, the page that the form stood on."""
    if g.get("as_visitor"):  # kept ready for everybody: it holds nothing of the address by which its first reader came
        return url_for(request.endpoint or "", **(request.view_args or {}))
    here, before = request.script_root + quote(request.path), came_from() or ""
    if request.method != "POST":
        query = request.query_string.decode("latin-1")
        return here + (f"?{query}" if query else "")
    methods = (request.url_rule.methods if request.url_rule else None) or ()
    return here if "GET" in methods and without_language(before) != without_language(here) else before


def in_language(address: str, code: str) -> str | None:
    """None for an address that says no language."""
    parts = urlsplit(address)
    first, slash, rest = parts.path.removeprefix(request.script_root).removeprefix("/").partition("/")
    query = f"?{parts.query}" if parts.query else ""
    return f"{request.script_root}/{code}{slash}{rest}{query}" if first in LANGUAGES else None


def without_language(address: str) -> str:
    """The path of an address, the same in every language."""
    path = urlsplit(address).path.removeprefix(request.script_root).lstrip("/")
    first, slash, rest = path.partition("/")
    return rest if slash and first in LANGUAGES else path


def asked_values() -> dict[str, Any]:
    """The query of this address, to be put into another: without the names that ``url_for`` keeps for itself."""
    return {name: value for name, value in request.args.items() if name not in ("endpoint", "language") and not name.startswith("_")}


def came_from() -> str | None:
    """The page of ours whose form was refused, to go back to; None when there is none, or it is this very page."""
    before = split(request.referrer)
    here = urlsplit(request.host_url)
    address = before.path + (f"?{before.query}" if before.query else "")
    return address if before[:2] == here[:2] and is_of_this_site(address) and request.method == "POST" else None
