"""Attempts counted in a real Redis: by all processes together, and by each alone while Redis is away."""

import pytest
from limits import parse

from consult import create_app
from consult.accounts import service
from consult.core.config import Config
from consult.core.db import db, unit_of_work
from tests import factories
from tests.accounts.test_attempts import THIEF, From, statuses
from tests.accounts.test_views import PASSWORD, sign_in
from tests.conftest import QUICK_PASSWORDS
from tests.operators.hosts import Redis


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def processes(databases, migrated, tmp_path, redis):
    """Two applications, as those of two hosts, at the public address; with Salma's account."""
    if databases.kind != "sqlite":
        pytest.skip("counts stand in Redis whatever the database")
    config = Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="g" * 40,
                    base_url="https://consultation.example.ma", trusted_proxies="1", limits_url=f"redis://127.0.0.1:{redis.port}/0")
    made = [create_app(config, TESTING=True, WTF_CSRF_ENABLED=False, SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=QUICK_PASSWORDS)
            for _ in range(2)]
    with made[0].app_context(), unit_of_work():
        factories.a_consultation()
        factories.a_user(email="salma@example.org", password=service.hash_password(PASSWORD))
    yield made
    for app in made:
        with app.app_context():
            db.engine.dispose()


def test_hosts_count_together_in_redis_and_alone_without_it(processes, redis):
    thieves = [From(app, THIEF) for app in processes]
    assert statuses(thieves, 11) == [422] * 10 + [429]
    redis.kill()
    assert sign_in(From(processes[0], "10.0.0.7")).status_code == 302, "nobody can sign in any more"
    assert statuses(thieves[:1], 11)[-1] == 429, "nothing is counted any more"
    redis.start()


def test_forms_are_counted_together_in_redis_and_alone_without_it(processes, redis):
    for app in processes:
        app.extensions["consult_pace"].limits["network"] = parse("2 per 5 minutes")
    visitors = [From(app, THIEF) for app in processes]

    def are_refused(asked) -> list[bool]:
        return [visitor.post("/fr/accounts/register").status_code == 429 for visitor in asked]

    assert are_refused([*visitors, *visitors]) == [False, False, True, True]
    redis.kill()
    assert are_refused([*visitors, *visitors, *visitors]) == [False, False, False, False, True, True]
    redis.start()


def test_cookies_over_https_are_of_this_host_alone(processes):
    browser = From(processes[0], "10.0.0.7")
    answer = sign_in(browser, remember="y")
    told = answer.headers.getlist("Set-Cookie")
    assert {cookie.partition("=")[0] for cookie in told} == {"__Host-consult", "__Host-remember_token", "__Host-consult_known"}
    for cookie in told:
        parts = {part.strip() for part in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= parts, cookie
        assert not any(part.startswith("Domain") for part in parts), "a browser would refuse it by its name"
    assert "<code>__Host-consult_known</code>" in browser.get("/fr/consultations/legal-notice").text
