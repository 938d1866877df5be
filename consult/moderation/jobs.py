"""Telling authors what was decided on their contributions."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa

from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import outbound_job
from consult.core.mail import Letter
from consult.moderation.models import ModerationDecision, ModerationNotice


@outbound_job
def tell_author(decision_id: int) -> Callable[[], None] | None:
    """Write to the author in their language."""
    return mail.tell(decision_id, word_decision, mark_decision)


def word_decision(decision_id: int) -> list[Letter[int]]:
    notice = session.get(ModerationNotice, decision_id)
    if notice is None or notice.written_at:
        return []
    decision = session.get_one(ModerationDecision, decision_id)
    contribution = decision.contribution
    worded = mail.worded(
        contribution.author, decision.verdict.letter, decision=decision, contribution=contribution,
        contact=contribution.consultation.contact_email,
    )
    return [Letter(worded, frozenset([decision_id]))]


def mark_decision(letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    ((decision_id,),) = (letter.facts for letter in letters)
    notice = ModerationNotice.__table__
    written = sa.update(notice).where(notice.c.decision_id == decision_id, notice.c.written_at.is_(None)).values(written_at=utcnow())
    return letters if session.connection().execute(written).rowcount else ()
