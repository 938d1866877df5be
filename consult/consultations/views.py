"""The secretariat's desk: phase, dates and people; and the public pages about the consultation itself."""

from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import logout_user

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.consultations import events, service, undelivered
from consult.consultations.forms import (
    ActForm,
    AppointForm,
    CloseForm,
    EditForm,
    ExtendForm,
    HomeForm,
    InviteForm,
    ScheduleForm,
    to_morocco,
)
from consult.consultations.models import Invitation, Phase
from consult.core import events as core_events
from consult.core import health
from consult.core.errors import Invalid
from consult.core.extension_points import flat
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, Actor, can
from consult.core.web import actor, language, put_refusal, required_consultation, room
from consult.core.web import consultation as shown_consultation

bp = room("consultations")


# Where other pages lead


@core_events.help_endpoint.fill
def help_endpoint() -> str:
    return "consultations.help"


@core_events.legal_notice_endpoint.fill
def legal_notice_endpoint() -> str:
    return "consultations.legal_notice"


@core_events.main_menu.fill
def main_menu() -> list[core_events.MenuEntry]:
    return [
        core_events.MenuEntry(20, "consultations.take_part", _("How to take part")),
        core_events.MenuEntry(30, "consultations.charter", _("Charter")), core_events.MenuEntry(40, "consultations.help", _("Help")),
    ]


@core_events.footer_menu.fill
def footer_menu() -> list[core_events.MenuEntry]:
    return [
        core_events.MenuEntry(10, "consultations.legal_notice", _("Legal notice")),
        core_events.MenuEntry(20, "consultations.charter", _("Charter")), core_events.MenuEntry(30, "consultations.help", _("Help")),
    ]


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(50, "consultations.dashboard", _("Dashboard"), Action.CONSULTATIONS_MANAGE, has_room=True)]


@core_events.secret_endpoints.fill
def secret_endpoints() -> tuple[str, ...]:
    return ("consultations.accept_invitation",)


@accounts_events.arrival.fill
def arrival(person: Actor) -> str | None:
    return url_for("consultations.dashboard") if can(person, Action.CONSULTATIONS_MANAGE, shown_consultation()) else None


@accounts_events.my_data.fill
def my_data(person: User) -> dict[str, Any]:
    return service.get_data(person)


# Pages for everybody, one file per language


def prose(page: str) -> str:
    shown = shown_consultation()
    return render_template(
        f"consultations/{page}.{language()}.html", consultation=shown, round=shown.round if shown else None,
        own_contributions_url=url_for(events.own_contributions_endpoint()), open_data_url=url_for(events.open_data_endpoint()),
        privacy_url=url_for(events.privacy_endpoint()),
    )


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
    consultation = service.get_desk(actor(), required_consultation())
    return render_template(
        "consultations/dashboard.html", phase=consultation.current_phase, round=consultation.round,
        links=flat(events.dashboard_links(consultation)), panels=flat(events.dashboard_counts(consultation)),
        acts=flat(events.next_acts(consultation)), rows=service.list_desk_rows(consultation),
        columns=sorted(flat(events.dashboard_columns(consultation))), notes=flat(events.dashboard_notes(consultation)),
        planned_days=[(_(phase.planned_words), consultation.planned(phase)) for phase in Phase if phase.planned_by],
        may_close_at=service.get_earliest_closing(consultation), troubles=health.measure().troubles,
        appointments=service.list_appointments(consultation),
    )


@bp.route("/edit", methods=["GET", "POST"])
def edit():
    consultation = managed(Action.CONSULTATIONS_EDIT)
    form = EditForm(obj=consultation)
    return carried_out(form, service.edit, consultation, _("The settings are recorded.")) or show(form, "edit")


@bp.route("/home-words", methods=["GET", "POST"])
def home_words():
    consultation = managed(Action.CONSULTATIONS_EDIT)
    form = HomeForm(obj=consultation)
    return carried_out(form, service.edit, consultation, _("The home page says so now.")) or show(form, "home_words")


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
    form = CloseForm()
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


# Letters


@bp.get("/letters")
def letters():
    page = undelivered.list_undelivered(actor(), required_consultation(), after=request.args.get("after", type=Cursor.parse))
    return render_template("consultations/letters.html", page=page, links=page.links(partial(url_for, ".letters")))


@bp.route("/send-again/<int:number>", methods=["GET", "POST"])
def send_again(number):
    return seen_to(number, service.send_again, "send_again", _("The letter is on its way again."))


@bp.route("/let-go/<int:number>", methods=["GET", "POST"])
def let_go(number):
    return seen_to(number, service.let_go, "let_go", _("Noted: the letter is sent no more."))


def seen_to(number: int, act, page: str, said):
    consultation, form = required_consultation(), ActForm()
    one = undelivered.get_undelivered(actor(), consultation, number)
    if request.method == "POST" and form.validate():
        act(actor(), consultation, letter=one.letter)
        flash(str(said), "success")
        return redirect(url_for(".letters"), 303)
    return show(form, page, one=one)


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


# Invitations


@bp.route("/invite", methods=["GET", "POST"])
def invite():
    """Who was invited, what became of it, and the form that invites one more."""
    consultation = managed(Action.CONSULTATIONS_INVITE)
    form = InviteForm(consultation.commissions, language())
    if form.validate_on_submit():
        try:
            invitation = service.invite(actor(), consultation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("The invitation is on its way to %(email)s.", email=invitation.address)), "success")
            return redirect(url_for(".invite"), 303)
    invited = service.list_invitations(actor(), consultation, after=request.args.get("after", type=Cursor.parse))
    return show(form, "invite", invited=invited, links=invited.links(partial(url_for, ".invite")))


@bp.route("/invite-again/<int:number>", methods=["GET", "POST"])
def invite_again(number):
    return ended(number, service.invite_again, "invite_again", _("Another letter is on its way; the former link ends."))


@bp.route("/withdraw-invitation/<int:number>", methods=["GET", "POST"])
def withdraw_invitation(number):
    return ended(number, service.withdraw_invitation, "withdraw_invitation", _("The invitation is withdrawn: its link opens nothing now."))


def ended(number: int, act, page: str, said):
    """One invitation ends, by another one or by none."""
    form, invitation = ActForm(), service.get_invitation(actor(), required_consultation(), number)
    if form.validate_on_submit():
        try:
            act(actor(), invitation)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(said), "success")
            return redirect(url_for(".invite"), 303)
    return show(form, page, invitation=invitation)


@bp.route("/accept-invitation/<string:token>", methods=["GET", "POST"])
def accept_invitation(token):
    return core_events.take_up(OFFER, token)


def accepted(invitation: Invitation):
    logout_user()
    flash(str(_("You accepted: %(role)s. Sign in anew to begin.", role=invitation.role.label)), "success")
    return redirect(url_for(core_events.sign_in_endpoint()), 303)


OFFER = core_events.Offer(
    endpoint="consultations.accept_invitation", folder="consultations", heading=_("You are invited to take charge of something"),
    consequence=_("By accepting you hold this role at once; everybody reads of it in the journal. You are then signed out everywhere and "
                  "sign in anew, with a second factor: whoever is in charge has one."),
    enrolling=_("Everybody reads of the role in the journal. You then sign in by a link that we send you, or by a password that you choose "
                "in your profile; and with a second factor, which you set up on the next page."),
    purpose=_("to know who is in charge of what"), action=Action.CONSULTATIONS_ACCEPT_INVITATION, get_open=service.get_open_invitation,
    accept=service.accept_invitation, enrol=service.enrol, accepted=accepted)
