"""Choosing the organisation one speaks for, listing one, and what the pages of the accounts show of it."""

from flask import flash, redirect, render_template, url_for
from flask_security import auth_required

from consult.accounts import events as accounts_events
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.core.errors import Invalid
from consult.core.i18n import _, isolate
from consult.core.markup import trusted
from consult.core.web import actor, language, put_refusal, room
from consult.organisations import service
from consult.organisations.forms import MembershipForm, OrganisationForm
from consult.organisations.models import Organisation

bp = room("organisations")


@accounts_events.profile_parts.fill
def profile_part(person: User) -> accounts_events.ProfilePart:
    words = render_template("organisations/_profile.html", organisation=person.organisation)
    return accounts_events.ProfilePart(id="organisation", title=_("Organisation"), words=trusted(words))


@accounts_events.my_data.fill
def my_data(person: User) -> dict:
    return service.get_data(person, person)


@bp.route("/mine", methods=["GET", "POST"])
@auth_required("session")
def mine():
    """For whom one speaks: an organisation of the list, or oneself."""
    person = accounts.get_person(actor())
    present = person.organisation.slug if person.organisation else ""
    form = MembershipForm(service.list_organisations(), language(), data={"organisation": present})
    if form.validate_on_submit():
        flash(speak_for(person, form.chosen), "success")
        return redirect(url_for("accounts.profile"), 303)
    return render_template("organisations/mine.html", form=form), 422 if form.errors else 200


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
    form = OrganisationForm()
    if form.validate_on_submit():
        try:
            organisation = service.add(actor(), None, **form.values())
            service.join(actor(), actor(), organisation=organisation)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("The organisation is listed, and you speak for it.")), "success")
            return redirect(url_for("accounts.profile"), 303)
    return render_template("organisations/add.html", form=form), 422 if form.errors else 200
