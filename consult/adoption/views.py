"""The submission, and the Council's decisions."""

import io
import zipfile
from collections.abc import Sequence
from datetime import date

from flask import flash, redirect, render_template, send_file, url_for
from markupsafe import Markup

from consult.accounts.models import User
from consult.adoption import archive as archives
from consult.adoption import sealing, service
from consult.adoption.forms import DecisionForm, SubmitForm
from consult.adoption.models import Submission
from consult.chapters import events as chapters_events
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation, Phase
from consult.contributions import events as contributions_events
from consult.contributions.models import Contribution
from consult.core.atom import Entry
from consult.core.errors import Invalid, NotFound
from consult.core.events import Link
from consult.core.i18n import LANGUAGES, _, day, gettext, ngettext, when
from consult.core.markup import trusted
from consult.core.permissions import Action, can, require
from consult.core.web import actor, language, link, put_refusal, required_consultation, room
from consult.exports.models import ExportFormat
from consult.exports.writers import SYNTHESIS
from consult.news import events as news_events
from consult.synthesis.models import Synthesis

bp = room("adoption")


# What other rooms show of this one


@consultations_events.next_acts.fill
def next_acts(consultation: Consultation) -> list[consultations_events.NextAct]:
    acts = []
    if can(actor(), Action.ADOPTION_SUBMIT, consultation):
        acts.append(consultations_events.NextAct(_("Submit to the Council"), url_for("adoption.submit"), is_main=False))
    if can(actor(), Action.ADOPTION_DECIDE, consultation):
        acts.append(consultations_events.NextAct(_("Record the decision"), url_for("adoption.submission"), is_main=True))
    return acts


@news_events.published.fill
def published(consultation: Consultation, chapter_ids: Sequence[int]) -> list[Entry]:
    """The syntheses, public since they were submitted, and what the Council decided on them."""
    if not consultation.phase.is_submitted:
        return []
    submission = service.get_submission(consultation)
    texts = [chapter for chapter, synthesis in service.list_syntheses(consultation) if synthesis is not None and synthesis.is_public]
    decisions = {one.chapter_id: one for one in service.list_decisions(submission)}
    made = []
    for chapter in (one for one in texts if one.id in chapter_ids):
        place = f"{consultation.slug}/chapters/{chapter.number}"
        made.append(Entry(f"{place}/synthesis", gettext("The synthesis of chapter %(number)s", number=chapter.number),
                          link("synthesis.read", number=chapter.number), submission.submitted_at, chapter.title(language())))
        if decision := decisions.get(chapter.id):
            made.append(Entry(f"{place}/decision", gettext("The Council’s decision on chapter %(number)s: %(outcome)s",
                                                           number=chapter.number, outcome=decision.outcome.label),
                              link("adoption.submission"), decision.recorded_at, decision.words))
    return made


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """For the secretariat, that all is validated and what became of its request; for all, what was sent, and what the Council decided."""
    if consultation.phase.is_submitted:
        return concluded(person, service.get_submission(consultation))
    if not can(person, Action.ADOPTION_SUBMIT, consultation):
        return []
    asked, here = service.get_request(consultation), "adoption.submit"
    if asked and asked.is_under_way:
        return [consultations_events.Waiting(f"asked:{asked.id}", gettext(
            "On %(date)s it was asked that the syntheses be submitted to the Council; the documents are being made.",
            date=when(asked.requested_at)), here, since=asked.requested_at)]
    if asked and asked.failure:
        return [consultations_events.Waiting(f"called_off:{asked.failure.id}", gettext(
            "The submission that was asked for on %(date)s did not take place. %(cause)s", date=when(asked.requested_at),
            cause=asked.failure.cause.label), here)]
    syntheses = [synthesis for _chapter, synthesis in service.list_syntheses(consultation)]
    if not syntheses or not all(awaits_submission(synthesis) for synthesis in syntheses):
        return []
    return [consultations_events.Waiting(
        "submit", gettext("Every synthesis is validated: they wait to be submitted to the Council."), here)]


def concluded(person: User, submission: Submission) -> list[consultations_events.Waiting]:
    there, chapters_ = "adoption.submission", [chapter for chapter, _synthesis in service.list_syntheses(submission.consultation)]
    if not any(can(person, Action.SYNTHESIS_VIEW, chapter) for chapter in chapters_):
        return []
    return [
        consultations_events.Waiting(f"submitted:{submission.id}", gettext(
            "The syntheses were submitted to the Council on %(date)s.", date=when(submission.submitted_at)), there,
            since=submission.submitted_at),
        *(consultations_events.Waiting(f"decided:{decision.id}", gettext(
            "The Council decided on chapter %(number)s on %(date)s: %(outcome)s.", number=decision.chapter.number,
            date=day(decision.decided_on), outcome=decision.outcome.label), there, since=decision.recorded_at)
          for decision in service.list_decisions(submission) if can(person, Action.SYNTHESIS_VIEW, decision.chapter)),
    ]


@consultations_events.dashboard_counts.fill
def dashboard_counts(consultation: Consultation) -> list[consultations_events.Count]:
    """Syntheses that are validated, chapters that are decided."""
    if not can(actor(), Action.ADOPTION_ARCHIVE, consultation):
        return []
    counts = []
    if consultation.current_phase.is_concluding:
        validated = sum(1 for _chapter, synthesis in service.list_syntheses(consultation) if awaits_submission(synthesis))
        words = ngettext("synthesis validated: submit to the Council", "syntheses validated: submit to the Council", validated)
        counts.append(consultations_events.Count(words, validated, url_for("adoption.submit")))
    if consultation.phase.is_submitted:
        decided = len(service.list_decisions(service.get_submission(consultation)))
        words = ngettext("chapter decided by the Council", "chapters decided by the Council", decided)
        counts.append(consultations_events.Count(words, decided, url_for("adoption.submission")))
    return counts


@consultations_events.outcome_links.fill
def outcome_links(consultation: Consultation) -> list[Link]:
    """What the Council was sent and what it decided, from the submission on."""
    if not consultation.phase.is_submitted:
        return []
    return [Link(_("What was submitted to the Council, and what it decided"), url_for("adoption.submission"))]


@consultations_events.milestones.fill
def milestones(consultation: Consultation) -> dict[Phase, date]:
    return service.get_milestones(consultation) if consultation.phase.is_submitted else {}


# Submission and decision


@bp.get("/submission")
def submission():
    """Public: what was sent to the Council, when, how to check it, and what the Council decided."""
    consultation = required_consultation()
    if not consultation.phase.is_submitted and can(actor(), Action.ADOPTION_SUBMIT, consultation) and service.get_request(consultation):
        return show_submit(SubmitForm())
    sent = service.get_submission(consultation)
    decisions = {decision.chapter_id: decision for decision in service.list_decisions(sent)}
    return render_template(
        "adoption/submission.html", submission=sent, decisions=decisions, syntheses=service.list_syntheses(consultation),
        sealing=None if sent.archive else service.get_sealing(sent), formats=archives.SYNTHESES,
    )


@bp.route("/submit", methods=["GET", "POST"])
def submit():
    consultation = required_consultation()
    require(actor(), Action.ADOPTION_SUBMIT, consultation)
    form = SubmitForm()
    if form.validate_on_submit():
        service.submit(actor(), consultation)
        return redirect(url_for(".submission"), 303)
    return show_submit(form)


def show_submit(form: SubmitForm):
    """What is missing, how far the documents are, or why nothing was submitted."""
    consultation = required_consultation()
    syntheses, request = service.list_syntheses(consultation), service.get_request(consultation)
    return render_template(
        "adoption/submit.html", form=form, syntheses=syntheses, request=request,
        preparation=sealing.get_preparation(request) if request and request.is_under_way else None,
        is_ready=bool(syntheses) and all(awaits_submission(s) for _c, s in syntheses),
    )


def awaits_submission(synthesis: Synthesis | None) -> bool:
    return synthesis is not None and synthesis.state.awaits_submission


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
    name = f"{sent.consultation.slug}-dossier.zip"
    return send_file(path, mimetype=ExportFormat.ZIP.content_type, as_attachment=True, download_name=name, etag=sealed.sha256, max_age=0)


@bp.get("/document/<int:number>/<string:text_language>/<string:format>")
def document(number: int, text_language: str, format: str):
    """A synthesis as it was submitted, out of the sealed archive: everybody may read it."""
    if text_language not in LANGUAGES or format not in [f.value for f in archives.SYNTHESES]:
        raise NotFound
    consultation = required_consultation()
    path = service.get_public_archive(service.get_submission(consultation))
    wanted = f"/data/syntheses/chapter-{number}.{text_language}.{format}"
    with zipfile.ZipFile(path) as sealed:
        name = next((name for name in sealed.namelist() if name.endswith(wanted)), None)
        if name is None:
            raise NotFound
        content = sealed.read(name)
    title = SYNTHESIS.title(chapters.get_chapter(consultation, number))
    return send_file(io.BytesIO(content), mimetype=ExportFormat(format).content_type, as_attachment=True,
                     download_name=f"{title} ({text_language}).{format}", max_age=3600)


@chapters_events.provision_parts.fill
def provision_part(chapter: Chapter, key: str) -> chapters_events.ProvisionPart | None:
    """What the Council decided on its chapter."""
    words = decided_on(chapter)
    if words is None:
        return None
    return chapters_events.ProvisionPart(order=3, id="decision", title=_("Decision of the Council"), count=None, words=words)


@contributions_events.decided.fill
def decided(contribution: Contribution) -> Markup | None:
    return decided_on(contribution.chapter) if contribution.consultation.phase.is_submitted else None


def decided_on(chapter: Chapter) -> Markup | None:
    decision = service.get_decision(chapter)
    return trusted(render_template("adoption/_provision.html", chapter=chapter, decision=decision)) if decision else None
