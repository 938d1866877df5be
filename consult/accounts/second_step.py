"""The second factor as Flask-Security asks for it: its codes, keys and forms, in our words (wiring, as ``signin.py`` is)."""

import hmac
import logging
import time
import unicodedata
from datetime import timedelta
from functools import wraps
from typing import Any, cast
from urllib.parse import urlsplit

from flask import current_app, flash, g, redirect, request, session, url_for
from flask_security import (
    MfRecoveryCodesUtil,
    MfRecoveryForm,
    Security,
    Totp,
    TwoFactorRescueForm,
    TwoFactorSelectForm,
    TwoFactorVerifyCodeForm,
    WebAuthnRegisterForm,
    WebAuthnSigninForm,
    WebAuthnSigninResponseForm,
    WebauthnUtil,
)
from flask_security.proxies import _security
from flask_security.tf_plugin import tf_clean_session
from flask_security.utils import get_message
from passlib.exc import TokenError
from passlib.totp import TOTP
from webauthn.helpers.structs import AuthenticatorSelectionCriteria, ResidentKeyRequirement, UserVerificationRequirement
from wtforms import HiddenField, RadioField

from consult.accounts import service, sessions
from consult.accounts.models import Passkey, User
from consult.core import proof
from consult.core.errors import Invalid, NotAllowed
from consult.core.i18n import N_, _
from consult.core.locks import lock
from consult.core.origins import is_of_this_site
from consult.core.web import actor

log = logging.getLogger(__name__)
ANSWERED_WITHIN = timedelta(minutes=5)  # of a passkey
STEP = 30  # seconds of a code of an authenticator; those before and after are taken, as clocks differ
LASTS = 600  # seconds after the first step for the second one
STEPS = ("two_factor_token_validation", "tf_select", "mf_recovery", "wan_signin", "wan_signin_response")
MESSAGES = {
    "TWO_FACTOR_INVALID_TOKEN": (N_("This code is not right, or has served already: type the one that is shown now."), "error"),
    "TWO_FACTOR_LOGIN_SUCCESSFUL": (N_("You are signed in."), "success"),
    "TWO_FACTOR_PERMISSION_DENIED": (N_("Please sign in from the beginning."), "info"),
    "INVALID_RECOVERY_CODE": (N_("This code is not right, or has served already."), "error"),
    "WEBAUTHN_EXPIRED": (N_("This took too long. Start again."), "error"),
    "WEBAUTHN_NO_VERIFY": (N_("The passkey could not be checked. Start again."), "error"),
    "WEBAUTHN_UNKNOWN_CREDENTIAL_ID": (N_("This passkey is not known here."), "error"),
    "WEBAUTHN_CREDENTIAL_ID_INUSE": (N_("This passkey is registered already."), "error"),
    "WEBAUTHN_CREDENTIAL_WRONG_USAGE": (N_("This passkey is not known here."), "error"),
    "WEBAUTHN_MISMATCH_USER_HANDLE": (N_("This passkey is not known here."), "error"),
    "WEBAUTHN_ORPHAN_CREDENTIAL_ID": (N_("This passkey is not known here."), "error"),
    "WEBAUTHN_REGISTER_SUCCESSFUL": (N_("Your passkey “%(name)s” is registered."), "success"),
    "WEBAUTHN_NAME_INUSE": (N_("You have a passkey of this name already: choose another."), "error"),
    "WEBAUTHN_NAME_REQUIRED": (N_("Give it a name by which you will know it again."), "error"),
    "API_ERROR": (N_("The passkey could not be read. Start again."), "error"),
}


def settings(app) -> dict[str, Any]:
    return {
        "TWO_FACTOR": True, "TWO_FACTOR_ENABLED_METHODS": ["authenticator"], "TWO_FACTOR_ALWAYS_VALIDATE": True,
        "TWO_FACTOR_RESCUE_EMAIL": False, "TWO_FACTOR_AUTHENTICATOR_VALIDITY": STEP,
        "MULTI_FACTOR_RECOVERY_CODES": True, "MULTI_FACTOR_RECOVERY_CODES_N": service.CODES,
        "WEBAUTHN": True, "WAN_ALLOW_AS_FIRST_FACTOR": False, "WAN_ALLOW_AS_VERIFY": None, "WAN_RP_NAME": issuer(app),
        "WAN_POST_REGISTER_VIEW": "accounts.second_factor", "WAN_REGISTER_WITHIN": proof.LASTS, "WAN_SIGNIN_WITHIN": ANSWERED_WITHIN,
        "FRESHNESS": proof.LASTS, "FRESHNESS_GRACE_PERIOD": proof.NO_GRACE, "TOTP_ISSUER": issuer(app),
        **{f"MSG_{name}": message for name, message in MESSAGES.items()},
    }


def issuer(app) -> str:
    """Under which an authenticator lists its codes: the host, without what the format keeps for itself."""
    return (urlsplit(app.config["BASE_URL"]).hostname or "consult").replace(":", ".")


def in_digits(code: str) -> str:
    """As the keyboards of other scripts write them too."""
    return "".join(str(unicodedata.digit(sign, sign)) for sign in code if not sign.isspace())


class Codes(Totp):
    """Of letters eight digits, since such a code may be guessed during ten minutes; it counts in the browser that asked for it alone. Of
    authenticators six, which all of them know.
    """

    def __init__(self, secrets, issuer: str) -> None:
        super().__init__(secrets, issuer)
        self._totp = TOTP.using(issuer=issuer, secrets=secrets, digits=8)
        self.authenticator = TOTP.using(issuer=issuer, secrets=secrets)

    def generate_totp_password(self, totp_secret: str) -> str:
        return self.of_browser(totp_secret, sessions.this_browser()).generate().token

    def of_browser(self, secret: str, browser: str) -> TOTP:
        """Another for each that asks."""
        return self._totp(key=hmac.digest(self._totp.from_source(secret).key, browser.encode(), "sha256"), format="raw")

    def verify_totp(self, token, totp_secret, user, window=0) -> bool:
        if totp_secret != user.tf_totp_secret:
            browser = asking_browser(user)
            return browser is not None and super().verify_totp(in_digits(token), self.of_browser(totp_secret, browser), user, window)
        lock(user, "tf_totp_secret")
        counter = self.counter_of(token, user.tf_totp_secret)
        return counter is not None and service.take_code(user, counter)

    def counter_of(self, code: str, secret: str | None) -> int | None:
        """Which of its codes this one is; None for what is none of about now."""
        try:
            return self.authenticator.verify(in_digits(code), secret, window=STEP).counter
        except TokenError:
            return None
        except (TypeError, ValueError):
            log.error("the secret of an authenticator cannot be read: was the secret key changed?")
            return None

    def new_secret(self) -> str:
        """Encrypted, as it is kept."""
        return self.authenticator.new().to_json(encrypt=True)

    def can_read(self, secret: str | None) -> bool:
        try:
            return bool(secret) and bool(self.authenticator.from_source(secret))
        except (TypeError, ValueError):
            return False

    def get_totp_uri(self, username: str, totp_secret: str) -> str:
        return self.authenticator.from_source(totp_secret).to_uri(username)

    def letters(self, secret: str) -> str:
        """To be typed where nothing can be scanned."""
        return self.authenticator.from_source(secret).pretty_key(sep=" ")


def asking_browser(user: User) -> str | None:
    """The one in which a code is typed; of a link, which may be opened anywhere, the one that its letter names."""
    if request.endpoint == "accounts.follow_link":
        return sessions.browser_of(request.args.get("letter"), user.email)
    return session.get("browser")


def authenticators() -> Codes:
    return cast(Codes, _security.totp_factory)


class RecoveryCodes(MfRecoveryCodesUtil):
    def check_recovery_code(self, user, code: str) -> bool:
        return service.is_recovery_code(user, code)

    def delete_recovery_code(self, user, code: str) -> bool:
        service.use_recovery_code(user, user, code=code)
        return True


class Keys(WebauthnUtil):
    def origin(self) -> str:
        """As the browser sees it, whatever ends the encryption in front of us."""
        return f"{urlsplit(current_app.config['BASE_URL']).scheme}://{request.host}"

    def authenticator_selection(self, user, usage: str) -> AuthenticatorSelectionCriteria:
        """Those that can, keep it so that it is found without an address and asks its owner: then it may be all that one shows."""
        return AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.PREFERRED)

    def user_verification(self, user, usage: list[str]) -> UserVerificationRequirement:
        """Alone it has to; behind a password or a link its touch is enough."""
        return UserVerificationRequirement.DISCOURAGED if "secondary" in usage else UserVerificationRequirement.REQUIRED

    def name_svn(self, value: str) -> tuple[str | None, str | None]:
        try:
            return None, service.passkey_name(cast(User, actor()), value)
        except Invalid as refusal:
            return " ".join(str(part) for part in (refusal.message, refusal.remedy) if part), None


class CodeForm(TwoFactorVerifyCodeForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.code.label.text = _("Code of the authenticator")
        self.code.render_kw = {"autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr", "maxlength": 12, "autofocus": True}


class RecoveryForm(MfRecoveryForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.code.label.text = _("Recovery code")
        self.code.render_kw = {"autocomplete": "off", "dir": "ltr", "maxlength": 40, "autofocus": True, "spellcheck": "false"}


class RescueForm(TwoFactorRescueForm):
    """The library makes one beside that of the code; no page of ours shows it."""

    help_setup = RadioField(choices=[])  # its own choices are in a form that WTForms gives up


class PasskeyForm(WebAuthnRegisterForm):
    usage = HiddenField(default="secondary")  # the library offers a choice here, of which one is left

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name.label.text = _("Name of the passkey")
        self.name.description = _("For instance: my telephone, the key in the drawer.")
        self.name.render_kw = {"dir": "auto", "maxlength": 60, "autocomplete": "off"}


class PasskeyAnswer(WebAuthnSigninResponseForm):
    def validate(self, **kwargs) -> bool:
        """An answer serves once: to a question that was asked after the passkey was used last, of whoever is expected."""
        if not super().validate(**kwargs):
            return False
        user, passkey = cast(User, self.user), cast(Passkey, self.cred)
        _state, asked_at = _security.wan_serializer.loads(self.asked_by(), return_timestamp=True)
        lock(user)
        lock(passkey, "lastuse_datetime")
        if not self.is_expected(user) or asked_at <= passkey.lastuse_datetime:
            self.credential.errors.append(get_message("WEBAUTHN_NO_VERIFY")[0])
            return False
        return True

    def asked_by(self) -> str:
        """The signed question."""
        return (request.view_args or {})["token"]

    def is_expected(self, user: User) -> bool:
        """Whoever took the first step."""
        return user.fs_uniquifier == session.get("tf_user_id")


def options() -> dict[str, Any]:
    """Of ``Security``."""
    return {
        "totp_cls": Codes, "mf_recovery_codes_util_cls": RecoveryCodes, "webauthn_util_cls": Keys,
        "two_factor_verify_code_form": CodeForm, "mf_recovery_form": RecoveryForm, "wan_register_form": PasskeyForm,
        "wan_signin_form": WebAuthnSigninForm, "wan_signin_response_form": PasskeyAnswer, "two_factor_select_form": TwoFactorSelectForm,
        "two_factor_rescue_form": RescueForm,
    }


def init_app(app, security: Security) -> None:
    plugins: Any = security.two_factor_plugins
    plugins.tf_enter, plugins.tf_complete = entering(plugins.tf_enter), completing(plugins.tf_complete)
    for asked in plugins._tf_impls.values():
        asked.tf_login = leading_on(asked.tf_login)
    for name in STEPS:
        app.view_functions[f"security.{name}"] = second_step(app.view_functions[f"security.{name}"])
    answered = app.view_functions["security.wan_register_response"]
    app.view_functions["security.wan_register_response"] = proof.fresh(registering(answered))


def entering(enter):
    """The first step is done, whatever the second one brings: its code or link serves no more, and no attempt failed."""
    @wraps(enter)
    def begin(user: User, remember_me, primary_authn_via, next_loc=None):
        response = enter(user, remember_me, primary_authn_via, where_to())
        if response is None:
            return None
        if primary_authn_via == "email":
            user.us_totp_secrets = None
        g.has_passed = True
        session["tf_at"], session["tf_address"] = time.time(), user.email
        if "letter" in request.args:
            session["letter"] = request.args["letter"]
        return response
    return begin


def where_to() -> str | None:
    """Where one was going: never the address of the step itself, which is the library's answer where none was asked for."""
    wanted = request.form.get("next") or request.args.get("next")
    return wanted if is_of_this_site(wanted) else None


def leading_on(ask):
    return wraps(ask)(lambda user, json_payload, next_loc: ask(user, json_payload, where_to()))


def completing(complete):
    @wraps(complete)
    def end(user: User, dologin: bool):
        g.second_factor = user.id
        return complete(user, dologin)
    return end


def require_second_factor(user: User, authn_via) -> None:
    """Whatever led here: nobody who has a second factor is signed in without it, but who is signed in already and changed the password."""
    if user.has_factor and g.get("second_factor") != user.id and "change" not in (authn_via or ()):
        raise NotAllowed(_("Please sign in from the beginning."))


def is_under_way() -> bool:
    """Whether the first step was taken a short while ago."""
    return "tf_user_id" in session and time.time() - session.get("tf_at", 0) <= LASTS


def second_step(view):
    """For whoever took the first step a short while ago, in this browser."""
    @wraps(view)
    def look(**values):
        if actor().is_authenticated:
            return redirect(url_for("accounts.arrive"), 303)
        if not is_under_way():
            tf_clean_session()
            flash(str(_("Please sign in from the beginning.")), "info")
            return redirect(url_for("security.login"), 303)
        return view(**values)
    return look


def registering(view):
    """What the act refuses is told where the passkey was asked for."""
    @wraps(view)
    def register(**values):
        try:
            return view(**values)
        except Invalid as refusal:
            flash(" ".join(str(part) for part in (refusal.message, refusal.remedy) if part), "error")
            return redirect(url_for("security.wan_register"), 303)
    return register


__all__ = ["authenticators", "init_app", "is_under_way", "options", "require_second_factor", "settings"]
