"""Preparing a revision: from a file or in the browser, seen before it is published, corrected by hand, published or discarded."""

from types import SimpleNamespace

from flask import flash, redirect, render_template, request, url_for

from consult.chapters import apart, conversion, events, revising, service
from consult.chapters.forms import CorrectForm, CounterForm, EditForm, ImportForm, PublishForm
from consult.chapters.models import BlockFate, WorkingDraft
from consult.chapters.source import MAX_META, front_matter, with_front_matter
from consult.chapters.views.pages import bp
from consult.chapters.views.ready import chapters_here
from consult.core import markup
from consult.core.commands import undo
from consult.core.errors import Conflict, Invalid, NotFound
from consult.core.i18n import LANGUAGES, _, direction
from consult.core.permissions import Action, can, require
from consult.core.web import (
    actor,
    csrf,
    is_complete,
    language,
    put_refusal,
    reads_first,
    required_consultation,
    small_number,
    takes_at_most,
)
from consult.text.normalising import UNSEEN_SIGN, readable, validated_line, validated_text, without_unseen
from consult.text.redline import Work, redline

SHOWN = {"all": _("Every passage"), "changes": _("Changes only"), "unsure": _("Only what is not sure")}
SESSION_ENDED = _("Your session had ended before you sent this. Your text is still here: check it and save it again.")


# What is being prepared


@bp.get("/chapters/working-drafts")
def working_drafts():
    shown = required_consultation()
    require(actor(), Action.CHAPTERS_VIEW_WORKING_DRAFT, shown)
    prepared = {(draft.number, draft.language): draft for draft in service.list_working_drafts(actor(), shown)}
    published = service.list_published(shown)
    titles = {chapter.number: chapter.title(language()) for chapter in chapters_here()}
    rows = [
        SimpleNamespace(commission=commission, title=titles.get(commission.number) or commission.title(language()), code=code,
                        draft=prepared.get((commission.number, code)), revision=published.get((commission.number, code)))
        for commission in shown.commissions if can(actor(), Action.CHAPTERS_VIEW_WORKING_DRAFT, commission) for code in LANGUAGES
    ]
    return render_template("chapters/working_drafts.html", rows=rows, languages=LANGUAGES)


@bp.route("/chapters/import-chapter", methods=["GET", "POST"])
@csrf.exempt  # the form checks its own token, and shows the page again without it
@reads_first
@takes_at_most(conversion.LARGEST + 1_000_000)
def import_chapter():
    """A file becomes the version in preparation of its chapter and language; it is published from its preview."""
    shown = required_consultation()
    require(actor(), Action.CHAPTERS_KEEP_WORKING_DRAFT, shown)
    mine = [c for c in shown.commissions if can(actor(), Action.CHAPTERS_KEEP_WORKING_DRAFT, c)]
    form = ImportForm(chapters=[(commission.number, commission.title(language())) for commission in mine])
    if form.validate_on_submit():
        try:
            draft = kept_from(form)
        except (Invalid, Conflict) as refusal:
            put_refusal(form, refusal if isinstance(refusal, Invalid) else Invalid("file", refusal.message, refusal.remedy))
        else:
            return redirect(url_for(".working_draft", number=draft.number, text_language=draft.language), 303)
    status = 422 if form.errors else 200
    apart.prepare()
    return render_template("chapters/import_chapter.html", form=form, drafts=service.list_working_drafts(actor(), shown)), status


def kept_from(form: ImportForm) -> WorkingDraft:
    """The working draft of a file that was sent; what its conversion left out is said on the next page."""
    data: bytes = form.file.data.read()
    remarks: tuple = ()
    if conversion.is_document(form.file.data.filename or ""):
        if not form.chapter.data or not form.text_language.data:
            raise Invalid("chapter" if not form.chapter.data else "text_language",
                          _("A Word or LibreOffice document does not say this."), _("Choose it in the list, and choose the file again."))
        converted = apart.convert(data)
        data, remarks = source_of(converted, form), converted.remarks
    elif data.startswith(conversion.OLD_WORD) or data.startswith(b"PK\x03\x04"):
        raise Invalid("file", _("This is not a Markdown file."), _("If it is a Word document, give its name the ending .docx."))
    try:
        draft = service.keep_working_draft(actor(), required_consultation(), data=data, may_replace=form.may_replace.data)
    except Conflict as refusal:
        undo()
        raise Conflict(_("A version of this chapter is being prepared in this language already."),
                       _("Tick “Replace” below and choose the file again, or continue that version.")) from refusal
    for remark in remarks:
        flash(str(remark), "warning")
    return draft


def source_of(converted: conversion.Converted, form: ImportForm) -> bytes:
    commission = next(c for c in required_consultation().commissions if str(c.number) == form.chapter.data)
    published = service.list_published(required_consultation()).get((commission.number, form.text_language.data))
    stated = validated_line("title", form.title.data, max_length=MAX_META["title"])
    title = stated or (published.title if published else "") or converted.title \
        or commission.title(form.text_language.data)
    meta = {"title": title, "commission": commission.title(form.text_language.data), "chapter": commission.number,
            "language": form.text_language.data}
    return with_front_matter(meta, converted.body).encode()


def draft_here(number: int, text_language: str) -> WorkingDraft:
    """The draft of this address; what somebody sends for one that is gone by now says so, instead of “no such page”."""
    try:
        return service.get_working_draft(actor(), required_consultation(), number, known(text_language))
    except NotFound:
        if request.method == "POST" and text_language in LANGUAGES:
            require(actor(), Action.CHAPTERS_VIEW_WORKING_DRAFT, required_consultation())
            raise service.gone() from None
        raise


def known(text_language: str) -> str:
    if text_language not in LANGUAGES:
        raise NotFound
    return text_language


# Seen before it is published


@bp.get("/chapters/<int:number>/working-draft/<string:text_language>")
def working_draft(number: int, text_language: str):
    return preview_of(draft_here(number, text_language))


def preview_of(draft: WorkingDraft, form: PublishForm | None = None, conflict: Conflict | None = None, status: int = 200):
    try:
        made = service.get_plan(actor(), draft)
    except Invalid as fault:
        return render_template("chapters/working_draft.html", draft=draft, made=None, fault=fault), status
    before = made.old[0].revision if made.old else None
    if form is None:  # what the version before said of itself is no longer so
        form = PublishForm(data={"note": made.parsed.note if before is None or made.parsed.note != before.note else ""})
    form.note.flags.required = before is not None
    form.expected_counter.data = draft.row_counter
    if not made.shrinks:
        del form.may_shrink
    chapter = chapter_of(draft)
    touched = events.impact(chapter) if chapter else {}
    work = Work()
    rows = [row_of(row, touched, work) for row in revising.rows_of(made)]
    show = request.args.get("show", "changes" if made.old else "all")
    page = render_template(
        "chapters/working_draft.html", draft=draft, made=made, form=form, conflict=conflict,
        act=CounterForm(data={"expected_counter": draft.row_counter}),
        problems=sorted(made.problems, key=lambda problem: (not problem.blocks, problem.line)), counts=counts_of(rows),
        rows=[row for row in rows if is_shown(row, show)], total=len(rows), unsure=sum(row.is_unsure for row in rows),
        show=show, filters=SHOWN, is_outdated=(before.id if before else None) != draft.base_id, now_published=before,
        editor=draft.edited_by, kept_share=made.kept_share,
    )
    return page, status


def chapter_of(draft: WorkingDraft):
    return next((chapter for chapter in chapters_here() if chapter.number == draft.number), None)


def row_of(row: revising.PreviewRow, touched: dict[str, int], work: Work) -> SimpleNamespace:
    """What one line of the preview says; ``words`` stand where there is nothing to compare."""
    before = " ".join(old.text for old in row.olds)
    # Of a part beside the whole that it was, a comparison would say nothing.
    now = row.new.text if row.new and row.change.is_reworded and row.change != BlockFate.SPLIT else None
    return SimpleNamespace(
        change=row.change, has_moved=row.has_moved and row.change != BlockFate.MOVED, key=row.key, kind=row.block.kind,
        label=row.block.label,
        text=row.block.text, level=row.block.level, olds=[old.key for old in row.olds], before=row.before, is_by_hand=row.is_by_hand,
        segments=redline(before, now, work) if now is not None else (), confidence=row.confidence,
        is_unsure=row.confidence < service.SURE and not row.change.is_new, own_key=row.new.key if row.new else "",
        touched={old.key: touched[old.key] for old in row.olds if touched.get(old.key)},
    )


def is_shown(row: SimpleNamespace, show: str) -> bool:
    if show == "unsure":
        return row.is_unsure
    return show == "all" or not row.change.is_kept


def counts_of(rows: list[SimpleNamespace]) -> list[tuple[BlockFate, int, int]]:
    """(change, passages, contributions on them), of each change that there is."""
    counted = []
    for change in BlockFate:
        here = [row for row in rows if row.change == change]
        touched = {key: count for row in here for key, count in row.touched.items()}
        if here:
            counted.append((change, len(here), sum(touched.values())))
    return counted


# Corrected by hand


@bp.route("/chapters/<int:number>/working-draft/<string:text_language>/correct", methods=["GET", "POST"])
@reads_first
def correct(number: int, text_language: str):
    """A person's word on one passage: which published one it continues, or which of the new ones continues it."""
    draft, form = draft_here(number, text_language), CorrectForm()
    if form.validate_on_submit() and (form.new_key.data or form.old_key.data):
        try:
            return corrected(draft, form)
        except Invalid as refusal:
            put_refusal(form, refusal)
            undo()  # nobody waits for the page
            draft = draft_here(number, text_language)
    return page_of_correction(draft, form), 422 if request.method == "POST" else 200


def page_of_correction(draft: WorkingDraft, form: CorrectForm) -> str:
    require(actor(), Action.CHAPTERS_CORRECT, draft)
    made = service.get_plan(actor(), draft)
    new_key, old_key = (form.new_key.data or request.args.get("new")), (form.old_key.data or request.args.get("old"))
    row = next((row for row in revising.rows_of(made) if (row.new.key == new_key if new_key and row.new else
                                                         not new_key and row.new is None and row.key == old_key)), None)
    if row is None:
        raise NotFound(_("There is no such passage in this preview."), _("Go back to the preview and choose it there."))
    form.new_key.data, form.old_key.data, form.expected_counter.data = new_key, old_key, draft.row_counter
    form.chosen.choices, form.chosen.data = choices(made, row), row.olds[0].key if row.new and row.olds else ""
    return render_template("chapters/correct.html", draft=draft, row=row, form=form, is_gone=row.new is None)


def corrected(draft: WorkingDraft, form: CorrectForm):
    """Carried out; the page knows one of the two keys, the other is chosen: empty for nothing, None when a decision is taken back."""
    chosen = None if request.form.get("act") == "take-back" else form.chosen.data or ""
    new, old = (form.new_key.data, chosen) if form.new_key.data else (chosen, form.old_key.data)
    service.correct(actor(), draft, new_key=new, old_key=old, expected_counter=expected_counter())
    return redirect(url_for(".working_draft", number=draft.number, text_language=draft.language, _anchor=f"at-{new or old}"), 303)


def choices(made: revising.Plan, row: revising.PreviewRow) -> dict[str, list[tuple[str, str]]]:
    """The passages to choose from, in groups: those without a partner first."""
    rows = revising.rows_of(made)
    def option(key: str, block) -> tuple[str, str]:
        return key, f"{key} — {markup.excerpt(block.text, 90)}"
    if row.new is not None:
        free = [option(r.key, r.block) for r in rows if r.new is None]
        every = [option(old.key, old) for old in made.old]
        return {str(_("Nothing")): [("", _("Nothing: it is a new passage"))], str(_("No longer in the text")): free,
                str(_("Every passage of the published version")): every}
    free = [option(r.new.key, r.new) for r in rows if r.new and r.change.is_new]
    every = [option(block.key, block) for block in made.parsed.blocks]
    return {str(_("Nothing")): [("", _("Nothing: it was dropped"))], str(_("New passages")): free,
            str(_("Every passage of the new text")): every}


# Published, set on another base, or discarded


@bp.post("/chapters/<int:number>/working-draft/<string:text_language>/publish")
@reads_first
def publish(number: int, text_language: str):
    draft, form = draft_here(number, text_language), PublishForm()
    require(actor(), Action.CHAPTERS_PUBLISH, draft)
    if not form.validate_on_submit():
        return preview_of(draft, form, status=422)
    may_shrink = form.may_shrink.data
    try:
        revision = service.publish(actor(), draft, expected_counter=expected_counter(), note=form.note.data or "", may_shrink=may_shrink)
    except Invalid as refusal:
        put_refusal(form, refusal)
        return as_it_stands(number, text_language, form, status=422)
    except Conflict as refusal:
        return as_it_stands(number, text_language, form, refusal, status=409)
    said = _("Chapter %(number)s is published, version %(version)s.", number=revision.chapter.number, version=revision.number)
    flash(str(said), "success")
    return redirect(url_for(".read", number=number), 303)


def as_it_stands(number: int, text_language: str, form: PublishForm, conflict: Conflict | None = None, *, status: int):
    """What was refused, on the preview as it stands now, for which nobody has to wait; on a page of its own when the draft is gone."""
    undo()
    return preview_of(draft_here(number, text_language), form, conflict, status)


def expected_counter() -> int | None:
    return request.form.get("expected_counter", type=small_number)


@bp.post("/chapters/<int:number>/working-draft/<string:text_language>/rebase")
def rebase(number: int, text_language: str):
    draft = draft_here(number, text_language)
    if CounterForm().validate_on_submit():
        service.rebase(actor(), draft, expected_counter=expected_counter())
    return redirect(url_for(".working_draft", number=number, text_language=text_language), 303)


@bp.post("/chapters/<int:number>/working-draft/<string:text_language>/discard")
def discard(number: int, text_language: str):
    draft = draft_here(number, text_language)
    if CounterForm().validate_on_submit():
        service.discard(actor(), draft, expected_counter=expected_counter())
        flash(str(_("The version in preparation is discarded; what is published is as it was.")), "success")
    return redirect(url_for(".working_drafts"), 303)


# Edited in the browser


@bp.route("/chapters/<int:number>/edit/<string:text_language>", methods=["GET", "POST"])
@csrf.exempt  # the form checks its own token, and keeps the text when the token or the session is lost
@reads_first
def edit_working_draft(number: int, text_language: str):
    form = EditForm(text_language=known(text_language))
    if request.method == "POST" and not actor().is_authenticated:
        return editor(number, text_language, form, must_sign_in=True), 403
    source, draft = service.get_source_to_edit(actor(), required_consultation(), number, text_language)
    meta, body, _line = front_matter(source)
    if request.method == "GET":
        form.title.data, form.note.data, form.body.data = str(meta["title"]), str(meta.get("revision_note") or ""), body.strip("\n") + "\n"
        form.expected_counter.data = draft.row_counter if draft else ""
        return editor(number, text_language, form, draft=draft)
    if request.form.get("act") == "preview":
        return editor(number, text_language, form, draft=draft, preview=rendered(meta, form))
    if not is_complete(form, SESSION_ENDED):
        return editor(number, text_language, form, draft=draft), 422
    try:
        kept = service.keep_working_draft(actor(), required_consultation(), data=typed(meta, form), expected_counter=expected_counter())
    except Invalid as refusal:
        put_refusal(form, refusal if refusal.field in form else Invalid("body", refusal.message, refusal.remedy))
        return editor(number, text_language, form, draft=draft), 422
    except Conflict as refusal:
        return conflicting(number, text_language, form, refusal)
    if request.form.get("act") == "save":
        flash(str(_("The draft is saved. Nothing is published.")), "success")
        return redirect(url_for(".edit_working_draft", number=number, text_language=text_language), 303)
    return redirect(url_for(".working_draft", number=kept.number, text_language=kept.language), 303)


def editor(number: int, text_language: str, form: EditForm, **more) -> str:
    apart.prepare()
    return render_template(
        "chapters/edit_working_draft.html", number=number, text_language=text_language, form=form, languages=LANGUAGES, **more)


def conflicting(number: int, text_language: str, form: EditForm, refusal: Conflict):
    """Both texts: what was typed stays in the form, what somebody else saved stands beside it; saving again is then a decision."""
    undo()
    source, draft = service.get_source_to_edit(actor(), required_consultation(), number, text_language)
    meta, theirs, _line = front_matter(source)
    form.expected_counter.data = draft.row_counter if draft else ""
    form.expected_counter.raw_data = None
    page = editor(number, text_language, form, draft=draft, conflict=refusal, theirs=theirs.strip("\n"), their_title=meta["title"])
    return page, 409


def typed(meta: dict, form: EditForm) -> bytes:
    """The whole file from what stands in the form; what else its front matter says is kept."""
    title = validated_line("title", form.title.data, max_length=MAX_META["title"])
    note = validated_text("note", form.note.data, max_length=MAX_META["revision_note"]).strip()
    body = without_unseen("body", readable(form.body.data or ""), UNSEEN_SIGN)
    return with_front_matter({**meta, "title": title or meta["title"], "revision_note": note}, body).encode()


def rendered(meta: dict, form: EditForm) -> SimpleNamespace:
    """What the text looks like, and what looks wrong in it; writes nothing."""
    try:
        parsed = apart.read_file(typed(meta, form))
    except Invalid as fault:
        return SimpleNamespace(html="", problems=[], fault=fault)
    first = parsed.source[: parsed.source.index("\n---\n") + 5].count("\n") + 1
    problems = sorted(parsed.problems, key=lambda problem: (not problem.blocks, problem.line))
    return SimpleNamespace(html=markup.kept(parsed.html), problems=problems, fault=None, first=first)


@bp.post("/chapters/<int:number>/preview/<string:text_language>")
@csrf.exempt  # it writes nothing; whoever is no longer signed in is told so
@reads_first
def preview(number: int, text_language: str):
    """The part beside the editor, asked for while one types."""
    form = EditForm(text_language=known(text_language))
    source, _draft = service.get_source_to_edit(actor(), required_consultation(), number, text_language)
    meta, _body, _line = front_matter(source)
    return render_template("chapters/_preview.html", preview=rendered(meta, form), direction_of_text=direction(text_language),
                           text_language=text_language)
