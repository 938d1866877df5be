"""The page on which an author who is asked to rephrase answers, and sees what was asked and answered before."""

from flask import flash, redirect, render_template, request, url_for

from consult.contributions import service as contributions
from consult.contributions.models import REPLY_REF, Reply
from consult.core.commands import undo
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _
from consult.core.web import actor, put_refusal
from consult.moderation import service
from consult.moderation.forms import RephraseForm
from consult.moderation.views.filters import bp


def own_text(ref: str) -> service.Moderated:
    find = contributions.get_reply if REPLY_REF in ref.upper() else contributions.get_contribution
    return find(actor(), ref)


@bp.route("/rephrase/<string:ref>", methods=["GET", "POST"])
def rephrase(ref: str):
    """What the moderators ask, beside the form with the text as it stands; what was answered, once it was."""
    if request.method == "GET" and not actor().is_authenticated:
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")), 303)
    subject = own_text(ref)
    form, status = RephraseForm(service.get_standing(actor(), subject), of_reply=isinstance(subject, Reply)), 200
    if request.method == "POST":
        status = 422
        try:
            if form.validate():
                service.rephrase(actor(), subject, **form.values())
                flash(str(_("Your new words on %(ref)s are lodged: a moderator reads them, and you are told by mail.", ref=subject.ref)),
                      "success")
                return redirect(url_for(".rephrase", ref=subject.ref), 303)
        except Invalid as refused:
            put_refusal(form, refused)
        except Conflict as late:
            undo()
            subject = own_text(ref)
            form.body.errors, status = [late.message], 409
    asked = service.list_rephrasings(actor(), subject)
    return render_template("moderation/rephrase.html", subject=subject, form=form, typed=status != 200, asked=asked), status


@bp.route("/keep-words/<string:ref>", methods=["GET", "POST"])
def keep_words(ref: str):
    if request.method == "GET":  # a reload, or a change of language
        return redirect(url_for(".rephrase", ref=ref), 303)
    subject = own_text(ref)
    service.keep_words(actor(), subject)
    flash(str(_("You keep the words of %(ref)s as they are: a moderator decides on them, and you are told by mail.", ref=subject.ref)),
          "success")
    return redirect(url_for(".rephrase", ref=subject.ref), 303)

