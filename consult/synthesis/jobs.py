"""Telling each author what became of their contributions."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import lazyload

from consult.accounts.models import User
from consult.contributions.models import Contribution, ContributionState
from consult.core import mail
from consult.core.db import add_new, session
from consult.core.i18n import gettext
from consult.core.jobs import job, long_job
from consult.core.mail import Letter
from consult.core.news import Line, Topic
from consult.news import service as news
from consult.synthesis.models import ItemContribution, Synthesis, SynthesisItem, SynthesisNotice
from consult.synthesis.points import Answerable, is_whole_link, list_answerable

Standing = tuple[int, int, int]  # a contribution as a letter tells of it: ids of author and contribution, its row_counter


@long_job
def tell_answers(synthesis_id: int, progress) -> None:
    """One letter for each author of the chapter; whoever has their notice is not written to again."""
    mail.tell_each(ANSWERS, synthesis_id, progress, untold(synthesis_id))


def is_told() -> sa.ColumnElement[bool]:
    return Contribution.state.in_(ContributionState.where(is_told_of_answer=True))


def untold(synthesis_id: int) -> sa.Select[Any]:
    """Ids of the authors who have no notice of this synthesis yet."""
    return (
        sa.select(Contribution.author_id).join(Synthesis, Synthesis.chapter_id == Contribution.chapter_id)
        .outerjoin(SynthesisNotice, sa.and_(
            SynthesisNotice.synthesis_id == Synthesis.id, SynthesisNotice.author_id == Contribution.author_id))
        .where(Synthesis.id == synthesis_id, is_told(), SynthesisNotice.id.is_(None))
        .distinct().order_by(Contribution.author_id)
    )


def word_answers(synthesis_id: int) -> list[Letter[Standing]]:
    return word_to(synthesis_id, User.id.in_(untold(synthesis_id).limit(mail.BATCH).scalar_subquery()))


def word_to(synthesis_id: int, *which: sa.ColumnElement[bool]) -> list[Letter[Standing]]:
    """The letters to these authors."""
    synthesis = session.get_one(Synthesis, synthesis_id)
    authors = session.scalars(sa.select(User).where(*which).options(lazyload(User.appointments)).order_by(User.id)).all()
    answers = answers_to([author.id for author in authors], synthesis)
    points = points_of([contribution for told in answers.values() for contribution, _item in told])
    return [
        Letter(mail.worded(author, "synthesis/answer", synthesis=synthesis, answers=answers[author.id], points=points),
               facts_of(contribution for contribution, _item in answers[author.id]))
        for author in authors
    ]


def facts_of(contributions: Iterable[Contribution | sa.Row[int, int, int]]) -> frozenset[Standing]:
    """What a letter tells of is as it was worded while the same contributions stand where they stood; items no longer change."""
    return frozenset((c.author_id, c.id, c.row_counter) for c in contributions)


def mark_answers(synthesis_id: int, letters: Sequence[Letter[Standing]]) -> list[Letter[Standing]]:
    of_author = {author_id: letter for letter in letters for author_id, _contribution, _counter in letter.facts}
    now = facts_now(synthesis_id, of_author)
    current = [author_id for author_id, letter in of_author.items() if letter.facts == now[author_id]]
    noted = add_new(SynthesisNotice, [{"synthesis_id": synthesis_id, "author_id": author_id} for author_id in current],
                    SynthesisNotice.author_id)
    return [of_author[author_id] for author_id in noted]


def facts_now(synthesis_id: int, author_ids: Collection[int]) -> dict[int, frozenset[Standing]]:
    """What a letter to each of these authors would tell of now."""
    told: dict[int, list[sa.Row[int, int, int]]] = {author_id: [] for author_id in author_ids}
    for row in session.execute(
        sa.select(Contribution.author_id, Contribution.id, Contribution.row_counter)
        .join(Synthesis, Synthesis.chapter_id == Contribution.chapter_id)
        .where(Synthesis.id == synthesis_id, Contribution.author_id.in_(author_ids), is_told())
    ):
        told[row.author_id].append(row)
    return {author_id: facts_of(rows) for author_id, rows in told.items()}


def standing(synthesis_id: int, facts: frozenset[Standing]) -> frozenset[Standing]:
    """All that its one author is to be told, as it is now."""
    return frozenset().union(*facts_now(synthesis_id, {author_id for author_id, _contribution, _counter in facts}).values())


def again(synthesis_id: int, facts: frozenset[Standing]) -> list[Letter[Standing]]:
    return word_to(synthesis_id, User.id.in_({author_id for author_id, _contribution, _counter in facts}))


ANSWERS = mail.Kind("synthesis.answers", word_answers, mark_answers, standing, again, topic=Topic.DECISION)


def answers_to(author_ids: list[int], synthesis: Synthesis) -> dict[int, list[tuple[Contribution, SynthesisItem | None]]]:
    """Each author's contributions to the chapter with the item that answers them; of one that is split, none."""
    rows = session.execute(
        sa.select(Contribution, SynthesisItem).outerjoin(ItemContribution, is_whole_link())
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Contribution.author_id.in_(author_ids), Contribution.chapter_id == synthesis.chapter_id, is_told())
        .order_by(Contribution.id)
    )
    answers: dict[int, list] = {author_id: [] for author_id in author_ids}
    for contribution, item in rows:
        answers[contribution.author_id].append((contribution, item))
    return answers


def points_of(said: Sequence[Contribution]) -> dict[int, list[tuple[Answerable, SynthesisItem | None]]]:
    """By contribution id, the points of those that are split, each with the item that answers it."""
    found = list_answerable(said)
    ids = {point.item_id for points in found.values() for point in points if point.item_id is not None}
    items = {item.id: item for item in session.scalars(sa.select(SynthesisItem).where(SynthesisItem.id.in_(ids)))} if ids else {}
    return {id_: [(point, items.get(point.item_id or 0)) for point in points] for id_, points in found.items()}


# What everybody may read from now on


@job
def tell_of_synthesis(synthesis_id: int) -> None:
    """Whoever follows the chapter, or what is published."""
    news.keep(PUBLISHED, synthesis_id)


def list_followers(synthesis_id: int) -> sa.Select:
    chapter = sa.select(Synthesis.chapter_id).where(Synthesis.id == synthesis_id).scalar_subquery()
    return news.followers(chapter, news.WHOLE, sa.literal(synthesis_id))


def list_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(sa.select(Synthesis).where(Synthesis.id.in_(ids), sa.and_(Synthesis.is_public)))
    return {one.id: Line(gettext("The synthesis of chapter %(number)s is published, with the answer to each contribution.",
                                 number=one.chapter.number), "synthesis.read", {"number": one.chapter.number}, one.chapter.number)
            for one in found}


PUBLISHED = news.Matter("synthesis.published", [
    news.Readers(Topic.FOLLOWED, list_followers), news.Readers(Topic.PUBLICATIONS, news.everybody)], list_lines)
