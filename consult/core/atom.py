"""Feeds: what was published, as Atom (RFC 4287), with lasting ids (tag: URIs, RFC 4151).

Whatever stands in a text, what comes out is well-formed: signs that XML has none for are left out. The bytes follow from the entries alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import quote, urlsplit

from flask import Response, current_app, request
from lxml import etree

ATOM = "http://www.w3.org/2005/Atom"
TYPE = "application/atom+xml"
MAX_ENTRIES = 50
# What XML 1.0 cannot hold, and what would turn or hide the words after it in a reader that shows them beside others.
UNWELCOME = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")


@dataclass(frozen=True)
class Entry:
    """One thing that was published; ``matter`` names it lastingly among all that this platform publishes, in whatever language."""

    matter: str
    title: str
    url: str
    updated: datetime
    words: str = ""


@dataclass(frozen=True)
class Feed:
    """``begun`` is when there was nothing yet; the platform had its name on that day."""

    matter: str
    title: str
    author: str
    language: str
    url: str
    page_url: str
    begun: datetime
    entries: Sequence[Entry]

    @property
    def updated(self) -> datetime:
        return max((entry.updated for entry in self.entries), default=self.begun)


def plain(text: str) -> str:
    """What XML can hold of it, and nothing that turns the words around it."""
    return UNWELCOME.sub("", str(text))


def tag_of(base_url: str, since: date, matter: str) -> str:
    """The same whatever becomes of addresses below the name of the platform."""
    return f"tag:{urlsplit(base_url).hostname},{since:%Y-%m-%d}:{quote(matter, safe='/:-._~')}"


def moment(at: datetime) -> str:
    """RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def newest(entries: Iterable[Entry]) -> list[Entry]:
    """As many as a feed holds; two of one moment by their names."""
    return sorted(entries, key=lambda entry: (entry.updated, entry.matter), reverse=True)[:MAX_ENTRIES]


def write(feed: Feed, base_url: str) -> bytes:
    since = feed.begun.astimezone(UTC).date()
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # the library’s own name for no prefix
    root.set("{http://www.w3.org/XML/1998/namespace}lang", feed.language)
    _add(root, "id", tag_of(base_url, since, feed.matter))
    _add(root, "title", feed.title)
    _add(root, "updated", moment(feed.updated))
    _add(etree.SubElement(root, f"{{{ATOM}}}author"), "name", feed.author)
    _link(root, "self", feed.url, TYPE)
    _link(root, "alternate", feed.page_url, "text/html")
    for one in feed.entries:
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _add(entry, "id", tag_of(base_url, since, one.matter))
        _add(entry, "title", one.title)
        _add(entry, "updated", moment(one.updated))
        _link(entry, "alternate", one.url, "text/html")
        _add(entry, "content", one.words or one.title)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def answer(feed: Feed) -> Response:
    """As other open data: asked again each time, and sent again only where something changed."""
    response = Response(write(feed, current_app.config["BASE_URL"]), mimetype=TYPE)
    response.cache_control.no_cache = True
    response.cache_control.max_age = 0
    response.add_etag()
    response.make_conditional(request)
    return response


def _add(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}{name}").text = plain(text)


def _link(parent: etree._Element, rel: str, href: str, kind: str) -> None:
    etree.SubElement(parent, f"{{{ATOM}}}link", rel=rel, type=kind, href=href)
