"""The secretariat's desk: phase, dates and people; and the public pages about the consultation itself."""

from flask import flash, redirect, render_template, request, url_for

from consult.consultations import service
from consult.consultations.forms import ActForm, AppointForm, EditForm, ExtendForm, ScheduleForm, to_morocco
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.permissions import Action
from consult.core.web import actor, filled, language, put_refusal, required_consultation, room
from consult.core.web import consultation as shown_consultation

bp = room("consultations")


# Pages for everybody, one file per language


def prose(page: str) -> str:
    shown = shown_consultation()
    return render_template(f"consultations/{page}.{language()}.html", consultation=shown, round=shown.round if shown else None)


@bp.get("/charter")
def charter():
    return prose("charter")


@bp.get("/legal-notice")
def legal_notice():
    return prose("legal_notice")


@bp.get("/help")
def help():
    return prose("help")


@bp.get("/take-part")
def take_part():
    return prose("take_part")


# The desk


def managed(act: Action = Action.CONSULTATIONS_MANAGE):
    """The consultation, for those who may do this to it now: a page offers no act that would be refused."""
    return service.get_managed(actor(), required_consultation(), act)


@bp.get("/dashboard")
def dashboard():
    consultation = managed()
    return render_template(
        "consultations/dashboard.html", phase=consultation.current_phase, round=consultation.round,
        panels=[line for lines in filled("dashboard", consultation) for line in lines],
        may_close_at=service.get_earliest_closing(consultation), appointments=service.list_appointments(consultation),
    )


@bp.route("/edit", methods=["GET", "POST"])
def edit():
    consultation = managed(Action.CONSULTATIONS_EDIT)
    form = EditForm(obj=consultation)
    return carried_out(form, service.edit, consultation, _("The settings are recorded.")) or show(form, "edit")


@bp.route("/schedule", methods=["GET", "POST"])
def schedule():
    consultation = managed(Action.CONSULTATIONS_SCHEDULE)
    form = ScheduleForm(data=dates_of(consultation))
    return carried_out(form, service.schedule, consultation, _("The dates are recorded.")) or show(form, "schedule")


@bp.route("/open", methods=["GET", "POST"])
def open():
    consultation = managed(Action.CONSULTATIONS_OPEN)
    form = ActForm()
    return carried_out(form, service.open, consultation, _("The consultation is open.")) or show(form, "open")


@bp.route("/close", methods=["GET", "POST"])
def close():
    consultation = managed(Action.CONSULTATIONS_CLOSE)
    form = ActForm()
    return carried_out(form, service.close, consultation, _("The consultation is closed.")) or show(
        form, "close", may_close_at=service.get_earliest_closing(consultation)
    )


@bp.route("/extend", methods=["GET", "POST"])
def extend():
    consultation = managed(Action.CONSULTATIONS_EXTEND)
    form = ExtendForm(data=dates_of(consultation))
    return carried_out(form, service.extend, consultation, _("The closing is put off; the reason is published.")) or show(form, "extend")


@bp.route("/begin-synthesis", methods=["GET", "POST"])
def begin_synthesis():
    consultation = managed(Action.CONSULTATIONS_BEGIN_SYNTHESIS)
    form = ActForm()
    return carried_out(form, service.begin_synthesis, consultation, _("The synthesis has begun.")) or show(form, "begin_synthesis")


def dates_of(consultation) -> dict:
    return {"opens_at": to_morocco(consultation.opens_at), "closes_at": to_morocco(consultation.closes_at)}


def carried_out(form, command, consultation, said):
    """Run the command when the form was sent and is right, and go back to the desk; else None, with what is wrong on the form."""
    if not form.validate_on_submit():
        return None
    try:
        command(actor(), consultation, **(form.values() if hasattr(form, "values") else {}))
    except Invalid as refusal:
        put_refusal(form, refusal)
        return None
    flash(str(said), "success")
    return redirect(url_for(".dashboard"), 303)


def show(form, page: str, **values):
    return render_template(f"consultations/{page}.html", form=form, **values), 422 if form.errors else 200


# People


@bp.route("/appoint", methods=["GET", "POST"])
def appoint():
    """Who holds which role, and the form that adds one."""
    consultation = managed(Action.CONSULTATIONS_APPOINT)
    form = AppointForm(consultation.commissions, language())
    if form.validate_on_submit():
        try:
            user = service.get_appointee(actor(), consultation, email=form.email.data)
            service.appoint(actor(), consultation, user=user, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("%(name)s is appointed.", name=user.name)), "success")
            return redirect(url_for(".appoint"), 303)
    return show(form, "appoint", appointments=service.list_appointments(consultation))


@bp.route("/dismiss/<int:number>", methods=["GET", "POST"])
def dismiss(number):
    consultation, form = managed(Action.CONSULTATIONS_DISMISS), ActForm()
    appointment = service.get_appointment(consultation, number)
    if request.method == "POST" and form.validate():
        service.dismiss(actor(), consultation, appointment=appointment)
        flash(str(_("%(name)s no longer holds this role.", name=appointment.user.name)), "success")
        return redirect(url_for(".appoint"), 303)
    return show(form, "dismiss", appointment=appointment)
