"""Appeals: the author's form, and the list of those that wait for the secretariat."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.contributions import service as contributions
from consult.contributions.models import REPLY_REF
from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, require
from consult.core.web import actor, put_refusal, required_consultation
from consult.moderation import service
from consult.moderation.forms import AppealForm
from consult.moderation.views.filters import bp


@bp.route("/appeal/<string:ref>", methods=["GET", "POST"])
def appeal(ref: str):
    """The author asks once; what was asked is shown to them after that."""
    if request.method == "GET" and not actor().is_authenticated:
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")), 303)
    find = contributions.get_reply if REPLY_REF in ref.upper() else contributions.get_contribution
    subject, form = find(actor(), ref), AppealForm()
    require(actor(), Action.MODERATION_APPEAL, subject)
    if form.validate_on_submit():
        try:
            service.appeal(actor(), subject, words=form.words.data or "")
        except Invalid as refused:
            put_refusal(form, refused)
        else:
            told = _("Your appeal on %(ref)s is lodged: the secretariat answers it by mail, with its reasons.", ref=subject.ref)
            flash(str(told), "success")
            return redirect(url_for(".appeal", ref=subject.ref), 303)
    page = render_template("moderation/appeal.html", subject=subject, form=form, appeal=service.get_appeal(actor(), subject))
    return page, 422 if form.errors else 200


@bp.get("/appeals")
def appeals():
    consultation = required_consultation()
    page = service.list_appeals(actor(), consultation, service.list_chapters(actor(), consultation),
                                after=request.args.get("after", type=Cursor.parse))
    return render_template("moderation/appeals.html", appeals=page.rows, links=page.links(partial(url_for, ".appeals")))
