"""What people decide of folds: a contribution is taken out of one, or put into one, and stays so."""

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.accounts.models import User
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.commands import RELOAD, command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _
from consult.core.locks import lock
from consult.core.permissions import Action, Actor, require
from consult.grouping.models import Choice, Fold, FoldChoice, FoldMember
from consult.grouping.service.folding import begin_fold, count_own_words, load


@command
def part(actor: User, contribution: Contribution) -> FoldChoice:
    """Take it out of its fold: it is read and answered by itself. :class:`Conflict` when it is in none, or not any more."""
    lock(contribution.chapter)
    member = _member(contribution)
    if member.fold is None:
        raise Conflict(_("%(ref)s is in no fold.", ref=contribution.ref), RELOAD)
    fold = member.fold
    _leave(member)
    return _chosen(actor, contribution, Choice.PART, fold)


@command
def join(actor: User, contribution: Contribution, *, other: Contribution) -> FoldChoice:
    """Put it into the fold of another that says the same, taking it out of the one that it was in.

    :class:`Invalid` for one of another chapter or another position, whose words are taken down, or for itself; :class:`Conflict` when
    both are in one fold already, or one of them was not compared yet.
    """
    lock(contribution.chapter)
    if other.id == contribution.id or other.chapter_id != contribution.chapter_id:
        raise Invalid("other", _("Give the reference of another contribution to this chapter."))
    if contribution.state.is_silent:
        raise Invalid("other", _("%(ref)s cannot be put into a fold: %(state)s.", ref=contribution.ref, state=contribution.state.label))
    if other.position != contribution.position:
        raise Invalid("other", _("%(ref)s takes another position: what is answered together takes the same.", ref=other.ref),
                      _("Gather both into one item instead."))
    member, target = _member(contribution), _member(other)
    if member.fold_id is not None and member.fold_id == target.fold_id:
        raise Conflict(_("%(ref)s is in this fold already.", ref=contribution.ref), RELOAD)
    if member.fold_id is not None:
        _leave(member)
    fold = target.fold or begin_fold(contribution.chapter_id, other.id)
    own = count_own_words(*load_both(contribution.id, fold.core_id))
    with contributions.recounted_above([contribution]):
        member.fold_id, member.own_words = fold.id, own
    return _chosen(actor, contribution, Choice.JOIN, fold)


def load_both(one: int, other: int) -> tuple[Contribution, Contribution]:
    said = {row.id: row for row in load([one, other])}
    return said[one], said[other]


def _member(contribution: Contribution) -> FoldMember:
    found = session.scalar(sa.select(FoldMember).where(FoldMember.contribution_id == contribution.id)
                           .options(joinedload(FoldMember.fold)).execution_options(populate_existing=True))
    if found is None:
        raise Conflict(_("%(ref)s was not compared with the others yet.", ref=contribution.ref), _("Try again in a moment."))
    return found


def _leave(member: FoldMember) -> None:
    """A fold that loses its core has the next for one; one that is left alone is in no fold, whose number is not given again."""
    fold = session.get_one(Fold, member.fold_id)
    others = sa.select(FoldMember).where(FoldMember.fold_id == fold.id, FoldMember.id != member.id).order_by(FoldMember.id)
    next_ones = session.scalars(others.options(joinedload(FoldMember.contribution)).limit(2)).all()
    left_alone = [] if len(next_ones) > 1 else list(next_ones)
    changed = [member.contribution, *(one.contribution for one in left_alone)]
    with contributions.recounted_above(changed):
        for one in (member, *left_alone):
            one.fold_id, one.own_words = None, 0
    if fold.core_id == member.contribution_id and not left_alone and next_ones:
        _put_core(fold, next_ones[0])


def _put_core(fold: Fold, member: FoldMember) -> None:
    """What others add is said of the new core."""
    fold.core_id = member.contribution_id
    members = session.scalars(sa.select(FoldMember).where(FoldMember.fold_id == fold.id)).all()
    said = {row.id: row for some in contributions.in_chunks([one.contribution_id for one in members]) for row in load(some)}
    with contributions.recounted_above(said.values()):
        for one in members:
            one.own_words = count_own_words(said[one.contribution_id], said[fold.core_id])


def _chosen(actor: User, contribution: Contribution, choice: Choice, fold: Fold) -> FoldChoice:
    chosen = FoldChoice(contribution=contribution, choice=choice, fold=fold, chosen_by_id=actor.id)
    session.add(chosen)
    session.flush()
    return chosen


def list_choices(actor: Actor, fold: Fold, *, limit: int = 50) -> list[FoldChoice]:
    """What was decided last of those that are, or were, of the fold."""
    require(actor, Action.GROUPING_VIEW, fold)
    found = sa.select(FoldChoice).where(FoldChoice.fold_id == fold.id).order_by(FoldChoice.id.desc()).limit(limit)
    return list(session.scalars(found.options(joinedload(FoldChoice.contribution), joinedload(FoldChoice.chosen_by))))
