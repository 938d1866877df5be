"""A session ends when it is said to, whoever copied what its browser holds."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
import time_machine

from consult.accounts import service, sessions
from consult.accounts.jobs import forget_sessions
from consult.accounts.models import User, UserSession
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.core.db import db, reading, session, unit_of_work
from consult.core.errors import NotAllowed
from consult.core.i18n import utcnow
from consult.core.permissions import SYSTEM
from tests import factories
from tests.accounts.test_views import PASSWORD, ask_for_link, is_signed_in, register, sign_in
from tests.own_data import own_data

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AGENTS = {
    FIREFOX: "Firefox, Linux",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Edg/140.0": "Edge, Windows",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36": "Chrome, Android",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1": "Safari, iOS",
    "curl/8.5": "", "": "", "x" * 5000 + "Firefox": "Firefox",
}


@pytest.fixture
def salma(consultation):
    return factories.a_user(email="salma@example.org", name="Salma", password=service.hash_password(PASSWORD))


@pytest.fixture
def signed_in(app, salma):
    """Browsers in which she signed in by her password, each time anew."""
    def browser(**values):
        client = app.test_client()
        sign_in(client, **values)
        assert is_signed_in(client)
        return client
    return browser


def copied(app, client):
    """Another browser that holds all that this one holds now."""
    thief = app.test_client()
    for name in ("consult", "remember_token"):
        if cookie := client.get_cookie(name):
            thief.set_cookie(name, cookie.value)
    return thief


def only_remembered(app, client):
    """Another browser that holds the cookie of thirty days alone."""
    thief = copied(app, client)
    thief.delete_cookie("consult")
    assert thief.get_cookie("remember_token")
    return thief


def change(client, new="encore plus longue"):
    return client.post("/fr/accounts/change", data={"password": PASSWORD, "new_password": new, "new_password_confirm": new})


def test_signing_out_ends_what_was_copied(app, signed_in):
    client = signed_in(remember="y")
    thieves = [copied(app, client), only_remembered(app, client)]
    other = signed_in()
    assert all(map(is_signed_in, thieves[:1]))
    client.post("/fr/accounts/logout")
    assert [is_signed_in(one) for one in (client, *thieves, other)] == [False, False, False, True]


def test_the_cookie_of_thirty_days_ends_with_its_session(app, signed_in):
    client = signed_in(remember="y")
    later = only_remembered(app, client)
    assert is_signed_in(later)
    later.post("/fr/accounts/logout")
    assert not is_signed_in(only_remembered(app, client))
    assert not is_signed_in(client)


def test_signing_in_again_ends_the_former_session(app, signed_in, salma):
    client = signed_in()
    thief = copied(app, client)
    ask_for_link(app.test_client())
    client.post("/fr/accounts/logout")
    sign_in(client)
    assert is_signed_in(client)
    assert not is_signed_in(thief)
    assert session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 1


def test_another_password_ends_all_other_sessions(app, signed_in):
    client, other = signed_in(remember="y"), signed_in(remember="y")
    thieves = [copied(app, client), only_remembered(app, client), copied(app, other), only_remembered(app, other)]
    assert change(client).status_code == 302
    assert is_signed_in(client)
    assert [is_signed_in(one) for one in (other, *thieves)] == [False] * 5
    only_remembered(app, client)


def test_a_password_that_was_forgotten_and_chosen_anew_ends_all_sessions(app, client, signed_in, letters, link_in):
    other = signed_in(remember="y")
    client.post("/fr/accounts/reset", data={"email": "salma@example.org"})
    client.post(link_in(letters()[0][2]), data={"password": "encore plus longue", "password_confirm": "encore plus longue"})
    assert not is_signed_in(other)


def test_a_closed_account_is_out_at_its_next_request(app, signed_in, salma):
    client = signed_in(remember="y")
    thief = only_remembered(app, client)
    salma.active = False
    assert not is_signed_in(client)
    assert not is_signed_in(thief)


def test_another_role_ends_the_sessions_of_before(signed_in, salma, consultation):
    client = signed_in(remember="y")
    appointment = consultations.appoint(SYSTEM, consultation, user=salma, role=Role.SECRETARIAT)
    consultations.appoint(SYSTEM, consultation, user=factories.a_user(), role=Role.SECRETARIAT)
    assert not is_signed_in(client)
    client = signed_in()
    assert client.get("/fr/consultations/dashboard").status_code == 200
    consultations.dismiss(SYSTEM, consultation, appointment=appointment)
    assert client.get("/fr/consultations/dashboard").status_code != 200
    assert not is_signed_in(client)


def test_a_role_that_is_taken_away_acts_at_the_next_request(client, consultation):
    """Whatever took it away."""
    secretary = factories.a_user(role=Role.SECRETARIAT)
    client.sign_in(secretary)
    assert client.get("/fr/consultations/dashboard").status_code == 200
    session.delete(secretary.appointments[0])
    assert client.get("/fr/consultations/dashboard").status_code == 403


@pytest.mark.parametrize(("remember", "days", "lasts"), [
    ("y", 29, True), ("y", 31, False), ("", 2, True), ("", 4, False),
])
def test_a_session_ends_by_itself(app, salma, remember, days, lasts):
    with time_machine.travel(utcnow()) as clock:
        client = app.test_client()
        sign_in(client, remember=remember)
        with client.session_transaction() as cookies:
            token = cookies["_user_id"]
        clock.shift(timedelta(days=days))
        assert (service.get_user_of_session(token) is not None) == lasts


def test_what_the_database_holds_signs_nobody_in(app, client, signed_in, salma):
    signed_in()
    row = session.scalars(sa.select(UserSession)).one()
    for guess in (row.token_hash, salma.fs_uniquifier, str(salma.id), "", "é", "\ud800"):
        with client.session_transaction() as cookies:
            cookies["_user_id"], cookies["_fresh"] = guess, True
        assert not is_signed_in(client)


def test_a_cookie_of_an_earlier_version_leads_to_the_sign_in_page(client, salma):
    with client.session_transaction() as cookies:
        cookies["_user_id"] = salma.fs_uniquifier
    assert client.get("/fr/accounts/profile").location == "/fr/accounts/login?next=/fr/accounts/profile"
    assert sign_in(client).status_code == 302
    assert is_signed_in(client)


def test_who_confirms_the_address_is_the_only_one_signed_in(app, consultation, letters, link_in):
    first, owner = app.test_client(), app.test_client()
    register(first, password=PASSWORD, language="ar")
    sign_in(first, "nora@example.org")
    owner.post(link_in(letters()[0][2]), data={"language": "fr"})
    assert is_signed_in(owner)
    assert not is_signed_in(first)
    assert session.scalar(sa.select(User.language).where(User.email == "nora@example.org")) == "fr"


# The page


@pytest.mark.parametrize(("agent", "told"), AGENTS.items(), ids=[told or agent for agent, told in AGENTS.items()])
def test_a_browser_is_known_coarsely(agent, told):
    assert sessions.coarse(agent) == told


def test_the_page_lists_ones_own_sessions(app, signed_in, participant):
    app.test_client().sign_in(participant)
    client, other = signed_in(), app.test_client()
    other.post("/fr/accounts/login", headers={"User-Agent": FIREFOX},
               data={"identity": "salma@example.org", "passcode": PASSWORD, "submit": "1", "remember": "y"})
    page = client.get("/fr/accounts/sessions").text
    assert page.count("Firefox, Linux") == 2, "at its line, and in its button"
    assert page.count('name="ended"') == 2
    assert [one["browser"] for one in own_data(client)["sessions"]] == ["Firefox, Linux", ""]


def test_one_session_is_ended_or_all_others(signed_in):
    client, second, third, fourth = (signed_in(remember="y") for _ in range(4))
    session.expire_all()
    ids = session.scalars(sa.select(UserSession.id).order_by(UserSession.id)).all()
    assert client.post("/fr/accounts/sessions", data={"ended": str(ids[1])}).location == "/fr/accounts/sessions"
    assert [is_signed_in(one) for one in (client, second, third, fourth)] == [True, False, True, True]
    client.post("/fr/accounts/sessions", data={"ended": "others"})
    assert [is_signed_in(one) for one in (client, second, third, fourth)] == [True, False, False, False]


@pytest.mark.parametrize("ended", ["", "x", "9" * 30, "-1", None])
def test_what_is_no_session_of_theirs_stays(signed_in, client, participant, ended):
    hers = signed_in()
    theirs = session.scalars(sa.select(UserSession.id)).one() if ended is None else ended
    client.sign_in(participant)
    assert client.post("/fr/accounts/sessions", data={"ended": str(theirs)}).status_code == 404
    assert is_signed_in(hers)
    assert is_signed_in(client)


def test_nobody_ends_the_sessions_of_others(salma, participant):
    with pytest.raises(NotAllowed):
        service.end_sessions(participant, salma, ids=[1])


# What is written of them


def test_the_worker_forgets_sessions_that_are_over(app):
    with time_machine.travel(utcnow()) as clock:
        tokens = [service.open_session(factories.a_user()) for _ in range(2)]
        clock.shift(timedelta(days=15))
        tokens.append(service.open_session(factories.a_user()))
        forget_sessions()
        assert session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == len(tokens)
        clock.shift(timedelta(days=16))
        forget_sessions()
        assert session.scalars(sa.select(UserSession.token_hash)).all() == [service.token_hash(tokens[-1])]


def use(app, token: str) -> bool:
    client = app.test_client()
    with client.session_transaction() as cookies:
        cookies["_user_id"] = token
    return is_signed_in(client)


def seen() -> list:
    with reading():
        return session.scalars(sa.select(UserSession.seen_at)).all()


def test_that_a_session_is_used_is_written_each_ten_minutes(own_app):
    with time_machine.travel(utcnow(), tick=False) as clock:
        with unit_of_work():
            token = service.open_session(factories.a_user())
        (opened,) = seen()
        clock.shift(timedelta(minutes=9))
        assert use(own_app, token)
        assert seen() == [opened]
        clock.shift(timedelta(minutes=2))
        assert use(own_app, token)
        assert seen() == [opened + timedelta(minutes=11)]


def test_nobody_waits_for_that_to_be_written(own_app):
    with time_machine.travel(utcnow(), tick=False) as clock:
        with unit_of_work():
            token = service.open_session(factories.a_user())
        (opened,) = seen()
        clock.shift(timedelta(minutes=20))
        with db.engine.connect() as busy:
            busy.execute(sa.update(UserSession).values(agent="x"))
            assert use(own_app, token)
            busy.rollback()
        assert seen() == [opened]
