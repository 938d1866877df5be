"""What became of a contribution: its item, the answer and the wording that it changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.contributions.models import Contribution
from consult.core.db import session
from consult.core.permissions import Action, Actor, can
from consult.synthesis.models import Disposition, Ground, ItemContribution, Synthesis, SynthesisItem, SynthesisState
from consult.synthesis.points import Answerable, is_first_link, list_answerable, list_said
from consult.synthesis.service.counting import count_gathered
from consult.synthesis.service.wordings import Rewording, list_rewordings

OTHERS = 30


@dataclass
class Answer:
    """The answer to one contribution."""

    item: SynthesisItem
    changes: list[Rewording] = field(default_factory=list)
    count: int = 1
    others: list[str] = field(default_factory=list)
    points: list["PointAnswer"] = field(default_factory=list)  # of one that is split; ``item`` is that of the first that is in one

    @property
    def points_answered(self) -> int:
        return sum(one.answer is not None and one.answer.disposition is not None for one in self.points)

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


@dataclass
class PointAnswer:
    """The answer to one point of a contribution; None while it is in no item."""

    point: Answerable
    answer: Answer | None


def list_answers(actor: Actor, contributions: Iterable[Contribution | int]) -> dict[int, Answer]:
    """The answers that ``actor`` may see (everybody once submitted, the commission before), by contribution id; three queries, and two or
    three where some are split.
    """
    rows = list(contributions)
    ids = [row if isinstance(row, int) else row.id for row in rows]
    if not ids:
        return {}
    links = session.execute(
        sa.select(ItemContribution.contribution_id, ItemContribution.point_id, SynthesisItem)
        .join(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(ItemContribution.contribution_id.in_(ids)).options(joinedload(SynthesisItem.synthesis))
        .order_by(ItemContribution.id.desc())  # of a contribution that is split, the first is written last below
    ).all()
    seen = {(contribution_id, point_id): Answer(item) for contribution_id, point_id, item in links
            if can(actor, Action.SYNTHESIS_READ, item.synthesis)}
    if not seen:
        return {}
    items = {answer.item.id for answer in seen.values()}
    changes = list_rewordings(items)
    whole = {answer.item.id for (_contribution_id, point_id), answer in seen.items() if point_id is None}
    counts = count_gathered(whole) if whole else {}
    for answer in seen.values():
        answer.changes, answer.count = changes.get(answer.item.id, []), counts.get(answer.item.id, 0)
    found = {contribution_id: answer if point_id is None else Answer(answer.item)
             for (contribution_id, point_id), answer in seen.items()}
    cut = {id_ for id_, point_id in seen if point_id is not None}
    known = [row for row in rows if not isinstance(row, int) and row.id in cut]
    split = list_answerable([*known, *list_said([*cut - {row.id for row in known}])]) if cut else {}
    for id_, points in split.items():
        found[id_].points = [PointAnswer(one, seen.get((id_, one.point.id))) for one in points]
    return found


def get_answer(actor: Actor, contribution: Contribution) -> Answer | None:
    """The answer to one contribution, with the references it shares it with; None while there is none to show."""
    answer = list_answers(actor, [contribution]).get(contribution.id)
    if answer is not None and answer.count > 1 and not answer.points:
        answer.others = list_others(contribution, answer.item)
    return answer


def item_ids_of(contribution: Contribution, *, with_drafts: bool) -> sa.Select[int]:
    """Inside of a query: the item that gathers it, where its synthesis is public or its drafts are read too."""
    of_it = sa.select(ItemContribution.item_id).where(ItemContribution.contribution_id == contribution.id)
    public = SynthesisState.where(is_public=True)
    return of_it if with_drafts else of_it.join(SynthesisItem).join(Synthesis).where(Synthesis.state.in_(public))


def list_others(contribution: Contribution, item: SynthesisItem) -> list[str]:
    return list(session.scalars(
        sa.select(Contribution.ref).join(ItemContribution)
        .where(ItemContribution.item_id == item.id, Contribution.id != contribution.id, Contribution.is_public, is_first_link())
        .order_by(ItemContribution.contribution_id).limit(OTHERS)
    ))
