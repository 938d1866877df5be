"""What became of a contribution: its item, the answer and the wording that it changed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.core.permissions import Action, Actor, can
from consult.synthesis.models import Disposition, Ground, ItemContribution, SynthesisItem
from consult.synthesis.service.report import Change, all_changes

OTHERS = 30


@dataclass
class Outcome:
    """The answer to one contribution."""

    item: SynthesisItem
    changes: list[Change] = field(default_factory=list)
    count: int = 1
    others: list[str] = field(default_factory=list)

    @property
    def is_public(self) -> bool:
        return self.item.synthesis.is_public

    @property
    def chapter_number(self) -> int:
        return self.item.synthesis.chapter.number

    @property
    def disposition(self) -> Disposition | None:
        return self.item.disposition

    @property
    def ground(self) -> Ground | None:
        return self.item.ground

    @property
    def rationale(self) -> str:
        return self.item.rationale


def list_outcomes(actor: Actor, contributions: Iterable[Contribution | int]) -> dict[int, Outcome]:
    """The answers that ``actor`` may see (everybody once submitted, the commission before), by contribution id; three queries."""
    ids = [row if isinstance(row, int) else row.id for row in contributions]
    if not ids:
        return {}
    links = session.execute(
        sa.select(ItemContribution.contribution_id, SynthesisItem).join(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(ItemContribution.contribution_id.in_(ids)).options(joinedload(SynthesisItem.synthesis))
    ).all()
    seen = {contribution_id: Outcome(item) for contribution_id, item in links if can(actor, Action.SYNTHESIS_READ, item.synthesis)}
    if not seen:
        return {}
    items = {outcome.item.id for outcome in seen.values()}
    changes: dict[int, list[Change]] = {}
    for change in all_changes(items):
        changes.setdefault(change.item_id, []).append(Change.of(change))
    counts = dict(session.execute(
        sa.select(ItemContribution.item_id, sa.func.count()).where(ItemContribution.item_id.in_(items)).group_by(ItemContribution.item_id)
    ).all())
    for outcome in seen.values():
        outcome.changes, outcome.count = changes.get(outcome.item.id, []), counts[outcome.item.id]
    return seen


def get_outcome(actor: Actor, contribution: Contribution) -> Outcome | None:
    """The answer to one contribution, with the references it shares it with; None while there is none to show."""
    outcome = list_outcomes(actor, [contribution.id]).get(contribution.id)
    if outcome is not None and outcome.count > 1:
        outcome.others = list_others(contribution, outcome.item)
    return outcome


def list_others(contribution: Contribution, item: SynthesisItem) -> Sequence[str]:
    return session.scalars(
        sa.select(Contribution.ref).join(ItemContribution)
        .where(ItemContribution.item_id == item.id, Contribution.id != contribution.id,
               Contribution.state == ContributionState.PUBLISHED)
        .order_by(Contribution.id).limit(OTHERS)
    ).all()
