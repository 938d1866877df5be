"""Whether each answer is still the one that was last written, and whether points hold all that their contribution says, each once."""

from collections.abc import Iterator
from itertools import groupby

import sqlalchemy as sa

from consult.contributions.models import Contribution
from consult.core import audit
from consult.core import events as core_events
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.permissions import Action
from consult.moderation.models import Part
from consult.synthesis.models import ItemContribution, Point, SynthesisItem
from consult.synthesis.points import is_open, standing

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


@core_events.faults.fill
def verify_points() -> Iterator[str]:
    """Those of one contribution cover its text from the first character on, and an item holds either all of it or points of it."""
    rows = session.execute(
        sa.select(Contribution, Point).join(Point, Point.contribution_id == Contribution.id).where(is_open())
        .order_by(Contribution.id, Point.id).execution_options(yield_per=AT_ONCE))
    for said, points in groupby(rows, key=lambda row: row[0]):
        starts = {(point.part, point.begins) for _said, point in points}
        if (Part.BODY, 0) not in starts:
            yield f"the points of {said.ref} do not begin with its text"
        if any(begins >= len(standing(said, part)) for part, begins in starts):
            yield f"a point of {said.ref} begins beyond its text"
    split = sa.exists().where(Point.contribution_id == ItemContribution.contribution_id, is_open())
    of_both = sa.select(Contribution.ref).join(ItemContribution, ItemContribution.contribution_id == Contribution.id)
    for ref in session.scalars(of_both.where(ItemContribution.point_id.is_(None), split).order_by(Contribution.id)):
        yield f"{ref} is split, and an item holds all of it"
    joined = of_both.join(Point, Point.id == ItemContribution.point_id).where(
        sa.or_(~is_open(), Point.contribution_id != ItemContribution.contribution_id))
    for ref in session.scalars(joined.order_by(Contribution.id)):
        yield f"an item holds a point of {ref} that is none of it any more"
