"""What other rooms show of a synthesis."""

from collections.abc import Sequence

from flask import g, render_template, url_for

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.chapters import events as chapters_events
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import events as contributions_events
from consult.contributions.models import Contribution
from consult.core import events as core_events
from consult.core.db import Base
from consult.core.i18n import _, gettext, isolate, ngettext, when
from consult.core.i18n import number as format_number
from consult.core.markup import Markup, trusted
from consult.core.permissions import Action, Actor, can
from consult.core.web import actor
from consult.core.web import consultation as shown_consultation
from consult.synthesis import service
from consult.synthesis.models import Synthesis, SynthesisItem


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(20, "synthesis.workbench", _("Synthesis"), Action.SYNTHESIS_VIEW, has_room=True)]


@contributions_events.answer.fill
def answer(contribution: Contribution) -> Markup | None:
    found = service.get_answer(actor(), contribution)
    if found:
        g.points_told = {contribution.id: [one.point for one in found.points]}
    return drawn(found) if found else None


@contributions_events.marked_words.fill
def marked_words(contribution: Contribution) -> Markup | None:
    """Its points, where it is split and the reader may know: those whose answers are public, or who work on them."""
    points = g.get("points_told", {}).get(contribution.id)
    if points is None and can(actor(), Action.SYNTHESIS_VIEW, contribution):
        points = service.list_answerable([contribution]).get(contribution.id)
    if not points:
        return None
    return trusted(render_template("synthesis/_marked.html", c=contribution, points=points))


@contributions_events.links.fill
def contribution_links(contribution: Contribution) -> list[core_events.Link]:
    if not (contribution.is_answerable and can(actor(), Action.SYNTHESIS_SPLIT, contribution)):
        return []
    return [core_events.Link(_("Split into requests"), url_for("synthesis.split", ref=contribution.ref))]


@contributions_events.answers.fill
def answers(contributions: Sequence[Contribution]) -> dict[int, Markup]:
    return {number: drawn(found) for number, found in service.list_answers(actor(), contributions).items()}


@core_events.told_with.fill
def gathering_told(thing: Base) -> core_events.ToldWith | None:
    """Of a contribution: that it was gathered into the item where it stands."""
    if not isinstance(thing, Contribution):
        return None
    of_it = service.item_ids_of(thing, with_drafts=can(actor(), Action.SYNTHESIS_VIEW, thing.chapter))
    return core_events.ToldWith(SynthesisItem.__tablename__, of_it, thing.ref)


def drawn(answer: service.Answer) -> Markup:
    return trusted(render_template("synthesis/_answer.html", answer=answer))


@chapters_events.links.fill
def links(chapter: Chapter) -> list[core_events.Link]:
    """Its synthesis, once it is public: all of them are submitted together."""
    if not chapter.consultation.current_phase.is_submitted:
        return []
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
    left = {chapter: found for chapter, found in service.count_unanswered(consultation).items()
            if can(actor(), Action.SYNTHESIS_VIEW, chapter)}
    unanswered = {chapter.number: consultations_events.Cell(
        format_number(n), url_for("synthesis.overview", number=chapter.number), is_waiting=n > 0) for chapter, (n, _state) in left.items()}
    states = {chapter.number: consultations_events.Cell(
        str(state.label) if state else gettext("Not begun"),
        url_for("synthesis.overview", number=chapter.number)) for chapter, (_n, state) in left.items()}
    return [consultations_events.Column(30, _("Unanswered"), unanswered), consultations_events.Column(60, _("Synthesis"), states)]


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """Chapter by chapter, what the commission has to answer, what came back to it, and what the chair may validate."""
    if consultation.current_phase.receives_contributions:
        return []
    unanswered = service.count_unanswered(consultation)
    lines = [waiting_for(person, synthesis, unanswered[synthesis.chapter][0]) for synthesis in map(service.get_or_new, unanswered)
             if synthesis.state.is_editable]
    return [line for line in lines if line]


def waiting_for(person: User, synthesis: Synthesis, unanswered: int) -> consultations_events.Waiting | None:
    """Of one draft: whoever returned it themselves is told no more of it before somebody worked on it."""
    number, returned = synthesis.chapter.number, service.get_return(synthesis)
    if returned is None and not unanswered:
        may, key = can(person, Action.SYNTHESIS_VALIDATE, synthesis) and not service.list_obstacles(synthesis), f"validate:{number}"
        words = gettext("The synthesis of chapter %(number)s is complete: it waits for you to validate it.", number=number)
    elif returned is None:
        may, key = can(person, Action.SYNTHESIS_EDIT_ITEM, synthesis), f"unanswered:{number}"
        words = ngettext(
            "%(num)s contribution to chapter %(number)s has no reasoned answer yet.",
            "%(num)s contributions to chapter %(number)s have no reasoned answer yet.", unanswered, number=number)
    else:
        may = returned.reopened_by_id != person.id and can(person, Action.SYNTHESIS_EDIT_ITEM, synthesis)
        key = f"returned:{returned.id}"
        words = gettext(
            "The synthesis of chapter %(number)s was taken up again on %(date)s: %(reason)s", number=number,
            date=when(returned.reopened_at), reason=isolate(returned.reason))
    return consultations_events.Waiting(key, words, "synthesis.overview", {"number": number}) if may else None


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
