"""Whether each answer is still the one that was last written."""

from collections.abc import Iterator

import sqlalchemy as sa

from consult.core import audit
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.permissions import Action
from consult.synthesis.models import SynthesisItem

AT_ONCE = 100

@core_events.faults.fill
def verify_answers() -> Iterator[str]:
    """The reasons of each item as they were last written."""
    last = sa.select(sa.func.max(AuditEvent.id)).where(AuditEvent.action.in_(audit.names_of(Action.SYNTHESIS_EDIT_ITEM))).group_by(
        AuditEvent.subject_id)
    written = sa.select(AuditEvent.id, AuditEvent.details, SynthesisItem.title, SynthesisItem.disposition, SynthesisItem.rationale).join(
        SynthesisItem, SynthesisItem.id == AuditEvent.subject_id).where(AuditEvent.id.in_(last)).order_by(SynthesisItem.id)
    with session.execute(written.execution_options(yield_per=AT_ONCE)) as found:
        for event_id, details, title, disposition, rationale in found:
            if (disposition.value if disposition else None, rationale) != (details["disposition"], details["rationale"]):
                yield f"the answer of the item “{title}” is not what was last written (event {event_id})"
