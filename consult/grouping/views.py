"""A fold with all that it holds, what people decide of it, and how folds are found."""

from functools import partial
from typing import NamedTuple

from flask import flash, redirect, render_template, request, url_for

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, require
from consult.core.web import actor, required_consultation, room
from consult.grouping import service
from consult.grouping.models import FEW_OWN_WORDS, Fold
from consult.text import folding

bp = room("grouping")


class Measured(NamedTuple):
    """Texts in a thousand, rounded down, over four labelled sets (docs/benchmarks.md)."""

    precision: int
    recall: int


MEASURED = Measured(precision=999, recall=998)


@bp.get("/method")
def method():
    return render_template("grouping/method.html", method=folding, measured=MEASURED, own_words=FEW_OWN_WORDS)


def my_chapter(number: int) -> Chapter:
    chapter = chapters.get_chapter(required_consultation(), number)
    require(actor(), Action.GROUPING_VIEW, chapter)
    return chapter


@bp.get("/<int:chapter>/<int:number>")
def show(chapter, number):
    return page_of(service.get_fold(actor(), my_chapter(chapter), number))


def page_of(fold: Fold, *, error: Invalid | None = None, typed: str = ""):
    page = service.list_members(actor(), fold, after=request.args.get("after", type=Cursor.parse))
    said = [member.contribution for member in page.rows]
    return render_template(
        "grouping/show.html", fold=fold, chapter=fold.chapter, members=page.rows, error=error, typed=typed,
        choices=service.list_choices(actor(), fold),
        resembling=service.resemblances_of(actor(), fold.chapter, [one.id for one in said]),
        links=page.links(partial(url_for, ".show", chapter=fold.chapter.number, number=fold.number)),
    )


@bp.post("/part/<string:ref>")
def part(ref):
    said = service.get_said(actor(), required_consultation(), ref)
    fold = service.get_fold_of(actor(), said)
    service.part(actor(), said)
    flash(str(_("%(ref)s is out of its fold: it is read and answered by itself.", ref=said.ref)), "success")
    return redirect(where(fold, said.ref), 303)


def where(fold: Fold | None, ref: str) -> str:
    """The fold, if anything is left of it."""
    try:
        left = service.get_fold(actor(), fold.chapter, fold.number) if fold else None
    except NotFound:
        left = None
    return url_for(".show", chapter=left.chapter.number, number=left.number) if left else url_for("contributions.show", ref=ref)


@bp.route("/join/<int:chapter>/<int:number>", methods=["GET", "POST"])
def join(chapter, number):
    fold = service.get_fold(actor(), my_chapter(chapter), number)
    if request.method == "GET":  # a reload or a change of language after a refused form
        return redirect(url_for(".show", chapter=chapter, number=number), 303)
    require(actor(), Action.GROUPING_JOIN, fold)  # or what is wrong would be said on a form that they are not shown
    typed = request.form.get("other", "").replace("\0", "").strip()[:40]  # PostgreSQL looks for no such sign
    try:
        said = service.get_said(actor(), required_consultation(), typed)
    except NotFound:
        return page_of(fold, error=Invalid("other", _("There is no contribution with this reference.")), typed=typed), 422
    try:
        service.join(actor(), said, other=fold.core)
    except Invalid as error:
        return page_of(fold, error=error, typed=typed), 422
    flash(str(_("%(ref)s is in this fold now.", ref=said.ref)), "success")
    return redirect(url_for(".show", chapter=chapter, number=number), 303)
