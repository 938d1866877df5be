"""The comment form of ISO: to take away, to bring back filled, and what was understood of it, row by row."""

import io
from functools import partial

from flask import flash, redirect, render_template, request, send_file, url_for

from consult.chapters import service as chapters
from consult.core import events as core_events
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, force_locale, gettext
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import (
    actor,
    asked_member,
    language,
    put_refusal,
    reads_first,
    required_consultation,
    room,
    small_number,
    takes_at_most,
)
from consult.exports.models import ExportFormat
from consult.forms import service, writing
from consult.forms.forms import ActForm, DraftsForm, PlaceForm, UploadForm
from consult.forms.models import FormRowState, ReceivedForm, ReceivedRow, Speaking
from consult.forms.packages import LARGEST

bp = room("forms")
WRITERS = {"docx": writing.write_docx, "xlsx": writing.write_xlsx}
FILLED_WITH = ("own", "organisation")


@core_events.personal_menu.fill
def personal_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(35, "forms.overview", _("ISO comment form"))]


@bp.get("")
def overview():
    return show(None)


def show(refused: UploadForm | None):
    """The form to take away, and for whoever is signed in the forms that they brought."""
    consultation = required_consultation()
    require(actor(), Action.FORMS_DOWNLOAD, consultation)
    known = chapters.list_chapters(consultation)
    may_bring = can(actor(), Action.FORMS_RECEIVE, consultation)
    page = service.list_received(actor(), consultation, after=request.args.get("after", type=Cursor.parse))
    return render_template(
        "forms/overview.html", form=refused or UploadForm(known, language()), chapters=known, languages=LANGUAGES,
        formats=[ExportFormat(name) for name in WRITERS], forms=page.rows, may_bring=may_bring, is_member=actor().member_of_id is not None,
        links=page.links(partial(url_for, ".overview"))), 422 if refused else 200


@bp.get("/download")
def download():
    """``chapter`` (all, where none is named), ``format``, ``language``, and ``filled``: own, organisation, or nothing."""
    consultation, written_in = required_consultation(), request.args.get("language", language())
    name, filled = request.args.get("format", "docx"), request.args.get("filled", "")
    if name not in WRITERS or written_in not in LANGUAGES or filled not in ("", *FILLED_WITH):
        raise NotFound
    number = request.args.get("chapter", type=small_number)
    out = io.BytesIO()
    with force_locale(written_in):
        form = service.get_form(actor(), consultation, number, written_in, filled)
        WRITERS[name](form, out)
        title = f"{gettext('ISO comment form')} {number or ''}".strip()
    out.seek(0)
    return send_file(out, mimetype=ExportFormat(name).content_type, as_attachment=True, download_name=f"{title}.{name}", max_age=0)


@bp.post("/receive")
@reads_first
@takes_at_most(LARGEST + 1_000_000)
def receive():
    """A file is read here, and compared with the text by the worker; the page of the form shows how far that is."""
    consultation = required_consultation()
    require(actor(), Action.FORMS_RECEIVE, consultation)
    form = UploadForm(chapters.list_chapters(consultation), language())
    if form.validate_on_submit():
        data = form.file.data.read()
        try:
            read = service.get_read_form(actor(), consultation, data)
            received = service.receive(actor(), consultation, form=read, data=data, file_name=form.file.data.filename or "",
                                       language=language(), chapter=form.chapter.data or None)
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            return redirect(url_for(".view_form", number=received.id), 303)
    return show(form)


def received_form(number: int) -> ReceivedForm:
    return service.get_received(actor(), number)


@bp.get("/received/<int:number>")
def view_form(number: int):
    """What was understood, row by row."""
    return show_form(received_form(number), None)


def show_form(received: ReceivedForm, refused: DraftsForm | None):
    state = asked_member(FormRowState, "state")
    page = service.list_rows(actor(), received, state, after=request.args.get("after", type=Cursor.parse))
    job = service.get_progress(actor(), received) if received.state.is_under_way else None
    texts = service.get_texts(received.consultation, [row.key for row in page.rows if row.key], language())
    return render_template(
        "forms/view_form.html", received=received, rows=page.rows, state=state, counts=service.count_rows(actor(), received), job=job,
        texts=texts, states=FormRowState, form=refused or drafts_form(), may_draft=can(actor(), Action.FORMS_MAKE_DRAFTS, received),
        links=page.links(partial(url_for, ".view_form", number=received.id, state=state.value if state else None))), 422 if refused else 200


def drafts_form() -> DraftsForm:
    return DraftsForm(actor())


@bp.get("/received/<int:number>/file")
def file(number: int):
    """As it came, byte for byte."""
    received = received_form(number)
    if not received.state.has_file:
        raise NotFound(_("There is no such form."), _("Your forms are listed on the page of forms."))
    return send_file(io.BytesIO(received.data), mimetype="application/octet-stream", as_attachment=True,
                     download_name=received.file_name or "form", max_age=0)


@bp.post("/received/<int:number>/make-drafts")
def make_drafts(number: int):
    received, form = received_form(number), drafts_form()
    require(actor(), Action.FORMS_MAKE_DRAFTS, received)
    if not form.validate_on_submit():
        return show_form(received, form)
    try:
        service.make_drafts(actor(), received, speaking=Speaking(form.speaking.data))
    except Invalid as refusal:
        put_refusal(form, refusal)
        return show_form(received, form)
    flash(str(_("The rows whose passage is known become drafts. Nothing is lodged before you have read and sent them.")), "success")
    return redirect(url_for(".view_form", number=number), 303)


@bp.route("/received/<int:number>/discard", methods=["GET", "POST"])
def discard(number: int):
    received, form = received_form(number), ActForm()
    if form.validate_on_submit():
        service.discard(actor(), received)
        flash(str(_("The form is discarded; what is among your drafts stays there.")), "success")
        return redirect(url_for(".overview"), 303)
    return render_template("forms/discard.html", received=received, form=form), 422 if form.errors else 200


def row_of(number: int) -> ReceivedRow:
    return service.get_row(actor(), number)


@bp.route("/rows/<int:number>", methods=["GET", "POST"])
def place_row(number: int):
    row, consultation = row_of(number), required_consultation()
    form = PlaceForm(chapters.list_chapters(consultation), language(), data={"chapter": row.chapter_number, "passage": shown_key(row)})
    if form.validate_on_submit():
        try:
            chapter = chapters.get_chapter(consultation, form.chapter.data)
            service.place_row(actor(), row, chapter=chapter, passage=form.passage.data or "", language=language())
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(str(_("Line %(number)s has its place now.", number=row.number)), "success")
            return redirect(url_for(".view_form", number=row.form_id, state=FormRowState.DOUBTFUL.value), 303)
    texts = service.get_texts(consultation, [*row.others, *([row.key] if row.key else [])], language())
    return render_template("forms/place_row.html", form=form, row=row, texts=texts), 422 if request.method == "POST" else 200


def shown_key(row: ReceivedRow) -> str:
    return row.key if row.key and row.state != FormRowState.GENERAL else ""


@bp.post("/rows/<int:number>/leave-out")
def leave_row(number: int):
    row = service.leave_row(actor(), row_of(number))
    flash(str(_("Line %(number)s is left out.", number=row.number)), "success")
    return redirect(url_for(".view_form", number=row.form_id, state=FormRowState.DOUBTFUL.value), 303)
