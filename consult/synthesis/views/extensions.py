"""What other rooms show of a synthesis."""

from collections.abc import Sequence

from flask import g, render_template, url_for

from consult.accounts import events as accounts_events
from consult.chapters import events as chapters_events
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import events as contributions_events
from consult.contributions.models import Contribution
from consult.core import events as core_events
from consult.core.i18n import _, gettext
from consult.core.i18n import number as format_number
from consult.core.markup import Markup, trusted
from consult.core.permissions import Action, Actor, can
from consult.core.web import actor
from consult.core.web import consultation as shown_consultation
from consult.synthesis import service


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(20, "synthesis.workbench", _("Synthesis"), Action.SYNTHESIS_VIEW, has_room=True)]


@contributions_events.answer.fill
def answer(contribution: Contribution) -> Markup | None:
    found = service.get_answer(actor(), contribution)
    return drawn(found) if found else None


@contributions_events.answers.fill
def answers(contributions: Sequence[Contribution]) -> dict[int, Markup]:
    return {number: drawn(found) for number, found in service.list_answers(actor(), contributions).items()}


def drawn(answer: service.Answer) -> Markup:
    return trusted(render_template("synthesis/_answer.html", answer=answer))


@chapters_events.links.fill
def links(chapter: Chapter) -> list[core_events.Link]:
    """Its synthesis, once it is public."""
    if "public_syntheses" not in g:
        g.public_syntheses = {s.chapter_id for s in service.list_syntheses(chapter.consultation) if s.is_public}
    if chapter.id not in g.public_syntheses:
        return []
    return [core_events.Link(_("Synthesis and answers"), url_for("synthesis.read", number=chapter.number))]


@contributions_events.answered.fill
def answered(consultation: Consultation) -> int:
    return service.count_answered(consultation)


@consultations_events.dashboard_columns.fill
def dashboard_columns(consultation: Consultation) -> list[consultations_events.Column]:
    """Of each chapter, how many contributions are still unanswered and how far its synthesis is."""
    left = {chapter: n for chapter, n in service.count_unanswered(consultation).items() if can(actor(), Action.SYNTHESIS_VIEW, chapter)}
    begun = {synthesis.chapter_id: synthesis.state for synthesis in service.list_syntheses(consultation)}
    unanswered = {chapter.number: consultations_events.Cell(
        format_number(n), url_for("synthesis.overview", number=chapter.number), is_waiting=n > 0) for chapter, n in left.items()}
    states = {chapter.number: consultations_events.Cell(
        str(begun[chapter.id].label) if chapter.id in begun else gettext("Not begun"),
        url_for("synthesis.overview", number=chapter.number)) for chapter in left}
    return [consultations_events.Column(30, _("Unanswered"), unanswered), consultations_events.Column(60, _("Synthesis"), states)]


@accounts_events.arrival.fill
def arrival(person: Actor) -> str | None:
    """While the answers are being concluded: the chair where the chapter is validated, the others at their workbench."""
    consultation = shown_consultation()
    if consultation is None or not consultation.current_phase.is_concluding:
        return None
    mine = [c for c in chapters.list_chapters(consultation) if can(person, Action.SYNTHESIS_VIEW, c)]
    for synthesis in map(service.get_or_new, mine):
        if synthesis.state.is_editable and can(person, Action.SYNTHESIS_VALIDATE, synthesis):
            return url_for("synthesis.overview", number=synthesis.chapter.number)
    return url_for("synthesis.workbench") if mine else None


@chapters_events.provision_parts.fill
def provision_part(chapter: Chapter, key: str) -> chapters_events.ProvisionPart | None:
    """What the commission answered about it, once the synthesis is public."""
    given = service.list_provision_answers(chapter, key)
    if not given:
        return None
    words = render_template("synthesis/_provision.html", chapter=chapter, answers=given)
    return chapters_events.ProvisionPart(
        order=2, id="answers", title=_("Answers of the commission"), count=len(given), words=trusted(words))
