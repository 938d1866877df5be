"""A passkey as all that one shows: it is found by the browser, and its owner shows it that it is they (wiring, as ``signin.py`` is)."""

import json
from typing import Any, cast

from flask import g, session
from flask_security import login_user
from flask_security.tf_plugin import tf_clean_session
from flask_security.utils import check_and_get_token_status, get_message
from flask_security.webauthn import _signin_common

from consult.accounts import service
from consult.accounts.models import Passkey, User
from consult.accounts.second_step import ANSWERED_WITHIN, PasskeyAnswer

ASKED = "passkey_asked"  # in the browser that was asked, until its answer comes


class PasskeyAlone(PasskeyAnswer):
    """Whose it is, the answer says itself; that its owner used it and nobody else, the device says (user verification)."""

    is_secondary = True  # as all of ours are kept
    is_verify = False
    user_verification = True
    token = ""

    def asked_by(self) -> str:
        return self.token

    def is_expected(self, user: User) -> bool:
        return self.mf_check and user.active and user.confirmed_at is not None and bool(said_by(self.credential.data).get("userHandle"))


def said_by(credential: str | None) -> dict[str, Any]:
    """What a browser answered, as far as it can be read."""
    try:
        found = json.loads(credential or "")["response"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def ask() -> str:
    """What the browser is asked, as JSON: the same whoever asks, since no passkey is named."""
    options, session[ASKED] = _signin_common(None, ["first"])
    return json.dumps(options)


def sign_in() -> str | None:
    """By the answer that was sent: None, or why not, in the same words whatever is wrong with it."""
    form, token = PasskeyAlone(), session.pop(ASKED, "")
    expired, invalid, state = check_and_get_token_status(token, "wan", ANSWERED_WITHIN)
    if expired or invalid:
        return get_message("WEBAUTHN_EXPIRED")[0]
    form.token, form.challenge = token, state["challenge"]
    if not form.validate():
        return get_message("WEBAUTHN_NO_VERIFY")[0]
    user, verified = cast(User, form.user), form.authentication_verification
    service.note_used(cast(Passkey, form.cred), sign_count=verified.new_sign_count, backup_state=verified.credential_backed_up,
                      device_type=verified.credential_device_type)
    tf_clean_session()
    g.second_factor = user.id
    login_user(user, authn_via=["webauthn"])
    return None


__all__ = ["ask", "sign_in"]
