"""Finding one's organisation, asking to belong to it, listing one; its members and who signs for it; the secretariat's register."""

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
from consult.core.permissions import Action, can
from consult.core.web import actor, language, put_refusal, required_consultation, room
from consult.organisations import finding, service
from consult.organisations.forms import CorrectionForm, MandateForm, MembershipForm, OrganisationForm
from consult.organisations.models import MAX_NAME, Organisation, OrganisationState

bp = room("organisations")


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(65, "organisations.view_register", _("Organisations"), Action.ORGANISATIONS_VIEW_REGISTER)]


@accounts_events.profile_parts.fill
def profile_part(person: User) -> accounts_events.ProfilePart:
    words = render_template("organisations/_profile.html", person=person)
    return accounts_events.ProfilePart(id="organisation", title=_("Organisation"), words=trusted(words))


@accounts_events.my_data.fill
def my_data(person: User) -> dict:
    return service.get_data(person, person)


# To which one belongs


@bp.route("/mine", methods=["GET", "POST"])
@auth_required("session")
def mine():
    """An organisation that is found by its name, or oneself."""
    person, form = accounts.get_person(actor()), MembershipForm()
    if form.validate_on_submit():
        try:
            chosen = service.get_organisation(form.organisation.data) if form.organisation.data else None
            flash(belong_to(person, chosen, form.statement.data or ""), "success")
        except (NotFound, Invalid) as refusal:
            form.form_errors.append(refusal.message)
        else:
            return redirect(url_for(".mine"), 303)
    typed = request.args.get("q", "")[:MAX_NAME].strip()
    return render_template(
        "organisations/mine.html", form=form, person=person, typed=typed, found=finding.find(typed), most=finding.MOST,
    ), 422 if form.errors else 200


def belong_to(person: User, organisation: Organisation | None, statement: str) -> str:
    """Do what was chosen, unless it is so already, and say how it stands."""
    if organisation is not None:
        membership = service.join(person, person, organisation=organisation, statement=statement)
        name = isolate(organisation.name(language()))
        if membership.state.is_member:
            return str(_("You are a member of %(organisation)s.", organisation=name))
        return str(_("You have asked to join %(organisation)s. You are told by a letter once it is answered.", organisation=name))
    if person.membership is not None:
        service.leave(person, person)
    return str(_("You speak for yourself."))


@bp.route("/add", methods=["GET", "POST"])
@auth_required("session")
def add():
    """List an organisation, and sign for it."""
    form, near = OrganisationForm(name_fr=request.args.get("name", "")[:MAX_NAME]), []
    if form.validate_on_submit():
        try:
            service.add(actor(), None, **form.values())
        except service.PerhapsListed as refusal:
            near = refusal.near
            put_refusal(form, refusal)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("The organisation is listed, and you sign for it. The secretariat confirms it.")), "success")
            return redirect(url_for("accounts.profile"), 303)
    return render_template("organisations/add.html", form=form, near=near, membership=MembershipForm()), 422 if form.errors else 200


# Its members, for its representatives and the secretariat


@bp.get("/members/<string:slug>")
def view_members(slug):
    organisation = service.get_organisation(slug)
    mandates = {one.user_id: one for one in service.list_mandates(actor(), organisation)}
    page = service.list_members(actor(), organisation, after=request.args.get("after", type=Cursor.parse))
    return render_template("organisations/view_members.html", organisation=organisation, members=page.rows, mandates=mandates,
                           links=page.links(partial(url_for, ".view_members", slug=slug)))


@bp.post("/memberships/<int:membership_id>/accept")
def accept(membership_id):
    membership = service.accept(actor(), service.get_membership(actor(), membership_id))
    flash(str(_("%(name)s is a member now. To sign, a mandate is needed.", name=isolate(membership.user.shown_name))), "success")
    return to_members(membership.organisation)


@bp.post("/memberships/<int:membership_id>/end")
def end_membership(membership_id):
    membership = service.end_membership(actor(), service.get_membership(actor(), membership_id))
    flash(str(_("%(name)s does not belong to it; the letter says so.", name=isolate(membership.user.shown_name))), "success")
    return to_members(membership.organisation)


@bp.post("/memberships/<int:membership_id>/mandate")
def mandate(membership_id):
    membership, form = service.get_membership(actor(), membership_id), MandateForm()
    try:
        if not form.validate():
            raise Invalid("ends_on", form.ends_on.errors[0] if form.ends_on.errors else _("This is no day."),
                          _("Choose a day to come, or leave this empty."))
        service.mandate(actor(), membership, **form.values())
    except Invalid as refusal:
        flash(f"{refusal.message} {refusal.remedy}", "warning")
    else:
        flash(str(_("%(name)s signs for it from now on.", name=isolate(membership.user.shown_name))), "success")
    return to_members(membership.organisation)


@bp.post("/mandates/<int:mandate_id>/end")
def end_mandate(mandate_id):
    ended = service.end_mandate(actor(), service.get_mandate(actor(), mandate_id))
    flash(str(_("%(name)s signs for it no more. What was signed stays.", name=isolate(ended.user.shown_name))), "success")
    return to_members(ended.organisation)


def to_members(organisation: Organisation):
    """Unless whoever acted ended what let them see them."""
    is_seen = can(actor(), Action.ORGANISATIONS_VIEW_MEMBERS, organisation)
    return redirect(url_for(".view_members", slug=organisation.slug) if is_seen else url_for(".mine"), 303)


# The secretariat's


@bp.get("/register")
def view_register():
    consultation, wanted = required_consultation(), request.args.get("state", "")
    state = OrganisationState(wanted) if wanted in list(OrganisationState) else None
    asked = request.args.get("asked") == "1"
    page = service.list_register(actor(), consultation, state, asked=asked, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "organisations/view_register.html", organisations=page.rows, state=state, states=OrganisationState, form=MembershipForm(),
        awaiting=service.count_awaiting(actor(), consultation), requests=service.count_requests([one.id for one in page.rows]),
        all_requests=service.count_all_requests(), asked=asked,
        links=page.links(partial(url_for, ".view_register", state=state.value if state else None, asked="1" if asked else None)))


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
