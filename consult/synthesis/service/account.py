"""Where each contribution of a chapter stands: none is lost sight of, whatever was folded, gathered, withheld or withdrawn."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.paging import ENTRY_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.grouping.models import Fold, FoldMember
from consult.moderation.models import ModerationDecision, Reason
from consult.synthesis.models import Disposition, ItemContribution, Synthesis, SynthesisItem
from consult.synthesis.points import Answerable, is_split, is_whole_link, list_answerable, list_said


@dataclass(frozen=True)
class Standing:
    """Where one contribution stands: in which fold, in which item with what decided; ``reason`` is why it is out of sight, if it is."""

    id: int
    ref: str
    state: ContributionState
    key: str
    fold_number: int | None
    core_ref: str | None
    item_id: int | None
    item_number: int | None
    item_title: str | None
    disposition: Disposition | None
    reason: Reason | None = None
    points: Sequence[Answerable] = ()  # where it is split

    @property
    def is_folded(self) -> bool:
        """It says what another one says, which is read first."""
        return self.core_ref is not None and self.core_ref != self.ref


def list_account(actor: Actor, synthesis: Synthesis, *, after: Cursor | None = None, since: str = "") -> Page[Standing]:
    """A page of all contributions to the chapter in the order of lodging, ``since`` a reference or from the first; two queries, one for the
    reference, and some for what is split. :class:`NotFound` for a reference that the chapter does not have.
    """
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    core = aliased(Contribution)
    chosen = (
        sa.select(Contribution.id, Contribution.ref, Contribution.state, Contribution.provision_key.label("key"), Fold.number,
                  core.ref.label("core_ref"), SynthesisItem.id.label("item_id"), SynthesisItem.number.label("item_number"),
                  SynthesisItem.title, SynthesisItem.disposition, is_split().label("is_split"))
        .outerjoin(FoldMember, FoldMember.contribution_id == Contribution.id).outerjoin(Fold, Fold.id == FoldMember.fold_id)
        .outerjoin(core, core.id == Fold.core_id)
        .outerjoin(ItemContribution, is_whole_link())
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Contribution.chapter_id == synthesis.chapter.id))
    if since:
        chosen = chosen.where(Contribution.id >= get_id(synthesis, since))
    page = get_page(chosen, rising(Contribution.id), after=after, size=ENTRY_PAGE_SIZE)
    rows = [Standing(*row[:-1]) for row in page.rows]
    points = list_answerable(list_said([row[0] for row in page.rows if row[-1]]))
    reasons = reasons_of([row.id for row in rows if row.state.is_silent and not row.state.is_taken_back])
    return Page([replace(row, reason=reasons.get(row.id), points=points.get(row.id, ())) for row in rows], page.after, page.older)


def get_id(synthesis: Synthesis, ref: str) -> int:
    """:class:`NotFound` for a reference that the chapter does not have."""
    found = session.scalar(sa.select(Contribution.id).where(
        Contribution.chapter_id == synthesis.chapter.id, Contribution.ref == ref.strip().upper()))
    if found is None:
        raise NotFound(_("This chapter has no contribution %(ref)s.", ref=ref), _("Check the reference on the receipt."))
    return found


def reasons_of(ids: Collection[int]) -> dict[int, Reason]:
    """By contribution id, the reason of what a moderator decided last of it."""
    decisions = sa.select(ModerationDecision.contribution_id, ModerationDecision.reason).where(
        ModerationDecision.contribution_id.in_(ids)).order_by(ModerationDecision.id)
    return dict(session.execute(decisions).all())
