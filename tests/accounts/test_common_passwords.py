"""A password that is tried first is refused at every door where one is chosen."""

import pytest
import sqlalchemy as sa
from flask_security.recoverable import generate_reset_password_token

from consult.accounts import service
from consult.accounts.models import User
from consult.core.db import session
from consult.core.errors import Invalid
from consult.core.permissions import SYSTEM
from tests.accounts.test_views import PASSWORD, register, salma, sign_in

__all__ = ["salma"]
COMMON = "Password2026!"
SENTENCE = "essayés en premier"


def test_when_an_account_is_asked_for(client, consultation):
    refused = register(client, password=COMMON)
    assert (refused.status_code, SENTENCE in refused.text) == (422, True)
    assert SENTENCE in register(client, password="Tazi-Nora-2026").text
    assert session.scalar(sa.select(User.id)) is None


def test_when_it_is_changed(client, salma):
    sign_in(client)
    for password in (COMMON, "salma12345"):
        changed = client.post("/fr/accounts/change", data={
            "password": PASSWORD, "new_password": password, "new_password_confirm": password})
        assert (changed.status_code, SENTENCE in changed.text) == (422, True)


def test_when_it_was_forgotten(app, client, salma):
    with app.test_request_context():
        token = generate_reset_password_token(session.get(User, salma.id))
    chosen = client.post(f"/fr/accounts/reset/{token}", data={"password": COMMON, "password_confirm": COMMON})
    assert (chosen.status_code, SENTENCE in chosen.text) == (422, True)


def test_on_the_command_line(consultation):
    with pytest.raises(Invalid):
        service.add(SYSTEM, None, email="a@example.org", name="A", password=COMMON)
