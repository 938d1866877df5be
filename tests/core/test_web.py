import re

import flask
import lxml.html
import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm.exc import StaleDataError

from consult.accounts.models import User
from consult.core import web
from consult.core.db import db, session
from consult.core.errors import Conflict, Invalid, NotAllowed, NotFound
from consult.core.i18n import LANGUAGES
from consult.core.pages import pages
from tests import factories
from tests.conftest import make_app

CLOSED = OperationalError("SELECT sekret FROM user", {}, Exception("no connection to /var/lib/db"))
ERRORS = {
    "not-found": (NotFound("rien"), 404), "not-allowed": (NotAllowed("non"), 403), "conflict": (Conflict("trop tard", "relire"), 409),
    "invalid": (Invalid("body", "vide", "remplir"), 422),
    "taken": (IntegrityError("INSERT sekret", {}, psycopg.errors.UniqueViolation("sekret")), 409),
    "stale": (StaleDataError("UPDATE sekret"), 409),
    "rule": (IntegrityError("INSERT sekret", {}, psycopg.errors.CheckViolation("sekret")), 500),
    "unstorable": (DataError("SELECT sekret", {}, Exception("NUL")), 400),
    "crash": (RuntimeError("the sekret of /etc/passwd"), 500), "down": (CLOSED, 500),
}


def broken_down(app):
    """With one page for each way to go wrong."""
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail(name):
        raise ERRORS[name][0]

    def write(name):
        factories.a_user(name="Écrit puis repris")
        session.flush()
        raise ERRORS[name][0]

    app.add_url_rule("/<language:language>/broken/<string:name>", "broken", fail)
    app.add_url_rule("/<language:language>/broken/<string:name>", "broken-post", write, methods=["POST"])
    return app


@pytest.fixture
def broken(own_app):
    return broken_down(own_app).test_client()


@pytest.fixture(scope="module")
def app_that_breaks(databases, migrated, tmp_path_factory):
    """For tests that ask for its pages alone: what fails is rolled back, on a database of its own."""
    app = broken_down(make_app(databases.new_database(migrated), tmp_path_factory.mktemp("data")))
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def pages_that_break(app_that_breaks):
    pages.clear()
    with app_that_breaks.app_context():
        yield app_that_breaks.test_client()
        session.remove()


@pytest.mark.parametrize(("accepted", "to"), [
    ("", "/fr/"), ("ar-MA,fr;q=0.5", "/ar/"), ("en-GB", "/en/"), ("de", "/fr/"), ("de, en;q=0.3", "/en/"), ("zgh, ar;q=0.2", "/ar/"),
])
def test_the_root_sends_to_the_readers_language(client, accepted, to):
    answer = client.get("/", headers={"Accept-Language": accepted})
    assert (answer.status_code, answer.location) == (302, to)
    assert "Accept-Language" in answer.headers["Vary"]


@pytest.mark.parametrize(("language", "direction"), [("fr", "ltr"), ("ar", "rtl"), ("en", "ltr")])
def test_a_page_says_its_language_and_direction(client, consultation, language, direction):
    page = lxml.html.fromstring(client.get(f"/{language}/").text)
    assert (page.get("lang"), page.get("dir")) == (language, direction)
    assert {link.get("hreflang") for link in page.iter("link") if link.get("hreflang")} == set(LANGUAGES)


def test_an_unknown_language_is_no_page(client, consultation):
    assert client.get("/de/").status_code == 404


def test_a_process_that_can_answer_is_ready(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (200, {"status": "ready"})


def test_a_lost_database_is_told(client, monkeypatch):
    def lost(*_args, **_kwargs):
        raise CLOSED

    monkeypatch.setattr(web.session, "execute", lost)
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert "sekret" not in answer.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_error_is_a_page_that_says_what_to_do(pages_that_break, language, name, method):
    answer = getattr(pages_that_break, method)(f"/{language}/broken/{name}")
    assert answer.status_code == ERRORS[name][1]
    page = lxml.html.fromstring(answer.text)
    assert page.get("lang") == language
    main = page.get_element_by_id("main")
    assert main.xpath(".//h1")[0].text_content().strip()
    assert main.xpath(".//a[@href]")
    if name not in ("not-allowed",):
        assert main.xpath(".//h2"), "what to do now"
    for trace in ("Traceback", "sekret", "passwd", "/var/lib", "RuntimeError", ".py"):
        assert trace not in answer.text


def test_the_act_that_failed_left_nothing(broken):
    broken.post("/fr/broken/crash")
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_a_broken_rule_is_said_to_the_operator_by_its_name(broken, caplog):
    """No reader is told that somebody else was there first, and no log keeps what was written."""
    def write():
        factories.a_user(name="Écrit puis repris")
        factories.a_user(email=address)

    address = "Sekret@Example.org"
    broken.application.add_url_rule("/<language:language>/rule", "rule", write, methods=["POST"])
    answer = broken.post("/en/rule")
    assert answer.status_code == 500
    assert "The act was not recorded; nothing was half done." in answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
    assert "ck_user_email_lower" in caplog.text
    assert "Sekret" not in caplog.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_address_is_a_page_in_its_language(client, consultation, language):
    answer = client.get(f"/{language}/nothing/here")
    assert answer.status_code == 404
    assert lxml.html.fromstring(answer.text).get("lang") == language


def test_a_lost_database_still_gives_a_page(own_app, monkeypatch):
    def lost():
        raise CLOSED

    own_app.config["PROPAGATE_EXCEPTIONS"] = False
    own_app.extensions["consult_current"] = lost
    answer = own_app.test_client().get("/ar/")
    assert answer.status_code == 500
    assert lxml.html.fromstring(answer.text).get("lang") == "ar"
    assert "sekret" not in answer.text


@pytest.mark.parametrize("address", [
    "/fr/chapters/1%00", "/fr/?x=%00", "/fr/chapters/99999999999999999999", "/fr/%F0%28", "/%2e%2e/", "/fr/chapters/-1",
])
def test_odd_addresses_are_no_crash(client, consultation, address):
    assert client.get(address).status_code in (200, 400, 404)


def test_headers_of_every_answer(client, consultation):
    for address in ("/fr/", "/fr/nothing", "/healthz", "/"):
        headers = client.get(address).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert "Server" not in headers


def test_pages_of_a_person_are_kept_by_nobody_else(client, consultation, participant):
    client.sign_in(participant)
    assert "no-store" in client.get("/fr/nothing").headers["Cache-Control"]


def test_addresses_are_made_without_a_request(own_app):
    with own_app.app_context():
        assert web.link("chapters.home", language="ar") == "http://consult.test/ar/"
        assert web.link("chapters.read", language="fr", number=2) == "http://consult.test/fr/chapters/2"
        assert web.link("healthz") == "http://consult.test/healthz"


def test_addresses_keep_the_folder_of_the_base(own_app):
    own_app.config["BASE_URL"] = "https://example.ma/pnq"
    with own_app.app_context():
        assert web.link("chapters.home", language="en") == "https://example.ma/pnq/en/"


def test_each_get_is_a_reading(broken):
    """What a page reads is never written back by mistake."""
    own_app = broken.application

    def rename():
        session.add(factories.a_user())
        session.flush()
        return "ok"

    own_app.add_url_rule("/renamed", "renamed", rename)
    assert broken.get("/renamed").text == "ok"
    assert session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_forms_without_their_token_are_refused_kindly(own_app):
    own_app.config["WTF_CSRF_ENABLED"] = True
    own_app.add_url_rule("/<language:language>/form", "form", lambda: "done", methods=["POST"])
    answer = own_app.test_client().post("/fr/form")
    assert answer.status_code == 400
    assert lxml.html.fromstring(answer.text).xpath("//main//h2")


@pytest.mark.parametrize("request_", [
    {"data": "x=" + "y" * (13 * 1024 * 1024), "content_type": "application/x-www-form-urlencoded"},
    {"data": b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n' + b"y" * (5 * 1024 * 1024) + b"\r\n--b--\r\n",
     "content_type": "multipart/form-data; boundary=b"},
], ids=["whole", "field"])
def test_too_large_a_request_is_refused(own_app, request_):
    own_app.add_url_rule("/<language:language>/form", "form", lambda: str(len(flask.request.form)), methods=["POST"])
    answer = own_app.test_client().post("/fr/form", **request_)
    assert answer.status_code == 413
    assert lxml.html.fromstring(answer.text).get("lang") == "fr"


def test_static_files_are_ours(client, consultation):
    page = client.get("/fr/").text
    foreign = re.findall(r"""(?:src|href)=["'](?:https?:)?//(?!consult\\.test)[^"']+""", page)
    assert foreign == []
    for address in re.findall(r"""(?:src|href)=["'](/static/[^"'#]+)""", page):
        with client.get(address) as answer:
            assert answer.status_code == 200, address


@pytest.mark.parametrize("query", ["endpoint=x", "_external=1&_scheme=javascript", "_anchor=x", "language=xx", "number=2", "x=%0aalert(1)"])
def test_nothing_in_an_address_leads_the_links_of_a_page_astray(client, chapter, query):
    """Neither on the page of whoever came by that address nor, kept ready, on those of everybody after."""
    for _reader in range(2):
        answer = client.get(f"/fr/chapters/1?{query}")
        assert answer.status_code == 200
        page = lxml.html.fromstring(answer.text)
        links = [link.get("href") for link in page.iter("link") if link.get("hreflang")]
        assert links == [f"/{language}/chapters/1" for language in LANGUAGES]
        feeds = [link.get("href") for link in page.iter("link") if link.get("type") == "application/atom+xml"]
        assert feeds == ["/fr/news/feed", "/fr/news/chapters/1/feed"]


def test_a_query_stays_with_the_page_in_another_language(client, consultation):
    page = lxml.html.fromstring(client.get("/fr/moderation/register?chapter=1&_scheme=x&endpoint=y").text)
    assert {link.get("href") for link in page.iter("link") if link.get("hreflang")} == {
        f"/{language}/moderation/register?chapter=1&_scheme=x&endpoint=y" for language in LANGUAGES}


@pytest.mark.parametrize("address", ["discussion/1/C1-A1-P1-a1?after={}", "lodge/1/C1-A1-P1-a1"])
def test_a_number_that_no_database_holds_is_no_number(client, block, address):
    huge = "9" * 30
    assert client.get(f"/fr/contributions/{address.format(huge)}").status_code == 200
    assert client.post("/fr/contributions/lodge/1/C1-A1-P1-a1", data={"block_id": huge, "act": "preview"}).status_code == 422


def test_what_the_database_cannot_hold_is_not_understood(broken):
    assert broken.get("/fr/broken/unstorable").status_code == 400


@pytest.mark.parametrize("address", ["/ar/accounts/login", "/ar/accounts/us-setup", "/ar/accounts/verify"])
def test_pages_of_the_library_stand_in_our_frame(client, consultation, participant, address):
    if address != "/ar/accounts/login":
        client.sign_in(participant)
    answer = client.get(address, follow_redirects=True)
    assert answer.status_code == 200
    page = lxml.html.fromstring(answer.text)
    assert (page.get("lang"), page.get("dir")) == ("ar", "rtl")
    assert page.get_element_by_id("main") is not None
    assert page.xpath("//style | //script[not(@src)] | //*[@style]") == []


@pytest.mark.parametrize(("language", "said"), [
    ("fr", "Ouvrez la page et envoyez son formulaire."), ("ar", "المرجو فتح الصفحة وإرسال استمارتها."),
])
@pytest.mark.parametrize(("content_type", "body"), [
    ("application/json", b'{"name": 5}'), ("application/json", b"7"), ("application/json", b"[["), ("text/plain", b"name=Nora"),
    ("", b"name=Nora"), ("nonsense", b"name=Nora"), ("application/xml", b"<name/>"),
])
def test_what_no_form_sends_is_read_by_no_form(client, participant, consultation, language, said, content_type, body):
    page = client.sign_in(participant).post(f"/{language}/accounts/profile", data=body, content_type=content_type)
    assert page.status_code == 415
    assert said in page.text
    assert participant.name.startswith("Personne")
