"""Documents to take away, and open data."""

import io
import tempfile
from functools import partial

from flask import flash, redirect, render_template, send_file, url_for
from flask import request as http

from consult.chapters import service as chapters
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import events as contributions_events
from consult.contributions import service as contributions
from consult.core import events as core_events
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import _, gettext, language_name, ngettext
from consult.core.paging import Cursor
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, put_refusal, required_consultation, room
from consult.exports import decisions, registry, replies, service, tables
from consult.exports.documents import receipt as document_of_position
from consult.exports.documents.pdf import pdf
from consult.exports.forms import ExportForm
from consult.exports.models import Export, ExportFormat, ExportKind
from consult.exports.registry import Definition
from consult.exports.writers import OPEN_DATA, OPEN_DECISIONS, OPEN_REPLIES

bp = room("exports")


def init_app(_app) -> None:
    registry.check()


# What other rooms show of this one


@core_events.footer_menu.fill
def footer_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(40, "exports.open_data", _("Open data"))]


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(40, "exports.overview", _("Exports"), Action.EXPORTS_REQUEST, has_room=True)]


@consultations_events.open_data_endpoint.fill
def open_data_endpoint() -> str:
    return "exports.open_data"


@consultations_events.dashboard_counts.fill
def dashboard_counts(consultation: Consultation) -> list[consultations_events.Count]:
    if not can(actor(), Action.EXPORTS_REQUEST, consultation):
        return []
    made = service.count_exports(consultation)
    return [consultations_events.Count(ngettext("export", "exports", made), made, url_for("exports.overview"))]


@contributions_events.position_document_url.fill
def position_document_url(ref: str) -> str:
    return url_for("exports.position", ref=ref)


# Exports


@bp.get("")
def overview():
    return show(None)


@bp.post("/request/<string:kind>")
def request(kind: str):
    consultation = required_consultation()
    definition = registry.get(export_kind(kind))
    form = ExportForm(definition, chapters.list_chapters(consultation), language())
    if form.validate_on_submit():
        target = chapters.get_chapter(consultation, form.chapter.data) if "chapter" in form else consultation
        try:
            service.request(
                actor(), target, kind=export_kind(kind), format=form.format.data if "format" in form else definition.formats[0],
                language=form.language.data if "language" in form else language(),
            )
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(_("The document is being prepared; it appears in the list below."), "success")
            return redirect(url_for(".overview"), 303)
    return show(form), 422


def export_kind(name: str) -> ExportKind:
    if name not in list(ExportKind):
        raise NotFound
    return ExportKind(name)


def show(refused: ExportForm | None):
    consultation = required_consultation()
    page = service.list_exports(actor(), consultation, before=http.args.get("before", type=Cursor.parse))
    work = service.list_progress(actor(), consultation, page.rows)
    mine = [c for c in chapters.list_chapters(consultation) if can(actor(), Action.EXPORTS_REQUEST, c)]
    forms = {definition: ExportForm(definition, mine, language()) for definition in service.list_kinds(actor(), consultation)}
    if refused is not None:
        forms = {definition: refused if form._prefix == refused._prefix else form for definition, form in forms.items()}
    return render_template(
        "exports/overview.html", exports=page.rows, work=work, forms=forms, count_under_way=service.count_under_way(work.values()),
        before=page.after, links=page.links(partial(url_for, ".overview"), "before"),
    )


@bp.get("/download/<int:export_id>")
def download(export_id: int):
    export, path = service.get_export_file(actor(), export_id)
    return send_file(
        path, mimetype=export.format.content_type, as_attachment=True, download_name=name_of(export), etag=export.sha256 or False,
        conditional=True,
        max_age=0,
    )


def name_of(export: Export) -> str:
    """What the reader's folder shows: what it is, of which chapter, in which language."""
    return f"{registry.get(export.kind).title(export.chapter)} ({language_name(export.language)}, {export.id}).{export.format.value}"


@bp.get("/position/<string:ref>")
def position(ref: str):
    """The receipt of a position, to print: its author's alone, made when they ask for it."""
    if not actor().is_authenticated:
        return redirect(url_for(core_events.sign_in_endpoint(), next=http.path), 303)
    receipt = contributions.get_position_receipt(actor(), ref)
    made = pdf(document_of_position.compose(receipt, contributions.list_lodged_together(receipt), language()))
    return send_file(io.BytesIO(made), mimetype=ExportFormat.PDF.content_type, as_attachment=True, max_age=0,
                     download_name=f"{gettext('Receipt')} {receipt.ref}.pdf")


# Open data


@bp.get("/open-data")
def open_data():
    consultation = required_consultation()
    require(actor(), Action.EXPORTS_OPEN_DATA, consultation)
    return render_template("exports/open_data.html", columns=tables.OPEN_COLUMNS, reply_columns=replies.COLUMNS,
                           decision_columns=decisions.COLUMNS, count=contributions.count_published(consultation))


@bp.get("/open-data/contributions")
def open_data_contributions():
    return open_table(OPEN_DATA)


@bp.get("/open-data/replies")
def open_data_replies():
    return open_table(OPEN_REPLIES)


@bp.get("/open-data/decisions")
def open_data_decisions():
    return open_table(OPEN_DECISIONS)


@bp.get("/open-data/decisions-json")
def open_data_decisions_json():
    return open_table(OPEN_DECISIONS, ExportFormat.JSON)


def open_table(definition: Definition, format: ExportFormat = ExportFormat.CSV):
    """Made on request in a file of its own, so that it is whole, of one moment, and never in memory at once."""
    consultation = required_consultation()
    require(actor(), Action.EXPORTS_OPEN_DATA, consultation)
    stamp = service.get_data_stamp(consultation)
    if stamp in http.if_none_match:
        return "", 304
    file = tempfile.TemporaryFile("w+b", prefix="consult-")  # noqa: SIM115 - closed once it is sent
    definition.write(consultation.id, file, format=format, language=language())
    file.seek(0)
    name = definition.file_name(format)
    response = send_file(file, mimetype=format.content_type, as_attachment=True, download_name=name, max_age=0)
    response.set_etag(stamp)
    return response
