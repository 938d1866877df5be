"""Which item holds what: contributions, and points of those that are split."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from consult.contributions.models import Contribution
from consult.contributions.service import in_chunks
from consult.core import records
from consult.core.commands import RELOAD
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, utcnow
from consult.synthesis.models import ItemContribution, Point, Synthesis, SynthesisItem
from consult.synthesis.points import is_open, items_of


def gatherable_points(
    synthesis: Synthesis, points: Sequence[Point], expected_points: Mapping[int, int | None] | None,
) -> dict[int, int]:
    """Check before anything is written; answers which item holds which point now.

    :class:`Invalid` for one of another chapter or that owes no answer; :class:`Conflict` when they are not in ``expected_points``, or one
    was joined again to the others of its contribution.
    """
    of = {point.contribution_id: point.contribution for point in points}
    ids = [point.id for point in points]
    still = {id_: state for some in in_chunks(ids) for id_, state in session.execute(
        sa.select(Point.id, Contribution.state).join(Contribution, Contribution.id == Point.contribution_id)
        .where(Point.id.in_(some), is_open()))}
    for point in points:
        contribution = of[point.contribution_id]
        if contribution.chapter_id != synthesis.chapter.id:
            raise Invalid("contributions", _("%(ref)s is about another chapter.", ref=contribution.ref))
        if point.id not in still:
            raise Conflict(_("The requests of %(ref)s were joined again meanwhile.", ref=contribution.ref), RELOAD)
        if not still[point.id].is_answerable:
            raise Invalid("contributions", _("%(ref)s cannot be gathered: %(state)s.", ref=contribution.ref,
                                             state=still[point.id].label))
    held = items_of(points)
    if expected_points is not None and any(held.get(id_) != expected_points.get(id_) for id_ in ids):
        raise Conflict(_("Somebody else has gathered some of these contributions meanwhile."), RELOAD)
    return held


def gather_points(item: SynthesisItem, points: Sequence[Point], held: Mapping[int, int]) -> None:
    of = {point.id: point.contribution_id for point in points}
    for moved in in_chunks([id_ for id_ in of if id_ in held and held[id_] != item.id]):
        session.execute(sa.update(ItemContribution).where(ItemContribution.point_id.in_(moved))
                        .values(item_id=item.id, attached_at=utcnow()).execution_options(synchronize_session=False))
    if added := [id_ for id_ in of if id_ not in held]:
        session.execute(sa.insert(ItemContribution), [
            {"item_id": item.id, "contribution_id": of[id_], "point_id": id_} for id_ in added])
    for some in in_chunks(list(of)):
        records.note(ItemContribution, ItemContribution.point_id.in_(some))


def links_of(contribution_ids: Sequence[int]) -> dict[int, int]:
    """Item id by contribution id, for those that are in an item, all of them."""
    links = sa.select(ItemContribution.contribution_id, ItemContribution.item_id).where(ItemContribution.point_id.is_(None))
    return {contribution_id: item_id for some in in_chunks(contribution_ids) for contribution_id, item_id in session.execute(
        links.where(ItemContribution.contribution_id.in_(some)))}


def forget_links() -> None:
    """What was loaded of the links is old now."""
    for row in list(session):
        if isinstance(row, SynthesisItem | ItemContribution):
            session.expire(row, ["links"] if isinstance(row, SynthesisItem) else None)
