"""The receipt by mail, and the end of forgotten drafts."""

from datetime import timedelta

import sqlalchemy as sa

from consult.contributions.models import Contribution, ContributionDraft
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import every_second, job

# What a visitor typed and never came back for is nobody's: it is not kept longer than a consultation usually lasts.
KEPT_FOR_NOBODY = timedelta(days=30)


@job
def send_receipt(contribution_id: int) -> None:
    """Write the receipt to its author, once."""
    contribution = session.get(Contribution, contribution_id)
    receipt = contribution.receipt if contribution else None
    if receipt is None:
        return
    session.refresh(receipt, with_for_update=True)
    if receipt.written_at:
        return
    mail.write(contribution.author, "receipt", contribution=contribution, receipt=receipt)
    receipt.written_at = utcnow()


@every_second
def drop_forgotten_drafts() -> None:
    forgotten = sa.delete(ContributionDraft).where(
        ContributionDraft.author_id.is_(None), ContributionDraft.updated_at < utcnow() - KEPT_FOR_NOBODY)
    session.execute(forgotten.execution_options(synchronize_session=False))
