"""Telling authors what was decided on their contributions."""

from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import job
from consult.core.locks import list_locked
from consult.moderation.models import ModerationDecision, ModerationNotice


@job
def tell_author(decision_id: int) -> None:
    """Write to the author once, in their language."""
    notice = next(iter(list_locked(ModerationNotice, ModerationNotice.decision_id == decision_id)), None)
    if notice is None or notice.written_at:
        return
    decision = session.get_one(ModerationDecision, decision_id)
    contribution = decision.contribution
    mail.write(
        contribution.author, decision.verdict.letter, decision=decision, contribution=contribution,
        contact=contribution.consultation.contact_email,
    )
    notice.written_at = utcnow()
