"""The acts of the verdicts: one by one, and several at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation, Role
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, Reply
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.course import share_course
from consult.core.db import session
from consult.core.errors import Conflict, ConsultError, Invalid
from consult.core.i18n import _, when
from consult.core.jobs import later
from consult.core.locks import list_locked, lock, lock_all, taken
from consult.core.permissions import Action, Actor, require
from consult.moderation import jobs
from consult.moderation.models import (
    MAX_WORDS,
    Appeal,
    Decision,
    ModerationDecision,
    ModerationNotice,
    Reason,
    ReplyDecision,
    Verdict,
    is_fresh,
)
from consult.moderation.service.appealing import appeal_on, is_open
from consult.moderation.service.flagging import settle_by
from consult.moderation.service.redacting import Moderated, decisions_on, hide, list_all, places_in, show
from consult.moderation.service.rephrasing import ask, is_final, words_to_rephrase
from consult.text import normalising


@dataclass
class Bulk:
    """What became of several at once: the refs decided on, and (ref, why not) of the others."""

    decided: list[str] = field(default_factory=list)
    refused: list[tuple[str, Any]] = field(default_factory=list)


def act_of(verdict: Verdict) -> Callable[..., Decision]:
    """The command of a verdict, under its name; ``expected_counter`` is the ``row_counter`` that the moderator's page showed.

    Raises :class:`Conflict` when it is not what that page showed, or can no longer be decided so; where words are needed,
    :class:`Invalid` for a reason of another list, or words that are missing or cannot be kept; where words of the text are named to be
    hidden, or rephrased (``phrases``, one on each line), :class:`Invalid` for those that are not in it.
    """
    def press(actor: User, subject: Moderated, *, expected_counter: int) -> Decision:
        return _decide(actor, subject, verdict, {"reason": verdict.reasons[0], "words": ""}, expected_counter)

    def explain(actor: User, subject: Moderated, *, reason: Reason, words: str, expected_counter: int) -> Decision:
        return _decide(actor, subject, verdict, _given(verdict, reason, words), expected_counter)

    def name_words(actor: User, subject: Moderated, *, reason: Reason, words: str, phrases: str, expected_counter: int) -> Decision:
        return _decide(actor, subject, verdict, _given(verdict, reason, words), expected_counter, phrases)
    act: Callable[..., Decision] = name_words if verdict.names_words else explain if verdict.needs_words else press
    act.__name__ = verdict.value
    return command(act)


ACTS = {verdict: act_of(verdict) for verdict in Verdict}
publish = ACTS[Verdict.PUBLISH]
withhold = ACTS[Verdict.WITHHOLD]
restore = ACTS[Verdict.RESTORE]
redact = ACTS[Verdict.REDACT]
ask_to_rephrase = ACTS[Verdict.ASK_TO_REPHRASE]
show_all = ACTS[Verdict.SHOW_ALL]
reopen = ACTS[Verdict.REOPEN]


def decide_several(
    actor: Actor, consultation: Consultation, verdict: Verdict, *, expected_counter: Mapping[str, int],
    model: type[Moderated] = Contribution, **values: Any,
) -> Bulk:
    """Decide the same on those whose refs are the keys of ``expected_counter``, each by its own command: one refusal stops no other.

    ``values`` are the reason and the words, where the verdict needs them. Raises :class:`Invalid` for those that no command would take.
    """
    require(actor, Action.MODERATION_VIEW, consultation)
    if verdict.needs_words:
        values = _given(verdict, **values)
    wanted = model.ref.in_(expected_counter)
    share_course()  # before the chapters, as each act by itself
    # All at once: taken one after the other they would be in the order of the contributions, and two bulks could wait for each other.
    lock_all(Chapter, Chapter.id.in_(sa.select(model.chapter_id).where(wanted)))
    own = sa.select(Chapter.id).where(Chapter.consultation_id == consultation.id)
    found = list_locked(model, wanted, model.chapter_id.in_(own))
    bulk = Bulk()
    with tallies.together():
        for ref, subject in sorted(((c.ref, c) for c in found), key=lambda pair: (pair[1].chapter_id, pair[1].id)):
            try:
                with session.begin_nested(), tallies.together():
                    ACTS[verdict](actor, subject, expected_counter=expected_counter[ref], **values)
            except ConsultError as error:
                bulk.refused.append((ref, error.message))
            else:
                bulk.decided.append(ref)
    known = {*bulk.decided, *(ref for ref, _why in bulk.refused)}
    bulk.refused += [(ref, _("There is nothing of this reference.")) for ref in expected_counter if ref not in known]
    return bulk


def list_verdicts(actor: Actor, subject: Moderated, decisions: Sequence[Decision], appeal: Appeal | None) -> tuple[Verdict, ...]:
    """What can be decided on it after these decisions, oldest first, and what its author said against one."""
    require(actor, Action.MODERATION_VIEW, subject)
    return _possible(subject, decisions, has_appeal=is_open(appeal, decisions))


def _possible(subject: Moderated, decisions: Sequence[Decision], *, has_appeal: bool) -> tuple[Verdict, ...]:
    last = decisions[-1] if decisions else None
    # What is hidden is told by places in the words that were there: they are shown again before others are asked for.
    is_asked = subject.is_redacted or (any(one.verdict.asks_author for one in decisions) and is_final(subject))
    return tuple(
        verdict for verdict in Verdict.possible(subject.state)
        if (subject.is_redacted or not verdict.shows_all)
        and not (verdict.asks_author and is_asked)
        and (has_appeal or not verdict.answers_appeal)
        and not (verdict.takes_back and (last is None or last.verdict.takes_back or not is_fresh(last))))


def _decide(
    actor: User, subject: Moderated, verdict: Verdict, given: dict[str, Any], expected_counter: int, phrases: str = "",
) -> Decision:
    _claim(subject, expected_counter)
    has_appeal = _is_for_the_secretariat(actor, subject)
    is_about_words = verdict.names_words or verdict.shows_all or verdict.takes_back
    before = list_all(subject) if is_about_words else []
    if verdict not in _possible(subject, before, has_appeal=has_appeal):
        raise _too_late(subject) if verdict.takes_back and verdict in Verdict.possible(subject.state) else _overtaken(subject)
    if subject.consultation.current_phase.is_submitted and not given["reason"].is_lasting:
        raise Invalid("reason", _("Since the submission to the Council only personal data, and what is contrary to the law, are hidden."),
                      _("Choose one of these reasons, or leave it as it is."))
    hidden = places_in(subject, phrases) if verdict.hides_words else {}
    named = words_to_rephrase(subject, phrases) if verdict.asks_author else []
    decision = _written(subject, {**given, "verdict": verdict, "moderator": actor})
    if is_about_words:
        hide(decision, hidden)
        show(subject, [*before, decision])
    if verdict.asks_author:
        ask(decision, named)
    if isinstance(subject, Reply):
        _move_reply(subject, verdict, is_rewritten=is_about_words)
    else:
        _move_contribution(subject, verdict, is_rewritten=is_about_words)
    settle_by(decision)
    if subject.awaits_reading:  # who decides has read it
        subject.awaits_reading = False
    return decision


def _is_for_the_secretariat(actor: User, subject: Moderated) -> bool:
    """Whether an appeal is open; :class:`Conflict` for whom :func:`reserved` keeps from deciding."""
    appeal = appeal_on(subject)
    if appeal is None:
        return False
    decisions = list_all(subject)
    if kept := reserved(actor, decisions, appeal):
        raise kept
    return is_open(appeal, decisions)


def reserved(actor: Actor, decisions: Sequence[Decision], appeal: Appeal | None) -> Conflict | None:
    """Why this person does not decide: from an appeal on the secretariat does, and nobody on one against a decision of their own."""
    if appeal is None:
        return None
    if not is_open(appeal, decisions):
        return None if actor.holds(Role.SECRETARIAT) else Conflict(
            _("The secretariat has decided on the appeal of its author: from then on nobody else decides on it."),
            _("Write to the secretariat if it should be looked at again."))
    if not actor.holds(Role.SECRETARIAT):
        return Conflict(_("Its author has appealed to the secretariat, which decides now."), _("Its decision is told to you here."))
    if decisions[-1].moderator_id == actor.id:
        return Conflict(_("This decision is your own: somebody else of the secretariat looks at it again."), _("Leave it to them."))
    return None


def _written(subject: Moderated, given: dict[str, Any]) -> Decision:
    """The decision, and that its author is to be told of it."""
    decision: Decision = (
        ReplyDecision(reply=subject, **given) if isinstance(subject, Reply) else ModerationDecision(contribution=subject, **given))
    session.add(decision)
    session.flush()
    if isinstance(decision, ModerationDecision):
        session.add(ModerationNotice(decision_id=decision.id))
        later(jobs.tell_author, decision)
    else:
        later(jobs.tell_reply_author, decision)
    return decision


def _move_contribution(contribution: Contribution, verdict: Verdict, *, is_rewritten: bool) -> None:
    was_public = contribution.is_public
    to = verdict.leads_from(contribution.state)
    if to != contribution.state:
        with contributions.recounted([contribution]):
            states.move(contribution, to)
    if was_public != contribution.is_public or is_rewritten:
        chapters.mark_changed(contribution.chapter)
    if contribution.is_public and not was_public:
        contributions.announce(contribution)


def _move_reply(reply: Reply, verdict: Verdict, *, is_rewritten: bool) -> None:
    to = verdict.leads_from(reply.state)
    if to != reply.state:
        contributions.move_reply(reply, to)
    if is_rewritten:
        chapters.mark_changed(reply.chapter)


def _given(verdict: Verdict, reason: Reason, words: str) -> dict[str, Any]:
    return {"reason": _listed(reason, verdict.reasons), "words": _checked(words)}


def _claim(subject: Moderated, expected_counter: int) -> None:
    """Hold it until the decision is written; :class:`Conflict` when it is no longer what the moderator's page showed."""
    lock(subject.chapter)
    lock(subject, expected_counter=expected_counter, overtaken=lambda: _overtaken(subject))


def _overtaken(subject: Moderated) -> Conflict:
    """Who was there first, what they did and when."""
    remedy = _("Nothing was overwritten. Open it again and decide anew if you still want to; what you typed is there when you go back.")
    if subject.state.is_taken_back:
        return Conflict(_("%(ref)s was withdrawn by its author on %(date)s.", ref=subject.ref, date=when(subject.withdrawn_at)), remedy)
    decided, which = decisions_on(subject)
    last = session.scalars(sa.select(decided).where(which).order_by(decided.id.desc()).limit(1)).first()
    if last is None:
        return taken()
    return Conflict(
        _("%(ref)s was decided on meanwhile: “%(verdict)s” by %(name)s on %(date)s (%(reason)s).", ref=subject.ref,
          verdict=last.verdict.label, name=last.moderator.name, date=when(last.decided_at), reason=last.reason.label),
        remedy,
    )


def _too_late(subject: Moderated) -> Conflict:
    return Conflict(_("The last decision on %(ref)s can no longer be taken back: that is possible once, within an hour.", ref=subject.ref),
                    _("Reverse it by another decision, with its reason: withhold, restore, or show all its words."))


def _listed(reason: Reason, allowed: Sequence[Reason]) -> Reason:
    if reason not in allowed:
        raise Invalid("reason", _("Choose a reason of the list."))
    return Reason(reason)


def _checked(said: str) -> str:
    said = normalising.validated_text("words", said, max_length=MAX_WORDS).strip()
    if normalising.is_blank(said):
        raise Invalid("words", _("Write to the author what led to this decision: a reason alone does not tell them."))
    return said
