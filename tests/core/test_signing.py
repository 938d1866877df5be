"""Whatever the platform signs is signed by HMAC-SHA-256; what was signed by anything weaker is nothing."""

import base64
import hashlib
import hmac

import pytest
from flask import session as cookies
from flask_security import Security
from flask_wtf.csrf import generate_csrf
from itsdangerous import Serializer, URLSafeTimedSerializer

from consult.accounts.known_browsers import serializer

KEY = b"t" * 40


def signature_of(value: str) -> bytes:
    signature = value.rpartition(".")[2]
    return base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))


def test_the_cookie_of_a_session(client, citizen):
    client.sign_in(citizen)
    said = client.get_cookie("consult").value
    key = hmac.digest(KEY, b"cookie-session", "sha256")
    assert signature_of(said) == hmac.digest(key, said.rpartition(".")[0].encode(), "sha256")


def test_the_token_of_a_form(app):
    with app.test_request_context("/en/"):
        assert len(signature_of(generate_csrf())) == hashlib.sha256().digest_size
        assert cookies["csrf_token"]


def test_every_signer_of_the_libraries(app):
    """Those of the links in letters, of the steps of signing in, and of browsers that are known."""
    security: Security = app.extensions["security"]
    signers = {name: found for name, found in vars(security).items() if isinstance(found, Serializer)}
    assert {"login_serializer", "reset_serializer", "confirm_serializer", "wan_serializer"} <= signers.keys()
    with app.app_context():
        for name, signer in {**signers, "known": serializer()}.items():
            assert len(signature_of(signer.dumps("x"))) == hashlib.sha256().digest_size, name


@pytest.mark.parametrize(("digest", "status"), [(hashlib.sha1, (302, 403)), (hashlib.sha256, (200,))])
def test_a_session_of_an_earlier_version_is_none(client, app, citizen, digest, status):
    client.sign_in(citizen)
    said = app.session_interface.get_signing_serializer(app).loads(client.get_cookie("consult").value)
    signer = URLSafeTimedSerializer(app.secret_key, "cookie-session", app.session_interface.serializer,
                                    signer_kwargs={"key_derivation": "hmac", "digest_method": digest})
    client.set_cookie("consult", signer.dumps(said))
    assert client.get("/en/accounts/profile").status_code in status
