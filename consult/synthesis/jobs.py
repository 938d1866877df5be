"""Telling each author what became of their contributions, in batches, once."""

import sqlalchemy as sa
from sqlalchemy.orm import lazyload

from consult.accounts.models import User
from consult.contributions.models import Contribution, ContributionState
from consult.core import mail
from consult.core.db import scalar_count, session, unit_of_work
from consult.core.jobs import long_job
from consult.synthesis.models import ItemContribution, Synthesis, SynthesisItem, SynthesisNotice

BATCH = 20


@long_job
def tell_answers(synthesis_id: int, progress) -> None:
    """One letter for each author of the chapter; whoever has their notice is not written to again."""
    with unit_of_work():
        left = whole = scalar_count(sa.select(sa.func.count()).select_from(untold(synthesis_id).subquery()))
    while left:
        with unit_of_work():
            left = tell_some(synthesis_id)
        progress(100 - 100 * left // whole)


def is_told() -> sa.ColumnElement[bool]:
    return Contribution.state.in_(ContributionState.where(is_told_of_answer=True))


def untold(synthesis_id: int):
    """Ids of the authors who have no notice of this synthesis yet."""
    return (
        sa.select(Contribution.author_id).join(Synthesis, Synthesis.chapter_id == Contribution.chapter_id)
        .outerjoin(SynthesisNotice, sa.and_(
            SynthesisNotice.synthesis_id == Synthesis.id, SynthesisNotice.author_id == Contribution.author_id))
        .where(Synthesis.id == synthesis_id, is_told(), SynthesisNotice.id.is_(None))
        .distinct().order_by(Contribution.author_id)
    )


def tell_some(synthesis_id: int) -> int:
    """Write one batch of letters with their notices; answers how many authors are left."""
    synthesis = session.get_one(Synthesis, synthesis_id)
    authors = session.scalars(
        sa.select(User).where(User.id.in_(untold(synthesis_id).limit(BATCH).scalar_subquery())).options(lazyload(User.appointments))
        .order_by(User.id)
    ).all()
    answers = answers_to([author.id for author in authors], synthesis)
    for author in authors:
        session.add(SynthesisNotice(synthesis_id=synthesis_id, author_id=author.id))
        mail.write(author, "synthesis/answer", synthesis=synthesis, answers=answers[author.id])
    session.flush()
    return scalar_count(sa.select(sa.func.count()).select_from(untold(synthesis_id).subquery()))


def answers_to(author_ids: list[int], synthesis: Synthesis) -> dict[int, list[tuple[Contribution, SynthesisItem | None]]]:
    """Each author's contributions to the chapter with the item that answers them."""
    rows = session.execute(
        sa.select(Contribution, SynthesisItem).outerjoin(ItemContribution, ItemContribution.contribution_id == Contribution.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Contribution.author_id.in_(author_ids), Contribution.chapter_id == synthesis.chapter_id, is_told())
        .order_by(Contribution.id)
    )
    answers: dict[int, list] = {author_id: [] for author_id in author_ids}
    for contribution, item in rows:
        answers[contribution.author_id].append((contribution, item))
    return answers
