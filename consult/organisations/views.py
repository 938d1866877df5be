"""Finding the organisation one speaks for, listing one, what the accounts' pages show of it; the secretariat's register of them."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask_security import auth_required

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.core import events as core_events
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, isolate
from consult.core.markup import trusted
from consult.core.paging import Cursor
from consult.core.permissions import Action
from consult.core.web import actor, language, put_refusal, required_consultation, room
from consult.organisations import finding, service
from consult.organisations.forms import CorrectionForm, MembershipForm, OrganisationForm
from consult.organisations.models import MAX_NAME, Organisation, OrganisationState

bp = room("organisations")


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(65, "organisations.view_register", _("Organisations"), Action.ORGANISATIONS_VIEW_REGISTER)]


@accounts_events.profile_parts.fill
def profile_part(person: User) -> accounts_events.ProfilePart:
    words = render_template("organisations/_profile.html", organisation=person.organisation)
    return accounts_events.ProfilePart(id="organisation", title=_("Organisation"), words=trusted(words))


@accounts_events.my_data.fill
def my_data(person: User) -> dict:
    return service.get_data(person, person)


# For whom one speaks


@bp.route("/mine", methods=["GET", "POST"])
@auth_required("session")
def mine():
    """An organisation that is found by its name, or oneself."""
    person, form = accounts.get_person(actor()), MembershipForm()
    if form.validate_on_submit():
        try:
            chosen = service.get_organisation(form.organisation.data) if form.organisation.data else None
            flash(speak_for(person, chosen), "success")
        except NotFound as refusal:
            form.form_errors.append(refusal.message)
        else:
            return redirect(url_for("accounts.profile"), 303)
    typed = request.args.get("q", "")[:MAX_NAME].strip()
    return render_template(
        "organisations/mine.html", form=form, person=person, typed=typed, found=finding.find(typed), most=finding.MOST,
    ), 422 if form.errors else 200


def speak_for(person: User, organisation: Organisation | None) -> str:
    """Do what was chosen, unless it is so already, and say how it stands."""
    if organisation is not None:
        service.join(person, person, organisation=organisation)
        return str(_("You speak for %(organisation)s.", organisation=isolate(organisation.name(language()))))
    if person.organisation is not None:
        service.leave(person, person)
    return str(_("You speak for yourself."))


@bp.route("/add", methods=["GET", "POST"])
@auth_required("session")
def add():
    """List an organisation and speak for it."""
    form, near = OrganisationForm(name_fr=request.args.get("name", "")[:MAX_NAME]), []
    if form.validate_on_submit():
        try:
            organisation = service.add(actor(), None, **form.values())
            service.join(actor(), actor(), organisation=organisation)
        except service.PerhapsListed as refusal:
            near = refusal.near
            put_refusal(form, refusal)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("The organisation is listed, and you speak for it.")), "success")
            return redirect(url_for("accounts.profile"), 303)
    return render_template("organisations/add.html", form=form, near=near, membership=MembershipForm()), 422 if form.errors else 200


# The secretariat's


@bp.get("/register")
def view_register():
    consultation, wanted = required_consultation(), request.args.get("state", "")
    state = OrganisationState(wanted) if wanted in list(OrganisationState) else None
    page = service.list_register(actor(), consultation, state, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "organisations/view_register.html", organisations=page.rows, state=state, states=OrganisationState, form=MembershipForm(),
        awaiting=service.count_awaiting(actor(), consultation),
        links=page.links(partial(url_for, ".view_register", state=state.value if state else None)))


@bp.post("/register/<string:slug>/confirm")
def confirm(slug):
    organisation = service.confirm(actor(), service.get_organisation(slug))
    flash(str(_("%(organisation)s is confirmed.", organisation=isolate(organisation.name(language())))), "success")
    return redirect(url_for(".view_register", state=OrganisationState.LISTED.value), 303)


@bp.route("/register/<string:slug>/correct", methods=["GET", "POST"])
def correct(slug):
    organisation = service.get_for_correction(actor(), slug)
    form = CorrectionForm(obj=organisation)
    if form.validate_on_submit():
        try:
            service.correct(actor(), organisation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("What was corrected is recorded; the journal keeps what was there.")), "success")
            return redirect(url_for(".view_register"), 303)
    return render_template("organisations/correct.html", form=form, organisation=organisation), 422 if form.errors else 200
