"""The receipt by mail."""

from consult.contributions.models import Contribution
from consult.core import mail
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import job


@job
def send_receipt(contribution_id: int) -> None:
    """Write the receipt to its author, once."""
    contribution = session.get(Contribution, contribution_id)
    receipt = contribution.receipt if contribution else None
    if receipt is None or receipt.written_at:
        return
    session.refresh(receipt, with_for_update=True)
    if receipt.written_at:
        return
    mail.write(contribution.author, "receipt", contribution=contribution, receipt=receipt)
    receipt.written_at = utcnow()
