"""The workbench, and an item."""

from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.contributions.models import CommentType, Kind, Position
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, ngettext
from consult.core.i18n import number as format_number
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, asked_member, put_refusal, required_consultation, room, small_number
from consult.organisations.models import Category
from consult.synthesis import service
from consult.synthesis.forms import ItemForm, typed_blocks, typed_choice, typed_points, typed_wordings
from consult.synthesis.models import Point, Synthesis, SynthesisItem

bp = room("synthesis")


# The workbench


def my_chapters() -> list[Chapter]:
    """The chapters whose synthesis the reader works on or watches."""
    require(actor(), Action.SYNTHESIS_VIEW, required_consultation())
    return [c for c in chapters.list_chapters(required_consultation()) if can(actor(), Action.SYNTHESIS_VIEW, c)]


def my_chapter(number: int) -> tuple[list[Chapter], Chapter]:
    mine = my_chapters()
    chapter = next((c for c in mine if c.number == number), None) or chapters.get_chapter(required_consultation(), number)
    require(actor(), Action.SYNTHESIS_VIEW, chapter)
    return mine, chapter


def wanted() -> service.WorkbenchFilter:
    """The filter that the address asks for; what it does not know is no filter."""
    answer, category = request.args.get("answer", ""), request.args.get("category", "")
    return service.WorkbenchFilter(
        answer=answer if answer in service.ANSWERS else "to_gather", block=request.args.get("block", "")[:80],
        position=asked_member(Position, "position"), category=asked_member(Category, "category"), own_name=category == "own_name",
        kind=asked_member(Kind, "kind"), comment_type=asked_member(CommentType, "comment_type"),
        language=request.args["language_of"] if request.args.get("language_of") in LANGUAGES else "",
        with_repeated=request.args.get("repeated") == "1",
    )


def address(filters: service.WorkbenchFilter, **over) -> dict:
    """The same filter in an address."""
    values = {
        "answer": filters.answer, "block": filters.block, "position": filters.position, "kind": filters.kind,
        "category": "own_name" if filters.own_name else filters.category, "comment_type": filters.comment_type,
        "language_of": filters.language, "repeated": "1" if filters.with_repeated else "",
    }
    return {name: str(value) for name, value in {**values, **over}.items() if value}


@bp.get("/workbench")
@bp.get("/workbench/<int:number>")
def workbench(number=None):
    if number is None:
        return redirect(url_for(".workbench", number=my_chapters()[0].number), 303)
    return bench(*my_chapter(number))


def bench(mine: list[Chapter], chapter: Chapter, *, error: Invalid | None = None):
    synthesis, filters = service.get_or_new(chapter), wanted()
    passages = service.list_commented_provisions(actor(), synthesis)
    page = service.list_workbench(actor(), synthesis, filters, passages=passages, after=request.args.get("after", type=Cursor.parse))
    is_asked = error is not None and error.field == "total"
    total = service.Number(matching(synthesis, filters)["count"]) if is_asked else service.count_matching(
        actor(), synthesis, filters, passages=passages, page=page)
    return render_template(
        "synthesis/workbench.html", **head(mine, synthesis), filters=filters, address=address, after=page.after, rows=page.rows,
        total=total, passages=passages, whole=service.count_whole(actor(), synthesis, filters, total, passages=passages),
        lines=service.list_item_lines(actor(), synthesis), error=error, typed=request.form, ticked=typed_choice(request.form),
        ticked_points=typed_points(request.form),
        choices={"position": Position, "kind": Kind, "comment_type": CommentType, "category": Category}, languages=LANGUAGES,
        links=page.links(partial(url_for, ".workbench", number=chapter.number, **address(filters))),
    )


def head(mine: list[Chapter], synthesis: Synthesis) -> dict:
    """What the top of each staff page shows."""
    return {"chapters": mine, "chapter": synthesis.chapter, "synthesis": synthesis,
            "progress": service.count_progress(synthesis.chapter)}


def ticked(synthesis: Synthesis) -> dict:
    """What the act is on: the boxes ticked, or the whole filter when that is asked for and still what the page showed."""
    if request.form.get("scope") == "filter":
        found, shown = matching(synthesis, wanted()), request.form.get("total", "").strip()
        count = found.pop("count")
        if shown.endswith("+"):  # the page counted no further: it is shown again with the number, which is to be agreed to
            raise Invalid("total", _("This filter holds %(count)s contributions.", count=format_number(count)),
                          _("Nothing was gathered yet. Press again to gather all of them, or narrow the filter."))
        if shown != str(count):
            raise Conflict(
                _("This filter holds %(count)s contributions now: the list has changed meanwhile.", count=format_number(count)),
                _("Reload the page, look at what came or went, and gather again."))
        return found
    ticked_boxes, points = typed_choice(request.form), typed_points(request.form)
    expected = service.list_with_folds(actor(), synthesis, ticked_boxes) if wanted().is_folded else ticked_boxes
    chosen = service.list_chosen(actor(), synthesis, expected)
    chosen_points = service.list_chosen_points(actor(), synthesis, points)
    is_known = {one.id for one in chosen} >= ticked_boxes.keys() and {one.id for one in chosen_points} == points.keys()
    if not is_known or len(ticked_boxes) + len(points) < len(set(request.form.getlist("choice"))):
        raise Invalid("choice", _("Not everything that was ticked is a contribution to this chapter."),
                      _("Nothing was gathered. Tick them again in the list below."))
    return {"contributions": chosen, "expected_items": expected, "points": chosen_points, "expected_points": points}


def matching(synthesis: Synthesis, filters: service.WorkbenchFilter) -> dict:
    """What an act on the whole filter is on, and how many contributions that is."""
    whole = service.list_matching(actor(), synthesis, filters)
    points = service.list_matching_points(actor(), synthesis, filters)
    return {
        "contributions": list(whole), "expected_items": {contribution.id: item_id for contribution, item_id in whole.items()},
        "points": list(points), "expected_points": {point.id: item_id for point, item_id in points.items()},
        "count": len(whole) + len({point.contribution_id for point in points}),
    }


@bp.route("/add-item/<int:number>", methods=["GET", "POST"])
def add_item(number):
    """Gather what is ticked into a new item."""
    mine, chapter = my_chapter(number)
    if request.method == "GET":  # a reload or a change of language after a refused form
        return redirect(back(chapter), 303)
    synthesis = service.get_or_new(chapter)
    try:
        gathered = ticked(synthesis)
        moved = service.count_elsewhere(None, [c.id for c in gathered["contributions"]], gathered["points"])
        item = service.add_item(actor(), synthesis, title=request.form.get("title", ""), **gathered)
    except Invalid as error:
        return bench(mine, chapter, error=error), 422
    flash(said(item, gathered, moved), "success")
    if request.form.get("then") == "decide":
        return redirect(url_for(".edit_item", item_id=item.id), 303)
    return redirect(back(chapter), 303)


@bp.route("/attach/<int:number>", methods=["GET", "POST"])
def attach(number):
    """Gather what is ticked into an item that exists."""
    mine, chapter = my_chapter(number)
    if request.method == "GET":  # a reload or a change of language after a refused form
        return redirect(back(chapter), 303)
    require(actor(), Action.SYNTHESIS_ATTACH, chapter)  # or what is wrong would be said on a form that they are not shown
    try:
        item = get_target(chapter)
        gathered = ticked(item.synthesis)
        moved = service.count_elsewhere(item, [c.id for c in gathered["contributions"]], gathered["points"])
        service.attach(actor(), item, **gathered)
    except Invalid as error:
        return bench(mine, chapter, error=error), 422
    flash(said(item, gathered, moved), "success")
    if title := request.form.get("title", "").strip():
        flash(str(_("The title that you typed for a new item was not used: “%(title)s”.", title=title)), "info")
    return redirect(back(chapter), 303)


def get_target(chapter: Chapter) -> SynthesisItem:
    item_id = request.form.get("item", type=small_number)
    if item_id is None:
        raise Invalid("item", _("Choose the item that they go into."))
    item = service.get_item(actor(), item_id)
    if item.synthesis.chapter_id != chapter.id:
        raise NotFound
    return item


def back(chapter: Chapter) -> str:
    return url_for(".workbench", number=chapter.number, **address(wanted(), after=request.args.get("after", "")))


def said(item: SynthesisItem, gathered: dict, moved: int) -> str:
    count, points, into = len(gathered["contributions"]), len(gathered["points"]), {"number": item.number, "title": item.title}
    words = ngettext("%(num)s contribution gathered into item %(number)s, “%(title)s”.",
                     "%(num)s contributions gathered into item %(number)s, “%(title)s”.", count, **into) if count or not points else ""
    if points:
        words = f"{words} ".lstrip() + ngettext(
            "%(num)s request of a split contribution gathered into item %(number)s, “%(title)s”.",
            "%(num)s requests of split contributions gathered into item %(number)s, “%(title)s”.", points, **into)
    if moved:
        words += " " + ngettext("%(num)s of them was moved from another item.", "%(num)s of them were moved from another item.", moved)
    return words


# An item


@bp.route("/edit-item/<int:item_id>", methods=["GET", "POST"])
def edit_item(item_id):
    """The contributions of an item beside what is answered; ``act`` is save, preview, or more (one more passage to reword)."""
    item = service.get_item(actor(), item_id)
    if request.method == "GET":
        return desk(item, ItemForm(obj=item, data={"expected_counter": item.row_counter}))
    form, typed = ItemForm(), typed_wordings(request.form)
    if request.form.get("act") in ("preview", "more"):
        return desk(item, form, typed)
    if form.expected_counter.data != item.row_counter:
        return desk(item, form, typed, overtaken=True), 409
    if form.validate():
        try:
            changes = service.get_new_wordings(actor(), item, typed)
            service.edit_item(actor(), item, **form.values(), changes=changes, shown=typed_blocks(request.form),
                              settled=request.form.getlist("settled"))
        except Invalid as error:
            put_refusal(form, error)
        else:
            flash(str(_("Item %(number)s is recorded.", number=item.number)), "success")
            return redirect(url_for(".edit_item", item_id=item.id), 303)
    return desk(item, form, typed), 422


def rewordings_of(item: SynthesisItem) -> list[service.Rewording]:
    return service.list_rewordings([item.id]).get(item.id, [])


def desk(item: SynthesisItem, form: ItemForm, typed: dict[str, str] | None = None, *, overtaken: bool = False):
    mine, chapter = my_chapter(item.synthesis.chapter.number)
    page = service.list_item_contributions(actor(), item, after=request.args.get("after", type=Cursor.parse))
    lines = service.list_item_lines(actor(), item.synthesis)
    place = next((n for n, line in enumerate(lines) if line.id == item.id), 0)
    rewordings = rewordings_of(item)
    wordings = {one.key: one.new for one in rewordings} if typed is None else typed
    more, unknown = asked_passage(item)
    passages = service.list_item_provisions(actor(), item, also=[*wordings, more])
    return render_template(
        "synthesis/edit_item.html", **head(mine, item.synthesis), item=item, form=form, contributions=page.rows, more=more,
        points={id_: [one for one in points if one.item_id == item.id] for id_, points in service.list_answerable(page.rows).items()},
        passages=[(block, wordings.get(block.key, block.lead)) for block in passages], overtaken=overtaken, count=lines[place].count,
        rewordings=rewordings, outdated={one.key: one for one in rewordings if one.is_outdated}, settled=request.form.getlist("settled"),
        unknown=unknown, is_preview=typed is not None, place=place, lines=lines,
        previous=lines[place - 1] if place else None, following=lines[place + 1] if place + 1 < len(lines) else None,
        links=page.links(partial(url_for, ".edit_item", item_id=item.id)),
    )


def asked_passage(item: SynthesisItem) -> tuple[str, str]:
    """The key of the passage that is asked for by its number, as it was typed where there is none, and what is said then."""
    more = request.form.get("more", "").strip()[:80]
    try:
        return (service.get_named_provision(actor(), item, more).key if more else ""), ""
    except Invalid as refusal:
        return more, f"{refusal.message} {refusal.remedy}"


@bp.route("/detach/<int:item_id>/<int:contribution_id>", methods=["GET", "POST"])
def detach(item_id, contribution_id):
    """The button belongs to the form of the answer: what was typed there comes along, and comes back unrecorded."""
    item = service.get_item(actor(), item_id)
    if request.method == "GET":  # a reload or a change of language after it
        return redirect(url_for(".edit_item", item_id=item.id), 303)
    found = service.list_chosen(actor(), item.synthesis, [contribution_id])
    if not found:
        raise NotFound
    point = get_detached_point(item)
    service.detach(actor(), item, contribution=found[0], point=point)
    flash(str(_("%(ref)s is out of this item and waits for another.", ref=point.name if point else found[0].ref)), "success")
    form, typed = ItemForm(), typed_wordings(request.form)
    if "title" in request.form and service.is_unrecorded(actor(), item, said=form.said(), typed=typed):
        flash(str(_("What you typed is still in the form and is not recorded yet.")), "info")
        return desk(item, form, typed)
    return redirect(url_for(".edit_item", item_id=item.id), 303)


def get_detached_point(item: SynthesisItem) -> Point | None:
    """The one that the button named (``?point=``), of a contribution that is split."""
    asked = request.args.get("point", type=small_number)
    if asked is None:
        return None
    found = service.list_chosen_points(actor(), item.synthesis, [asked])
    if not found:
        raise NotFound
    return found[0]


@bp.post("/drop-item/<int:item_id>")
def drop_item(item_id):
    item = service.get_item(actor(), item_id)
    number, position = item.synthesis.chapter.number, item.number
    service.drop_item(actor(), item)
    flash(str(_("Item %(number)s is removed: it gathered nothing.", number=position)), "success")
    return redirect(url_for(".workbench", number=number), 303)
