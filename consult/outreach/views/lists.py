"""Bringing a list of stakeholders: the file, what was understood of it, and each doubtful row."""

from collections.abc import Iterable
from functools import partial

from flask import flash, redirect, render_template, request, url_for

from consult.core.errors import Invalid
from consult.core.i18n import _
from consult.core.paging import Cursor
from consult.core.permissions import Action, require
from consult.core.web import actor, asked_member, put_refusal, reads_first, required_consultation, takes_at_most
from consult.outreach import service
from consult.outreach.forms import HEADINGS, ActForm, ImportForm, RowForm
from consult.outreach.models import Doubt, RowState, StakeholderList, StakeholderRow
from consult.outreach.reading import LARGEST
from consult.outreach.understanding import understand
from consult.outreach.views.pages import bp


@bp.route("/import-list", methods=["GET", "POST"])
@reads_first
@takes_at_most(LARGEST + 1_000_000)
def import_list():
    """A file is read here, and looked at by the worker; the page of the list shows how far that is."""
    consultation = required_consultation()
    require(actor(), Action.OUTREACH_IMPORT_LIST, consultation)
    form = ImportForm()
    if form.validate_on_submit():
        data, name = form.file.data.read(), form.file.data.filename or ""
        try:
            read = service.get_read_list(actor(), consultation, data, name)
            brought = service.import_list(actor(), consultation, read=read, data=data, file_name=name, source=form.source.data)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            return redirect(url_for(".view_list", number=brought.id), 303)
    page = service.list_lists(actor(), consultation, after=request.args.get("after", type=Cursor.parse))
    return render_template("outreach/import_list.html", form=form, lists=page.rows,
                           links=page.links(partial(url_for, ".import_list"))), 422 if form.errors else 200


def brought(number: int) -> StakeholderList:
    return service.get_list(actor(), required_consultation(), number)


@bp.get("/lists/<int:number>")
def view_list(number):
    """What was understood, row by row; the doubtful ones first asked for."""
    one, state = brought(number), asked_member(RowState, "state")
    page = service.list_rows(actor(), one, state, after=request.args.get("after", type=Cursor.parse))
    numbers = {commission.number for commission in required_consultation().commissions}
    job = service.get_progress(actor(), one) if one.state.is_under_way else None
    return render_template(
        "outreach/view_list.html", brought=one, rows=[(row, understand(row.typed, numbers)) for row in page.rows], state=state,
        counts=service.count_rows(actor(), one), job=job, headings=HEADINGS, states=RowState,
        links=page.links(partial(url_for, ".view_list", number=number, state=state.value if state else None)))


@bp.post("/lists/<int:number>/take")
def take(number):
    service.take(actor(), brought(number))
    flash(str(_("The rows that are understood are being kept. Nobody is written to before you send the invitations.")), "success")
    return to_list(number)


@bp.post("/lists/<int:number>/leave-out-doubtful")
def leave_out_doubtful(number):
    service.leave_out_doubtful(actor(), brought(number))
    flash(str(_("All doubtful rows are left out.")), "success")
    return to_list(number)


@bp.route("/lists/<int:number>/discard", methods=["GET", "POST"])
def discard(number):
    one, form = brought(number), ActForm()
    if form.validate_on_submit():
        service.discard(actor(), one)
        flash(str(_("The list is discarded; those who were kept of it stay.")), "success")
        return redirect(url_for(".import_list"), 303)
    return render_template("outreach/discard.html", brought=one, form=form), 422 if form.errors else 200


def to_list(number: int):
    state = asked_member(RowState, "state")
    return redirect(url_for(".view_list", number=number, state=state.value if state else None), 303)


# One row


def row_of(number: int) -> StakeholderRow:
    return service.get_row(actor(), required_consultation(), number)


@bp.route("/rows/<int:number>", methods=["GET", "POST"])
def correct_row(number):
    row = row_of(number)
    form = RowForm(data=as_understood(row))
    if form.validate_on_submit():
        try:
            row = service.correct_row(actor(), row, **form.values())
        except service.StillDoubtful as refusal:
            put_doubts(form, refusal.doubts)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("Line %(number)s is understood now.", number=row.number)), "success")
            return redirect(url_for(".view_list", number=row.list_id, state=RowState.DOUBTFUL.value), 303)
    elif request.method == "GET":
        put_doubts(form, row.found_doubts)
    return render_template("outreach/correct_row.html", form=form, row=row, headings=HEADINGS), 422 if request.method == "POST" else 200


def put_doubts(form: RowForm, doubts: Iterable[Doubt]) -> None:
    for doubt in doubts:
        put_refusal(form, Invalid(doubt.field, doubt.label))


def as_understood(row: StakeholderRow) -> dict[str, object]:
    """What was typed, and of lists the member that it was taken for."""
    read = understand(row.typed, {commission.number for commission in required_consultation().commissions})
    members = {name: getattr(read, name) and getattr(read, name).value for name in ("category", "sector", "region", "language")}
    return {**{name: row.typed.get(name, "") for name in HEADINGS}, **members, "stands": row.stands}


@bp.post("/rows/<int:number>/leave-out")
def leave_out(number):
    row = service.leave_out(actor(), row_of(number))
    flash(str(_("Line %(number)s is left out.", number=row.number)), "success")
    return redirect(url_for(".view_list", number=row.list_id, state=RowState.DOUBTFUL.value), 303)
