"""Headers that anybody writes: what is believed of them, and that nothing of them is kept."""

import pytest
from flask import request

from consult import create_app
from consult.core.config import Config
from consult.core.db import db, unit_of_work
from consult.core.mail import OutgoingMail
from consult.core.pages import pages
from tests import factories

EVIL = {
    "X-Forwarded-Prefix": "//evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "81", "X-Forwarded-Proto": "http",
    "Forwarded": "host=evil.example;proto=http", "X-Forwarded-Server": "evil.example", "X-Original-URL": "//evil.example",
}


@pytest.fixture
def site(databases, with_chapter, tmp_path):
    """An application behind so many proxies at this address, with a chapter."""
    made = []

    def make(base_url: str, proxies: int):
        config = Config(data_dir=str(tmp_path), database_url=databases.new_database(with_chapter), secret_key="g" * 40, base_url=base_url,
                        trusted_proxies=str(proxies))
        made.append(create_app(config, TESTING=True))
        return made[-1]
    yield make
    pages.clear()
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.mark.parametrize("proxies", [0, 1, 2])
@pytest.mark.parametrize("path", ["/fr/", "/fr/chapters/1", "/fr/contributions/", "/fr/accounts/login", "/fr/nothing", "/"])
def test_nothing_that_a_header_says_is_in_an_answer_nor_kept_for_others(site, proxies, path):
    app = site("https://consult.test", proxies)
    for headers in (EVIL, {}, {**EVIL, "Host": "evil.example"}, {}):
        answer = app.test_client().get(path, headers=headers, base_url="https://consult.test")
        assert "evil.example" not in answer.text + str(answer.headers)
        assert answer.status_code == (421 if "Host" in headers and not proxies else answer.status_code)


def test_a_host_that_is_not_ours_is_sent_away(site):
    client = site("https://consult.test", 0).test_client()
    for host in ("evil.example", "consult.test.evil.example", "consult.test:81", ""):
        assert client.get("/fr/", headers={"Host": host}).status_code == 421, host
    for host in ("consult.test", "CONSULT.test", "127.0.0.1:8000", "localhost", "[::1]:8000"):
        assert client.get("/healthz", headers={"Host": host}).status_code == 200, host


def test_a_site_without_a_public_name_is_called_by_any(site):
    assert site("http://127.0.0.1:8000", 0).test_client().get("/healthz", headers={"Host": "bureau:8000"}).status_code == 200


@pytest.mark.parametrize(("proxies", "sent", "seen"), [
    (0, "6.6.6.6", "127.0.0.1"), (1, "6.6.6.6, 7.7.7.7", "7.7.7.7"), (2, "5.5.5.5, 6.6.6.6, 7.7.7.7", "6.6.6.6"),
])
def test_the_network_is_what_the_last_trusted_proxy_says(site, proxies, sent, seen):
    app = site("https://consult.test", proxies)
    networks = []

    @app.before_request
    def note() -> None:
        networks.append(request.remote_addr)

    app.test_client().get("/healthz", headers={"X-Forwarded-For": sent}, base_url="https://consult.test")
    assert networks == [seen]


@pytest.mark.parametrize("path", ["/qualite/fr/", "/fr/"])
def test_under_a_path_the_addresses_are_those_of_the_settings(site, path):
    """Whether the proxy takes the path away or not."""
    client = site("https://consult.test/qualite", 1).test_client()
    for _time in range(2):
        page = client.get(path, headers={"X-Forwarded-Prefix": "/autre"})
        assert page.status_code == 200
        assert 'href="/qualite/fr/accounts/login' in page.text
        assert "/autre" not in page.text


def test_letters_hold_the_public_address(site):
    app = site("https://consult.test", 1)
    with app.app_context():
        with unit_of_work():
            factories.a_user(email="salma@example.org")
        app.config["WTF_CSRF_ENABLED"] = False
        app.test_client().post("/fr/accounts/reset", data={"email": "salma@example.org"}, headers=EVIL, base_url="https://consult.test")
        body = db.session.query(OutgoingMail).one().body
        db.session.remove()
    assert "https://consult.test/fr/accounts/reset/" in body
    assert "evil" not in body
