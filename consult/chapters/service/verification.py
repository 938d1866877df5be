"""Whether each text is still the one that was published."""

import hashlib

import sqlalchemy as sa

from consult.chapters.models import Revision
from consult.core import audit
from consult.core import events as core_events
from consult.core.db import session
from consult.core.permissions import Action


@core_events.faults.fill
def verify_revisions() -> list[str]:
    """Each text as the event of its import, or of its draft's publication, says."""
    faults, kept = [], {revision.id: revision for revision in session.scalars(sa.select(Revision))}
    for action, done in ((Action.CHAPTERS_IMPORT_CHAPTER, "imported"), (Action.CHAPTERS_PUBLISH, "published")):
        for event in audit.events_of(action):
            said = "revision {number} of chapter {chapter} ({language})".format_map(event.details)
            revision = kept.get(event.subject_id)
            if revision is None:
                faults.append(f"{said} was {done} (event {event.id}) and is not there any more")
            elif {hashlib.sha256(revision.source.encode()).hexdigest(), revision.source_sha256} != {event.details["sha256"]}:
                faults.append(f"{said} is not the text that was {done} (event {event.id})")
    return faults
