"""Requests that nobody would send: any address, method, role, phase, query, header and body at random. No answer is a fault of ours, and
nobody gets through a door that is not theirs (``permissions_by_http.txt``).

``make fuzz`` sends 20,000 of them (``FUZZ_REQUESTS``); what a number of ``SEEDS`` sends is always the same.
"""

import logging
import os
import random
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core.db import session
from tests import factories
from tests.conftest import app_on
from tests.house.fuzz_places import FILES, PLACES
from tests.house.fuzz_site import Crashes, Site
from tests.house.fuzzing import ALWAYS, BIDI, BYTES, CONTROL, HTML, HUGE, IN_TURNS, LONG, NO_NUMBERS, NO_WORDS, WORDS, encoded
from tests.house.test_permissions_by_http import ASKS_TO_SIGN_IN, NO_DOORS, PHASES, read

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "600"))
SEEDS = 6
# Of nobody's commission: whatever the number of a thing, the doors that are not theirs stay shut.
OUTSIDERS = ("visitor", "participant", "other", "administrator")
ROLES = (*OUTSIDERS, "moderator", "rapporteur", "chair", "secretariat")
METHODS = ("GET", "POST", "POST", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
ODD: tuple[str | bytes, ...] = (
    CONTROL, BYTES, BIDI, HTML, HUGE, LONG, WORDS, "", "-1", "0", "1", "٣", "on", "xx", "../..",
    *(value for values in (*ALWAYS.values(), *IN_TURNS.values()) for value in values if isinstance(value, str)))
HEADERS = (
    "Accept", "Accept-Language", "Content-Encoding", "Cookie", "Host", "If-None-Match", "If-Modified-Since", "Origin", "Range", "Referer",
    "Transfer-Encoding", "User-Agent", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-HTTP-Method-Override", "Expect")
# What is refused is kept for whoever sent it: a form, and the words of a contribution that comes too late.
KEPT = {"": {"kept_form"}, "contributions.lodge": {"kept_form", "contribution_draft", "audit_event"}}
TYPES = ("application/x-www-form-urlencoded", "multipart/form-data; boundary=fuzz-fuzz-fuzz", "application/json", "text/plain", "", "x")


@pytest.fixture
def site(databases, with_chapter, tmp_path):
    with app_on(databases.new_database(with_chapter), tmp_path / "data") as app:
        consultation = session.scalars(sa.select(Consultation)).one()
        site = Site(app, consultation)
        site.people["other"] = factories.a_user(organisation=factories.an_organisation())
        site.cookies = {"visitor": "", **{role: site.cookie_of(person) for role, person in site.people.items()}}
        session.commit()
        yield site


@pytest.fixture
def crashes():
    handler = Crashes()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


class Chance:
    """What is sent next, by a seed."""

    def __init__(self, site: Site, seed: int) -> None:
        self.site, self.random = site, random.Random(seed)  # noqa: S311 - no secret
        self.endpoints = sorted({rule.endpoint for rule in site.app.url_map.iter_rules()} - NO_DOORS - FILES)
        given = {name for place in PLACES.values() for name in place.given}
        self.names = sorted(given | {"page", "after", "language", "carry", "next", "act"})

    def odd(self) -> str:
        value = self.random.choice(ODD)
        return value.decode("latin-1") if isinstance(value, bytes) else value

    def endpoint(self) -> tuple[str, str]:
        endpoint, method = self.random.choice(self.endpoints), self.random.choice(METHODS)
        served = {one for rule in self.site.app.url_map.iter_rules(endpoint) for one in rule.methods}
        return endpoint, method if self.random.random() < 0.1 or method in served else self.random.choice(sorted(served & {"GET", "POST"}))

    def address(self, endpoint: str, method: str) -> str:
        own = method if any(method in rule.methods for rule in self.site.app.url_map.iter_rules(endpoint)) else "GET"
        try:
            parts = self.site.parts(endpoint, own)
        except ValueError:  # it has no address for this method
            own = "POST"
            parts = self.site.parts(endpoint, own)
        others = {name: quote(self.part(value), safe="") for name, value in parts.items() if self.random.random() < 0.3}
        address = self.site.address(endpoint, own, language=self.random.choice(("fr", "ar", "en")), **others)
        return address + (f"?{urlencode(self.pairs())}" if self.random.random() < 0.4 else "")

    def part(self, value: str) -> str | bytes:
        if value.isdecimal() and self.random.random() < 0.6:
            return str(self.random.randrange(40))
        return self.random.choice(NO_NUMBERS if value.isdecimal() else NO_WORDS)

    def pairs(self) -> list[tuple[str, str]]:
        return [(self.random.choice(self.names) if self.random.random() < 0.8 else self.odd()[:40], self.odd())
                for _ in range(self.random.randrange(5))]

    def body(self, endpoint: str, role: str) -> tuple[bytes, str]:
        kind = self.random.random()
        if kind < 0.6 and endpoint in PLACES and (form := self.site.form(endpoint, role)) is not None:
            pairs = [(name, self.odd() if self.random.random() < 0.25 else value) for name, value in form.pairs()]
            pairs += self.random.sample(form.buttons, 1) if form.buttons else []
            return encoded(self.random.sample(pairs, len(pairs)) if kind < 0.1 else pairs, is_multipart=form.is_multipart)
        if kind < 0.8:
            return encoded(self.pairs(), is_multipart=kind < 0.7)
        return self.odd().encode("utf-8", "replace")[:20_000], self.random.choice(TYPES)

    def headers(self, role: str) -> dict[str, str]:
        given = {"Cookie": self.site.cookies[role], "Origin": "http://localhost"}
        if self.random.random() < 0.2:
            given[self.random.choice(HEADERS)] = "".join(sign for sign in self.odd() if sign.isprintable())[:500].encode(
                "latin-1", "replace").decode("latin-1")
        return given


def opens(answer) -> bool:
    leads_to_sign_in = answer.status_code in (302, 303) and any(end in answer.location for end in ASKS_TO_SIGN_IN)
    return answer.status_code < 400 and not leads_to_sign_in


def sent(site: Site, chance: Chance, phase: str, known, crashes: Crashes) -> Iterator[str]:
    """What is wrong with the answer to one request, which is taken back."""
    role, (endpoint, method) = chance.random.choice(ROLES), chance.endpoint()
    address, headers = chance.address(endpoint, method), chance.headers(role)
    body, content_type = chance.body(endpoint, role) if method in ("POST", "PUT", "PATCH") else (b"", "")
    crashes.told.clear()
    with site.taken_back() as written, site.client.open(
            address, method=method, headers=headers, data=body, content_type=content_type or None) as answer:
        what = f"{phase} {role} {method} {address[:120]} {headers} {body[:80]!r}: {answer.status_code}"
        if answer.status_code >= 500 or crashes.told:
            yield f"{what} {crashes.told}"
        if answer.mimetype == "text/html" and "<script>alert(1)" in answer.get_data(as_text=True):
            yield f"{what} shows a script"
        # A form carried into another language is sent to nobody, and shows its sender their own words. Of a door that is not in the list
        # nobody knows more than that it opens to no empty form.
        doors = known.get((endpoint, "GET" if method == "HEAD" else method))
        if doors and "carry=" not in address and role in OUTSIDERS and phase not in doors.get(role, ()) and opens(answer):
            yield f"{what} opens"
        if answer.status_code >= 400 and (changed := set(written.tables) - KEPT.get(endpoint, KEPT[""])):
            yield f"{what} wrote to {sorted(changed)}"


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_is_sent_is_answered_and_opens_no_other_door(site, crashes, seed):
    chance, known, found = Chance(site, seed), read(), []
    for phase, so in PHASES.items():
        with site.as_it_was(so):
            for _number in range(REQUESTS // (SEEDS * len(PHASES))):
                found += sent(site, chance, phase, known, crashes)
    assert found == []
