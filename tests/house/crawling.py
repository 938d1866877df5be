"""Every page that somebody can open from the first one, one of each kind."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, quote, urljoin, urlsplit

import lxml.html
import sqlalchemy as sa

from consult.accounts.models import User
from consult.core.db import session
from tests.sharing import made_once

ROLES = {
    "visitor": "", "rapporteur": "rapporteur3@csnca.example",
    "chair": "chair3@csnca.example", "secretariat": "secretariat1@csnca.example",
}
# Beside what links lead to: what is reached by a form or a letter, and what is not there.
MORE = ("no-such-page", "contributions/PNQ-C9-9999", "accounts/check-mail", "accounts/confirm", "accounts/follow-link", "accounts/reset")


def reader(app, role: str):
    """A client signed in as whoever has this role in the demonstration."""
    client = app.test_client()
    if address := ROLES[role]:
        client.sign_in(session.scalars(sa.select(User).where(User.email == address)).one())
    return client


def kind_of(app, address: str, method: str = "GET") -> tuple | None:
    """What tells one page from another beside its data: its endpoint and the names of its query; None for what is no page of ours."""
    parts = urlsplit(address)
    try:
        endpoint, values = app.url_map.bind("localhost").match(parts.path, method=method)
    except Exception:
        return None
    return endpoint, values.get("text_language"), tuple(sorted(parse_qs(parts.query)))


def pages(app, client, language: str) -> Iterator[tuple[str, int, lxml.html.HtmlElement]]:
    """(address where it ends, status, page) of what can be opened in this language: one of each kind, and what answers with an error."""
    waiting = [f"/{language}/", *(f"/{language}/{path}" for path in MORE)]
    seen, kinds = set(waiting), set()
    while waiting:
        address = waiting.pop(0)
        with client.get(address, follow_redirects=True) as answer:
            if answer.mimetype != "text/html":
                continue
            page, address = lxml.html.document_fromstring(answer.text), quote(answer.request.path)
            query = answer.request.query_string.decode()
        yield address + (f"?{query}" if query else ""), answer.status_code, page
        for link in page.xpath("//a/@href"):
            there = urljoin(address, link).partition("#")[0]
            kind = kind_of(app, there)
            if there in seen or not re.match(rf"/{language}(/|$)", there) or kind is None:
                continue
            seen.add(there)
            if kind not in kinds:
                kinds.add(kind)
                waiting.append(there)


def crawled(folder: Path, role: str, language: str, crawl: Callable[[], Iterator]) -> list[tuple[str, int, lxml.html.HtmlElement]]:
    """What ``crawl()`` yields, asked once a run by whichever process needs it first."""
    def make() -> str:
        return json.dumps([(address, status, lxml.html.tostring(page, encoding="unicode")) for address, status, page in crawl()])
    return [(address, status, lxml.html.document_fromstring(page))
            for address, status, page in json.loads(made_once(folder, f"pages-{language}-{role}", make))]
