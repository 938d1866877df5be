"""What is held, how long; one's own data, being forgotten; the register of processing."""

import tempfile
from collections.abc import Iterator
from itertools import chain

from flask import Response, current_app, flash, redirect, render_template, request, send_file, session, stream_with_context, url_for
from flask_security import auth_required, logout_user

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.consultations import events as consultations_events
from consult.core import events as core_events
from consult.core.errors import Invalid
from consult.core.i18n import _, utcnow
from consult.core.markup import trusted
from consult.core.permissions import Action
from consult.core.proof import fresh, is_fresh
from consult.core.web import actor, in_pieces, language, put_refusal, required_consultation, room
from consult.exports import service as exports
from consult.privacy import clock as clock  # the worker's; no view asks for it
from consult.privacy import register, service, takeout
from consult.privacy.forms import ForgetForm, RequestForm
from consult.privacy.holdings import Fate, Held
from consult.privacy.retention import PERIODS

bp = room("privacy")


# What other rooms show of this one


@consultations_events.privacy_endpoint.fill
def privacy_endpoint() -> str:
    return "privacy.read"


@core_events.footer_menu.fill
def footer_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(15, "privacy.read", _("Personal data"))]


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(70, "privacy.view_register", _("Personal data"), Action.PRIVACY_VIEW_REGISTER, has_room=True)]


@core_events.secret_endpoints.fill
def secret_endpoints() -> tuple[str, ...]:
    return ("privacy.download", "privacy.forget")


@accounts_events.profile_parts.fill
def profile_part(person: User) -> accounts_events.ProfilePart:
    return accounts_events.ProfilePart(id="data", title=_("Your data"), words=trusted(render_template("privacy/_profile.html")))


# For everybody


@bp.get("")
def read():
    return render_template("privacy/read.html", periods=PERIODS)


# For oneself


@bp.get("/my-data")
@fresh
def download():
    """Everything that is held on oneself (law 09-08, article 7): a page and JSON in one ZIP."""
    pieces = stream_with_context(own_data(accounts.get_person(actor()).id))
    return Response(pieces, mimetype="application/zip", headers={"Content-Disposition": "attachment; filename=my-data.zip"})


def own_data(user_id: int) -> Iterator[bytes]:
    """One reading, which lasts as long as the file is made: no reader is waited for in it."""
    with takeout.reading_of(user_id) as person:
        rooms = (part for room_of in accounts_events.my_data(person) for part in room_of.items())
        yield from takeout.pieces(person, chain(accounts.get_data(person, person).items(), rooms), own_page)


def own_page(parts: Iterator[takeout.Part]) -> Iterator[str]:
    context = {"parts": parts, "made_at": utcnow()}
    current_app.update_template_context(context)
    return in_pieces(current_app.jinja_env.get_template("privacy/my_data.html").generate(context))


@bp.route("/forget", methods=["GET", "POST"])
@auth_required("session")
def forget():
    """What goes and what stays, told first; then once more who one is, and it is done."""
    person, form = accounts.get_person(actor()), ForgetForm()
    is_proven = is_fresh()
    if request.method == "POST" and not is_proven:
        return redirect(url_for("security.us_verify", next=url_for(".forget")), 303)
    if form.validate_on_submit():
        service.forget(person, person)
        logout_user()
        session.clear()
        flash(str(_("You are forgotten: what stays names nobody. Thank you for having taken part.")), "success")
        return redirect(url_for(core_events.home_endpoint()), 303)
    return render_template("privacy/forget.html", form=form, is_fresh=is_proven, held=service.get_summary(person, person), fates=Fate,
                           verify_url=url_for("security.us_verify", next=url_for(".forget"))), 422 if form.errors else 200


# For those in charge


@bp.route("/forget-on-request", methods=["GET", "POST"])
@fresh
def forget_on_request():
    """Whom, and what there is on them, is shown before anything is done."""
    consultation, form = required_consultation(), RequestForm()
    person: User | None = None
    held: list[Held] = []
    erasures = service.list_erasures(actor(), consultation, Action.PRIVACY_FORGET_ON_REQUEST)
    if form.validate_on_submit():
        try:
            person, held = service.get_asked_for(actor(), consultation, form.email.data)
            if form.looked_at.data == str(person.id):
                service.forget_on_request(actor(), person, identity_check=form.identity_check.data, reason=form.reason.data)
                flash(str(_("This person is forgotten: what stays names nobody.")), "success")
                return redirect(url_for(".forget_on_request"), 303)
        except Invalid as refusal:
            put_refusal(form, refusal)
    form.looked_at.data = str(person.id) if person else ""
    return render_template("privacy/forget_on_request.html", form=form, person=person, held=held, fates=Fate, erasures=erasures), (
        422 if form.errors else 200)


@bp.get("/register")
def view_register():
    consultation = required_consultation()
    erasures = service.list_erasures(actor(), consultation)
    measures = list(register.list_measures(current_app.extensions["consult_config"]))
    return render_template("privacy/view_register.html", processings=register.REGISTER, measures=measures, periods=PERIODS,
                           erasures=erasures)


@bp.get("/register/file")
def register_file():
    """The same as a table (CSV)."""
    consultation = required_consultation()
    service.list_erasures(actor(), consultation)
    out = tempfile.TemporaryFile("w+b", prefix="consult-")  # noqa: SIM115 - closed once it is sent
    exports.write_csv(register.lines(consultation, current_app.extensions["consult_config"]), out)
    out.seek(0)
    return send_file(out, mimetype="text/csv", as_attachment=True, download_name=f"register.{language()}.csv", max_age=0)
