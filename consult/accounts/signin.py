"""Flask-Security, fitted to the house: our store, mails, words and limits (wiring, neither views nor service: hence its own file)."""

import secrets
from datetime import timedelta
from typing import cast

from flask import g, redirect, render_template, request, session, url_for
from flask_babel import gettext
from flask_security import (
    MailUtil,
    PasswordUtil,
    Security,
    SQLAlchemyUserDatastore,
    password_reset,
    user_authenticated,
    user_not_registered,
    user_registered,
)
from flask_security.babel import FsDomain
from flask_security.confirmable import generate_confirmation_token
from flask_security.decorators import default_unauthn_handler
from flask_security.mail_util import EmailValidateException
from flask_security.proxies import _security
from flask_security.recoverable import generate_reset_password_token
from flask_security.utils import get_message, hash_password
from flask_wtf import FlaskForm

from consult.accounts import attempts, events, known_browsers, openid, second_step, service, sessions
from consult.accounts.forms import (
    NOTHING,
    ChangePasswordForm,
    EmailForm,
    RegisterForm,
    ResendForm,
    ResetPasswordForm,
    SignInForm,
    VerifyForm,
)
from consult.accounts.models import Passkey, User
from consult.core import events as core_events
from consult.core import mail
from consult.core.config import Config, derived_key
from consult.core.db import begin_writing, db
from consult.core.errors import Invalid, NotAllowed, NotFound
from consult.core.i18n import N_, language_in_use, utcnow
from consult.core.locks import lock
from consult.core.news import Topic
from consult.core.permissions import VISITOR, signed_in
from consult.core.web import asked_values
from consult.text.composing import composed

VALID_SECONDS = 600
# How long each key of a letter opens something.
LIFETIMES = {
    "confirmation_token": timedelta(days=2), "reset_token": timedelta(days=1), "login_token": timedelta(seconds=VALID_SECONDS),
}
# Sign-in and mail endpoints that never show their own page: ours, or another of Flask-Security's, stands for them.
RETIRED = {
    "security.us_verify_link": "accounts.follow_link", "security.us_setup": "accounts.profile",
    "security.us_setup_validate": "accounts.profile", "security.verify": "security.us_verify",
    "security.two_factor_setup": "accounts.second_factor", "security.two_factor_setup_validate": "accounts.second_factor",
    "security.two_factor_rescue": "security.mf_recovery", "security.mf_recovery_codes": "accounts.second_factor",
    "security.wan_delete": "accounts.second_factor",
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
        return service.get_user(**named)

    def set_uniquifier(self, user, uniquifier=None) -> None:
        """Asked for where a password was changed: no key of an earlier letter opens anything, and no session goes on."""
        lock(user)
        super().set_uniquifier(user, uniquifier)
        service.end_all_sessions(user)

    def create_webauthn(self, user, **credential) -> None:  # type: ignore[override]  # the library passes names only
        names = ("name", "credential_id", "public_key", "sign_count", "transports", "backup_state", "device_type")
        service.add_passkey(user, user, session_id=g.user_session[1], **{name: credential[name] for name in names})

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
        letter, g.letter_prepared = sessions.letter_to(context["user"].email), True
        mail.write(context["user"], f"accounts/{template.rpartition('/')[2]}", topic=Topic.ACCOUNT, expires_at=expires_at,
                   letter=letter, **tokens)

    def normalize(self, email: str) -> str:
        return service.known_address(email)

    def validate(self, email: str) -> str:
        try:
            return service.reachable_address(email)
        except Invalid as refusal:
            raise EmailValidateException(f"{refusal.message} {refusal.remedy}") from refusal


class Passwords(PasswordUtil):
    """Of every form in which one is chosen, or tried."""

    def normalize(self, password: str) -> str:
        return composed("NFKD", password)

    def validate(self, password, is_register, **of):
        refused, normal = super().validate(password, is_register, **of)
        user = of.get("user")
        own = (user.email, user.name) if user is not None else (of.get("email") or "", of.get("name") or "")
        try:
            service.check_password(normal, *own)
        except Invalid as refusal:
            return [*(refused or ()), f"{refusal.message} {refusal.remedy}"], normal
        return refused, normal


class Words(FsDomain):
    """Our catalogue first, then Flask-Security's own."""

    def gettext(self, string, **variables):
        ours = gettext(string, **variables)
        return super().gettext(string, **variables) if ours == (string % variables if variables else string) else ours


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
        "TOTP_SECRETS": {"1": derived_key(app.config["SECRET_KEY"], "totp")},
        "EMAIL_PLAINTEXT": False, "EMAIL_HTML": False,
        "EMAIL_TEMPLATE_CONFIRM": "confirm", "EMAIL_TEMPLATE_PASSWORD_RESET": "reset",
        "EMAIL_TEMPLATE_PASSWORD_RESET_NOTICE": "changed", "EMAIL_TEMPLATE_PASSWORD_CHANGE_NOTICE": "changed",
        **{f"{name}_TEMPLATE": template for name, template in MAILS.items()},
        **{f"MSG_{name}": message for name, message in MESSAGES.items()},
        **second_step.settings(app),
    }


def init_app(app, config: Config) -> None:
    """Wire Flask-Security into the application."""
    app.config.update({f"SECURITY_{name}": value for name, value in settings(app).items()})
    app.config.update(REMEMBER_COOKIE_HTTPONLY=True, REMEMBER_COOKIE_DURATION=30 * 24 * 3600)
    store = Store(db, User, None, Passkey)  # type: ignore[arg-type]  # roles are appointments, not the library's
    security = Security(
        app, store, mail_util_cls=AccountMail, password_util_cls=Passwords, us_signin_form=SignInForm, us_verify_form=VerifyForm,
        register_form=RegisterForm, forgot_password_form=EmailForm, send_confirmation_form=ResendForm,
        reset_password_form=ResetPasswordForm, change_password_form=ChangePasswordForm, render_template=shown,
        **second_step.options(),
    )
    security.i18n_domain = Words(app)
    security.unauthn_handler(ask_to_sign_in)
    sessions.init_app(app)
    app.jinja_env.globals["_fsdomain"] = security.i18n_domain.gettext
    asks_for_a_letter(app, security, "forgot_password", "email", EmailForm)
    asks_for_a_letter(app, security, "send_confirmation", "email", ResendForm)
    asks_for_a_letter(app, security, "us_signin_send_code", "identity", SignInForm, page="us_signin")
    asks_for_a_letter(app, security, "register", "email")
    second_step.init_app(app, security)
    openid.init_app(app, config)
    app.view_functions["security.logout"] = openid.leads_out(app.view_functions["security.logout"])
    attempts.init_app(app, config)
    for endpoint, stand_in in RETIRED.items():
        app.view_functions[endpoint] = stand_for(stand_in)
    app.view_functions["security.static"] = nothing
    app.view_functions["security.us_signin"] = app.view_functions["security.login"]
    user_authenticated.connect(renew, app)
    user_not_registered.connect(register_again, app)
    user_registered.connect(hash_nothing, app)
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


def nothing(**_values):
    """In place of the library's own files, which no page of ours asks for."""
    raise NotFound


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
        if "letter_prepared" not in g and endpoint in PREPARED:
            prepare_for_nobody(endpoint, address)
        events.address_typed(address, sessions.this_browser())
        return response
    app.view_functions[f"security.{endpoint}"] = answer


def new_code(_nobody: User) -> str:
    return _security.totp_factory.generate_totp_password(_security.totp_factory.generate_totp_secret())


# The letter of each page on which one asks for one: its template, the key in it, and how that is made.
PREPARED = {"forgot_password": ("reset", "reset_token", generate_reset_password_token),
            "send_confirmation": ("confirm", "confirmation_token", generate_confirmation_token),
            "us_signin_send_code": ("link", "login_token", new_code)}


def prepare_for_nobody(endpoint: str, address: str) -> None:
    """The work of a letter, and its turn among writers, where nobody gets one: how long it takes tells nothing."""
    template, name, key_for = PREPARED[endpoint]
    begin_writing()
    nobody = User(email=address, name="", language=language_in_use(), password=NOTHING, fs_uniquifier=secrets.token_hex(32))
    mail.worded(nobody, f"accounts/{template}", letter=sessions.letter_to(address), **{name: key_for(nobody)})


def refused_address(form, field: str, sentence: str, page: str) -> str:
    form[field].errors = [sentence if (form[field].data or "").strip() else get_message("EMAIL_NOT_PROVIDED")[0]]
    return render_template(f"security/{page}.html", **{f"{page}_form": form})


def renew(_app, user: User, authn_via=(), **_values) -> None:
    """A new session at each sign-in, never without the second factor of who has one, and a code or link that has served serves no more.
    What waited is theirs to go on with.
    """
    second_step.require_second_factor(user, authn_via)
    sessions.begin(user)
    known_browsers.signed_in(user)
    g.pop("csrf_token", None)
    if "email" in (authn_via or ()):
        user.us_totp_secrets = None
    letter = request.args.get("letter") or session.pop("letter", None)
    waiting = next(filter(None, events.signed_in(user, sessions.browser_of(letter, user.email))), None)
    if waiting and not request.form.get("next") and not request.args.get("next"):
        session["next"] = waiting


def keep_letter(_app, user: User, **_values) -> None:
    """Who chose a new password by the link of a letter signs in with it on the next page."""
    session["letter"] = request.args.get("letter")


def register_again(_app, user: User | None, form_data: dict, **_values) -> None:
    """An account that nobody has confirmed yet is asked for once more: what this browser types counts if it confirms. A password that is
    typed is hashed wherever it is, as it is for a new account.
    """
    typed = hash_password(form_data["password"]) if form_data["password"] else None
    if user is not None and user.confirmed_at is None and user.active:
        _security.datastore.create_user(email=user.email, name=form_data["name"], language=form_data["language"], password=typed)


def hash_nothing(_app, **_values) -> None:
    """For a new account as the library does for one that there is already."""
    hash_password(NOTHING)
