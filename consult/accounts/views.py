"""One's own page, and the two steps around signing in that are ours; the rest is Flask-Security's (``signin.py``)."""

from flask import flash, jsonify, redirect, render_template, request, session, url_for
from flask_security import auth_required, login_user, logout_user
from flask_security.confirmable import confirm_email_token_status
from flask_security.unified_signin import us_verify_link
from flask_security.utils import get_message, hash_password

from consult.accounts import events, service, signin
from consult.accounts.forms import ConfirmForm, ProfileForm, is_of_this_site
from consult.accounts.models import User
from consult.core import events as core_events
from consult.core import refused
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.permissions import VISITOR
from consult.core.web import actor, put_refusal, room

bp = room("accounts")


def init_app(app) -> None:
    signin.init_app(app, app.extensions["consult_config"].limits_url)
    app.view_functions["security.confirm_email"] = confirm


@core_events.sign_in_endpoint.fill
def sign_in_endpoint() -> str:
    return "security.login"


@core_events.account_template.fill
def account_template() -> str:
    return "accounts/_account.html"


@bp.get("/arrive")
def arrive():
    """After signing in: to what one had typed, where one was going, else where one's work is; those without any read on."""
    wanted = session.pop("next", None)
    if token := refused.waiting(session):
        return redirect(url_for("kept_form", token=token), 303)
    if is_of_this_site(wanted):
        return redirect(wanted, 303)
    desk = next(filter(None, events.arrival(actor())), None)
    return redirect(desk or url_for(core_events.home_endpoint()), 303)


@bp.get("/check-mail")
def check_mail():
    return render_template("accounts/check_mail.html")


def confirm(token: str):
    """The link of the mail. Confirming waits for the button: filters that open links before their reader would confirm for anybody."""
    expired, is_damaged, user = confirm_email_token_status(token)
    if user is None or is_damaged or expired or not user.active:
        flash(*get_message("CONFIRMATION_EXPIRED" if expired else "INVALID_CONFIRMATION_TOKEN"))
        return redirect(url_for("security.send_confirmation"), 303)
    if user.confirmed_at is not None:
        flash(*get_message("ALREADY_CONFIRMED"))
        return redirect(url_for("accounts.arrive") if actor().id == user.id else url_for("security.login"), 303)
    typed_here = service.get_registration(user, session.get("registration"))
    form = ConfirmForm(name=(typed_here or user).name)
    if typed_here is not None or not service.count_typed_passwords(user):
        del form.password
    if form.validate_on_submit():
        return confirmed(user, form.name.data, form.password.data if form.password else None)
    page = render_template("accounts/confirm.html", form=form, user=user, token=token)
    return page, 422 if form.errors else 200


def confirmed(user: User, name: str, password: str | None):
    """Signed in, and where one was going."""
    chosen = hash_password(password) if password else None
    service.confirm(VISITOR, user, browser_key=session.pop("registration", None), password_hash=chosen, name=name)
    logout_user()
    login_user(user, authn_via=["confirm"])
    flash(*get_message("EMAIL_CONFIRMED"))
    return redirect(url_for("accounts.arrive"), 303)


@bp.route("/follow-link", methods=["GET", "POST"])
def follow_link():
    """The link of the mail. Signing in waits for the button: filters that open links before their reader would use them up."""
    if request.method == "POST":
        return us_verify_link()
    if actor().is_authenticated:
        return redirect(url_for(".arrive"), 303)
    return render_template("accounts/follow_link.html")


@bp.route("/profile", methods=["GET", "POST"])
@auth_required("session")
def profile():
    person = service.get_person(actor())
    form = ProfileForm(obj=person)
    if not person.appointments:
        del form.is_told_of_work
    if form.validate_on_submit():
        try:
            service.edit_profile(person, person, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("Your profile is recorded.")), "success")
            return redirect(url_for(".profile"), 303)
    parts = events.profile_parts(person)
    return render_template("accounts/profile.html", form=form, person=person, parts=parts), 422 if form.errors else 200


@bp.get("/my-data")
@auth_required("session")
def my_data():
    """Everything that is kept about oneself (law 09-08, article 7), by this room and those above."""
    person = service.get_person(actor())
    data = service.get_data(person, person)
    for part in events.my_data(person):
        data |= part
    response = jsonify(data)
    response.headers["Content-Disposition"] = "attachment; filename=consultation.json"
    return response
