"""Telling authors what was decided on their contributions."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.contributions.models import Contribution, ContributionState, Reply
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import outbound_job
from consult.core.locks import lock
from consult.core.mail import Letter
from consult.core.news import Topic
from consult.moderation.models import Flag, ModerationDecision, ModerationNotice, Part, Rephrasing, RephrasingAnswer, ReplyDecision, Verdict


@outbound_job
def tell_author(decision_id: int) -> Callable[[], None] | None:
    """Write to the author in their language."""
    return mail.tell(DECISION, decision_id)


def word_decision(decision_id: int) -> list[Letter[int]]:
    decision = session.scalar(sa.select(ModerationDecision).where(*untold(decision_id)))
    if decision is None:
        return []
    contribution = decision.contribution
    worded = mail.worded(
        contribution.author, "moderation/decided", decision=decision, verdict=decision.verdict, contribution=contribution,
        rephrasing=session.scalar(sa.select(Rephrasing).where(Rephrasing.decision_id == decision_id)),
        contact=contribution.consultation.contact_email,
    )
    return [Letter(worded, frozenset([decision_id]))]


def untold(decision_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The decision, while it still stands and its author was not written to."""
    unwritten = sa.select(ModerationNotice.decision_id).where(ModerationNotice.written_at.is_(None))
    return *still_stands(decision_id), ModerationDecision.id.in_(unwritten)


def still_stands(decision_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    """The decision, unless a later one, or a withdrawal, makes it no news."""
    later = aliased(ModerationDecision)
    stands = [sa.and_(ModerationDecision.verdict == verdict, Contribution.state.in_(states_told(verdict))) for verdict in Verdict]
    return (
        ModerationDecision.id == decision_id,
        ~sa.exists().where(later.contribution_id == ModerationDecision.contribution_id, later.id > ModerationDecision.id),
        sa.exists().where(Contribution.id == ModerationDecision.contribution_id, sa.or_(*stands)),
    )


def states_told(verdict: Verdict) -> tuple[ContributionState, ...]:
    """In which its author is still told: whoever took back what was withheld is owed the reason, but not that it is read by all."""
    after = tuple(dict.fromkeys(verdict.leads_from(state) for state in verdict.starts))
    return (*after, *ContributionState.where(is_taken_back=True)) if verdict.to.is_silent else after


def mark_decision(decision_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    notice = ModerationNotice.__table__
    still = sa.select(ModerationDecision.id).where(*untold(decision_id))
    # ``written_at`` is asked of the row itself: who waited for another worker here reads that row anew, and all else as it was before.
    written = sa.update(notice).where(notice.c.decision_id.in_(still), notice.c.written_at.is_(None)).values(written_at=utcnow())
    return letters if session.connection().execute(written).rowcount else ()


def standing(decision_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts if session.scalar(sa.select(ModerationDecision.id).where(*still_stands(decision_id))) else frozenset()


DECISION = mail.Kind("moderation.decision", word_decision, mark_decision, standing, topic=Topic.DECISION)


# The same of replies


@outbound_job
def tell_reply_author(decision_id: int) -> Callable[[], None] | None:
    """Write to whoever wrote the reply, in their language."""
    return mail.tell(REPLY_DECISION, decision_id)


def word_reply_decision(decision_id: int) -> list[Letter[int]]:
    decision = session.scalar(sa.select(ReplyDecision).where(*reply_decision_stands(decision_id), ReplyDecision.written_at.is_(None)))
    if decision is None:
        return []
    reply = decision.reply
    worded = mail.worded(reply.author, "moderation/reply_decided", decision=decision, verdict=decision.verdict, reply=reply,
                         rephrasing=session.scalar(sa.select(Rephrasing).where(Rephrasing.reply_decision_id == decision_id)),
                         contact=reply.consultation.contact_email)
    return [Letter(worded, frozenset([decision_id]))]


def reply_decision_stands(decision_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    later = aliased(ReplyDecision)
    # That everybody reads it is no news where its whole thread is gone.
    told = {verdict: Reply.is_public if verdict.to.is_public else Reply.state.in_(states_told(verdict)) for verdict in Verdict}
    stands = [sa.and_(ReplyDecision.verdict == verdict, holds) for verdict, holds in told.items()]
    return (
        ReplyDecision.id == decision_id,
        ~sa.exists().where(later.reply_id == ReplyDecision.reply_id, later.id > ReplyDecision.id),
        sa.exists().where(Reply.id == ReplyDecision.reply_id, sa.or_(*stands)),
    )


def mark_reply_decision(decision_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    row = ReplyDecision.__table__
    still = sa.select(ReplyDecision.id).where(*reply_decision_stands(decision_id))
    written = sa.update(row).where(row.c.id.in_(still), row.c.written_at.is_(None)).values(written_at=utcnow())
    return letters if session.connection().execute(written).rowcount else ()


def reply_decision_now(decision_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts if session.scalar(sa.select(ReplyDecision.id).where(*reply_decision_stands(decision_id))) else frozenset()


REPLY_DECISION = mail.Kind("moderation.reply_decision", word_reply_decision, mark_reply_decision, reply_decision_now, topic=Topic.DECISION)


# What an author answered who was asked to rephrase


@outbound_job
def send_proof(answer_id: int) -> Callable[[], None] | None:
    """Write to the author what they answered, with its digest."""
    return mail.tell(PROOF, answer_id)


def word_proof(answer_id: int) -> list[Letter[int]]:
    answer = session.get(RephrasingAnswer, answer_id)
    if answer is None or answer.written_at is not None:
        return []
    return [proof_of(answer)]


def proof_of(answer: RephrasingAnswer) -> Letter[int]:
    subject = answer.rephrasing.subject
    texts = [(part, answer.text_of(part)) for part in Part if answer.text_of(part)]
    return Letter(mail.worded(subject.author, "moderation/answered", subject=subject, answer=answer, texts=texts), frozenset([answer.id]))


def mark_proof(answer_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    row = RephrasingAnswer.__table__
    written = sa.update(row).where(row.c.id == answer_id, row.c.written_at.is_(None)).values(written_at=utcnow())
    return letters if session.connection().execute(written).rowcount else ()


def proof_now(_answer_id: int, facts: frozenset[int]) -> frozenset[int]:
    """It proves what was answered, whatever became of that."""
    return facts


PROOF = mail.Kind("moderation.answered", word_proof, mark_proof, proof_now, topic=Topic.RECEIPT)


# What became of what a reader flagged


@outbound_job
def tell_flagger(flag_id: int) -> Callable[[], None] | None:
    """Write to whoever flagged it what became of that."""
    return mail.tell(FLAGGED, flag_id)


def word_flag(flag_id: int) -> list[Letter[int]]:
    flag = session.scalar(sa.select(Flag).where(Flag.id == flag_id, Flag.outcome.is_not(None), Flag.told_at.is_(None)))
    if flag is None:
        return []
    return [Letter(mail.worded(flag.flagged_by, "moderation/flagged", flag=flag), frozenset([flag_id]))]


def mark_flag(flag_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    flag, row = session.get_one(Flag, flag_id), Flag.__table__
    lock(flag.subject.chapter)  # as whoever settles it
    written = sa.update(row).where(row.c.id == flag_id, row.c.told_at.is_(None)).values(told_at=utcnow())
    return letters if session.connection().execute(written).rowcount else ()


def flag_now(_flag_id: int, facts: frozenset[int]) -> frozenset[int]:
    """A flag is settled once."""
    return facts


FLAGGED = mail.Kind("moderation.flagged", word_flag, mark_flag, flag_now, topic=Topic.DECISION)
