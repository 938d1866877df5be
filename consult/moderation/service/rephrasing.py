"""New words that an author is asked for: asked by a decision, answered once within its term, and decided on again after that."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from consult.accounts.models import User
from consult.contributions import service as contributions
from consult.contributions.models import MAX_REPLY, Contribution, ContributionState, Reply
from consult.contributions.statement import MAX_LENGTHS
from consult.core import states, tallies
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.core.jobs import every_second, later
from consult.core.locks import lock
from consult.core.permissions import SYSTEM, Action, Actor, require
from consult.moderation import jobs
from consult.moderation.models import AnswerKind, Decision, Part, Rephrasing, RephrasingAnswer, ReplyDecision
from consult.moderation.service.redacting import (
    Moderated,
    list_all,
    lodged_texts,
    named_words,
    on_subject,
    places_in,
    show,
    standing_texts,
    texts_of,
)
from consult.text import normalising
from consult.text.redline import redline

Segments = list[tuple[str, str]]
AT_ONCE = 50  # terms that are ended in one second


def words_to_rephrase(subject: Moderated, phrases: str) -> list[str]:
    """Those that are named, if any are; :class:`Invalid` (field ``phrases``) for some that are not in the text."""
    named = named_words(phrases)
    if named:
        places_in(subject, phrases)
    return named


def ask(decision: Decision, named: list[str]) -> None:
    """What this decision, which is written already, asks of the author, and until when."""
    subject = decision.subject
    of = {"reply_id": subject.id, "reply_decision_id": decision.id} if isinstance(decision, ReplyDecision) else {
        "contribution_id": subject.id, "decision_id": decision.id}
    session.add(Rephrasing(phrases="\n".join(named), due_at=utcnow() + subject.consultation.rephrasing_term, **of))
    session.flush()


def is_final(subject: Moderated) -> bool:
    """Whether its author has answered that the words stay as they are."""
    asked = last_of(subject)
    return asked is not None and asked.answer is not None and asked.answer.kind.is_final


def last_of(subject: Moderated) -> Rephrasing | None:
    return session.scalars(_asked_of(subject).order_by(Rephrasing.id.desc()).limit(1)).first()


def _asked_of(subject: Moderated) -> sa.Select[Rephrasing]:
    return sa.select(Rephrasing).where(on_subject(Rephrasing, subject)).options(
        joinedload(Rephrasing.answer), joinedload(Rephrasing.decision), joinedload(Rephrasing.reply_decision))


def get_standing(actor: Actor, subject: Moderated) -> dict[Part, str]:
    """What its author says of each part as things stand, for them alone."""
    require(actor, Action.MODERATION_REPHRASE, subject)
    return standing_texts(subject)


def list_rephrasings(actor: Actor, subject: Moderated) -> list[tuple[Rephrasing, list[tuple[Part, Segments]]]]:
    """Each time that its author was asked, oldest first, with what they changed of each part: for its author and those in charge."""
    require(actor, Action.MODERATION_REPHRASE if actor.wrote(subject.author_id) else Action.MODERATION_VIEW, subject)
    before, told = lodged_texts(subject), []
    for asked in session.scalars(_asked_of(subject).order_by(Rephrasing.id)):
        changes = []
        if asked.answer is not None and asked.answer.kind.has_words:
            after = {part: asked.answer.text_of(part) for part in before}
            changes = [(part, redline(before[part], after[part])) for part in before if before[part] or after[part]]
            before = after
        told.append((asked, changes))
    return told


@command
def rephrase(_actor: User, subject: Moderated, *, body: str, justification: str = "", replacement: str = "") -> RephrasingAnswer:
    """The author's other words, which stand beside those lodged and wait for a decision.

    :class:`Invalid` names the field that cannot be taken; :class:`Conflict` where nothing is asked of them any more.
    """
    asked = _claimed(subject)
    typed = {Part.BODY: body, Part.JUSTIFICATION: justification, Part.REPLACEMENT: replacement}
    said = {part: _checked(subject, part, typed[part]) for part in texts_of(subject)}
    if said == standing_texts(subject):
        raise Invalid("body", _("These are the words that you lodged."),
                      _("Write them otherwise, or answer below that you keep them as they are."))
    answer = _answered(asked, AnswerKind.REWORDED, {part.value: words for part, words in said.items()})
    subject.rephrased_at = answer.answered_at
    show(subject, list_all(subject))
    _give_back(subject)
    later(jobs.send_proof, answer)
    return answer


@command
def keep_words(_actor: User, subject: Moderated) -> RephrasingAnswer:
    """The author keeps the words: a moderator publishes or withholds them; :class:`Conflict` where nothing is asked of them any more."""
    answer = _answered(_claimed(subject), AnswerKind.KEPT, {})
    _give_back(subject)
    later(jobs.send_proof, answer)
    return answer


@command
def lapse(_actor: Actor, asked: Rephrasing) -> RephrasingAnswer:
    """The term is over without an answer: it waits for a decision again; :class:`Conflict` where it was answered meanwhile."""
    subject = asked.subject
    if _claimed(subject).id != asked.id:
        raise _no_longer(subject)
    answer = _answered(asked, AnswerKind.LAPSED, {})
    _give_back(subject)
    return answer


@every_second
def end_terms() -> None:
    """Of what awaits its author longer than was told; of one chapter at once, so that no two are locked out of order."""
    newer = aliased(Rephrasing)
    waits = ContributionState.where(awaits_author=True)
    is_last = ~sa.exists().where(newer.id > Rephrasing.id, sa.or_(
        newer.contribution_id == Rephrasing.contribution_id, newer.reply_id == Rephrasing.reply_id))
    open_ = sa.or_(sa.exists().where(Contribution.id == Rephrasing.contribution_id, Contribution.state.in_(waits)),
                   sa.exists().where(Reply.id == Rephrasing.reply_id, Reply.state.in_(waits)))
    over = sa.select(Rephrasing).where(Rephrasing.due_at < utcnow(), is_last, open_).order_by(Rephrasing.id)
    found = session.scalars(over.limit(AT_ONCE)).all()
    of_one = [asked for asked in found if asked.subject.chapter_id == found[0].subject.chapter_id]
    with tallies.together():
        for asked in sorted(of_one, key=lambda one: (one.reply_id or 0, one.id)):  # replies are locked by their ids
            try:
                with session.begin_nested(), tallies.together():
                    lapse(SYSTEM, asked)
            except Conflict:  # its author was quicker
                continue


def _claimed(subject: Moderated) -> Rephrasing:
    """What is asked of its author, who may answer while the text is held."""
    lock(subject.chapter)
    lock(subject)
    asked = last_of(subject) if subject.state.awaits_author else None
    if asked is None:
        raise _no_longer(subject)
    return asked


def _no_longer(subject: Moderated) -> Conflict:
    return Conflict(_("Nothing is asked of the author of %(ref)s any more: it is now “%(state)s”.", ref=subject.ref,
                      state=subject.state.label),
                    _("Copy what you typed if you want to keep it, and open the page of your text to see how it stands."))


def _answered(asked: Rephrasing, kind: AnswerKind, texts: dict[str, Any]) -> RephrasingAnswer:
    answer = RephrasingAnswer(rephrasing=asked, contribution_id=asked.contribution_id, reply_id=asked.reply_id, kind=kind,
                              answered_at=utcnow(), **texts)
    session.add(answer)
    session.flush()
    return answer


def _give_back(subject: Moderated) -> None:
    """It waits for a moderator again."""
    to = ContributionState.where(awaits_moderation=True)[0]
    if isinstance(subject, Reply):
        contributions.move_reply(subject, to)
    else:
        with contributions.recounted([subject]):
            states.move(subject, to)


def _checked(subject: Moderated, part: Part, typed: str) -> str:
    most = MAX_REPLY if isinstance(subject, Reply) else MAX_LENGTHS[part.value]
    said = normalising.validated_text(part.value, typed, max_length=most)
    if part != Part.JUSTIFICATION and normalising.is_blank(said):
        raise Invalid(part.value, _("Nothing is written here."), _("Write it in other words, or answer below that you keep yours."))
    return said
