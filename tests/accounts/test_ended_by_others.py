"""Sessions ended by a button: one's own after a short proof of oneself, anybody's by an administrator, with trace."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts import second_step, service
from consult.accounts.models import UserSession
from consult.consultations.models import Role
from consult.core import proof
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import NotAllowed
from consult.core.permissions import SYSTEM
from tests import factories
from tests.accounts.test_views import PASSWORD, is_signed_in, salma, sign_in

__all__ = ["salma"]


@pytest.fixture
def administrator(consultation):
    return factories.a_user(role=Role.ADMINISTRATOR)


def test_an_administrator_signs_somebody_out_everywhere(app, client, salma, administrator):
    first, second, other = (app.test_client() for _browser in range(3))
    for browser in (first, second):
        sign_in(browser)
    other.sign_in(factories.a_user())
    client.sign_in(administrator)
    assert "salma@example.org" in client.get("/en/accounts/end-sessions-of?email=salma@example.org").text
    assert is_signed_in(first)
    sent = client.post("/en/accounts/end-sessions-of", data={"email": " Salma@example.org"})
    assert (sent.status_code, sent.location) == (303, "/en/accounts/end-sessions-of")
    assert [is_signed_in(one) for one in (first, second, other, client)] == [False, False, True, True]
    event = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert (event.action, event.actor_id, event.subject_id) == ("accounts.end_sessions_of", administrator.id, salma.id)


def test_nobody_else_does(client, salma, administrator, consultation):
    for person in (salma, factories.a_user(role=Role.SECRETARIAT)):
        client.sign_in(person)
        assert client.post("/en/accounts/end-sessions-of", data={"email": administrator.email}).status_code == 403
        with pytest.raises(NotAllowed):
            service.end_sessions_of(person, administrator)
    with pytest.raises(NotAllowed, match="Nobody does this for themselves"):
        service.end_sessions_of(administrator, administrator)
    service.end_sessions_of(SYSTEM, administrator)


def test_an_unknown_address_is_said_to_administrators(client, administrator):
    client.sign_in(administrator)
    assert client.post("/en/accounts/end-sessions-of", data={"email": "nobody@example.org"}).status_code == 422


def test_ones_own_sessions_end_after_a_short_proof(app, client, salma, clock):
    elsewhere = app.test_client()
    for browser in (elsewhere, client):
        sign_in(browser)
    clock.shift(proof.LASTS + timedelta(seconds=1))
    assert client.get("/fr/accounts/sessions").status_code == 200
    sent = client.post("/fr/accounts/sessions", data={"ended": "others"})
    assert sent.location == "/fr/accounts/us-verify?next=/fr/accounts/sessions"
    assert session.scalar(sa.select(sa.func.count()).select_from(UserSession)) == 2
    assert client.post("/fr/accounts/us-verify", data={"passcode": PASSWORD, "submit": "1"}).status_code == 302
    assert client.post("/fr/accounts/sessions", data={"ended": "others"}).status_code == 303
    assert not is_signed_in(elsewhere)


def test_a_proof_lasts_as_long_everywhere(app):
    settings = second_step.settings(app)
    assert {settings["WAN_REGISTER_WITHIN"], settings["FRESHNESS"]} == {proof.LASTS}


@pytest.mark.parametrize("path", ["accounts/second-factor", "accounts/set-up-authenticator", "privacy/my-data", "privacy/forget"])
def test_and_is_asked_for_once_it_is_over(client, salma, consultation, clock, path):
    sign_in(client)
    clock.shift(proof.LASTS + timedelta(seconds=1))
    answer = client.post(f"/fr/{path}") if path == "privacy/forget" else client.get(f"/fr/{path}")
    assert ("us-verify" in (answer.location or "")) is (path != "accounts/second-factor")
