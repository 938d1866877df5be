"""Flags: the reader's form, and the list of texts on which some wait for a moderator."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.contributions import service as contributions
from consult.contributions.models import REPLY_REF
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, require
from consult.core.web import actor, put_refusal, required_consultation, small_number
from consult.moderation import service
from consult.moderation.forms import FlagForm
from consult.moderation.models import Reason
from consult.moderation.views.filters import bp, filters


@bp.route("/flag/<string:ref>", methods=["GET", "POST"])
def flag(ref: str):
    """Once; what became of it is shown to whoever flagged it after that."""
    if request.method == "GET" and not actor().is_authenticated:
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")), 303)
    find = contributions.get_reply if REPLY_REF in ref.upper() else contributions.get_contribution
    subject, form = find(actor(), ref), FlagForm()
    own = service.get_own_flag(actor(), subject)
    if own is None:
        require(actor(), Action.MODERATION_FLAG, subject)
    if own is None and form.validate_on_submit():
        try:
            service.flag(actor(), subject, reason=Reason(form.reason.data), words=form.words.data or "")
        except Invalid as refused:
            put_refusal(form, refused)
        else:
            flash(str(_("The moderators are told of %(ref)s; you learn by mail what becomes of it.", ref=subject.ref)), "success")
            return redirect(url_for(".flag", ref=subject.ref), 303)
    return render_template("moderation/flag.html", subject=subject, form=form, own=own), 422 if form.errors else 200


@bp.post("/keep-flagged/<string:ref>")
def keep_flagged(ref: str):
    """It is left as it is, and stays open."""
    chosen, subject = filters(ref), service.get_subject(actor(), required_consultation(), ref)
    service.keep_flagged(actor(), subject, up_to=request.form.get("up_to", 0, type=small_number))
    flash(str(_("%(ref)s is left as it is; whoever flagged it is told by mail.", ref=subject.ref)), "success")
    return redirect(url_for(".show", ref=subject.ref, **chosen.values), 303)


@bp.get("/flagged")
def flagged():
    consultation = required_consultation()
    page = service.list_flagged(actor(), consultation, service.list_chapters(actor(), consultation),
                                after=request.args.get("after", type=Cursor.parse))
    counts = service.count_flags(actor(), consultation, [one.subject for one in page.rows])
    return render_template("moderation/flagged.html", flags=page.rows, counts=counts, links=page.links(partial(url_for, ".flagged")))
