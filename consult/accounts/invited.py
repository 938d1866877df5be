"""The pages by which whoever holds the letter of an invitation takes it up: signed in, after signing in, or by making an account.

They are the same for whatever somebody is invited to: a room that invites gives them its own words and acts (``core/events.py``), which is
why they stand beside this room's views and not among them.
"""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_security import login_user
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField
from wtforms.validators import DataRequired

from consult.accounts.models import MAX_NAME, NAMELESS, InvitedByLetter
from consult.accounts.service.inviting import get_invited
from consult.core import events as core_events
from consult.core.errors import Invalid
from consult.core.fields import at_most
from consult.core.i18n import LANGUAGES, _
from consult.core.permissions import require
from consult.core.web import actor, put_refusal


class EnrolForm(FlaskForm):
    """An account in one screen, for whoever holds the letter of an invitation."""

    name = StringField(_("Name"), description=_("First name and family name, as your colleagues and the journal will read it."),
                       validators=[DataRequired(NAMELESS), at_most(MAX_NAME)],
                       render_kw={"autocomplete": "name", "dir": "auto", "maxlength": MAX_NAME})
    language = SelectField(_("Language of the messages you receive"), choices=LANGUAGES, validators=[DataRequired()])

    def values(self) -> dict:
        return {"name": self.name.data, "language": self.language.data}


class AcceptForm(FlaskForm):
    """A button, and the proof that our page sent it."""


@core_events.take_up.fill
def take_up(offer: core_events.Offer, token: str) -> Any:
    """The link of the letter. Accepting waits for the button: filters that open links before their reader would accept for anybody."""
    invitation = offer.get_open(token)
    given = {"invitation": invitation, "offer": offer, "here": url_for(offer.endpoint, token=token)}
    if not actor().is_authenticated:
        if get_invited(invitation) is None:
            return enrol(offer, invitation, given)
        sign_in = url_for(core_events.sign_in_endpoint(), next=given["here"])
        return render_template("accounts/sign_in_to_accept.html", sign_in=sign_in, **given), 403 if request.method == "POST" else 200
    require(actor(), offer.action, invitation)
    form = AcceptForm()
    if form.validate_on_submit():
        offer.accept(actor(), invitation)
        return offer.accepted(invitation)
    return render_template("accounts/accept_invitation.html", form=form, **given), 422 if form.errors else 200


def enrol(offer: core_events.Offer, invitation: InvitedByLetter, given: dict[str, Any]) -> Any:
    """Whoever has no account yet makes it here, and is signed in."""
    form = EnrolForm(language=invitation.language)
    if form.validate_on_submit():
        try:
            person = offer.enrol(actor(), invitation, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            login_user(person, authn_via=["invitation"])
            flash(str(_("Welcome: you accepted, and your account is made.")), "success")
            return redirect(url_for("accounts.arrive"), 303)
    return render_template("accounts/enrol.html", form=form, **given), 422 if form.errors else 200
