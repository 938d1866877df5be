"""The list of what was published at once and is still to be read, and the mark that it was."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.core.i18n import _, utcnow
from consult.core.paging import Cursor
from consult.core.web import actor, required_consultation
from consult.moderation import service
from consult.moderation.views.filters import bp, filters


@bp.app_template_global("is_late")
def is_late(subject: service.Moderated) -> bool:
    """Whether it waits longer for a moderator than authors were told."""
    waits = subject.state.awaits_moderation or subject.awaits_reading
    return waits and utcnow() - subject.submitted_at > subject.consultation.promise



@bp.get("/unread")
def unread():
    chosen = filters()
    page = service.list_unread(actor(), chosen.chapters, after=request.args.get("after", type=Cursor.parse), model=chosen.model)
    contributions, replies = service.count_unread(actor(), required_consultation(), chosen.chapters)
    asked = {name: value for name, value in chosen.values.items() if name != "state"}
    return render_template("moderation/unread.html", rows=page.rows, filters=chosen, contributions=contributions, replies=replies,
                           now=utcnow(), links=page.links(partial(url_for, ".unread", **asked)))


@bp.post("/mark-read/<string:ref>")
def mark_read(ref: str):
    """On to the next that nobody has read."""
    chosen, subject = filters(ref), service.get_subject(actor(), required_consultation(), ref)
    service.mark_read(actor(), subject, expected_counter=request.form.get("expected_counter", 0, type=int))
    flash(str(_("%(ref)s is marked as read, and stays as it is.", ref=subject.ref)), "success")
    following = service.get_next_unread(actor(), chosen.chapters, chosen.model)
    asked = {name: value for name, value in chosen.values.items() if name != "state"}
    if following is None:
        return redirect(url_for(".unread", **asked), 303)
    return redirect(url_for(".show", ref=following.ref, **asked, state=following.state.value), 303)
