"""What a new revision of a chapter would touch."""

import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.core.permissions import Action, Actor, require


def count_by_provision(actor: Actor, chapter: Chapter) -> dict[str, int]:
    """Contributions by the lasting key of the passage that they stand on now, whoever may see them; those withdrawn are left out."""
    require(actor, Action.CONTRIBUTIONS_VIEW_ANCHORS, chapter)
    counted = (
        sa.select(Contribution.current_key, sa.func.count()).where(
            Contribution.chapter_id == chapter.id, Contribution.current_key.is_not(None),
            Contribution.state.in_(ContributionState.where(is_taken_back=False)))
        .group_by(Contribution.current_key)
    )
    return {key: count for key, count in session.execute(counted) if key is not None}
