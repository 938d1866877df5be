"""The languages of a chapter side by side, the translator's confirmations, and how far each language follows the French text."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from consult.accounts.models import User
from consult.chapters import service
from consult.chapters.translations import TranslationState
from consult.chapters.views.pages import bp
from consult.chapters.views.ready import chapter_here
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.core.i18n import DEFAULT_LANGUAGE, LANGUAGE_NAMES, LANGUAGES, _, direction, gettext, ngettext
from consult.core.i18n import number as format_number
from consult.core.markup import without_addresses
from consult.core.permissions import Action, can
from consult.core.web import actor, required_consultation, small_number

SHOWN = {
    "all": tuple(TranslationState), "stale": TranslationState.where(is_to_check=True), "missing": TranslationState.where(is_wanting=True),
}


@bp.get("/chapters/<int:number>/translations/<string:text_language>")
def translations(number: int, text_language: str):
    """Passage by passage, French beside another language; whoever is in charge confirms here that both say the same."""
    chapter = chapter_here(number)
    page = service.get_translations(chapter, text_language)
    asked = request.args.get("show", "")
    show = asked if asked in SHOWN else "all"
    confirmed = request.args.get("confirmed", "")
    rows = [row for row in page.rows if row.state in SHOWN[show] or row.key == confirmed]
    return render_template(
        "chapters/translations.html", chapter=chapter, page=page, rows=rows, show=show, confirmed=confirmed, text_language=text_language,
        counts=page.coverage, names=LANGUAGE_NAMES, native=LANGUAGES, words_of=lambda block: without_addresses(block.html),
        may_confirm=can(actor(), Action.CHAPTERS_CONFIRM_TRANSLATION, chapter),
        languages=[("french", "fr", direction("fr")), ("other", text_language, direction(text_language))],
    )


@bp.post("/chapters/<int:number>/translations/<string:text_language>/confirm-translation")
def confirm_translation(number: int, text_language: str):
    mark = service.get_outdated_translation(chapter_here(number), request.form.get("mark", 0, type=small_number))
    service.confirm_translation(actor(), mark, shown_revisions=request.form.getlist("shown_revisions", type=small_number))
    return redirect(back(number, text_language, confirmed=mark.key, _anchor=mark.key), 303)


@bp.post("/chapters/<int:number>/translations/<string:text_language>/confirm-translations")
def confirm_translations(number: int, text_language: str):
    count = service.confirm_translations(
        actor(), chapter_here(number), language=text_language, shown_revisions=request.form.getlist("shown_revisions", type=small_number))
    flash(ngettext("One passage is in step again.", "%(num)s passages are in step again.", count), "success")
    return redirect(back(number, text_language), 303)


def back(number: int, text_language: str, **values: Any) -> str:
    """The page one came from, with the same passages shown."""
    if (show := request.form.get("show")) in SHOWN:
        values["show"] = show
    return url_for(".translations", number=number, text_language=text_language, **values)


@bp.get("/chapters/coverage")
def coverage():
    """For those in charge: each chapter, each language, and what it still lacks."""
    rows = service.list_coverage(actor(), required_consultation())
    begun = [code for code in LANGUAGES if any(row.others.get(code) for row in rows)]
    return render_template("chapters/coverage.html", rows=rows, languages=begun or ["ar"], names=LANGUAGE_NAMES)


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """The passages whose translation they have to check."""
    if not can(person, Action.CHAPTERS_VIEW_TRANSLATIONS, consultation):
        return []
    return [
        consultations_events.Waiting(
            f"translations:{chapter.number}",
            ngettext("%(num)s passage of chapter %(number)s changed in one language alone: its translation waits to be checked.",
                     "%(num)s passages of chapter %(number)s changed in one language alone: their translations wait to be checked.",
                     n, number=chapter.number),
            "chapters.coverage")
        for chapter, n in service.count_outdated_translations(person, consultation).items()
        if n and can(person, Action.CHAPTERS_CONFIRM_TRANSLATION, chapter)
    ]


@consultations_events.dashboard_columns.fill
def dashboard_columns(consultation: Consultation) -> list[consultations_events.Column]:
    """The published text, and how many of its passages wait for a translator."""
    texts = {
        number: consultations_events.Cell(gettext("Version %(number)s", number=revision.number), url_for("chapters.read", number=number))
        for (number, code), revision in service.list_published(consultation).items() if code == DEFAULT_LANGUAGE
    }
    columns = [consultations_events.Column(10, _("Text"), texts)]
    if can(actor(), Action.CHAPTERS_VIEW_TRANSLATIONS, consultation):
        stale = service.count_outdated_translations(actor(), consultation)
        columns.append(consultations_events.Column(50, _("Translations to check"), {
            chapter.number: consultations_events.Cell(format_number(n), url_for("chapters.coverage"), is_waiting=n > 0)
            for chapter, n in stale.items()}))
    return columns
