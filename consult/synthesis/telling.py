"""Letters to all authors of a chapter about what became of their contributions: one for each, once for each notice, whatever crashes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, lazyload, selectinload

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.contributions.models import Contribution, ContributionState
from consult.core import mail
from consult.core.db import add_new, session
from consult.core.mail import Letter
from consult.synthesis.models import BlockChange, ItemContribution, SynthesisItem
from consult.synthesis.points import Answerable, is_whole_link, list_answerable

Standing = tuple[int, int, int]  # a contribution as a letter tells of it: ids of author and contribution, its row_counter
Told = Letter[Standing]
CHANGES = selectinload(SynthesisItem.changes).joinedload(BlockChange.block)


def is_told() -> sa.ColumnElement[bool]:
    return Contribution.state.in_(ContributionState.where(is_told_of_answer=True))


@dataclass(frozen=True)
class AuthorsTold:
    """What all authors of a chapter are told, each in one letter: ``of`` is the column of the notice that says of what, ``author`` whom it
    was told; ``find`` gives the chapter and what else the template speaks of.
    """

    of: InstrumentedAttribute[int]
    author: InstrumentedAttribute[int]
    template: str
    find: Callable[[int], tuple[Chapter, Mapping[str, Any]]]

    def tell(self, subject_id: int, kind: mail.Kind[Standing], progress: Callable[[int], None]) -> None:
        """One letter for each author of the chapter; whoever has their notice is not written to again."""
        mail.tell_each(kind, subject_id, progress, self.untold(subject_id))

    def chapter_id(self, subject_id: int) -> int:
        return self.find(subject_id)[0].id

    def untold(self, subject_id: int) -> sa.Select[Any]:
        """Ids of the authors who have no notice yet."""
        noted = sa.exists().where(self.of == subject_id, self.author == Contribution.author_id)
        return sa.select(Contribution.author_id).where(
            Contribution.chapter_id == self.chapter_id(subject_id), is_told(), ~noted).distinct().order_by(Contribution.author_id)

    def word(self, subject_id: int) -> list[Told]:
        return self.word_to(subject_id, User.id.in_(self.untold(subject_id).limit(mail.BATCH).scalar_subquery()))

    def word_to(self, subject_id: int, *which: sa.ColumnElement[bool]) -> list[Told]:
        """The letters to these authors."""
        chapter, values = self.find(subject_id)
        authors = session.scalars(sa.select(User).where(*which).options(lazyload(User.appointments)).order_by(User.id)).all()
        answers = answers_to([author.id for author in authors], chapter.id)
        points = points_of([contribution for told in answers.values() for contribution, _item in told])
        return [
            Letter(mail.worded(author, self.template, answers=answers[author.id], points=points, **values),
                   facts_of(contribution for contribution, _item in answers[author.id]))
            for author in authors
        ]

    def mark(self, subject_id: int, letters: Sequence[Told]) -> list[Told]:
        of_author = {author_id: letter for letter in letters for author_id, _contribution, _counter in letter.facts}
        now = self.facts_now(subject_id, of_author)
        current = [author_id for author_id, letter in of_author.items() if letter.facts == now[author_id]]
        rows = [{self.of.key: subject_id, self.author.key: author_id} for author_id in current]
        noted = add_new(self.of.parent.class_, rows, self.author)
        return [of_author[author_id] for author_id in noted]

    def facts_now(self, subject_id: int, author_ids: Collection[int]) -> dict[int, frozenset[Standing]]:
        """What a letter to each of these authors would tell of now."""
        told: dict[int, list[sa.Row[int, int, int]]] = {author_id: [] for author_id in author_ids}
        for row in session.execute(sa.select(Contribution.author_id, Contribution.id, Contribution.row_counter).where(
                Contribution.chapter_id == self.chapter_id(subject_id), Contribution.author_id.in_(author_ids), is_told())):
            told[row.author_id].append(row)
        return {author_id: facts_of(rows) for author_id, rows in told.items()}

    def standing(self, subject_id: int, facts: frozenset[Standing]) -> frozenset[Standing]:
        """All that its one author is to be told, as it is now."""
        return frozenset().union(*self.facts_now(subject_id, authors_of(facts)).values())

    def again(self, subject_id: int, facts: frozenset[Standing]) -> list[Told]:
        return self.word_to(subject_id, User.id.in_(authors_of(facts)))


def authors_of(facts: Iterable[Standing]) -> set[int]:
    return {author_id for author_id, _contribution, _counter in facts}


def facts_of(contributions: Iterable[Contribution | sa.Row[int, int, int]]) -> frozenset[Standing]:
    """What a letter tells of is as it was worded while the same contributions stand where they stood; items no longer change."""
    return frozenset((c.author_id, c.id, c.row_counter) for c in contributions)


def answers_to(author_ids: list[int], chapter_id: int) -> dict[int, list[tuple[Contribution, SynthesisItem | None]]]:
    """Each author's contributions to the chapter with the item that answers them; of one that is split, none."""
    rows = session.execute(
        sa.select(Contribution, SynthesisItem).outerjoin(ItemContribution, is_whole_link())
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Contribution.author_id.in_(author_ids), Contribution.chapter_id == chapter_id, is_told())
        .options(CHANGES).order_by(Contribution.id)
    )
    answers: dict[int, list] = {author_id: [] for author_id in author_ids}
    for contribution, item in rows:
        answers[contribution.author_id].append((contribution, item))
    return answers


def points_of(said: Sequence[Contribution]) -> dict[int, list[tuple[Answerable, SynthesisItem | None]]]:
    """By contribution id, the points of those that are split, each with the item that answers it."""
    found = list_answerable(said)
    ids = {point.item_id for points in found.values() for point in points if point.item_id is not None}
    chosen = sa.select(SynthesisItem).where(SynthesisItem.id.in_(ids)).options(CHANGES)
    items = {item.id: item for item in session.scalars(chosen)} if ids else {}
    return {id_: [(point, items.get(point.item_id or 0)) for point in points] for id_, points in found.items()}
