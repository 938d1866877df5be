"""That somebody showed who they are is said of a session and of the browser in which they did, and by no other cookie."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts import service, sessions
from consult.accounts.models import User
from consult.consultations.models import Role
from consult.core.db import session
from consult.core.i18n import utcnow
from tests import factories
from tests.accounts.factors import set_up
from tests.accounts.test_sessions import copied, only_remembered
from tests.accounts.test_views import PASSWORD, is_signed_in, sign_in
from tests.house.source import ROOT, modules

DELICATE = ("accounts/set-up-authenticator", "accounts/renew-recovery-codes", "accounts/wan-register", "accounts/reset-factors",
            "accounts/remove-authenticator", "privacy/my-data", "privacy/forget-on-request")
ASKED = "/fr/accounts/us-verify"


@pytest.fixture
def salma(consultation):
    return factories.a_user(email="salma@example.org", role=Role.ADMINISTRATOR, password=service.hash_password(PASSWORD))


@pytest.fixture
def thief(app, salma):
    """Somebody else who is signed in, with an account of their own."""
    factories.a_user(email="thief@example.org", password=service.hash_password(PASSWORD))
    client = app.test_client()
    sign_in(client, "thief@example.org")
    return client


def remembered(app) -> str:
    """What a browser of Salma's holds for thirty days."""
    owner = app.test_client()
    sign_in(owner, remember="y")
    return owner.get_cookie("remember_token").value


def opens(client) -> list[str]:
    return [path for path in DELICATE if ASKED not in (client.get(f"/fr/{path}").location or "")]


def of_whom(client) -> str:
    return re.search(r"[\w.-]+@example\.org", client.get("/fr/accounts/profile").text)[0]


def end_others_session(app, email: str) -> None:
    other = app.test_client()
    sign_in(other, email)
    other.post("/fr/accounts/sessions", data={"ended": "others"})


def test_a_session_that_is_over_lends_its_proof_to_no_remembered_one(app, thief):
    assert len(opens(thief)) > 1
    end_others_session(app, "thief@example.org")
    thief.set_cookie("remember_token", remembered(app))
    assert of_whom(thief) == "salma@example.org"
    assert opens(thief) == []
    with thief.session_transaction() as cookies:
        assert cookies.keys() <= {"_user_id", "_fresh", "_id", "csrf_token", "_flashes"}


@pytest.mark.parametrize("ended", [True, False])
def test_whatever_it_held(app, salma, thief, ended):
    """All of a browser's cookie, made by hand of what others hold, beside the cookie of somebody else."""
    if ended:
        end_others_session(app, "thief@example.org")
    with thief.session_transaction() as cookies:
        if not ended:
            cookies.pop("_user_id")
        cookies.update(fs_paa=4e9, fs_gexp=4e9, _fresh=True, new_secret="x", tf_user_id=salma.fs_uniquifier, tf_at=4e9, tf_state="ready",
                       tf_address=salma.email, drafts=[["x", None]], kept=[["x", None]], next="/fr/", letter="x", registration="x")
    thief.set_cookie("remember_token", remembered(app))
    assert of_whom(thief) == "salma@example.org"
    assert opens(thief) == []
    with thief.session_transaction() as cookies:
        assert cookies.keys() <= {"_user_id", "_fresh", "_id", "csrf_token", "_flashes"}


def test_a_remembered_session_shows_nothing_though_its_owner_just_did(app, salma):
    owner = app.test_client()
    sign_in(owner, remember="y")
    assert len(opens(owner)) > 1
    later = only_remembered(app, owner)
    assert opens(later) == []
    assert later.post(ASKED, data={"passcode": "not this one"}).status_code == 422
    assert opens(later) == []
    assert later.post(ASKED, data={"passcode": PASSWORD, "submit": "1"}).status_code in (302, 303)
    assert len(opens(later)) > 1


def test_who_copied_the_cookies_before_has_no_part_in_a_new_proof(app, salma, clock):
    owner = app.test_client()
    sign_in(owner)
    copy = copied(app, owner)
    clock.shift(timedelta(minutes=16))
    assert opens(owner) == []
    owner.post(ASKED, data={"passcode": PASSWORD, "submit": "1"})
    assert len(opens(owner)) > 1
    assert is_signed_in(copy)
    assert opens(copy) == []


def test_a_proof_grows_old_wherever_the_clock_of_the_cookie_stands(app, salma, clock):
    owner = app.test_client()
    sign_in(owner)
    with owner.session_transaction() as cookies:
        cookies.update(fs_paa=(utcnow() + timedelta(minutes=15)).timestamp(), fs_gexp=0)
    clock.shift(timedelta(minutes=16))
    assert opens(owner) == []


def test_the_secret_that_one_person_began_with_is_not_the_next_ones(app, salma, thief):
    """In one browser, one after the other."""
    thief.get("/fr/accounts/set-up-authenticator")
    with thief.session_transaction() as cookies:
        planted = cookies["new_secret"]
    thief.post("/fr/accounts/logout")
    sign_in(thief)
    set_up(thief)
    assert session.scalar(sa.select(User.tf_totp_secret).where(User.id == salma.id)) not in (None, planted)


@pytest.mark.parametrize("way", ["signs out", "is signed out elsewhere"])
def test_nothing_of_whoever_was_signed_in_stays_for_the_next(app, salma, thief, way):
    thief.get("/fr/accounts/set-up-authenticator")
    with thief.session_transaction() as cookies:
        cookies.update(tf_user_id="x", tf_at=4e9, tf_address="x", csrf_token="x" * 40, fs_gexp=4e9, anything="x")
    if way == "signs out":
        thief.post("/fr/accounts/logout")
    else:
        end_others_session(app, "thief@example.org")
    sign_in(thief)
    assert of_whom(thief) == "salma@example.org"
    with thief.session_transaction() as cookies:
        assert cookies.keys() - sessions.CARRIED <= {"proof", "csrf_token"}
        assert cookies.get("csrf_token") != "x" * 40


WRITTEN = re.compile(r'\b(?:session|cookies)(?:\[|\.setdefault\()"(\w+)"')
OF_ONE_PERSON = {"proof", "new_secret", "tf_at", "tf_address", "csrf_token", "fs_paa", "questions"}


def test_of_each_name_in_the_cookie_it_is_known_whether_the_next_person_gets_it():
    """A new one goes with its person, unless it is said to be carried."""
    written = {name for path in modules() for name in WRITTEN.findall((ROOT / path).read_text())}
    assert "new_secret" in written
    assert written <= sessions.CARRIED | sessions.UNDER_WAY | OF_ONE_PERSON
    assert not (sessions.CARRIED | sessions.UNDER_WAY) & OF_ONE_PERSON
