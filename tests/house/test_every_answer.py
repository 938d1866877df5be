"""What holds of every answer, whatever the address, the method and the reader: headers, forgery, where it leads."""

import re
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from werkzeug.routing import IntegerConverter

from consult.accounts import second_step, signin
from consult.consultations.models import Phase
from consult.core import headers
from consult.core.db import Base, session
from consult.core.origins import is_of_this_site
from tests.house.test_refused_forms import SAMPLES, typed_names

PLAIN = re.compile(r"(no-cache|no-store|private|public|must-revalidate|immutable|max-age=\d+)")
ACTS = ("", "draft", "preview", "save", "more", "take-back")
READERS = ("visitor", "participant", "rapporteur", "chair", "secretary")
ELSEWHERE = (
    "//evil.example", "///evil.example/", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    " //evil.example", "https://evil.example", "https:evil.example", "https:/evil.example", "http:///evil.example", "javascript:alert(1)",
    "/%2fevil.example", "/%2Fevil.example/", "/%5cevil.example", "%2f%2fevil.example", "/%09/evil.example", "/%252fevil.example",
    "//localhost@evil.example", "https://localhost@evil.example", "//evil.example\\@localhost", "/fr/..//evil.example/%0a", "evil.example",
    "", "/\x00/evil.example", "/\u0085/evil.example", "http://[evil", "/ /evil.example", "data:text/html,x", "/%25252f%5cevil.example\\",
)


def addresses(app, method: str) -> list[tuple[str, str]]:
    """(endpoint, address) of everything that takes this method."""
    found = set()
    for rule in app.url_map.iter_rules():
        if method in rule.methods and rule.endpoint != "static":
            parts = {name: SAMPLES.get(name, 1 if isinstance(kind, IntegerConverter) else "x") for name, kind in rule._converters.items()}
            address = app.url_map.bind("localhost").build(rule.endpoint, {**parts, "language": "fr"}, method=method)
            found.add((rule.endpoint, address))
    return sorted(found)


@pytest.fixture
def sign_in_as(client, request):
    def sign_in(who: str):
        if who != "visitor":
            client.sign_in(request.getfixturevalue(who))
        return client
    return sign_in


# Headers


def faults(answer, is_signed_in: bool) -> list[str]:
    found = [f"{name}: {answer.headers.get(name)}" for name, value in headers.HEADERS.items() if answer.headers.get(name) != value]
    kept = answer.headers.get("Cache-Control", "")
    if not kept or not all(PLAIN.fullmatch(word.strip()) for word in kept.split(",")):
        found.append(f"Cache-Control: {kept}")
    if is_signed_in and "no-store" not in kept:
        found.append(f"kept by others: {kept}")
    found += [f"Set-Cookie: {value}" for value in answer.headers.getlist("Set-Cookie")
              if "expires=thu, 01 jan 1970" not in value.lower() and not ("HttpOnly" in value and "SameSite=Lax" in value)]
    return found


@pytest.mark.usefixtures("chapter")
@pytest.mark.parametrize("who", READERS)
def test_every_address_answers_with_its_headers(app, sign_in_as, who):
    client = sign_in_as(who)
    opened = [("nothing", "/fr/nothing"), ("nothing", "/fr/chapters/1/"), ("nothing", "/nothing.txt"), *addresses(app, "GET")]
    wrong = {}
    for method, found in (("GET", opened), ("HEAD", opened), ("POST", addresses(app, "POST")), ("PUT", opened[:9])):
        for endpoint, address in found:
            if endpoint != "security.logout":
                with client.open(address, method=method) as answer:
                    if told := faults(answer, who != "visitor"):
                        wrong[method, endpoint, answer.status_code] = told
    assert wrong == {}


def test_files_have_them_too(app):
    with app.test_client().get("/static/css/base.css") as answer:
        assert answer.status_code == 200
        assert {name: answer.headers.get(name) for name in headers.HEADERS} == headers.HEADERS


def test_a_page_that_is_kept_ready_has_them_too(client, chapter, participant):
    for _time in range(2):
        assert faults(client.get("/fr/chapters/1"), False) == []
    client.sign_in(participant)
    for _time in range(3):
        assert faults(client.get("/fr/chapters/1"), True) == []


def test_the_policy_lets_nothing_in():
    assert "unsafe" not in headers.POLICY
    assert "http" not in headers.POLICY
    assert headers.POLICY.startswith("default-src 'none'; ")
    assert {"frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} <= set(headers.POLICY.split("; "))


@pytest.mark.parametrize(("method", "address"), [
    ("TRACE", "/fr/"), ("TRACK", "/fr/"), ("CONNECT", "/fr/"), ("DELETE", "/fr/"), ("GET", "/static/"), ("GET", "/static/css/"),
    ("GET", "/.git/config"), ("GET", "/static/../setup.cfg"), ("GET", "/static/%2e%2e/setup.cfg"), ("GET", "/setup.cfg"), ("GET", "/var/"),
])
def test_methods_and_folders_that_are_nobodys(client, consultation, method, address):
    with client.open(address, method=method, follow_redirects=True) as answer:
        assert answer.status_code in (404, 405), answer.status_code


@pytest.mark.parametrize(("base_url", "is_told"), [("https://consult.test", True), ("http://consult.test", False)])
def test_browsers_are_told_to_come_by_https_where_there_is_https(base_url, is_told):
    assert ("Strict-Transport-Security" in headers.headers(base_url)) == is_told


@pytest.mark.usefixtures("chapter")
def test_no_body_is_read_beyond_its_bound(app, client, secretary):
    client.sign_in(secretary)
    large = b"x=" + b"a" * (13 * 1024 * 1024)
    answered = {endpoint: client.post(address, data=large, content_type="application/x-www-form-urlencoded").status_code
                for endpoint, address in addresses(app, "POST") if endpoint != "security.logout"}
    steps = {f"security.{name}" for name in second_step.STEPS}
    unread = {"accounts.follow_link", "security.confirm_email", *signin.RETIRED, *steps}  # they lead on, whatever is sent
    assert {endpoint: status for endpoint, status in answered.items() if status < 400 and endpoint not in unread} == {}
    assert 413 in answered.values()


# Forgery


def rows() -> dict[str, list]:
    return {name: session.execute(sa.select(table).order_by(*table.primary_key)).all() for name, table in Base.metadata.tables.items()}


@pytest.mark.usefixtures("contribution")
@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.CLOSED])
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("who", READERS)
def test_nothing_is_changed_by_what_no_page_of_ours_sent(app, sign_in_as, consultation, monkeypatch, who, act, phase):
    client = sign_in_as(who)
    consultation.phase = phase
    session.commit()
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    before = rows()
    told = {"act": act, "csrf_token": "x" if act else ""}
    sent = {**dict.fromkeys(typed_names(), "Des mots forgés."), **told, "email": "nora@example.org", "identity": "nora@example.org"}
    for _endpoint, address in addresses(app, "POST"):
        client.post(address, data=sent, headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"})
    assert rows() == before
    assert client.get("/fr/accounts/profile").status_code == (302 if who == "visitor" else 200), "still signed in"


# Where an answer leads


@pytest.mark.parametrize("address", ELSEWHERE)
def test_another_site_is_known_however_it_is_written(address):
    assert not is_of_this_site(address)


@pytest.mark.parametrize("address", [
    "/", "/fr/", "/fr/chapters/1?passage=C1-A1&x=//evil.example", "/fr/contributions/?after=%2F%2F", "/ar/x#a\\b", "/fr/x?next=https://e.example",
])
def test_a_path_of_ours_is_one(address):
    assert is_of_this_site(address)


def leads(answer) -> str:
    """Where a browser would go: it drops what it does not like, and takes \\ for /."""
    location = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "")).strip().replace("\\", "/")
    return urlsplit(location).netloc or (location if location.startswith("//") else "")


@pytest.mark.parametrize("address", ELSEWHERE)
def test_no_answer_leads_to_another_site(app, client, participant, address):
    person = app.test_client().sign_in(participant)
    asked = {"next": address, "carry": address, "url": address, "back": address}
    for browser in (client, person):
        for path in ("/", "/fr/accounts/login", "/fr/accounts/register", "/fr/accounts/arrive", "/fr/accounts/us-verify",
                     "/fr/accounts/us-signin", "/fr/accounts/verify", "/fr/accounts/follow-link", "/fr/accounts/profile"):
            assert leads(browser.get(path, query_string=asked)) == ""
            answer = browser.post(path, query_string=asked, data=asked, headers={"Referer": re.sub(r"[\n\r]", "", f"http://localhost/{address}")})
            assert leads(answer) == ""
            assert not re.search(r'(?:href|action)="(?://|/\\|https?://evil)', answer.text)


@pytest.mark.parametrize("referrer", ["http://[evil", "https://evil.example/", "http://localhost/\\evil.example", "//[", "é"])
def test_what_is_said_of_where_one_came_from_is_no_crash(client, consultation, referrer):
    answer = client.post("/fr/nothing", data={"body": "Des mots."}, headers={"Referer": referrer, "Origin": referrer})
    assert answer.status_code in (400, 404)
    assert "evil" not in answer.text


@pytest.mark.parametrize("path", [
    "//evil.example/", "//evil.example/fr/chapters/1/", "/\\evil.example/", "/fr//evil.example/", "/%2fevil.example/",
])
def test_an_address_that_is_mended_stays_here(client, consultation, path):
    answer = client.get("/", environ_overrides={"PATH_INFO": path})
    assert leads(answer) == ""
    assert "//evil" not in re.sub(r"/(?:fr|ar|en)//evil|next=[^\"]*", "", answer.text)
