"""What signs cookies, links of letters and tokens of forms: HMAC with SHA-256, where the library would take SHA-1."""

import hashlib

from flask import Flask
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer


class Sessions(SecureCookieSessionInterface):
    digest_method = staticmethod(hashlib.sha256)


def init_app(app: Flask) -> None:
    """The libraries around it make signers of their own, each with what the class has by default."""
    Signer.default_digest_method = staticmethod(hashlib.sha256)
    Signer.default_key_derivation = "hmac"
    app.session_interface = Sessions()
