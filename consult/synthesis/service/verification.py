"""Whether each answer is still the one that was last written."""

import sqlalchemy as sa

from consult.core import audit
from consult.core import events as core_events
from consult.core.db import session
from consult.core.permissions import Action
from consult.synthesis.models import SynthesisItem


@core_events.faults.fill
def verify_answers() -> list[str]:
    """The reasons of each item as they were last written."""
    faults, last = [], {event.subject_id: event for event in audit.events_of(Action.SYNTHESIS_EDIT_ITEM)}
    for item in session.scalars(sa.select(SynthesisItem)):
        event = last.get(item.id)
        answer = (item.disposition.value if item.disposition else None, item.rationale)
        if event and answer != (event.details["disposition"], event.details["rationale"]):
            faults.append(f"the answer of the item “{item.title}” is not what was last written (event {event.id})")
    return faults
