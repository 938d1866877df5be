"""/metrics: for whoever has the token, numbers of all processes, nothing of anybody."""

import re
import urllib.request
from dataclasses import replace

import pytest

from consult.core import beats, jobs
from tests import factories
from tests.story.sites import Site
from tests.waiting import until

TOKEN = "m" * 20 + "0123456789abcdef"


@pytest.fixture
def token(app, monkeypatch):
    monkeypatch.setattr(beats, "_noted", [-1e9])  # another test's worker may have noted its own a moment ago
    monkeypatch.setitem(app.extensions, "consult_config", replace(app.extensions["consult_config"], metrics_token=TOKEN))
    return {"Authorization": f"Bearer {TOKEN}"}


def value(text: str, name: str) -> float:
    (found,) = re.findall(rf"^{re.escape(name)} ([0-9.e+-]+)$", text, re.MULTILINE)
    return float(found)


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer "}, {"Authorization": f"Bearer {TOKEN}x"}, {"Authorization": TOKEN},
                                   {"Authorization": f"Basic {TOKEN}"}, {"Authorization": "Bearer \xe9"}])
def test_nobody_else_is_shown_anything(client, token, given):
    answer = client.get("/metrics", headers=given)
    assert answer.status_code == 404
    assert "consult_" not in answer.text


def test_without_a_token_it_is_shown_to_nobody(client):
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    assert client.get("/metrics", query_string={"token": TOKEN}).status_code == 404


def test_requests_are_counted_by_page_and_state_and_the_platform_is_measured(client, token, chapter):
    jobs.tick()
    factories.a_user(email="plantee@example.org", name="Plantée")
    before = client.get("/metrics", headers=token).text
    for path in ("/fr/chapters/1", "/fr/chapters/1?x=plantee", "/fr/nothing/plantee", "/readyz"):
        client.get(path)
    client.open("/readyz", method="PLANTEE")
    answer = client.get("/metrics", headers=token)
    assert answer.headers["Cache-Control"] == "no-store"
    text = answer.text
    seen = 'consult_requests_total{endpoint="chapters.read",method="GET",status="200"}'
    assert value(text, seen) - (value(before, seen) if seen in before else 0) == 2
    assert 'endpoint="none",method="GET",status="404"' in text
    assert 'method="other"' in text
    assert value(text, 'consult_request_seconds_count{endpoint="readyz"}') >= 1
    assert value(text, "consult_database_up") == 1
    assert 0 <= value(text, "consult_worker_beat_age_seconds") < 60
    assert value(text, 'consult_trouble{part="mail"}') == 0
    assert "plant" not in text.lower()


def test_what_is_refused_is_counted_by_its_page_and_never_as_one_that_was_ready(client, token, chapter, monkeypatch):
    monkeypatch.setitem(client.application.config, "WTF_CSRF_ENABLED", True)
    for _again in range(2):
        client.get("/fr/chapters/1")
    refused = [client.post("/fr/accounts/login", json={}), client.post("/fr/accounts/login", data={"identity": "x"}),
               client.get("/fr/chapters/1", headers={"Host": "elsewhere.example"})]
    assert [answer.status_code for answer in refused] == [415, 400, 421]
    text = client.get("/metrics", headers=token).text
    for status in (415, 400):
        assert f'endpoint="security.login",method="POST",status="{status}"' in text
    assert 'endpoint="none",method="GET",status="421"' in text
    counted = set(re.findall(r'endpoint="ready",method="(\w+)",status="(\d+)"', text))  # what other tests were answered stands there too
    assert ("GET", "200") in counted
    assert counted <= {("GET", "200"), ("GET", "304")}


def asked(site: Site, path: str) -> str:
    request = urllib.request.Request(f"{site.base}{path}", headers={"Authorization": f"Bearer {TOKEN}"})  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - our own server
        return answer.read().decode()


def test_the_processes_of_a_server_count_together(databases, tmp_path):
    if databases.kind != "sqlite":
        pytest.skip("once is enough")
    site = Site(tmp_path, "console:")
    site.environment.update(CONSULT_WORKERS="3", CONSULT_METRICS_TOKEN=TOKEN)
    assert site.run("db", "upgrade").returncode == 0
    site.start(with_worker=False)
    try:
        for _again in range(30):
            asked(site, "/readyz")
        name = 'consult_requests_total{endpoint="readyz",method="GET",status="200"}'
        until(lambda: value(asked(site, "/metrics"), name) == 30, "they do not count together")
    finally:
        site.stop()
