"""What other rooms show of moderation."""

import sqlalchemy as sa
from flask import url_for

from consult.accounts import events as accounts_events
from consult.accounts.models import User
from consult.consultations import events as consultations_events
from consult.consultations.models import Consultation
from consult.contributions import events as contributions_events
from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core import events as core_events
from consult.core.db import Base
from consult.core.i18n import _, ngettext
from consult.core.i18n import number as format_number
from consult.core.permissions import Action, Actor, can
from consult.core.web import actor
from consult.core.web import consultation as shown_consultation
from consult.moderation import service
from consult.moderation.models import ModerationDecision
from consult.moderation.views.filters import OF_REPLIES


@core_events.staff_menu.fill
def staff_menu() -> list[core_events.MenuEntry]:
    return [core_events.MenuEntry(10, "moderation.queue", _("Moderation"), Action.MODERATION_VIEW, has_room=True)]


@accounts_events.arrival.fill
def arrival(person: Actor) -> str | None:
    """Once the answers are being concluded, only while something waits here."""
    consultation = shown_consultation()
    if not can(person, Action.MODERATION_VIEW, consultation):
        return None
    counts = service.count_by_state(person, service.list_chapters(person, consultation))
    is_waiting = any(of[state] for of in counts.values() for state in ContributionState.where(awaits_moderation=True))
    return url_for("moderation.queue") if is_waiting or not consultation.current_phase.is_concluding else None


@consultations_events.waiting.fill
def waiting(person: User, consultation: Consultation) -> list[consultations_events.Waiting]:
    """What they have to moderate."""
    replies = [
        consultations_events.Waiting(
            f"replies:{chapter.number}",
            ngettext("%(num)s reply in chapter %(number)s awaits moderation.", "%(num)s replies in chapter %(number)s await moderation.", n,
                     number=chapter.number),
            "moderation.queue", {"chapter": chapter.number, "of": OF_REPLIES})
        for chapter, n in service.count_awaiting(person, consultation, Reply).items()
    ]
    return replies + [
        consultations_events.Waiting(
            f"moderation:{chapter.number}",
            ngettext("%(num)s contribution to chapter %(number)s awaits moderation.",
                     "%(num)s contributions to chapter %(number)s await moderation.", n, number=chapter.number),
            "moderation.queue", {"chapter": chapter.number})
        for chapter, n in service.count_awaiting(person, consultation).items()
    ]


@consultations_events.dashboard_columns.fill
def dashboard_columns(consultation: Consultation) -> list[consultations_events.Column]:
    if not can(actor(), Action.MODERATION_VIEW, consultation):
        return []
    watched = service.list_chapters(actor(), consultation)
    counts = service.count_by_state(actor(), watched)
    waiting = {c.number: sum(counts[c.id][state] for state in ContributionState.where(awaits_moderation=True)) for c in watched}
    cells = {number: consultations_events.Cell(format_number(n), url_for("moderation.queue", chapter=number), is_waiting=n > 0)
             for number, n in waiting.items()}
    return [consultations_events.Column(20, _("Awaiting moderation"), cells)]


@consultations_events.dashboard_counts.fill
def dashboard_counts(consultation: Consultation) -> list[consultations_events.Count]:
    """How many are in each state, with the way to them."""
    if not can(actor(), Action.MODERATION_VIEW, consultation):
        return []
    counts = service.count_by_state(actor(), service.list_chapters(actor(), consultation)).values()
    totals = {state: sum(of[state] for of in counts) for state in ContributionState}
    return [consultations_events.Count(state.counted(n), n, url_for("moderation.queue", state=state.value)) for state, n in totals.items()]


@contributions_events.acts.fill
def acts(said: Contribution | Reply) -> list[contributions_events.Act]:
    """Of its author: to answer what the moderators ask, to appeal against what they decided. Of others: to flag it."""
    acts, reader = [], actor()
    if not reader.wrote(said.author_id):
        if can(reader, Action.MODERATION_FLAG, said):
            acts.append(contributions_events.Act(_("Flag"), url_for("moderation.flag", ref=said.ref)))
        return acts
    if said.state.awaits_author:
        acts.append(contributions_events.Act(_("Rephrase"), url_for("moderation.rephrase", ref=said.ref)))
    is_hidden = said.is_redacted or (said.state.is_silent and not said.state.is_taken_back)
    if is_hidden and can(reader, Action.MODERATION_APPEAL, said):
        acts.append(contributions_events.Act(_("Appeal"), url_for("moderation.appeal", ref=said.ref)))
    return acts


@core_events.told_with.fill
def decisions_told(thing: Base) -> core_events.ToldWith | None:
    if not isinstance(thing, Contribution):
        return None
    decisions = sa.select(ModerationDecision.id).where(ModerationDecision.contribution_id == thing.id)
    return core_events.ToldWith(ModerationDecision.__tablename__, decisions)
