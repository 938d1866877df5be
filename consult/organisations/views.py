"""Finding one's organisation, asking to belong to it, listing one; its members and who signs for it; the secretariat's register."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for
from flask_security import auth_required

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.core import events as core_events
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, isolate, when
from consult.core.markup import trusted
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, put_refusal, required_consultation, room
from consult.organisations import finding, service
from consult.organisations.forms import CorrectionForm, InviteForm, MandateForm, MembershipForm, MergeForm, OrganisationForm
from consult.organisations.models import MAX_NAME, Category, MemberInvitation, Organisation, OrganisationState, Region, Sector, Size

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
    if organisation.slug != slug:
        return redirect(url_for(".view_members", slug=organisation.slug), 302)
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
            wrong = form.begins_on.errors or form.ends_on.errors
            raise Invalid("ends_on", wrong[0] if wrong else _("This is no day."), _("Choose a day to come, or leave this empty."))
        given = service.mandate(actor(), membership, **form.values())
    except Invalid as refusal:
        flash(f"{refusal.message} {refusal.remedy}", "warning")
    else:
        name = isolate(membership.user.shown_name)
        flash(str(_("%(name)s signs for it from %(date)s on.", name=name, date=when(given.begins_at)) if given.is_to_come
                  else _("%(name)s signs for it from now on.", name=name)), "success")
    return to_members(membership.organisation)


@bp.post("/mandates/<int:mandate_id>/end")
def end_mandate(mandate_id):
    ended = service.end_mandate(actor(), service.get_mandate(actor(), mandate_id))
    flash(str(_("%(name)s signs for it no more. What was signed stays.", name=isolate(ended.user.shown_name))), "success")
    return to_members(ended.organisation)


# Inviting to it


@bp.route("/members/<string:slug>/invite", methods=["GET", "POST"])
def invite(slug):
    """Who was invited, what became of it, and the form that invites one more."""
    organisation, form = service.get_organisation(slug), InviteForm()
    require(actor(), Action.ORGANISATIONS_INVITE, organisation)
    if form.validate_on_submit():
        try:
            invitation = service.invite(actor(), organisation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("The invitation is on its way to %(email)s.", email=invitation.address)), "success")
            return redirect(url_for(".invite", slug=organisation.slug), 303)
    invitations = service.list_invitations(actor(), organisation, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "organisations/invite.html", form=form, organisation=organisation, invited=invitations.rows,
        links=invitations.links(partial(url_for, ".invite", slug=organisation.slug))), 422 if form.errors else 200


@bp.post("/invitations/<int:number>/again")
def invite_again(number):
    return ended(number, service.invite_again, _("Another letter is on its way; the former link ends."))


@bp.post("/invitations/<int:number>/withdraw")
def withdraw_invitation(number):
    return ended(number, service.withdraw_invitation, _("The invitation is withdrawn: its link opens nothing now."))


def ended(number: int, act, said):
    """One invitation ends, by another one or by none."""
    invitation = service.get_invitation(actor(), number)
    try:
        act(actor(), invitation)
    except Invalid as refusal:
        flash(f"{refusal.message} {refusal.remedy}", "warning")
    else:
        flash(str(said), "success")
    return redirect(url_for(".invite", slug=invitation.organisation.slug), 303)


@bp.route("/accept-invitation/<string:token>", methods=["GET", "POST"])
def accept_invitation(token):
    return core_events.take_up(OFFER, token)


def accepted(invitation: MemberInvitation):
    name = isolate(invitation.organisation.name(language()))
    flash(str(_("You are a member of %(organisation)s.", organisation=name)), "success")
    return redirect(url_for(".mine"), 303)


OFFER = core_events.Offer(
    endpoint="organisations.accept_invitation", folder="organisations", heading=_("You are invited to belong to an organisation"),
    consequence=_("By accepting you are one of its members at once. A member signs nothing: to sign for it you need a mandate, which one "
                  "of its representatives gives you."),
    enrolling=_("You then sign in by a link that we send you, or by a password that you choose in your profile. A member signs nothing: to "
                "sign for the organisation you need a mandate, which one of its representatives gives you."),
    purpose=_("to know who belongs to the organisation and may sign for it"), action=Action.ORGANISATIONS_ACCEPT_INVITATION,
    get_open=service.get_open_invitation, accept=service.accept_invitation, enrol=service.enrol, accepted=accepted)


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
    if organisation.slug != slug:
        return redirect(url_for(".correct", slug=organisation.slug), 303)
    form = CorrectionForm(obj=organisation)
    if form.validate_on_submit():
        try:
            service.correct(actor(), organisation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("What was corrected is recorded; the journal keeps what was there.")), "success")
            return redirect(url_for(".view_register"), 303)
    return render_template(
        "organisations/correct.html", form=form, organisation=organisation, labels={field.name: field.label.text for field in form},
        corrections=service.list_corrections(actor(), organisation), in_words=in_words), 422 if form.errors else 200


def in_words(name: str, value: str) -> str:
    """What stood in a field of an organisation, as the journal keeps it."""
    kind = {"category": Category, "sector": Sector, "region": Region, "size": Size}.get(name)
    return kind(value).label if kind and value in list(kind) else value


@bp.route("/register/<string:slug>/merge", methods=["GET", "POST"])
def merge(slug):
    """Which other entry is the same body; then what moves, before it is done."""
    double = service.get_for_correction(actor(), slug)
    if double.slug != slug:
        return redirect(url_for(".view_register"), 303)
    form, chosen = MergeForm(obj=double), request.values.get("into", "")
    typed = request.args.get("q", "")[:MAX_NAME].strip()
    into = service.get_organisation(chosen) if chosen else None
    if form.validate_on_submit() and into is not None:
        try:
            service.merge(actor(), double, into=into, row_counter=form.row_counter.data)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("It is one entry now: %(organisation)s.", organisation=isolate(into.name(language())))), "success")
            return redirect(url_for(".view_register"), 303)
    form.into.data = into.slug if into is not None else ""
    found = finding.find(typed) if typed else finding.list_alike(double.whole_names, double.short)
    return render_template(
        "organisations/merge.html", form=form, double=double, typed=typed, found=[one for one in found if one is not double],
        merger=service.get_merger(actor(), double, into) if into is not None and into is not double else None,
    ), 422 if form.errors else 200
