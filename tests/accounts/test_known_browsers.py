"""A browser in which an account was signed in counts by a name that was drawn for it, however its cookie is written, while the account
keeps its password.
"""

import time

import pytest
import time_machine
from itsdangerous import URLSafeSerializer

from consult.accounts import known_browsers, service
from consult.core.attempts import KNOWN
from consult.core.db import unit_of_work
from consult.core.i18n import utcnow
from tests import factories
from tests.accounts.test_attempts import OWNER, THIEF, From, processes, statuses
from tests.accounts.test_views import PASSWORD, sign_in

__all__ = ["processes"]
OTHER = "encore une phrase assez longue"


def known(app, network=OWNER) -> From:
    """A browser in which Salma signed in and out."""
    browser = From(app, network)
    assert sign_in(browser).status_code == 302
    browser.post("/fr/accounts/logout")
    return browser


def cookie_of(browser) -> str:
    return browser.client.get_cookie("consult_known").value


def holding(app, value: str, network=THIEF) -> From:
    browser = From(app, network)
    browser.client.set_cookie("consult_known", value)
    return browser


def written_otherwise(value: str, n: int) -> list[str]:
    """What decodes to the same, for whoever decodes leniently."""
    head, _dot, signature = value.rpartition(".")
    return [f"{head}.{signature[:3]}{'!' * n}{signature[3:]}", f"{value}{'=' * n}", f"{value}{'!' * n}", f"{head}.{'~' * n}{signature}",
            f'"{value}"' if n == 1 else f"{value}{'*' * n}"]


def test_however_the_cookie_is_written_it_is_one_place(processes):
    value = cookie_of(known(processes[0]))

    def guess(other: str) -> int:
        """As it is written, without a browser that reads it."""
        return processes[0].test_client(use_cookies=False).post(
            "/fr/accounts/login", data={"identity": "salma@example.org", "passcode": "not this one", "submit": "1"},
            headers={"Cookie": f"consult_known={other}"}, environ_overrides={"REMOTE_ADDR": THIEF}).status_code

    def is_taken(other: str) -> bool:
        with processes[0].test_request_context(headers={"Cookie": f"consult_known={other}"}):
            return known_browsers.name_of("salma@example.org") is not None
    taken = [value, *filter(is_taken, [other for n in range(1, 8) for other in written_otherwise(value, n)])]
    assert len(taken) > 12
    assert [guess(other) for other in taken] == [422] * 10 + [429] * (len(taken) - 10)


def test_nor_is_it_another_one_in_another_network(processes):
    value = cookie_of(known(processes[0]))
    assert statuses([holding(processes[n % 2], value, f"10.6.6.{n}") for n in range(12)], 12) == [422] * 10 + [429] * 2


@pytest.mark.parametrize("forged", [
    "x", "", "e30.x.y", '[["a", "b", 1]]', URLSafeSerializer("g" * 40, salt="known-browsers").dumps(["a"]),
    URLSafeSerializer("g" * 40, salt="browsers-of-accounts").dumps([["a", "b", 4_000_000_000]]),
])
def test_what_is_no_such_cookie_is_none(processes, forged):
    with processes[0].test_request_context(headers={"Cookie": f"consult_known={forged}"}):
        assert known_browsers.entries() == []


def test_a_mark_ends_with_its_year(processes):
    with time_machine.travel(utcnow()) as clock:
        value = cookie_of(known(processes[0]))
        clock.shift(known_browsers.KNOWN_FOR - 60)
        with processes[0].test_request_context(headers={"Cookie": f"consult_known={value}"}):
            assert len(known_browsers.entries()) == 1
        clock.shift(120)
        with processes[0].test_request_context(headers={"Cookie": f"consult_known={value}"}):
            assert known_browsers.entries() == []


def test_that_of_one_account_is_not_drawn_out_by_signing_in_to_another(processes):
    with processes[0].app_context(), unit_of_work():
        factories.a_user(email="thief@example.org", password=service.hash_password(PASSWORD))
    with time_machine.travel(utcnow()) as clock:
        browser = known(processes[0])
        clock.shift(300 * 24 * 3600)
        sign_in(browser, "thief@example.org")
        with processes[0].test_request_context(headers={"Cookie": f"consult_known={cookie_of(browser)}"}):
            drawn = [at for _mark, _name, at in known_browsers.entries()]
        assert len(drawn) == 2
        assert time.time() - min(drawn) > 299 * 24 * 3600
        clock.shift(70 * 24 * 3600)
        with processes[0].test_request_context(headers={"Cookie": f"consult_known={cookie_of(browser)}"}):
            assert len(known_browsers.entries()) == 1


def test_nor_does_that_give_another_name_to_guess_under(processes):
    with processes[0].app_context(), unit_of_work():
        factories.a_user(email="thief@example.org", password=service.hash_password(PASSWORD))
    browser, answers = known(processes[0]), []
    for _time in range(3):
        answers += statuses([browser], 5)
        sign_in(browser, "thief@example.org")
        browser.post("/fr/accounts/logout")
    assert answers == [422] * 10 + [429] * 5


@pytest.mark.parametrize("way", ["change", "reset"])
def test_another_password_makes_strangers_of_all_browsers_but_this(processes, way):
    app, former = processes[0], known(processes[0])
    value, owner = cookie_of(former), From(processes[0], OWNER)
    sign_in(owner)
    if way == "change":
        owner.post("/fr/accounts/change", data={"password": PASSWORD, "new_password": OTHER, "new_password_confirm": OTHER})
    else:
        from flask_security.recoverable import generate_reset_password_token
        with app.test_request_context():
            token = generate_reset_password_token(service.get_user_by_email("salma@example.org"))
        owner.post("/fr/accounts/logout")
        owner.post(f"/fr/accounts/reset/{token}", data={"password": OTHER, "password_confirm": OTHER})
        sign_in(owner, password=OTHER)

    def is_known(cookie: str) -> bool:
        with app.test_request_context(headers={"Cookie": f"consult_known={cookie}"}):
            return known_browsers.name_of("salma@example.org") is not None
    assert is_known(cookie_of(owner))
    assert not is_known(value)


def test_who_copied_the_cookie_does_not_use_up_the_attempts_of_the_browser_that_goes_on(processes):
    browser = known(processes[0])
    copy = holding(processes[0], cookie_of(browser))
    sign_in(browser)
    browser.post("/fr/accounts/logout")
    assert statuses([copy], 11)[-1] == 429
    assert sign_in(browser).status_code == 302


def test_many_known_browsers_guess_no_more_than_a_few_and_keep_nobody_out(processes):
    owner = known(processes[0])
    copies = [holding(processes[0], cookie_of(known(processes[0], f"10.6.6.{n}")), f"10.6.6.{n}") for n in range(12)]
    answers = [status for copy in copies for status in statuses([copy], 10)]
    assert answers.count(422) <= int(KNOWN["guess"].split()[0]) + 3 * len(copies) < 10 * len(copies)
    assert 429 in answers
    assert sign_in(owner).status_code == 302
    owner.post("/fr/accounts/logout")
    assert statuses([owner], 1) == [422]
    assert sign_in(owner).status_code == 302
