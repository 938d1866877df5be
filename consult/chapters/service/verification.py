"""Whether each text is still the one that was published."""

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from consult.chapters.models import Revision
from consult.core import audit
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.permissions import Action

AT_ONCE = 10  # texts


@core_events.faults.fill
def verify_revisions() -> Iterator[str]:
    """Each text as the event of its import, or of its draft's publication, says."""
    for action, done in ((Action.CHAPTERS_IMPORT_CHAPTER, "imported"), (Action.CHAPTERS_PUBLISH, "published")):
        told = sa.select(AuditEvent.id, AuditEvent.details, Revision.source, Revision.source_sha256).outerjoin(
            Revision, Revision.id == AuditEvent.subject_id).where(AuditEvent.action.in_(audit.names_of(action))).order_by(AuditEvent.id)
        with session.execute(told.execution_options(yield_per=AT_ONCE)) as found:
            for event_id, details, source, sha256 in found:
                said = "revision {number} of chapter {chapter} ({language})".format_map(details)
                if source is None:
                    yield f"{said} was {done} (event {event_id}) and is not there any more"
                elif {hashlib.sha256(source.encode()).hexdigest(), sha256} != {details["sha256"]}:
                    yield f"{said} is not the text that was {done} (event {event_id})"
