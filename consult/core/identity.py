"""What Flask-Security wants of a user and of a passkey, kept out of the models' imports."""

from flask_security import UserMixin as Identity
from flask_security import WebAuthnMixin as CredentialIdentity

__all__ = ["CredentialIdentity", "Identity"]
