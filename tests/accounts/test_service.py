import subprocess
import sys

import pytest
import sqlalchemy as sa

from consult.accounts import service
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Invalid, NotAllowed, NotFound
from consult.core.permissions import SYSTEM, VISITOR


def test_addresses_are_kept_in_lower_case_and_once(app):
    user = service.add(SYSTEM, None, email=" Salma@Example.ORG ", name="Salma")
    assert user.email == "salma@example.org"
    assert user.confirmed_at
    with pytest.raises(Invalid) as refusal:
        service.add(SYSTEM, None, email="SALMA@example.org", name="Autre")
    assert refusal.value.field == "email"


@pytest.mark.parametrize("address", ["", "salma", "salma@", "@example.org", "a b@example.org"])
def test_what_is_not_an_address_is_refused(app, address):
    with pytest.raises(Invalid):
        service.add(SYSTEM, None, email=address, name="Salma")


def test_only_the_system_and_administrators_add_accounts(app, participant):
    with pytest.raises(NotAllowed):
        service.add(participant, None, email="b@example.org", name="B")


def test_registering_leaves_an_event_and_an_unconfirmed_account(app):
    user = service.register(VISITOR, None, email="c@example.org", name="C", language="ar")
    assert user.confirmed_at is None
    event = session.scalars(sa.select(AuditEvent)).one()
    assert (event.action, event.actor, event.subject_id) == ("accounts.register", "visitor", user.id)


def test_an_unknown_language_is_refused(app):
    with pytest.raises(Invalid):
        service.register(VISITOR, None, email="c@example.org", name="C", language="xx")


def test_one_corrects_ones_own_data_alone(app, participant, citizen):
    service.edit_profile(citizen, citizen, name=" Nora ", language="ar", is_name_public=False)
    assert (citizen.name, citizen.language, citizen.is_name_public) == ("Nora", "ar", False)
    with pytest.raises(NotAllowed):
        service.edit_profile(participant, citizen, name="X", language="fr")


def test_a_name_stays_a_name(app, citizen):
    with pytest.raises(Invalid):
        service.edit_profile(citizen, citizen, name="  ", language="fr")


def test_queries(app, participant):
    assert service.get_user_by_email(participant.email.upper()) == participant
    with pytest.raises(NotFound):
        service.get_user_by_email("nobody@example.org")


@pytest.mark.parametrize("name", ["\u202eLive nadraG", "Nom\x00", "x" * 201])
def test_a_name_that_cannot_be_shown_as_it_is_stored_is_refused(participant, name):
    with pytest.raises(Invalid) as refusal:
        service.edit_profile(participant, participant, name=name, language="fr")
    assert refusal.value.field == "name"


def test_a_name_is_one_line(participant):
    assert service.edit_profile(participant, participant, name=" Amal\r\n  Idrissi ", language="fr").name == "Amal Idrissi"


def test_a_fresh_process_knows_who_sends_its_first_request(tmp_path):
    """The statement that asks for them names what another room adds to the user: known before anything else was asked."""
    first = ("from consult import create_app; from consult.core.config import Config; from consult.accounts import service; "
             f"create_app(Config(data_dir={str(tmp_path)!r})); print(service._of_session())")
    done = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True)  # noqa: S603 - our own lines
    assert "token_hash = :token_hash" in done.stdout, done.stderr
