"""One's own page, one's second factors, and the steps around signing in that are ours; the rest is Flask-Security's (``signin.py``)."""

from flask import flash, g, redirect, render_template, request, session, url_for
from flask_security import auth_required, login_user, logout_user
from flask_security.confirmable import confirm_email_token_status
from flask_security.unified_signin import us_verify_link
from flask_security.utils import get_message, hash_password
from flask_wtf import FlaskForm

from consult.accounts import events, openid, passkeys, service, signin
from consult.accounts import sessions as browsers
from consult.accounts.forms import AuthenticatorForm, ByProviderForm, ConfirmForm, PersonForm, ProfileForm, remember_where_to
from consult.accounts.models import User
from consult.accounts.second_step import authenticators
from consult.core import events as core_events
from consult.core import refused
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, isolate
from consult.core.origins import is_of_this_site
from consult.core.permissions import VISITOR, Action, require
from consult.core.proof import fresh, is_fresh
from consult.core.web import actor, comes_back, language, put_refusal, reads_first, room

bp = room("accounts")
bp.app_template_global("provider_name")(openid.provider_name)
bp.app_template_global("provider_of")(openid.name_of)


def init_app(app) -> None:
    signin.init_app(app, app.extensions["consult_config"])
    app.view_functions["security.confirm_email"] = confirm


@core_events.sign_in_endpoint.fill
def sign_in_endpoint() -> str:
    return "security.login"


@core_events.secret_endpoints.fill
def secret_endpoints() -> tuple[str, ...]:
    return ("security.", "accounts.")


@core_events.second_factor_endpoint.fill
def second_factor_endpoint() -> str:
    return "accounts.second_factor"


@core_events.account_template.fill
def account_template() -> str:
    return "accounts/_account.html"


@bp.get("/arrive")
def arrive():
    """After signing in: to what one had typed, where one was going, else where one's work is; those without any read on. Who is in charge
    sets up a second factor first, where they must have one.
    """
    if actor().lacks_factor:
        return redirect(url_for(".second_factor"), 303)
    wanted = session.pop("next", None)
    if token := refused.waiting(session):
        return redirect(url_for("kept_form", token=token), 303)
    if is_of_this_site(wanted):
        return redirect(wanted, 303)
    desk = next(filter(None, events.arrival(actor())), None)
    return redirect(desk or url_for(core_events.home_endpoint()), 303)


@bp.route("/use-passkey", methods=["GET", "POST"])
def use_passkey():
    """Signing in with a passkey alone, whose device makes sure of its owner: there is no second step."""
    if actor().is_authenticated:
        return redirect(url_for(".arrive"), 303)
    if request.method == "POST":
        if refusal := passkeys.sign_in():
            flash(str(refusal), "error")
            return redirect(url_for(".use_passkey"), 303)
        return redirect(url_for(".arrive"), 303)
    remember_where_to(request.args.get("next"))
    return render_template("accounts/use_passkey.html", options=passkeys.ask())


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
    if typed_here is not None:
        del form.language
    if typed_here is not None or not service.count_typed_passwords(user):
        del form.password
    if form.validate_on_submit():
        return confirmed(user, form)
    page = render_template("accounts/confirm.html", form=form, user=user, token=token)
    return page, 422 if form.errors else 200


def confirmed(user: User, form: ConfirmForm):
    """Signed in, and where one was going."""
    chosen = hash_password(form.password.data) if form.password and form.password.data else None
    browsers.hold(actor(), user)
    service.confirm(VISITOR, user, browser_key=session.pop("registration", None), password_hash=chosen, name=form.name.data,
                    language=form.language.data if form.language else "")
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
    page = render_template("accounts/profile.html", form=form, person=person, parts=parts,
                           identities=service.list_identities(person, person))
    return page, 422 if form.errors else 200


@bp.route("/sessions", methods=["GET", "POST"])
@auth_required("session")
def sessions():
    """Where one is signed in, and how to end that: the present session by signing out, each other one here."""
    person, (_user, present) = service.get_person(actor()), g.user_session
    mine = service.list_sessions(person)
    others = [one for one in mine if one.id != present]
    form = FlaskForm()
    if request.method == "POST" and not is_fresh():
        flash(*get_message("REAUTHENTICATION_REQUIRED"))
        return redirect(url_for("security.us_verify", next=url_for(".sessions")), 303)
    if form.validate_on_submit():
        ended = request.form.get("ended", "")
        if not (ids := [one.id for one in others if ended in (str(one.id), "others")]):
            raise NotFound(_("This session is over already."), _("Open the page again to see where you are signed in now."))
        service.end_sessions(person, person, ids=ids)
        flash(str(_("You are signed out there.")), "success")
        return redirect(url_for(".sessions"), 303)
    own = [one for one in mine if one.id == present]
    return render_template("accounts/sessions.html", form=form, own=own, others=others), 422 if form.errors else 200


# By an OpenID provider


@bp.post("/go-to-provider")
@reads_first
def go_to_provider():
    """The way there begins on a page of its own, which says what becomes of one's data: no form of ours need lead elsewhere."""
    openid.ask()
    return redirect(url_for(".leave_for_provider"), 303)


@bp.get("/leave-for-provider")
def leave_for_provider():
    openid.provider()
    address = openid.newest_address()
    if address is None:
        return redirect(url_for("security.login"), 303)
    return render_template("accounts/leave_for_provider.html", address=address)


@bp.get("/come-back")
@comes_back
def come_back():
    """From the provider. Nothing is done but with the answer to what this browser asked, and once."""
    openid.provider()
    state = request.args.get("state", "")
    question = openid.question_of(state)
    if question.language != language():
        query = request.query_string.decode("utf-8", "replace")
        return redirect(f"{url_for('.come_back', language=question.language)}?{query}", 303)
    if request.method != "GET":
        raise NotFound
    return openid.answered(question, openid.take_answer(state, question))


@bp.route("/register-by-provider", methods=["GET", "POST"])
@reads_first
def register_by_provider():
    """An account for who came back with an address that has none."""
    provider, kept = openid.provider(), openid.pending()
    if kept is None or kept.user_id:
        return redirect(url_for("security.login"), 303)
    form = ByProviderForm(name=kept.name)
    if form.validate_on_submit():
        try:
            user = service.register_by_provider(VISITOR, None, email=kept.email, name=form.name.data, language=form.language.data,
                                                issuer=provider.issuer, subject=kept.subject)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            del session["pending"]
            flash(str(_("Your account is open and you are signed in.")), "success")
            return openid.enter_new(user, kept)
    return render_template("accounts/register_by_provider.html", form=form, kept=kept), 422 if form.errors else 200


@bp.route("/bind-identity", methods=["GET", "POST"])
@fresh
def bind_identity():
    """One's own account and what one is at the provider: first there, then here."""
    provider, person, kept, form = openid.provider(), service.get_person(actor()), openid.pending(), FlaskForm()
    kept = kept if kept is not None and openid.is_of(kept, person) else None
    if form.validate_on_submit():
        if kept is None:
            openid.ask(person.id)
            return redirect(url_for(".leave_for_provider"), 303)
        del session["pending"]
        service.bind_identity(person, person, issuer=provider.issuer, subject=kept.subject, session_id=g.user_session[1])
        flash(str(_("From now on you may sign in by %(provider)s.", provider=isolate(openid.provider_name()))), "success")
        return redirect(url_for(".profile"), 303)
    return render_template("accounts/bind_identity.html", form=form, kept=kept, person=person), 422 if form.errors else 200


@bp.route("/unbind-identity/<int:number>", methods=["GET", "POST"])
@fresh
def unbind_identity(number):
    person, form = service.get_person(actor()), FlaskForm()
    identity = service.get_identity(person, person, number)
    if form.validate_on_submit():
        service.unbind_identity(person, person, identity=identity, session_id=g.user_session[1])
        flash(str(_("It is taken away: nobody signs in by it any more.")), "success")
        return redirect(url_for(".profile"), 303)
    return render_template("accounts/unbind_identity.html", form=form, identity=identity), 422 if form.errors else 200


@bp.get("/signed-out")
def signed_out():
    return render_template("accounts/signed_out.html", address=openid.leaving_address())


# Second factors


@bp.get("/second-factor")
@auth_required("session")
def second_factor():
    """What one signs in with beside the password or the link, and how to change that."""
    return render_template("accounts/second_factor.html", person=service.get_person(actor()))


@bp.route("/set-up-authenticator", methods=["GET", "POST"])
@fresh
def set_up_authenticator():
    """The secret waits in this browser, encrypted, until a code shows that the authenticator has it."""
    person, codes, form = service.get_person(actor()), authenticators(), AuthenticatorForm()
    secret: str = session.get("new_secret", "")
    if not codes.can_read(secret):
        secret = session["new_secret"] = codes.new_secret()
    if form.validate_on_submit():
        counter = codes.counter_of(form.code.data, secret)
        if counter is not None:
            service.set_up_authenticator(person, person, secret=secret, counter=counter, session_id=g.user_session[1])
            del session["new_secret"]
            flash(str(_("Your authenticator is set up.")), "success")
            return redirect(url_for(".second_factor"), 303)
        form.code.errors = [_("This is not the code that it shows now. Is the clock of the telephone right?")]
    page = render_template("accounts/set_up_authenticator.html", form=form, letters=codes.letters(secret),
                           image=codes.generate_qrcode(person.email, secret))
    return page, 422 if form.errors else 200


@bp.route("/remove-authenticator", methods=["GET", "POST"])
@fresh
def remove_authenticator():
    person, form = service.get_person(actor()), FlaskForm()
    if form.validate_on_submit():
        service.remove_authenticator(person, person, session_id=g.user_session[1])
        flash(str(_("Your authenticator is removed.")), "success")
        return redirect(url_for(".second_factor"), 303)
    return render_template("accounts/remove_factor.html", form=form, person=person, passkey=None), 422 if form.errors else 200


@bp.route("/remove-passkey/<int:number>", methods=["GET", "POST"])
@fresh
def remove_passkey(number):
    person, form = service.get_person(actor()), FlaskForm()
    passkey = service.get_passkey(person, person, number)
    if form.validate_on_submit():
        service.remove_passkey(person, person, passkey=passkey, session_id=g.user_session[1])
        flash(str(_("Your passkey is removed.")), "success")
        return redirect(url_for(".second_factor"), 303)
    return render_template("accounts/remove_factor.html", form=form, person=person, passkey=passkey), 422 if form.errors else 200


@bp.route("/renew-recovery-codes", methods=["GET", "POST"])
@fresh
def renew_recovery_codes():
    """They stand in the answer to the form, and nowhere else ever."""
    person, form, codes = service.get_person(actor()), FlaskForm(), None
    if form.validate_on_submit():
        codes = service.new_codes()
        service.renew_recovery_codes(person, person, codes=codes, session_id=g.user_session[1])
    page = render_template("accounts/renew_recovery_codes.html", form=form, person=person, codes=codes)
    return page, 422 if form.errors else 200


@bp.route("/end-sessions-of", methods=["GET", "POST"])
@fresh
def end_sessions_of():
    """Of somebody who lost a device, or into whose account somebody got."""
    return helped(Action.ACCOUNTS_END_SESSIONS_OF, service.end_sessions_of, _("%(name)s is signed out everywhere."))


@bp.route("/reset-factors", methods=["GET", "POST"])
@fresh
def reset_factors():
    """Of somebody who lost theirs, once one is sure that it is they who ask."""
    return helped(Action.ACCOUNTS_RESET_FACTORS, service.reset_factors,
                  _("%(name)s signs in without a second factor now, and was told by mail."))


def helped(act: Action, service_act, said):
    """One person, found by their address."""
    page = act.value.partition(".")[2]
    require(actor(), act, VISITOR)
    form = PersonForm(email=request.args.get("email"))
    if form.validate_on_submit():
        try:
            person = service_act(actor(), service.get_user_by_email(form.email.data))
        except NotFound as missing:
            form.email.errors = [missing.message]
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(said) % {"name": person.name}, "success")
            return redirect(url_for(f".{page}"), 303)
    return render_template(f"accounts/{page}.html", form=form), 422 if form.errors else 200
