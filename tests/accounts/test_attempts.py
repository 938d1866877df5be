"""Attempts are counted for all processes together, lock nobody else out, and no answer tells whether there is an account."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
import time_machine
from limits import parse
from limits.strategies import FixedWindowRateLimiter

from consult import create_app
from consult.accounts import attempts, second_step, service
from consult.core.attempts import AttemptCount, SharedStorage
from consult.core.config import Config
from consult.core.db import db, session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.privacy.retention import PERIODS
from tests import factories
from tests.accounts.factors import set_up
from tests.accounts.test_views import PASSWORD, ask_for_link, is_signed_in, register, sign_in
from tests.conftest import QUICK_PASSWORDS

OWNER, THIEF = "10.0.0.1", "10.6.6.6"


@pytest.fixture
def processes(databases, migrated, tmp_path):
    """Two applications on one database and one data folder, as two processes of one server; with Salma's account."""
    config = Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="g" * 40)
    made = [create_app(config, TESTING=True, WTF_CSRF_ENABLED=False, SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS=QUICK_PASSWORDS)
            for _ in range(2)]
    with made[0].app_context(), unit_of_work():
        factories.a_user(email="salma@example.org", password=service.hash_password(PASSWORD))
    yield made
    for app in made:
        with app.app_context():
            db.engine.dispose()


class From:
    """A browser in some network."""

    def __init__(self, app, network: str) -> None:
        self.client, self.network = app.test_client(), network

    def post(self, *args, **values):
        return self.client.post(*args, environ_overrides={"REMOTE_ADDR": self.network}, buffered=True, **values)

    def get(self, *args, **values):
        return self.client.get(*args, environ_overrides={"REMOTE_ADDR": self.network}, buffered=True, **values)


def statuses(browsers, count: int, attempt=lambda browser: sign_in(browser, password="not this one")) -> list[int]:
    return [attempt(browsers[n % len(browsers)]).status_code for n in range(count)]


def test_all_processes_count_together(processes):
    assert statuses([From(app, THIEF) for app in processes], 11) == [422] * 10 + [429]


def test_an_ipv6_network_is_one_place_however_many_addresses_it_has(processes):
    browsers = [From(app, f"2001:db8:1:2:{n:x}::{n}") for n in range(1, 12) for app in processes]
    assert statuses(browsers, 11) == [422] * 10 + [429]
    assert statuses([From(processes[0], "2001:db8:1:3::1")], 1) == [422], "the network beside it is another's"
    mapped = [From(processes[0], "::ffff:10.6.6.6"), From(processes[0], THIEF)]
    assert statuses(mapped, 11) == [422] * 10 + [429]


def test_a_file_that_was_begun_and_not_finished_counts_all_the_same(processes, tmp_path):
    (tmp_path / "attempts.sqlite").write_bytes(b"")
    assert statuses([From(processes[0], THIEF)], 11) == [422] * 10 + [429]


def test_a_process_that_starts_again_has_forgotten_nothing(processes, tmp_path):
    assert statuses([From(processes[0], THIEF)], 10) == [422] * 10
    again = create_app(processes[0].extensions["consult_config"], TESTING=True, WTF_CSRF_ENABLED=False)
    assert sign_in(From(again, THIEF)).status_code == 429
    with again.app_context():
        db.engine.dispose()


def test_who_guesses_does_not_lock_the_owner_out(processes):
    assert statuses([From(processes[0], THIEF)], 12)[-2:] == [429, 429]
    owner = From(processes[1], OWNER)
    assert sign_in(owner).status_code == 302
    assert is_signed_in(owner)


def test_nor_whoever_guesses_from_everywhere_where_the_owner_is_known(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    owner.post("/fr/accounts/logout")
    everywhere = [From(processes[n % 2], f"10.6.6.{n}") for n in range(70)]
    assert statuses(everywhere, 70) == [422] * 60 + [429] * 10
    assert sign_in(From(processes[0], "10.7.7.7")).status_code == 429, "a stranger, be it with the right password"
    assert sign_in(owner).status_code == 302
    assert is_signed_in(owner)


def test_nor_in_the_very_network_of_the_owner(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    owner.post("/fr/accounts/logout")
    assert statuses([From(processes[0], OWNER)], 11)[-1] == 429
    assert sign_in(owner).status_code == 302


def test_a_browser_is_known_for_its_own_accounts_alone(processes):
    with processes[0].app_context(), unit_of_work():
        factories.a_user(email="thief@example.org", password=service.hash_password(PASSWORD))
    thief = From(processes[0], THIEF)
    sign_in(thief, "thief@example.org")
    thief.post("/fr/accounts/logout")
    assert statuses([thief], 11)[-1] == 429
    cookie = thief.client.get_cookie("consult_known")
    assert cookie.http_only
    for forged in ("x", cookie.value[:-2], "WyJhIl0.x", '["a"]'):
        thief.client.set_cookie("consult_known", forged)
        assert sign_in(thief).status_code == 429


def test_a_known_browser_may_not_guess_for_ever(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    owner.post("/fr/accounts/logout")
    assert statuses([owner], 11)[-1] == 429


def test_codes_of_a_link_are_counted_wherever_they_are_typed(processes):
    def code(browser):
        return browser.post("/fr/accounts/follow-link?id=somebody&code=00000000")
    assert statuses([From(app, THIEF) for app in processes], 11, code) == [302] * 10 + [429]


def test_what_succeeds_is_not_counted(processes):
    owner = From(processes[0], OWNER)
    for _time in range(12):
        assert sign_in(owner).status_code == 302
        owner.post("/fr/accounts/logout")


def test_letters_asked_for_by_others_keep_no_letter_from_the_owner(processes):
    assert statuses([From(processes[0], THIEF)], 7, ask_for_link) == [200] * 6 + [429]
    assert ask_for_link(From(processes[1], OWNER)).status_code == 200
    everywhere = [From(processes[0], f"10.6.7.{n}") for n in range(40)]
    assert statuses(everywhere, 40, ask_for_link).count(200) < 30, "one mailbox is not filled from everywhere"


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize("sent", ["json", "form"])
def test_a_programme_is_counted_as_well(processes, accept, sent):
    values = {"identity": "salma@example.org", "passcode": "wrong", "submit": "1"}

    def attempt(browser):
        given = {"json": values} if sent == "json" else {"data": values}
        return browser.post("/fr/accounts/login?include_auth_token", headers={"Accept": accept}, **given)
    answers = statuses([From(processes[0], THIEF)], 12, attempt)
    assert answers[-1] == (415 if sent == "json" else 429), "what is no form is not read at all"


def test_no_token_of_the_library_opens_anything(processes):
    with processes[0].app_context():
        token = service.get_user_by_email("salma@example.org").get_auth_token()
        session.remove()
    for asked in ({"headers": {"Authentication-Token": token}}, {"query_string": {"auth_token": token}},
                  {"headers": {"Authorization": "Basic c2FsbWFAZXhhbXBsZS5vcmc6eA=="}}):
        assert From(processes[0], THIEF).get("/fr/accounts/profile", **asked).status_code == 302


def test_what_is_counted_names_nobody(processes):
    statuses([From(processes[0], THIEF)], 3)
    with processes[0].extensions["consult_limiter"].storage.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM attempt_count")).all()
    assert rows
    assert not any("salma" in str(row) or THIEF in str(row) for row in rows)


def test_nor_in_a_storage_of_others(databases, migrated, tmp_path):
    config = Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="g" * 40, limits_url="memory://")
    app = create_app(config, TESTING=True, WTF_CSRF_ENABLED=False)
    statuses([From(app, THIEF)], 3)
    kept = [*app.extensions["consult_limiter"].storage.storage, *app.extensions["consult_pace"].shared.storage.storage]
    assert len(kept) == 4
    assert not [key for key in kept if "salma" in key or THIEF in key]
    with app.app_context():
        db.engine.dispose()


def test_the_public_reads_how_long_counts_are_kept(processes):
    (period,) = [period for period in PERIODS if AttemptCount in period.models]
    manager = processes[0].extensions["consult_limiter"].limit_manager
    kept = [limit.limit.get_expiry() for name in manager._decorated_limits for limit in manager.decorated_limits(name)]
    assert period.lasts == timedelta(seconds=max(kept))


def test_nobody_who_writes_waits_for_it(processes):
    """And it waits for nobody."""
    storage = processes[0].extensions["consult_limiter"].storage
    with processes[0].app_context():
        with unit_of_work():
            factories.a_user()
            session.flush()
            assert storage.incr("x", 60) == 1
        session.remove()
    assert storage.get("x") == 1


@pytest.fixture
def storage(databases, migrated, tmp_path):
    return SharedStorage(config=Config(data_dir=str(tmp_path), database_url=databases.new_database(migrated), secret_key="g" * 40))


def test_a_count_ends(storage):
    with time_machine.travel(utcnow()) as clock:
        assert [storage.incr("x", 60), storage.incr("x", 60), storage.incr("y", 60)] == [1, 2, 1]
        until = storage.get_expiry("x")
        clock.shift(59)
        assert storage.get("x") == 2
        clock.shift(2)
        assert storage.get("x") == 0
        assert storage.incr("x", 60) == 1
        assert storage.get_expiry("x") > until
        storage.clear("x")
        assert storage.get("x") == 0
        assert storage.reset() == 1
        assert storage.check()


def test_what_has_ended_is_taken_away(storage, monkeypatch):
    monkeypatch.setattr("consult.core.attempts.secrets.randbelow", lambda _below: 0)
    with time_machine.travel(utcnow()) as clock:
        storage.incr("x", 60)
        clock.shift(61)
        storage.incr("y", 60)
        assert storage.reset() == 1


# Whether there is an account


@pytest.fixture
def people(consultation):
    for name, more in (("confirmed", {"password": service.hash_password(PASSWORD)}), ("without-password", {}),
                       ("unconfirmed", {"confirmed_at": None}), ("closed", {"active": False})):
        factories.a_user(email=f"{name}@example.org", **more)


ASKED = {
    "login": lambda browser, email: sign_in(browser, email, "not this one"),
    "link": ask_for_link,
    "reset": lambda browser, email: browser.post("/fr/accounts/reset", data={"email": email}),
    "confirm": lambda browser, email: browser.post("/fr/accounts/confirm", data={"email": email}),
    "register": lambda browser, email: register(browser, email=email),
    "register-with-password": lambda browser, email: register(browser, email=email, password=PASSWORD),
    "register-wrongly": lambda browser, email: register(browser, email=email, password="court"),
}


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", ASKED)
def test_no_answer_tells_whether_there_is_an_account(app, asked):
    told = {}
    for name in ("confirmed", "without-password", "unconfirmed", "closed", "nobody"):
        browser, email = app.test_client(), f"{name}@example.org"
        answer = ASKED[asked](browser, email)
        next_page = browser.get("/fr/accounts/check-mail").text
        told[name] = [part.replace(email, "X") for part in (answer.text, answer.location or "", str(answer.status_code), next_page)]
    assert all(one == told["nobody"] for one in told.values())


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", ASKED)
def test_the_time_of_an_answer_is_even(app, monkeypatch, asked):
    """Each ends at a multiple of one time, whatever was done before."""
    monkeypatch.setitem(app.config, "EVEN_ANSWERS", 0.4)
    slept, clock = [], itertools.cycle([7.0, 7.1])
    monkeypatch.setattr(attempts, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=slept.append))
    for name in ("confirmed", "nobody"):
        ASKED[asked](app.test_client(), f"{name}@example.org")
    assert slept == pytest.approx([0.3, 0.3])


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("asked", ["link", "reset", "confirm"])
def test_nobody_gets_a_letter_who_has_no_account(app, asked):
    ASKED[asked](app.test_client(), "nobody@example.org")
    assert session.scalars(sa.select(OutgoingMail)).all() == []


# The second step


def test_codes_of_the_second_step_are_counted_more_strictly_and_the_owner_goes_on(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    held = set_up(owner)
    owner.post("/fr/accounts/logout")
    for number in range(2):  # in two networks, by whoever has the password
        thief = From(processes[number], f"10.6.6.{number}")
        sign_in(thief)
        for path, code in (("tf-validate", "000000"), ("mf-recovery", "x")):
            tried = [thief.post(f"/fr/accounts/{path}", data={"code": code}).status_code for _attempt in range(5)]
            assert tried == [422] * (5 if path == "tf-validate" else 0) + [429] * (0 if path == "tf-validate" else 5)
    sign_in(owner)
    code = held.generate(held.generate().expire_time + 1).token  # that of now has served
    assert owner.post("/fr/accounts/tf-validate", data={"code": code}).status_code == 302
    assert is_signed_in(owner)


def test_a_first_step_that_is_right_is_no_failed_attempt(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    set_up(owner)
    owner.post("/fr/accounts/logout")
    assert [sign_in(owner).status_code for _time in range(12)] == [302] * 12


def factor_of_the_owner(app):
    owner = From(app, OWNER)
    sign_in(owner)
    held = set_up(owner)
    owner.post("/fr/accounts/logout")
    return held


def next_code(held) -> str:
    return held.generate(held.generate().expire_time + 1).token  # that of now has served


@pytest.mark.parametrize("path", ["tf-validate", "mf-recovery", "wan-signin/x"])
def test_who_took_no_first_step_uses_up_no_second_one(processes, path):
    held, everywhere = factor_of_the_owner(processes[0]), [From(processes[n % 2], f"10.6.6.{n}") for n in range(10)]
    everywhere.append(From(processes[0], OWNER))
    typed = {"identity": "salma@example.org", "email": "salma@example.org", "code": "000000"}
    tried = statuses(everywhere, 77, lambda browser: browser.post(f"/fr/accounts/{path}?id=salma@example.org", data=typed))
    assert set(tried) == {303}
    stranger = From(processes[0], OWNER)  # a browser that is not known
    sign_in(stranger)
    assert stranger.post("/fr/accounts/tf-validate", data={"code": next_code(held)}).status_code == 302
    assert is_signed_in(stranger)


def test_a_day_of_wrong_codes_keeps_strangers_out_and_not_the_owner_where_they_are_known(processes):
    owner = From(processes[0], OWNER)
    sign_in(owner)
    held = set_up(owner)
    owner.post("/fr/accounts/logout")
    for number in range(11):
        thief = From(processes[0], f"10.6.6.{number}")
        sign_in(thief)
        tried = statuses([thief], 5, lambda browser: browser.post("/fr/accounts/tf-validate", data={"code": "000000"}))
        assert tried == ([422] * 5 if number < 10 else [429] * 5)
    sign_in(owner)
    assert owner.post("/fr/accounts/tf-validate", data={"code": next_code(held)}).status_code == 302


def test_what_a_form_of_ones_own_account_says_names_nobody_else(processes):
    """It asks for one's own password or code."""
    for n in range(70):
        From(processes[0], f"10.6.6.{n}").post("/fr/accounts/us-verify", data={"identity": "salma@example.org", "passcode": "x"})
    assert sign_in(From(processes[0], OWNER)).status_code == 302


def test_a_code_is_counted_before_it_is_tried_and_given_back_when_it_is_right(processes, monkeypatch):
    """So that those that are tried at one moment do not pass together."""
    held, thief = factor_of_the_owner(processes[0]), From(processes[0], THIEF)
    storage, validate, seen = processes[0].extensions["consult_limiter"].storage, second_step.CodeForm.validate, []

    def counts() -> list[int]:
        with storage.connect() as connection:
            return sorted(count for count in connection.scalars(sa.select(AttemptCount.count)) if count)

    def look(form, **values):
        seen.append(counts())
        return validate(form, **values)
    monkeypatch.setattr(second_step.CodeForm, "validate", look)
    before = counts()
    sign_in(thief)
    for code in ("000000", "000000", next_code(held)):
        thief.post("/fr/accounts/tf-validate", data={"code": code})
    assert is_signed_in(thief)
    assert before == []
    assert seen == [[1] * 3, [2] * 3, [3] * 3]
    assert counts() == [2] * 3


def test_counts_at_one_moment_are_exact(storage):
    limiter = FixedWindowRateLimiter(storage)
    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(lambda _attempt: limiter.hit(parse("5 per minute"), "x"), range(40)))
    assert passed.count(True) == 5
