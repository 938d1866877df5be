"""Whether each contribution is still the one that its author lodged."""

import sqlalchemy as sa
from sqlalchemy import orm

from consult.contributions.models import Contribution, Receipt
from consult.core import audit
from consult.core import events as core_events
from consult.core.db import session
from consult.core.permissions import Action


@core_events.faults.fill
def verify_contributions() -> list[str]:
    """Each contribution as its receipt says, and each one that the journal saw lodged still there."""
    faults, kept = [], {}
    rows = sa.select(Contribution, Receipt.digest).outerjoin(Receipt, Receipt.contribution_id == Contribution.id)
    for contribution, digest in session.execute(rows.options(orm.joinedload(Contribution.amendment))):
        kept[contribution.id] = contribution.digest
        if digest is None:
            faults.append(f"{contribution.ref} has lost its receipt")
        elif contribution.digest != digest:
            faults.append(f"{contribution.ref} no longer matches its receipt")
    for event in audit.events_of(Action.CONTRIBUTIONS_LODGE):
        if event.subject_id not in kept:
            faults.append(f"{event.details['ref']} was lodged (event {event.id}) and is not there any more")
        elif kept[event.subject_id] != event.details["sha256"]:
            faults.append(f"{event.details['ref']} is not what was lodged (event {event.id})")
    return faults
