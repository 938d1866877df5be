"""Flask-Security, fitted to the house: our store, mails, words and limits (wiring, neither views nor service: hence its own file)."""

import base64
import hmac
import secrets
import unicodedata
from datetime import timedelta
from typing import cast

from flask import current_app, g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import current_user
from flask_security import MailUtil, Security, SQLAlchemyUserDatastore, Totp, password_reset, user_authenticated, user_not_registered
from flask_security.babel import FsDomain
from flask_security.decorators import default_unauthn_handler
from flask_security.mail_util import EmailValidateException
from flask_security.proxies import _security
from flask_security.utils import get_message, hash_password
from flask_wtf import FlaskForm
from itsdangerous import BadSignature, Signer
from passlib.totp import TOTP

from consult.accounts import events, service
from consult.accounts.forms import ChangePasswordForm, EmailForm, RegisterForm, ResendForm, ResetPasswordForm, SignInForm, VerifyForm
from consult.accounts.models import User
from consult.core import events as core_events
from consult.core import mail
from consult.core.db import db
from consult.core.errors import Invalid, NotAllowed
from consult.core.i18n import N_, utcnow
from consult.core.permissions import VISITOR, signed_in
from consult.core.web import asked_values
from consult.text.addresses import spelt

VALID_SECONDS = 900
# How long each key of a letter opens something.
LIFETIMES = {
    "confirmation_token": timedelta(days=2), "reset_token": timedelta(days=1), "login_token": timedelta(seconds=VALID_SECONDS),
}
# Sign-in and mail endpoints that never show their own page: ours, or another of Flask-Security's, stands for them.
RETIRED = {
    "security.us_verify_link": "accounts.follow_link", "security.us_setup": "accounts.profile",
    "security.us_setup_validate": "accounts.profile", "security.verify": "security.us_verify",
}
MAILS = {
    "REGISTER_EMAIL": "welcome", "REGISTER_EMAIL_EXISTING": "existing", "US_EMAIL": "link",
}
MESSAGES = {
    "GENERIC_US_SIGNIN": (N_("If there is an account with this address, a message with a link and a code is on its way to it."), "info"),
    "CODE_HAS_BEEN_SENT": (N_("A message with a code is on its way to you."), "info"),
    "GENERIC_AUTHN_FAILED": (N_("The address, the password or the code is not right, or the link was used already."), "error"),
    "INVALID_PASSWORD_CODE": (N_("The password or the code is not right."), "error"),
    "PASSWORDLESS_LOGIN_SUCCESSFUL": (N_("You are signed in."), "success"),
    "CONFIRM_REGISTRATION": (N_("A message with a link is on its way to %(email)s."), "info"),
    "EMAIL_CONFIRMED": (N_("Thank you: your address is confirmed and you are signed in."), "success"),
    "ALREADY_CONFIRMED": (N_("This address is confirmed already: sign in."), "info"),
    "UNAUTHENTICATED": (N_("Please sign in to go on."), "info"),
    "REAUTHENTICATION_REQUIRED": (N_("Please show once more that it is you."), "info"),
    "INVALID_EMAIL_ADDRESS": (N_("This is not an e-mail address."), "error"),
    "EMAIL_NOT_PROVIDED": (N_("Type your e-mail address."), "error"),
    "PASSWORD_NOT_PROVIDED": (N_("Type a password."), "error"),
    "RETYPE_PASSWORD_MISMATCH": (N_("The two passwords differ: type the same twice."), "error"),
    "PASSWORD_IS_THE_SAME": (N_("The new password must differ from the present one."), "error"),
    "INVALID_PASSWORD": (N_("This is not your present password."), "error"),
    "PASSWORD_CHANGE": (N_("Your password is changed."), "success"),
    "PASSWORD_RESET": (N_("Your new password is recorded and you are signed in."), "success"),
    "PASSWORD_RESET_NO_LOGIN": (N_("Your new password is recorded: sign in with it."), "success"),
    "PASSWORD_RESET_REQUEST": (N_("If there is an account with this address, a message with a link is on its way to it."), "info"),
    "PASSWORD_RESET_EXPIRED": (N_("This link is too old: ask for another."), "error"),
    "INVALID_RESET_PASSWORD_TOKEN": (N_("This link is not complete, or has served already: ask for another."), "error"),
    "CONFIRMATION_REQUEST": (N_("If there is an account with this address, a message with a link is on its way to it."), "info"),
    "CONFIRMATION_REQUIRED": (N_("Confirm your address first, by the link that we sent you."), "error"),
    "CONFIRMATION_EXPIRED": (N_("This link is too old: ask for another."), "error"),
    "INVALID_CONFIRMATION_TOKEN": (N_("This link is not complete, or has served already: ask for another."), "error"),
    "REAUTHENTICATION_SUCCESSFUL": (N_("Thank you. Go on with your change."), "success"),
    "DISABLED_ACCOUNT": (N_("This account is closed. Write to the secretariat."), "error"),
    "ANONYMOUS_USER_REQUIRED": (N_("You are signed in already."), "info"),
    "US_METHOD_NOT_AVAILABLE": (N_("Sign in with your password, or by a link sent to your address."), "error"),
    "FAILED_TO_SEND_CODE": (N_("The message could not be sent. Try again in a moment."), "error"),
    "PASSWORD_INVALID_LENGTH": (N_("A password has %(length)s characters at least."), "error"),
}


class Store(SQLAlchemyUserDatastore):
    """Users, registered through our command; the unit of work alone commits."""

    def commit(self) -> None:
        """Nothing: what the view changed was committed, or rolled back, with its unit of work."""

    def find_user(self, case_insensitive=False, **named) -> User | None:
        if set(named) != {"fs_uniquifier"}:
            return cast(User | None, super().find_user(case_insensitive, **named))
        return service.get_user_of_session(**named)

    def create_user(  # type: ignore[override]  # the library passes names only
        self, *, email, name, language, password=None, **_values,
    ) -> User:
        session["registration"] = secrets.token_urlsafe(24)
        return service.register(VISITOR, None, email=email, name=name, language=language, password_hash=password or None,
                                browser_key=session["registration"])


class AccountMail(MailUtil):
    """Letters are rows of ours, in their reader's language; addresses have one spelling."""

    def send_mail(self, template, subject, recipient, sender, body, html, **context) -> None:
        tokens = {name: value for name, value in context.items() if name.endswith("_token")}
        expires_at = min((utcnow() + LIFETIMES[name] for name, token in tokens.items() if token), default=None)
        letter = letter_to(context["user"].email)
        mail.write(context["user"], f"accounts/{template.rpartition('/')[2]}", expires_at=expires_at, letter=letter, **tokens)

    def normalize(self, email: str) -> str:
        return service.known_address(email)

    def validate(self, email: str) -> str:
        try:
            return service.reachable_address(email)
        except Invalid as refusal:
            raise EmailValidateException(f"{refusal.message} {refusal.remedy}") from refusal


class Codes(Totp):
    """Eight digits, since a code may be guessed during fifteen minutes."""

    def __init__(self, secrets, issuer: str) -> None:
        super().__init__(secrets, issuer)
        self._totp = TOTP.using(issuer=issuer, secrets=secrets, digits=8)


class Words(FsDomain):
    """Our catalogue first, then Flask-Security's own."""

    def gettext(self, string, **variables):
        ours = gettext(string, **variables)
        return super().gettext(string, **variables) if ours == (string % variables if variables else string) else ours


def derived_key(secret: str, purpose: str) -> str:
    """A key of its own for each purpose, so that the signing key is used for signing alone."""
    return base64.b64encode(hmac.digest(secret.encode(), purpose.encode(), "sha256")).decode()


def settings(app) -> dict:
    """Flask-Security's settings, without their prefix."""
    return {
        "URL_PREFIX": "/<language:language>/accounts", "DATETIME_FACTORY": utcnow, "JOIN_USER_ROLES": False,
        # Argon2 alone, without Flask-Security's HMAC before it: `service.hash_password` makes the same hashes without Flask.
        "PASSWORD_HASH": "argon2", "PASSWORD_SCHEMES": ["argon2"], "PASSWORD_SINGLE_HASH": ["argon2"], "PASSWORD_LENGTH_MIN": 10,
        "PASSWORD_REQUIRED": False, "PASSWORD_CONFIRM_REQUIRED": False,
        # A link carries a hash of the address or of the password's hash, signed: the library's SHA-256 crypt is of Python alone and keeps
        # everybody waiting for a third of a second. It stays for the links that were sent with it.
        "HASHING_SCHEMES": ["pbkdf2_sha256", "sha256_crypt"],
        "PASSWORD_SALT": derived_key(app.config["SECRET_KEY"], "passwords"),
        "CONFIRM_EMAIL_WITHIN": LIFETIMES["confirmation_token"], "RESET_PASSWORD_WITHIN": LIFETIMES["reset_token"],
        "REGISTERABLE": True, "CONFIRMABLE": True, "RECOVERABLE": True, "CHANGEABLE": True, "UNIFIED_SIGNIN": True,
        "US_SIGNIN_REPLACES_LOGIN": True, "US_ENABLED_METHODS": ["password", "email"], "US_TOKEN_VALIDITY": VALID_SECONDS,
        "RETURN_GENERIC_RESPONSES": True,
        "POST_LOGIN_VIEW": "accounts.arrive", "POST_LOGOUT_VIEW": core_events.home_endpoint(), "POST_REGISTER_VIEW": "accounts.check_mail",
        "POST_CHANGE_VIEW": "accounts.profile", "POST_VERIFY_VIEW": "accounts.profile",
        "TOTP_ISSUER": "consult", "TOTP_SECRETS": {"1": derived_key(app.config["SECRET_KEY"], "totp")},
        "EMAIL_PLAINTEXT": False, "EMAIL_HTML": False,
        "EMAIL_TEMPLATE_CONFIRM": "confirm", "EMAIL_TEMPLATE_PASSWORD_RESET": "reset",
        "EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "changed", "EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "changed",
        **{f"{name}_TEMPLATE": template for name, template in MAILS.items()},
        **{f"MSG_{name}": message for name, message in MESSAGES.items()},
    }


def init_app(app, limits_url: str) -> None:
    """Wire Flask-Security into the application."""
    app.config.update({f"SECURITY_{name}": value for name, value in settings(app).items()})
    app.config.update(REMEMBER_COOKIE_HTTPONLY=True, REMEMBER_COOKIE_DURATION=30 * 24 * 3600)
    store = Store(db, User, None)  # type: ignore[arg-type]  # roles are appointments, not the library's
    security = Security(
        app, store, mail_util_cls=AccountMail, totp_cls=Codes, us_signin_form=SignInForm, us_verify_form=VerifyForm,
        register_form=RegisterForm, forgot_password_form=EmailForm, send_confirmation_form=ResendForm,
        reset_password_form=ResetPasswordForm, change_password_form=ChangePasswordForm, render_template=shown,
    )
    security.i18n_domain = Words(app)
    security.unauthn_handler(ask_to_sign_in)
    app.jinja_env.globals["_fsdomain"] = security.i18n_domain.gettext
    asks_for_a_letter(app, security, "forgot_password", "email", EmailForm)
    asks_for_a_letter(app, security, "send_confirmation", "email", ResendForm)
    asks_for_a_letter(app, security, "us_signin_send_code", "identity", SignInForm, page="us_signin")
    asks_for_a_letter(app, security, "register", "email")
    limit_attempts(app, limits_url)
    for endpoint, stand_in in RETIRED.items():
        app.view_functions[endpoint] = stand_for(stand_in)
    app.view_functions["security.us_signin"] = app.view_functions["security.login"]
    user_authenticated.connect(renew, app)
    user_not_registered.connect(register_again, app)
    password_reset.connect(keep_letter, app)


def shown(template: str, **context):
    """A page of Flask-Security's; one whose form is refused says so by its status as well."""
    is_refused = any(isinstance(form, FlaskForm) and form.errors for form in context.values())
    return render_template(template, **context), 422 if is_refused else 200


def ask_to_sign_in(mechanisms=None, headers=None):
    """To the sign-in page and back; a form that was sent is answered with what was typed in it."""
    if request.method == "POST":
        raise NotAllowed(signed_in.refusal)
    return default_unauthn_handler(mechanisms, headers)


def stand_for(endpoint: str):
    return lambda **_values: redirect(url_for(endpoint, **asked_values()))


def asks_for_a_letter(app, security: Security, endpoint: str, field: str, form_class=None, page: str = "") -> None:
    """The rooms are told whose address was typed. What is none is told at its field, which betrays nobody: Flask-Security answers
    whatever is typed as it answers a known address, but where its own form says it (no ``form_class``).
    """
    view, page = app.view_functions[f"security.{endpoint}"], page or endpoint

    def answer(**values):
        if request.method != "POST":
            return view(**values)
        try:
            address = security.mail_util.validate(request.form.get(field, ""))
        except EmailValidateException as refusal:
            return view(**values) if form_class is None else (refused_address(form_class(), field, refusal.msg, page), 422)
        response = view(**values)
        events.address_typed(address, this_browser())
        return response
    app.view_functions[f"security.{endpoint}"] = answer


def refused_address(form, field: str, sentence: str, page: str) -> str:
    form[field].errors = [sentence if (form[field].data or "").strip() else get_message("EMAIL_NOT_PROVIDED")[0]]
    return render_template(f"security/{page}.html", **{f"{page}_form": form})


def renew(_app, user: User, authn_via=(), **_values) -> None:
    """A new session key at each sign-in, and a code or link that has served serves no more. What waited is theirs to go on with."""
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    if "email" in (authn_via or ()):
        user.us_totp_secrets = None
    letter = request.args.get("letter") or session.pop("letter", None)
    waiting = next(filter(None, events.signed_in(user, browser_of(letter, user.email))), None)
    if waiting and not request.form.get("next") and not request.args.get("next"):
        session["next"] = waiting


def keep_letter(_app, user: User, **_values) -> None:
    """Who chose a new password by the link of a letter signs in with it on the next page."""
    session["letter"] = request.args.get("letter")


# In which browser a letter was asked for


def this_browser() -> str:
    return session.setdefault("browser", secrets.token_urlsafe(12))


def _signer(address: str) -> Signer:
    return Signer(derived_key(current_app.config["SECRET_KEY"], "letters"), salt=address)


def letter_to(address: str) -> str:
    """What the links of a letter say of the browser that asked for it; only whoever reads the letters of the address can say it."""
    return _signer(address).sign(this_browser()).decode()


def browser_of(letter: str | None, address: str) -> str | None:
    try:
        return _signer(address).unsign(letter or "").decode()
    except BadSignature:
        return None


def register_again(_app, user: User | None, form_data: dict, **_values) -> None:
    """An account that nobody has confirmed yet is asked for once more: what this browser types counts if it confirms."""
    if user is not None and user.confirmed_at is None and user.active:
        typed = form_data["password"]
        _security.datastore.create_user(email=user.email, name=form_data["name"], language=form_data["language"],
                                        password=hash_password(typed) if typed else None)


# Attempts


def account() -> str:
    """Whose account is tried; the address of the network where none is named."""
    named = request.form.get("identity") or request.form.get("email") or request.args.get("id")
    if not named and current_user.is_authenticated:
        named = current_user.email
    return spelt(unicodedata.normalize("NFKC", named)) if named else get_remote_address()


def refused(response) -> bool:
    """A form that came back: success answers by sending elsewhere."""
    return response.status_code not in (302, 303)


def limit_attempts(app, limits_url: str) -> None:
    """Guesses are counted for each account and each network, letters asked for too; a hall full of people shares one network."""
    limiter = Limiter(get_remote_address, storage_uri=limits_url, strategy="moving-window", headers_enabled=True)
    limiter.init_app(app)
    app.extensions["consult_limiter"] = limiter  # a limiter that is switched off is kept by nobody else

    def limits(scope: str, per_account: str, per_network: str, **options):
        options["methods"] = ["POST"]
        return (
            limiter.shared_limit(per_account, f"{scope}-account", key_func=account, **options),
            limiter.shared_limit(per_network, f"{scope}-network", **options),
        )

    guesses = limits("guess", "10 per 15 minutes", "100 per 15 minutes", deduct_when=refused)
    letters = limits("letter", "6 per 15 minutes", "200 per 15 minutes")
    table = {
        "security.login": guesses, "security.us_verify": guesses, "security.change_password": guesses, "accounts.follow_link": guesses,
        "security.reset_password": guesses, "security.us_signin_send_code": letters, "security.us_verify_send_code": letters,
        "security.register": letters, "security.forgot_password": letters, "security.send_confirmation": letters,
    }
    for endpoint, pair in table.items():
        for limit in pair:
            app.view_functions[endpoint] = limit(app.view_functions[endpoint])
