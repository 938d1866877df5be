"""Whether what everybody reads is what was lodged, without the words that decisions took out of the public's sight."""

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy import orm

from consult.contributions.models import Contribution, Reply, SuggestedAmendment
from consult.core import events as core_events
from consult.core.db import session
from consult.moderation.models import ModerationDecision, Redaction, ReplyDecision
from consult.moderation.service.redacting import Moderated, list_all, shown_texts, spans_in_force, texts_of


@core_events.faults.fill
def verify_shown_texts() -> Iterator[str]:
    """Of each contribution and reply of which words were hidden, or something else than what was lodged is shown."""
    hidden = sa.select(ModerationDecision.contribution_id).join(Redaction, Redaction.decision_id == ModerationDecision.id)
    changed = sa.select(Contribution.id).outerjoin(SuggestedAmendment, SuggestedAmendment.contribution_id == Contribution.id).where(
        sa.or_(Contribution.is_redacted, Contribution.rephrased_at.is_not(None), Contribution.shown_body.is_not(None),
               Contribution.shown_justification.is_not(None),
               SuggestedAmendment.shown_replacement.is_not(None)))
    of_reply = sa.select(ReplyDecision.reply_id).join(Redaction, Redaction.reply_decision_id == ReplyDecision.id)
    changed_reply = (Reply.id.in_(of_reply), Reply.is_redacted, Reply.rephrased_at.is_not(None), Reply.shown_body.is_not(None))
    told = sa.select(Contribution).where(sa.or_(Contribution.id.in_(hidden), Contribution.id.in_(changed)))
    for contribution in session.scalars(told.options(orm.joinedload(Contribution.amendment)).order_by(Contribution.id)):
        yield from _compared(contribution)
    for reply in session.scalars(sa.select(Reply).where(sa.or_(*changed_reply)).order_by(Reply.id)):
        yield from _compared(reply)


def _compared(subject: Moderated) -> Iterator[str]:
    rows, spans = texts_of(subject), spans_in_force(list_all(subject))
    if subject.is_redacted != bool(spans):
        yield f"{subject.ref}: whether words of it are hidden does not follow from its author's answers and the decisions on it"
    for part, text in shown_texts(subject, spans).items():
        if getattr(rows[part], f"shown_{part}") != text:
            yield f"{subject.ref}: what is shown as its {part} does not follow from its author's answers and the decisions on it"
