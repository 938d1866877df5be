"""One's own page, and the two steps around signing in that are ours; the rest is Flask-Security's (``signin.py``)."""

from flask import flash, jsonify, redirect, render_template, request, session, url_for
from flask_security import auth_required
from flask_security.unified_signin import us_verify_link

from consult.accounts import events, service, signin
from consult.accounts.forms import ProfileForm, is_of_this_site
from consult.core import events as core_events
from consult.core import refused
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.web import actor, put_refusal, room

bp = room("accounts")


def init_app(app) -> None:
    signin.init_app(app, app.extensions["consult_config"].limits_url)


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
