"""Without a second factor no act of those in charge, where it is required; whoever lost theirs is helped by another, with trace."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from consult.accounts import service
from consult.accounts.models import User, UserSession
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, Invalid, NotAllowed
from consult.core.permissions import SYSTEM, Action, can, protected, refusal, secretariat
from tests import factories
from tests.accounts.factors import second, set_up
from tests.accounts.test_views import PASSWORD, is_signed_in, salma, sign_in

__all__ = ["salma"]


@pytest.fixture
def asked(app, required):
    """Somebody sends something."""
    with app.test_request_context("/en/"):
        yield


@pytest.fixture
def in_charge(consultation, salma):
    consultations.appoint(SYSTEM, consultation, user=salma, role=Role.SECRETARIAT)
    session.flush()
    return salma


def test_without_it_no_act_of_those_in_charge(client, consultation, in_charge, required, clock):
    assert sign_in(client).status_code == 302
    assert client.get("/fr/accounts/arrive").location == "/fr/accounts/second-factor"
    refused = client.get("/fr/consultations/dashboard")
    assert refused.status_code == 403
    assert 'href="/fr/accounts/second-factor"' in refused.text
    assert client.post("/fr/consultations/edit").status_code == 403
    set_up(client)
    assert client.get("/fr/consultations/dashboard").status_code == 200
    assert "dashboard" in client.get("/fr/accounts/arrive").location


def test_a_page_that_is_kept_ready_knows_it_too(client, chapter, in_charge, required, clock):
    sign_in(client)
    for _time in range(2):
        page = client.get("/fr/").text
        assert 'href="/fr/accounts/second-factor"' in page
        assert "/fr/consultations/dashboard" not in page
    set_up(client)
    client.get("/fr/accounts/second-factor")  # where what was said once is read
    page = client.get("/fr/").text
    assert 'href="/fr/accounts/second-factor"' not in page
    assert "/fr/consultations/dashboard" in page


def test_where_it_is_offered_they_go_on_as_before(client, in_charge):
    sign_in(client)
    assert client.get("/fr/consultations/dashboard").status_code == 200


def test_every_role_that_decides_needs_one(consultation, asked):
    assert all(role.decides for role in Role)
    for role in Role:
        commission = consultation.commissions[0] if role in ("moderator", "rapporteur", "chair") else None
        person = factories.a_user(role=role, commission=commission)
        assert person.lacks_factor
        assert not any(can(person, action, subject) != can(factories.a_user(), action, subject)
                       for action in (Action.JOURNAL_VIEW_EVENTS, Action.MODERATION_VIEW, Action.SYNTHESIS_VIEW, Action.CONSULTATIONS_EDIT)
                       for subject in (consultation,))
    assert not factories.a_user().lacks_factor


def test_nor_is_a_file_fetched_that_was_asked_for_in_a_role(consultation, in_charge, asked):
    export = SimpleNamespace(requested_by_id=in_charge.id, consultation=consultation, commission_id=None)
    assert not can(in_charge, Action.EXPORTS_DOWNLOAD, export)
    in_charge.tf_totp_secret = "{}"
    assert can(in_charge, Action.EXPORTS_DOWNLOAD, export)


def test_the_refusal_says_what_is_missing_and_to_a_stranger_nothing_of_it(consultation, in_charge, asked, citizen):
    assert refusal(in_charge, Action.CONSULTATIONS_MANAGE, consultation) == protected.refusal
    assert refusal(citizen, Action.CONSULTATIONS_MANAGE, consultation) == secretariat.refusal


def test_the_worker_and_the_command_line_act_for_nobodys_session(consultation, in_charge, required):
    assert can(in_charge, Action.CONSULTATIONS_MANAGE, consultation), "letters tell what waits, and `consult demo` fills"


# Reset


@pytest.fixture
def administrator(consultation):
    return factories.a_user(role=Role.ADMINISTRATOR, email="admin@example.org", password=service.hash_password(PASSWORD))


def test_an_administrator_resets_the_factor_of_another_with_trace(client, app, salma, authenticator, administrator):
    sign_in(client)
    second(client, authenticator.generate().token)
    chief = app.test_client()
    sign_in(chief, "admin@example.org")
    assert 'value="salma@example.org"' in chief.get("/fr/accounts/reset-factors?email=salma@example.org").text
    assert chief.post("/fr/accounts/reset-factors", data={"email": "salma@example.org"}).status_code == 303
    assert not is_signed_in(client)
    event = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert (event.action, event.subject_id, event.actor_id) == ("accounts.reset_factors", salma.id, administrator.id)
    assert session.scalar(sa.select(sa.func.count()).select_from(UserSession).where(UserSession.user_id == salma.id)) == 0
    assert not session.get(User, salma.id).has_factor
    sign_in(client)
    assert is_signed_in(client)
    for email in ("salma@example.org", "nobody@example.org", "admin@example.org"):
        assert chief.post("/fr/accounts/reset-factors", data={"email": email}).status_code in (403, 422)


def test_nobody_resets_their_own_nor_whoever_is_no_administrator(salma, administrator, consultation):
    secretary = factories.a_user(role=Role.SECRETARIAT)
    for actor, person in ((administrator, administrator), (secretary, salma), (salma, salma)):
        with pytest.raises(NotAllowed):
            service.reset_factors(actor, person)
    with pytest.raises(Invalid):
        service.reset_factors(SYSTEM, salma)


# Roles


def test_nobody_gives_a_role_to_themselves_or_ends_their_own(consultation, administrator):
    secretary = factories.a_user(role=Role.SECRETARIAT)
    for person in (administrator, secretary):
        with pytest.raises(NotAllowed, match="themselves"):
            consultations.appoint(person, consultation, user=person, role=Role.CHAIR, commission=consultation.commissions[0])
        with pytest.raises(NotAllowed, match="themselves"):
            consultations.dismiss(person, consultation, appointment=person.appointments[0])


def test_only_an_administrator_dismisses_one_and_the_last_is_kept(consultation, administrator):
    secretary = factories.a_user(role=Role.SECRETARIAT)
    with pytest.raises(NotAllowed, match="administrator"):
        consultations.dismiss(secretary, consultation, appointment=administrator.appointments[0])
    with pytest.raises(Conflict, match="no administrator"):
        consultations.dismiss(SYSTEM, consultation, appointment=administrator.appointments[0])
    other = factories.a_user(role=Role.ADMINISTRATOR)
    consultations.dismiss(other, consultation, appointment=administrator.appointments[0])
    session.expire_all()
    assert administrator.appointments == []
    closed = factories.a_user(role=Role.ADMINISTRATOR, active=False)
    with pytest.raises(Conflict):
        consultations.dismiss(SYSTEM, consultation, appointment=other.appointments[0])
    assert closed.holds(Role.ADMINISTRATOR), "an account that is closed helps nobody"
