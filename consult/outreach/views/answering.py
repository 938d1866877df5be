"""The page that a letter leads to. Opening it changes nothing: filters open the links of letters before their reader does."""

from flask import flash, redirect, render_template, request, url_for
from flask_security import login_user

from consult.core import events as core_events
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.permissions import VISITOR, Action, require
from consult.core.web import actor, csrf, put_refusal
from consult.outreach import service
from consult.outreach.forms import ActForm, EnrolForm
from consult.outreach.models import StakeholderLetter, StakeholderState
from consult.outreach.views.pages import bp


@bp.route("/invitation/<string:token>", methods=["GET", "POST"])
def invitation(token):
    """What is asked, and an account in the same screen; nothing but the letter is needed to read."""
    letter = service.get_open_letter(token)
    if actor().is_authenticated:
        require(actor(), Action.OUTREACH_TAKE_UP, letter)
        return render_template("outreach/signed_in.html", letter=letter, token=token, form=ActForm())
    if service.get_invited(letter) is not None:
        here = url_for(".invitation", token=token)
        return render_template("outreach/sign_in.html", letter=letter, token=token, form=ActForm(),
                               sign_in=url_for(core_events.sign_in_endpoint(), next=here))
    return enrolment(letter, token)


def enrolment(letter: StakeholderLetter, token: str):
    form = EnrolForm(letter.stakeholder.organisation)
    if form.validate_on_submit():
        try:
            person = service.enrol(actor(), letter, **form.values())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            login_user(person, authn_via=["invitation"])
            return welcomed(letter, speaks_for=form.values()["speaks_for"])
    same, near = service.get_way(letter)
    return render_template("outreach/invitation.html", letter=letter, person=letter.stakeholder, form=form, token=token, same=same,
                           near=near), 422 if form.errors else 200


def welcomed(letter: StakeholderLetter, *, speaks_for: bool):
    """To the text, which is what it is about."""
    person = actor()
    if speaks_for and getattr(person, "membership", None) is None:
        said = _("Your account is made; you speak for yourself for now. An organisation of much the same name is listed: choose yours in "
                 "your profile, at “Organisation”.")
    elif speaks_for and person.organisation_id is None:
        said = _("Your account is made. You have asked to join your organisation: until you are accepted you speak for yourself.")
    else:
        said = _("Your account is made. Choose a line of the text to comment it.")
    flash(str(said), "success")
    return to_the_text(letter)


def to_the_text(letter: StakeholderLetter):
    """From the link to the receipt four screens are seen: this one, the text, the form and the receipt."""
    number = service.get_first_chapter(letter)
    return redirect(url_for(core_events.home_endpoint()) if number is None else url_for("chapters.read", number=number), 303)


@bp.post("/invitation/<string:token>/open")
def open(token):
    """Somebody pressed “Read the text”."""
    letter = service.get_open_letter(token)
    service.open(actor(), letter)
    return to_the_text(letter)


@bp.post("/invitation/<string:token>/take-up")
def take_up(token):
    letter = service.get_open_letter(token)
    service.take_up(actor(), letter)
    return to_the_text(letter)


@bp.route("/refuse/<string:token>", methods=["GET", "POST"])
@csrf.exempt  # the address is the key: mail programs send this form for their reader, without any page or session of ours (RFC 8058)
def refuse(token):
    """No more letters: one click and one button, whatever the phase. Mail programs follow no redirection: its answer is the page."""
    letter = service.get_letter(token)
    if request.method == "POST" and letter.stakeholder.state.may_become(StakeholderState.REFUSED):
        service.refuse(VISITOR, letter)
    is_refused = not letter.stakeholder.state.may_become(StakeholderState.REFUSED)
    return render_template("outreach/refused.html" if is_refused else "outreach/refuse.html", letter=letter, token=token)
