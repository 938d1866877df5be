"""Signing in and registering (Flask-Security's forms in our words), and the profile."""

from typing import cast

from flask import request, session
from flask_login import current_user
from flask_security import ChangePasswordForm as SecurityChangePasswordForm
from flask_security import ForgotPasswordForm, RegisterFormV2, SendConfirmationForm, UnifiedSigninForm, UnifiedVerifyForm
from flask_security import ResetPasswordForm as SecurityResetPasswordForm
from flask_security.confirmable import requires_confirmation, send_confirmation_instructions
from flask_security.proxies import _datastore as store
from flask_security.proxies import _security
from flask_security.utils import hash_data, hash_password, lookup_identity
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, SelectField, StringField
from wtforms.validators import DataRequired, Optional, ValidationError

from consult.accounts.models import MAX_NAME, NAMELESS, User
from consult.core.errors import Invalid
from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, _, language_in_use
from consult.core.origins import is_of_this_site
from consult.text.normalising import validated_name

ADDRESS = {"autocomplete": "username", "dir": "ltr", "inputmode": "email", "maxlength": 320}
SPELT = {"dir": "auto", "maxlength": MAX_NAME}
# Argon2 refuses thousands of characters; nobody remembers so many.
MAX_PASSWORD = 1000
NOTHING = "nothing was typed"  # hashed where another path hashes
PASSWORD_HELP = _("Ten characters at least; a short sentence is easy to remember and hard to guess.")


def limit(*fields) -> None:
    for field in fields:
        field.validators = (*field.validators, at_most(MAX_PASSWORD))


def remember_where_to(address: str | None) -> None:
    """Keep where the reader was going, for when they come back by a link."""
    if is_of_this_site(address):
        session["next"] = address


def check_name(field) -> None:
    try:
        field.data = validated_name("name", field.data, max_length=MAX_NAME, missing=NAMELESS)
    except Invalid as refusal:
        raise ValidationError(" ".join(str(part) for part in (refusal.message, refusal.remedy) if part)) from refusal


def ready_for_mail(form: "SignInForm | VerifyForm", user: User) -> None:
    """Whoever asks for a code has what codes are made of; a form that is refused gives it to nobody."""
    is_asked = form.submit_send_code.data and form.chosen_method.data == "email"
    if is_asked and "email" not in store.us_get_totp_secrets(user):
        store.us_setup_email(user)
    elif is_asked:
        _security.totp_factory.generate_totp_secret()  # the same work, asked for a second time


class SignInForm(UnifiedSigninForm):
    """By password, or by a link and a code sent to the address."""

    identity = EmailField(_("E-mail address"), validators=[DataRequired(_("Type your e-mail address."))], render_kw=ADDRESS)
    passcode = PasswordField(_("Password"), validators=[Optional(), at_most(MAX_PASSWORD)],
                             render_kw={"autocomplete": "current-password", "dir": "ltr"})
    remember = BooleanField(_("Keep me signed in on this device for 30 days"))
    chosen_method = HiddenField(default="email")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.next.data = self.next.data or request.args.get("next", "")

    def validate(self, **kwargs) -> bool:
        if not FlaskForm.validate(self):
            return False
        user = lookup_identity(self.identity.data or "")
        if user is not None and user.active and self.submit_send_code.data:
            self.prepare(cast(User, user))
        typed = str(self.passcode.data or "") if self.submit.data else ""
        if typed and (user is None or not user.password or not user.active):
            hash_password(typed[:MAX_PASSWORD])  # an unknown address takes as long as a known one
        return super().validate(**kwargs)

    def prepare(self, user: User) -> None:
        """Everybody may sign in by mail; who never confirmed the address gets that link instead."""
        ready_for_mail(self, user)
        remember_where_to(self.next.data)
        if requires_confirmation(user):
            send_confirmation_instructions(user)


class VerifyForm(UnifiedVerifyForm):
    """Once more, before something delicate."""

    passcode = PasswordField(_("Password, or the code from the message"), validators=[Optional(), at_most(MAX_PASSWORD)],
                             render_kw={"dir": "ltr"})
    chosen_method = HiddenField(default="email")

    def validate(self, **kwargs) -> bool:
        if not FlaskForm.validate(self):
            return False
        ready_for_mail(self, current_user._get_current_object())
        return super().validate(**kwargs)


class RegisterForm(RegisterFormV2):
    """One's name and address; a password only for those who want one."""

    name = StringField(
        _("Name"), description=_("First name and family name. It is published only if you agree to it in your profile."),
        validators=[DataRequired(NAMELESS), at_most(MAX_NAME)],
        render_kw={"autocomplete": "name", **SPELT},
    )
    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES, default=language_in_use,
                           validators=[DataRequired()])

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        remember_where_to(request.args.get("next"))
        self.email.label.text = _("E-mail address")
        self.email.render_kw = {**ADDRESS, "autocomplete": "email"}
        self.password.label.text = _("Password")
        limit(self.password)
        self.password.description = _("Without a password you sign in by a link that we send you. %(rule)s", rule=PASSWORD_HELP)

    def validate_name(self, field) -> None:
        """Here, where it can be corrected: Flask-Security's view knows of no refusal of ours."""
        check_name(field)


class ConfirmForm(FlaskForm):
    """A button; the name, which anybody may have typed; language and password to choose, where another browser asked for the account."""

    name = StringField(_("Name"), description=_("The name of this account. Correct it if it is not yours."),
                       validators=[DataRequired(NAMELESS), at_most(MAX_NAME)], render_kw={"autocomplete": "name", **SPELT})
    password = PasswordField(
        _("Password"), validators=[Optional(), at_most(MAX_PASSWORD)], render_kw={"autocomplete": "new-password", "dir": "ltr"},
        description=_("A password was typed in another browser to ask for this account. It is not kept: nobody knows whose it is. "
                      "Choose one here, or leave this empty and sign in by a link that we send you. %(rule)s", rule=PASSWORD_HELP),
    )

    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES, default=language_in_use)

    def validate_name(self, field) -> None:
        check_name(field)

    def validate_password(self, field) -> None:
        problems, field.data = _security.password_util.validate(field.data, True)
        if problems:
            raise ValidationError(" ".join(problems))


class ByProviderForm(FlaskForm):
    """What is left to say for an account whose address a provider has checked."""

    name = StringField(
        _("Name"), description=_("First name and family name. It is published only if you agree to it in your profile."),
        validators=[DataRequired(NAMELESS), at_most(MAX_NAME)], render_kw={"autocomplete": "name", **SPELT})
    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES, default=language_in_use,
                           validators=[DataRequired()])

    def validate_name(self, field) -> None:
        check_name(field)


class EmailForm(ForgotPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.email.label.text, self.email.render_kw = _("E-mail address"), ADDRESS

    def validate(self, **kwargs) -> bool:
        """Who never confirmed the address gets that link instead."""
        is_complete = super().validate(**kwargs)
        if self.requires_confirmation:
            send_confirmation_instructions(self.user)
        if is_complete:
            hash_password(NOTHING)  # so does the library where it has nobody to write to
        if is_complete and not cast(User, self.user).password:
            hash_data(NOTHING)  # as of a password in a letter's key
        return is_complete


class ResendForm(SendConfirmationForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.email.label.text, self.email.render_kw = _("E-mail address"), ADDRESS


class ResetPasswordForm(SecurityResetPasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit(self.password)
        self.password.label.text, self.password.description = _("New password"), PASSWORD_HELP
        self.password_confirm.label.text = _("The same password again")


class ChangePasswordForm(SecurityChangePasswordForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        limit(self.password, self.new_password)
        self.password.label.text = _("Present password")
        self.new_password.label.text, self.new_password.description = _("New password"), PASSWORD_HELP
        self.new_password_confirm.label.text = _("The same password again")


class AuthenticatorForm(FlaskForm):
    """That the authenticator which was just set up shows the right codes."""

    code = StringField(_("Code that it shows now"), validators=[DataRequired(_("Type the six digits."))], render_kw={
        "autocomplete": "one-time-code", "inputmode": "numeric", "dir": "ltr", "maxlength": 12})


class PersonForm(FlaskForm):
    """Whom an administrator helps."""

    email = EmailField(_("E-mail address of the person"), validators=[DataRequired(_("Type an e-mail address."))],
                       render_kw={"dir": "ltr", "maxlength": 320, "autocomplete": "off"})


class ProfileForm(FlaskForm):
    """One's own data, each of which can be corrected."""

    name = StringField(
        _("Name"), validators=[DataRequired(NAMELESS), at_most(MAX_NAME)],
        render_kw={"autocomplete": "name", **SPELT},
    )
    name_ar = StringField(_("Name in Arabic"), validators=[Optional(), at_most(MAX_NAME)],
                          description=_("Shown on the Arabic pages, where your name may be published."), render_kw=SPELT)
    function = StringField(_("Function"), validators=[Optional(), at_most(MAX_NAME)], description=_("For instance: quality manager."),
                           render_kw={"autocomplete": "organization-title", **SPELT})
    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES,
                           validators=[DataRequired()])
    is_name_public = BooleanField(
        _("I agree that my name is published beside my contributions"),
        description=_("Separate consent, which you may withdraw here at any time; without it no name but the organisation’s is shown."),
    )

    is_told_of_work = BooleanField(
        _("Tell me by mail what waits for me"),
        description=_("For those in charge: one letter a day at most, in the morning, and none when nothing waits."),
    )

    def values(self) -> dict:
        return {
            **({"is_told_of_work": self.is_told_of_work.data} if "is_told_of_work" in self else {}),
            "name": self.name.data, "name_ar": (self.name_ar.data or "").strip(), "function": (self.function.data or "").strip(),
            "language": self.language.data, "is_name_public": self.is_name_public.data,
        }
