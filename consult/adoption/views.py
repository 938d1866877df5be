"""Documents to take away, the submission and its decisions, and open data."""

import io
import tempfile
import zipfile
from types import SimpleNamespace

from flask import flash, redirect, render_template, request, send_file, url_for

from consult.adoption import service, tables, writers
from consult.adoption.forms import DecisionForm, ExportForm, SubmitForm
from consult.adoption.models import Export, ExportFormat, ExportKind
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Phase
from consult.core.errors import Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, gettext, ngettext, number
from consult.core.markup import trusted
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, put_refusal, required_consultation, room, slot, small_number
from consult.synthesis.models import Synthesis, SynthesisState

bp = room("adoption")
TYPES = {
    ExportFormat.CSV: "text/csv",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ExportFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ExportFormat.PDF: "application/pdf",
    ExportFormat.MARKDOWN: "text/markdown",
    ExportFormat.ZIP: "application/zip",
}


@slot("dashboard")
def panels(consultation):
    """What the secretariat's desk shows of this room: words, number, address."""
    if not can(actor(), Action.ADOPTION_REQUEST_EXPORT, consultation):
        return []
    made = service.count_exports(consultation)
    lines = [(ngettext("export", "exports", made), made, url_for("adoption.exports"))]
    if consultation.current_phase == Phase.SYNTHESIS:
        validated = sum(1 for _chapter, synthesis in service.list_syntheses(consultation) if is_validated(synthesis))
        words = ngettext("synthesis validated: submit to the Council", "syntheses validated: submit to the Council", validated)
        lines.append((words, validated, url_for("adoption.submit")))
    if consultation.phase in (Phase.SUBMITTED, Phase.ADOPTED):
        decided = len(service.list_decisions(service.get_submission(consultation)))
        words = ngettext("chapter decided by the Council", "chapters decided by the Council", decided)
        lines.append((words, decided, url_for("adoption.submission")))
    return lines


# Exports


@bp.get("/exports")
def exports():
    return show_exports(None)


@bp.post("/request-export/<string:kind>")
def request_export(kind: str):
    consultation = required_consultation()
    form = ExportForm(export_kind(kind), chapters.list_chapters(consultation), language())
    if form.validate_on_submit():
        target = chapters.get_chapter(consultation, form.chapter.data) if "chapter" in form else consultation
        try:
            service.request_export(
                actor(), target, kind=export_kind(kind), format=form.format.data if "format" in form else ExportFormat.ZIP,
                language=form.language.data if "language" in form else language(),
            )
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(_("The document is being prepared; it appears in the list below."), "success")
            return redirect(url_for(".exports"), 303)
    return show_exports(form), 422


def export_kind(name: str) -> ExportKind:
    if name not in list(ExportKind):
        raise NotFound
    return ExportKind(name)


def show_exports(refused: ExportForm | None):
    consultation = required_consultation()
    before = request.args.get("before", type=small_number)
    listed = service.list_exports(actor(), consultation, before=before)
    shown = listed[: service.PAGE]
    work = service.list_progress(actor(), consultation, shown)
    mine = [c for c in chapters.list_chapters(consultation) if can(actor(), Action.ADOPTION_REQUEST_EXPORT, c)]
    forms = {kind: ExportForm(kind, mine, language()) for kind in ExportKind}
    if refused is not None:
        forms = {kind: refused if form._prefix == refused._prefix else form for kind, form in forms.items()}
    if not actor().holds("secretariat"):
        del forms[ExportKind.DOSSIER]
    return render_template(
        "adoption/exports.html", exports=shown, work=work, forms=forms, count_under_way=service.count_under_way(work.values()),
        before=before, older=shown[-1].id if len(listed) > service.PAGE else None,
    )


@bp.get("/download/<int:export_id>")
def download(export_id: int):
    export, path = service.get_export_file(actor(), export_id)
    return send_file(
        path, mimetype=TYPES[export.format], as_attachment=True, download_name=name_of(export), etag=export.sha256, conditional=True,
        max_age=0,
    )


def name_of(export: Export) -> str:
    """What the reader's folder shows: what it is, of which chapter, in which language."""
    if export.chapter:
        title = gettext("Synthesis, chapter %(number)s", number=export.chapter.number)
    elif export.kind == ExportKind.CONTRIBUTIONS:
        title = gettext("Contributions")
    else:
        title = gettext("Dossier of the public consultation")
    return f"{title} ({export.language}, {export.id}).{export.format.value}"


# Open data


@bp.get("/open-data")
def open_data():
    consultation = required_consultation()
    return render_template("adoption/open_data.html", columns=tables.OPEN_COLUMNS, count=service.count_published(consultation))


@bp.get("/open-data/contributions")
def open_data_contributions():
    """Made on request in a file of its own, so that it is whole, of one moment, and never in memory at once."""
    consultation = required_consultation()
    stamp = service.get_data_stamp(consultation)
    if stamp in request.if_none_match:
        return "", 304
    file = tempfile.TemporaryFile("w+b", prefix="consult-")  # noqa: SIM115 - closed once it is sent
    writers.write_open_data(consultation.id, file, language=language())
    file.seek(0)
    response = send_file(file, mimetype=TYPES[ExportFormat.CSV], as_attachment=True, download_name="contributions.csv", max_age=60)
    response.set_etag(stamp)
    return response


# Submission and decision


@bp.get("/submission")
def submission():
    """Public: what was sent to the Council, when, how to check it, and what the Council decided."""
    consultation = required_consultation()
    sent = service.get_submission(consultation)
    decisions = {decision.chapter_id: decision for decision in service.list_decisions(sent)}
    return render_template(
        "adoption/submission.html", submission=sent, decisions=decisions, syntheses=service.list_syntheses(consultation),
        sealing=None if sent.archive else service.get_sealing(sent),
    )


@bp.route("/submit", methods=["GET", "POST"])
def submit():
    consultation = required_consultation()
    require(actor(), Action.ADOPTION_SUBMIT, consultation)
    form = SubmitForm()
    if form.validate_on_submit():
        service.submit(actor(), consultation)
        flash(_("The syntheses are submitted to the Council. The answers to the contributions are public from now on."), "success")
        return redirect(url_for(".submission"), 303)
    syntheses = service.list_syntheses(consultation)
    return render_template(
        "adoption/submit.html", form=form, syntheses=syntheses, is_ready=bool(syntheses) and all(is_validated(s) for _c, s in syntheses)
    )


def is_validated(synthesis: Synthesis | None) -> bool:
    return synthesis is not None and synthesis.state == SynthesisState.VALIDATED


@bp.route("/decide/<int:number>", methods=["GET", "POST"])
def decide(number: int):
    consultation = required_consultation()
    sent = service.get_submission(consultation)
    require(actor(), Action.ADOPTION_DECIDE, sent)
    chapter = chapters.get_chapter(consultation, number)
    form = DecisionForm()
    if form.validate_on_submit():
        try:
            service.decide(
                actor(), sent, chapter=chapter, outcome=form.outcome.data, words=form.words.data or "", decided_on=form.decided_on.data
            )
        except Invalid as refusal:
            put_refusal(form, refusal)
        else:
            flash(_("The decision on chapter %(number)s is recorded.", number=number), "success")
            return redirect(url_for(".submission"), 303)
    return render_template("adoption/decide.html", form=form, chapter=chapter, submission=sent), 422 if form.errors else 200


@bp.get("/archive")
def archive():
    """The sealed archive, for the secretariat."""
    sent = service.get_submission(required_consultation())
    sealed, path = service.get_archive_file(actor(), sent)
    return send_file(path, mimetype=TYPES[ExportFormat.ZIP], as_attachment=True, download_name=f"{sent.consultation.slug}-dossier.zip",
                     etag=sealed.sha256, max_age=0)


@bp.get("/document/<int:number>/<string:text_language>/<string:format>")
def document(number: int, text_language: str, format: str):
    """A synthesis as it was submitted, out of the sealed archive: everybody may read it."""
    if text_language not in LANGUAGES or format not in [f.value for f in service.FORMATS[ExportKind.SYNTHESIS]]:
        raise NotFound
    path = service.get_public_archive(service.get_submission(required_consultation()))
    wanted = f"/data/syntheses/chapter-{number}.{text_language}.{format}"
    with zipfile.ZipFile(path) as sealed:
        name = next((name for name in sealed.namelist() if name.endswith(wanted)), None)
        if name is None:
            raise NotFound
        content = sealed.read(name)
    title = gettext("Synthesis, chapter %(number)s", number=number)
    return send_file(io.BytesIO(content), mimetype=TYPES[ExportFormat(format)], as_attachment=True,
                     download_name=f"{title} ({text_language}).{format}", max_age=3600)


@bp.app_template_filter("size")
def size(count: int | None) -> str:
    """A file's size in the reader's words."""
    if not count:
        return ""
    kilobytes = max(1, round(count / 1024))
    if kilobytes < 1024:
        return ngettext("%(num)s kB", "%(num)s kB", kilobytes)
    return gettext("%(count)s MB", count=number(round(kilobytes / 1024, 1)))


@slot("provision.parts")
def decision_on(chapter: Chapter, key: str) -> SimpleNamespace | None:
    """On a passage's own page: what the Council decided on its chapter."""
    decision = service.get_decision(chapter)
    if decision is None:
        return None
    words = render_template("adoption/_provision.html", chapter=chapter, decision=decision)
    return SimpleNamespace(order=3, id="decision", title=_("Decision of the Council"), count=None, words=trusted(words))
