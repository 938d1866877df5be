"""What others do beside a contribution: support it, take their support back, reply to it."""

from collections.abc import Callable, Iterable
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from consult.contributions import events, service
from consult.contributions.forms import ConfirmForm, ReplyForm
from consult.contributions.models import Contribution, Reply
from consult.contributions.views.drafts import new_key
from consult.contributions.views.pages import bp, sign_in
from consult.core.errors import Invalid
from consult.core.extension_points import flat
from consult.core.i18n import _
from consult.core.permissions import Action, require
from consult.core.web import actor, language, put_refusal
from consult.organisations.models import Organisation
from consult.text import normalising


@bp.app_template_global("reactions_to")
def reactions_to(rows: Iterable[Any]) -> dict[int, service.Reactions]:
    """What others did beside the contributions of a list, whose traces tell nothing of it."""
    ids = [one.id for one in rows if isinstance(one, Contribution) and one.is_public]
    return service.count_reactions(ids) if ids else {}


@bp.app_template_global("acts_on")
def acts_on(said: Contribution | Reply) -> list[events.Act]:
    """What the reader can do about it in rooms above."""
    return flat(events.acts(said))


def organisation() -> Organisation | None:
    return actor().organisation if actor().is_authenticated else None


# Support


@bp.post("/support/<string:ref>")
def support(ref: str):
    return act_on_support(service.support, ref)


@bp.post("/take-back-support/<string:ref>")
def take_back_support(ref: str):
    return act_on_support(service.take_back_support, ref)


def act_on_support(act: Callable[..., Any], ref: str):
    """In one's own name, or for the organisation for which one speaks; back to the contribution."""
    contribution = service.get_contribution(actor(), ref)
    body = organisation() if request.form.get("speak_as") == "organisation" else None
    if body is None and request.form.get("speak_as") == "organisation":
        flash(str(_("You do not speak for an organisation any more.")), "warning")
    else:
        act(actor(), contribution, as_organisation=body)
        if request.form.get("instead"):
            flash(str(_("You support %(ref)s. What you were writing is still kept among your drafts.", ref=contribution.ref)), "success")
    return redirect(url_for(".show", ref=contribution.ref, _anchor="support"), 303)


# Replies


@bp.route("/reply/<string:ref>", methods=["GET", "POST"])
def reply(ref: str):
    if request.method == "GET" and not actor().is_authenticated:
        return sign_in()
    contribution = service.get_contribution(actor(), ref)
    require(actor(), Action.CONTRIBUTIONS_REPLY, contribution)
    form = ReplyForm(data={"form_key": new_key()}, organisation=organisation(), language=language())
    if form.validate_on_submit():
        try:
            lodged = service.reply(actor(), contribution, **form.values(), language=language())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            if is_said_in(form, lodged):
                flash(str(lodged_in_words(lodged)), "success")
                return redirect(url_for(".show", ref=lodged.ref if lodged.is_public else contribution.ref), 303)
            form.form_key.data = new_key()
            return page(contribution, form, earlier=lodged), 409
    return page(contribution, form), 422 if form.errors else 200


def is_said_in(form: ReplyForm, lodged: Reply) -> bool:
    """Whether a form that is sent again says what was lodged with it: it may have been changed after a return with the browser."""
    said, body = form.values(), form.values()["as_organisation"]
    return (lodged.lodged_body, lodged.organisation_id) == (normalising.readable(said["body"]), body.id if body else None)


def page(contribution: Contribution, form: ReplyForm, earlier: Reply | None = None) -> str:
    return render_template("contributions/reply.html", contribution=contribution, form=form, earlier=earlier)


def lodged_in_words(lodged: Reply):
    if lodged.is_public:
        return _("Your reply %(ref)s is published.", ref=lodged.ref)
    return _("Your reply %(ref)s is lodged. It is published once a moderator has read it: you are told by mail.", ref=lodged.ref)


@bp.route("/withdraw-reply/<string:ref>", methods=["GET", "POST"])
def withdraw_reply(ref: str):
    if request.method == "GET" and not actor().is_authenticated:
        return sign_in()
    lodged = service.get_reply(actor(), ref)
    require(actor(), Action.CONTRIBUTIONS_WITHDRAW_REPLY, lodged)
    form = ConfirmForm()
    if form.validate_on_submit():
        service.withdraw_reply(actor(), lodged)
        flash(str(_("Your reply %(ref)s is withdrawn.", ref=lodged.ref)), "success")
        return redirect(url_for(".mine"), 303)
    return render_template("contributions/withdraw_reply.html", reply=lodged, form=form)
