"""Signing in and registering, by Flask-Security; one's own page."""

import base64
import hmac

from flask_security import Security, SQLAlchemyUserDatastore

from consult.accounts.models import User
from consult.core.db import db
from consult.core.web import room

bp = room("accounts")


def derived_key(secret: str, purpose: str) -> str:
    """A key of its own for each purpose, so that the signing key is used for signing alone."""
    return base64.b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode()


def init_app(app) -> None:
    app.config.update(
        SECURITY_URL_PREFIX="/<language:language>/accounts", SECURITY_PASSWORD_HASH="argon2",  # noqa: S106 - the name of a method
        SECURITY_PASSWORD_SALT=derived_key(app.config["SECRET_KEY"], "passwords"),
        SECURITY_REGISTERABLE=True, SECURITY_CONFIRMABLE=True, SECURITY_RECOVERABLE=True, SECURITY_UNIFIED_SIGNIN=True,
        SECURITY_US_ENABLED_METHODS=["password", "email"], SECURITY_US_TOKEN_VALIDITY=900, SECURITY_USE_REGISTER_V2=True,
        SECURITY_RETURN_GENERIC_RESPONSES=True, SECURITY_EMAIL_VALIDATOR_ARGS={"check_deliverability": False},
        SECURITY_I18N_DIRNAME="builtin", SECURITY_TOTP_ISSUER="consult",
        SECURITY_TOTP_SECRETS={"1": derived_key(app.config["SECRET_KEY"], "totp")},
    )
    Security(app, SQLAlchemyUserDatastore(db, User, None))
