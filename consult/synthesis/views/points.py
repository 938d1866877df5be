"""Splitting a contribution into points, joining them again, and saying of what each speaks."""

from flask import flash, redirect, render_template, request, url_for

from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.errors import Invalid
from consult.core.i18n import _, ngettext
from consult.core.permissions import Action, require
from consult.core.web import actor
from consult.synthesis import service
from consult.synthesis.forms import is_id, typed_cuts
from consult.synthesis.models import Point
from consult.synthesis.views.pages import bp, head, my_chapter


@bp.route("/split/<string:ref>", methods=["GET", "POST"])
def split(ref):
    """The texts sentence by sentence, with a box before each: ticked, a point begins there."""
    said = get_said(ref)
    if request.method == "GET":
        return sheet(said)
    require(actor(), Action.SYNTHESIS_SPLIT, said)
    try:
        service.split(actor(), said, cuts=typed_cuts(request.form), shown=shown())
    except Invalid as error:
        return sheet(said, error=error), 422
    count = len(service.list_points([said.id])[said.id])
    flash(str(ngettext("%(ref)s is %(num)s request, which is gathered and answered by itself.",
                       "%(ref)s is split into %(num)s requests: each is gathered and answered by itself.", count, ref=said.ref)), "success")
    return redirect(url_for(".split", ref=said.ref), 303)


@bp.route("/rejoin/<string:ref>", methods=["GET", "POST"])
def rejoin(ref):
    said = get_said(ref)
    if request.method == "POST":
        service.rejoin(actor(), said, shown=shown())
        flash(str(_("%(ref)s is one again.", ref=said.ref)), "success")
    return redirect(url_for(".split", ref=said.ref), 303)


@bp.route("/edit-point/<int:point_id>", methods=["GET", "POST"])
def edit_point(point_id):
    """The passage that it speaks of, where that is another, and whether the proposed change goes with it."""
    point = service.get_point(actor(), point_id)
    said = point.contribution
    if request.method == "POST":
        try:
            service.edit_point(actor(), point, place=request.form.get("place", "")[:80], has_change=request.form.get("has_change") == "1")
        except Invalid as error:
            return sheet(said, error=error, edited=point), 422
        flash(str(_("Request %(number)s of %(ref)s is recorded.", number=point.number, ref=said.ref)), "success")
    return redirect(url_for(".split", ref=said.ref), 303)


def get_said(ref: str) -> Contribution:
    said = contributions.get_contribution(actor(), ref.upper())
    require(actor(), Action.SYNTHESIS_VIEW, said)
    return said


def shown() -> list[int]:
    """The points that the page had."""
    return [int(id_) for id_ in request.form.getlist("point") if is_id(id_)]


def sheet(said: Contribution, *, error: Invalid | None = None, edited: Point | None = None):
    mine, chapter = my_chapter(said.chapter.number)
    return render_template(
        "synthesis/split.html", **head(mine, service.get_or_new(chapter)), said=said, parts=service.list_pieces(actor(), said),
        points=service.list_answerable([said]).get(said.id, []), error=error, edited=edited,
        ticked={f"{part.value}:{begins}" for part, begins in typed_cuts(request.form)}, typed=request.form)
