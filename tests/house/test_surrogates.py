"""Half of a surrogate pair, which JSON can name and no UTF-8 can hold, at every door: what people send is refused or taken, never a fault.

`tests/house/test_forms_fuzz.py` sends it in turns with much else; here every form, field, address and header is sent it.
"""

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.house.fuzz_places import FILES, LISTED, PLACES
from tests.house.fuzz_site import Site
from tests.house.fuzzing import BOUNDARY, Upload, encoded, own_fields, part
from tests.house.test_forms_fuzz import crashes, endpoints, faults, looked_at, nobody_waits, site

__all__ = ["crashes", "nobody_waits", "site"]  # fixtures
HALF = b"\xed\xa0\x80"  # as UTF-8 would have it; urlencode makes %ED%A0%80 of it
OTHER = b"\xed\xbf\xbf"
FORM = "application/x-www-form-urlencoded"
WORD = r'"\ud800"'
BODIES = {
    "a value": f'{{"email": {WORD}, "password": {WORD}, "body": {WORD}}}', "a key": f'{{{WORD}: 1}}',
    "nested": f'{{"a": [{{"b": [{WORD}]}}]}}', "alone": WORD, "a list": f"[{WORD}, {WORD}]",
    "the token": f'{{"csrf_token": {WORD}, "credential": "{{}}"}}', "the other half": r'{"a": "\udfff"}',
}
TYPES = ("application/json", "application/json; charset=utf-8", "application/vnd.api+json", "text/json", "text/plain", FORM)
HEADERS = ("Accept", "Accept-Language", "Authorization", "Content-Language", "If-Match", "If-Modified-Since", "If-None-Match", "Origin",
           "Range", "Referer", "Sec-Fetch-Site", "User-Agent", "X-CSRFToken", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Prefix",
           "X-Forwarded-Proto", "X-Requested-With")
COOKIES = ("consult", "remember_token", "consult_known", "language", "session", HALF.decode("latin-1"))


def json_bodies() -> Iterator[tuple[str, bytes, str]]:
    for number, (name, text) in enumerate(BODIES.items()):
        yield name, text.encode(), TYPES[number % len(TYPES)]
        yield f"{name}, as bytes", text.encode().replace(rb"\ud800", HALF).replace(rb"\udfff", OTHER), "application/json"


@pytest.mark.parametrize("role", ["visitor", "participant", "secretariat"])
def test_json_at_every_address_that_takes_a_form(site, crashes, role):
    found = []
    with site.as_it_was():
        for endpoint in sorted(endpoints(site, "POST")):
            address = site.address(endpoint, "POST")
            for name, body, content_type in json_bodies():
                crashes.told.clear()
                with site.taken_back() as written, site.send(address, role, body, content_type, "ar") as answer:
                    found += [f"{endpoint}, {name} as {content_type}: {fault}" for fault in faults(answer, written, crashes, "ar")]
    assert found == []


def spoiled(form) -> Iterator[tuple[str, bytes, str]]:
    """In each field by itself, in a name, and in the parts of a multipart form, where it is written as it is."""
    for name, field in own_fields(form):
        pairs = form.pairs(replace(field, values=(HALF + b"x" + OTHER, *field.values[1:])))
        body, content_type = encoded([*pairs, *form.buttons[:1]], is_multipart=form.is_multipart)
        yield name, body, content_type
    yield "a name", encoded([*form.pairs(), *form.buttons[:1]], is_multipart=False)[0] + b"&%ED%A0%80=%ED%A0%80&csrf_token=%ED%A0%80", FORM
    parts = b"".join(part(name, value) for name, value in form.pairs() if not isinstance(value, Upload))
    head, end = f"--{BOUNDARY}\r\nContent-Disposition: form-data; ".encode(), f"--{BOUNDARY}--\r\n".encode()
    named = head + b'name="' + HALF + b'"; filename="' + HALF + b'.md"\r\nContent-Type: text/' + HALF + b"\r\n\r\n" + HALF + b"\r\n"
    starred = head + b"name=\"file\"; filename*=UTF-8''%ED%A0%80.md\r\n\r\n" + HALF + b"\r\n"
    for more in (named, starred):
        yield "names of parts", parts + more + end, f"multipart/form-data; boundary={BOUNDARY}"


@pytest.mark.parametrize("endpoint", PLACES)
def test_every_field_of_every_form(site, crashes, endpoint):
    found = []
    with site.as_it_was(PLACES[endpoint].so):
        role, form = next((role, form) for role in reversed(site.cookies) if (form := site.form(endpoint, role)) is not None)
        for number, (name, body, content_type) in enumerate(spoiled(form)):
            language = ("fr", "ar")[number % 2]
            crashes.told.clear()
            with site.taken_back() as written, site.send(form.address, role, body, content_type, language) as answer:
                found += [f"{endpoint}, {name} as {role}: {fault}" for fault in faults(answer, written, crashes, language)]
    assert found == []


def everywhere_else(site: Site) -> Iterator[tuple[str, str]]:
    """Addresses, as they are asked for, and the role that is shown them."""
    for endpoint in sorted(set(LISTED) | FILES - {"metrics"}):
        role, _so = LISTED.get(endpoint, ("visitor", None))
        if "filename" not in (names := site.rule(endpoint, "GET")):
            yield site.address(endpoint, "GET"), role
            for name in site.parts(endpoint) if "<" in names else ():
                yield site.address(endpoint, "GET", **{name: "%ED%A0%80"}), role


def test_every_address_and_what_it_asks(site, crashes):
    found = []
    with site.as_it_was():
        for address, role in everywhere_else(site):
            site.asked_names.clear()
            found += looked_at(site, crashes, address, role)[1]
            for name in (*site.asked_names, "q", "%ED%A0%80"):
                found += looked_at(site, crashes, f"{address}?{name}=%ED%A0%80%ED%B0%80x", role)[1]
    assert found == []


def test_every_header_and_cookie(site, crashes):
    """Of a page, a form, a file, and what machines ask for."""
    half, found = HALF.decode("latin-1"), []
    with site.as_it_was():
        ours = site.cookies["participant"]
        for address in ("/ar/", "/ar/accounts/login", "/ar/contributions/mine", "/healthz", "/ar/no-such-page", "/metrics"):
            for method in ("GET", "POST", "HEAD", "OPTIONS"):
                sent = [{name: f"{half}x"} for name in HEADERS] + [{"Cookie": f"{name}={half}; a={half}"} for name in COOKIES]
                sent += [{"Cookie": f"{ours}{half}"}, {"Content-Type": f"{FORM}; charset={half}"}, {"Content-Type": f"{half}/x"}]
                for headers in sent:
                    crashes.told.clear()
                    answer = site.client.open(address, method=method, headers={"Cookie": ours, "Origin": "http://localhost", **headers})
                    if answer.status_code >= 500 or crashes.told:
                        found.append(f"{method} {address} {headers}: {answer.status_code} {crashes.told}")
    assert found == []


def test_json_holds_what_it_says():
    assert json.loads(BODIES["alone"]).encode("utf-8", "surrogatepass") == HALF
