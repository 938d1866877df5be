"""The chair's overview: what changes, axis by axis, what is contested and what is missing; validating and reopening."""

from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from consult.chapters.models import Chapter
from consult.contributions.models import Position
from consult.contributions.models.tally import OWN_NAME
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, put_refusal, required_consultation
from consult.organisations.models import Category
from consult.synthesis import service
from consult.synthesis.forms import ReopenForm
from consult.synthesis.models import Synthesis
from consult.synthesis.service.overview import FEW
from consult.synthesis.service.positions import FEW_VOICES
from consult.synthesis.views.pages import bp, head, my_chapter
from consult.synthesis.views.reading import axis_in_address

MAX_REOPENINGS = 20  # that are told


@bp.get("/overview/<int:number>")
def overview(number):
    """One axis at a time; its first page tells of the whole chapter too. ``show=contested`` is the whole list of what is contested."""
    mine, synthesis = my_synthesis(number)
    if request.args.get("show") == "contested":
        return contested(mine, synthesis)
    return glance(mine, synthesis, form=ReopenForm(formdata=None))


@bp.get("/account/<int:number>")
def account(number):
    """Where each contribution stands, from the first or from a reference on."""
    mine, synthesis = my_synthesis(number)
    values: dict[str, Any] = {}
    since, unknown = request.args.get("since", "").strip()[:40], None
    try:
        page = service.list_account(actor(), synthesis, after=request.args.get("after", type=Cursor.parse), since=since)
    except NotFound as error:
        unknown = error
        page = service.list_account(actor(), synthesis)
    else:
        values = {"since": since} if since else {}
    return render_template(
        "synthesis/account.html", **head(mine, synthesis), rows=page.rows, since=since, unknown=unknown,
        repeated=service.count_repeated(synthesis, "all"),
        links=page.links(partial(url_for, ".account", number=number, **values)),
    ), 404 if unknown else 200


@bp.get("/positions/<int:number>")
def positions(number):
    """Categories across the axes, or the organisations of the one that the address names."""
    mine, synthesis = my_synthesis(number)
    category = next((one for one in Category if one.value == request.args.get("category")), None)
    if category is None:
        grid, links = service.get_position_grid(actor(), synthesis, language()), None
    else:
        after = request.args.get("after", type=Cursor.parse)
        grid, page = service.list_organisation_positions(actor(), synthesis, category, language(), after=after)
        links = page.links(partial(url_for, ".positions", number=number, category=category.value))
    return render_template(
        "synthesis/positions.html", **head(mine, synthesis), grid=grid, category=category, links=links, stances=Position,
        is_few=any(row.is_few for row in grid.rows), own_name=OWN_NAME, few=FEW_VOICES)


def my_synthesis(number: int) -> tuple[list[Chapter], Synthesis]:
    watched = service.list_watched(actor(), required_consultation())
    chapter = next((c for c in watched if c.number == number), None) or my_chapter(number)[1]
    return list(watched), watched.get(chapter) or service.get_or_new(chapter)


def contested(mine: list[Chapter], synthesis: Synthesis):
    items = service.list_overview(actor(), synthesis)
    page, respondents = service.list_contested(synthesis, items, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "synthesis/contested.html", **head(mine, synthesis), contested=page.rows, respondents=respondents,
        count=sum(item.is_contested for item in items),
        links=page.links(partial(url_for, ".overview", number=synthesis.chapter.number, show="contested")),
    )


def glance(mine: list[Chapter], synthesis: Synthesis, *, form: ReopenForm):
    chapter = synthesis.chapter
    items = service.list_overview(actor(), synthesis)
    changing = [item for item in items if item.is_changing]
    divisions = service.list_divisions(chapter, language(), service.count_by_order(changing))
    division = service.get_division(divisions, request.args.get("axis", ""))
    page, rewordings = service.list_changing(
        [item for item in changing if division and division.has(item.order)], after=request.args.get("after", type=Cursor.parse))
    top = head(mine, synthesis)
    is_first = not page.after and division in (None, *divisions[:1])
    return render_template(
        "synthesis/overview.html", **top, **(of_chapter(synthesis, items, top["progress"]) if is_first else {}), form=form,
        divisions=divisions, division=division, changing=page.rows, rewordings=rewordings, change_count=len(changing), is_first=is_first,
        links=page.links(partial(url_for, ".overview", number=chapter.number, axis=axis_in_address(divisions, division))),
    )


def of_chapter(synthesis: Synthesis, items: list[service.OverviewItem], progress) -> dict:
    """What the first page tells of the whole chapter: lists are cut, and say how many more there are."""
    page, respondents = service.list_contested(synthesis, items, size=FEW)
    return {
        "contested": page.rows, "respondents": respondents, "contested_count": sum(item.is_contested for item in items),
        "left": service.list_unanswered(actor(), synthesis),
        "obstacles": service.list_obstacles(synthesis, progress, service.list_faulty(items)),
        "remarks": service.list_remarks(items), "reopenings": synthesis.reopenings[:MAX_REOPENINGS],
        "tally": service.count_dispositions(items), "few": FEW,
    }


@bp.route("/validate/<int:number>", methods=["GET", "POST"])
def validate(number):
    mine, synthesis = my_synthesis(number)
    if request.method == "GET":
        return redirect(url_for(".overview", number=number), 303)
    if can(actor(), Action.SYNTHESIS_VALIDATE, synthesis) and service.list_obstacles(synthesis):
        return glance(mine, synthesis, form=ReopenForm(formdata=None)), 409
    service.validate(actor(), synthesis)
    flash(str(_("The synthesis of chapter %(number)s is validated.", number=number)), "success")
    return redirect(url_for(".overview", number=number), 303)


@bp.route("/reopen/<int:number>", methods=["GET", "POST"])
def reopen(number):
    mine, synthesis = my_synthesis(number)
    if request.method == "GET":
        return redirect(url_for(".overview", number=number), 303)
    require(actor(), Action.SYNTHESIS_REOPEN, synthesis)  # or what is wrong would be said on a form that they are not shown
    form = ReopenForm()
    if form.validate():
        try:
            service.reopen(actor(), synthesis, reason=form.reason.data)
        except Invalid as error:
            put_refusal(form, error)
        else:
            flash(str(_("The synthesis of chapter %(number)s is open again.", number=number)), "success")
            return redirect(url_for(".overview", number=number), 303)
    return glance(mine, synthesis, form=form), 422
