"""What is read of folds: beside each contribution, and as a page of one fold."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload, lazyload

from consult.accounts.models import User
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.paging import WORK_PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.grouping.models import Apart, Fold, FoldLink, FoldMember
from consult.text import folding

LINKS = 5  # that are told of one contribution, those nearest to it first


@dataclass(frozen=True)
class Resemblance:
    """Another contribution, and why it is in another fold or in none; ``words`` are those that differ."""

    ref: str
    reason: Apart
    words: list[str]
    resemblance: float


@dataclass(frozen=True)
class Piece:
    """Of a text, words that the fold's core has as well, or its own."""

    text: str
    is_own: bool


CONTEXT = 40  # letters of shared words that are left beside words of one's own


@dataclass(frozen=True)
class Member:
    """One of a fold, with its words against those of the core."""

    contribution: Contribution
    row: FoldMember
    core: Contribution

    @property
    def is_core(self) -> bool:
        return self.row.contribution_id == self.core.id

    @cached_property
    def pieces(self) -> list[Piece]:
        return shortened(pieces_of(contributions.argument_of(self.contribution), contributions.argument_of(self.core)))


def shortened(pieces: Sequence[Piece]) -> list[Piece]:
    """Of what is shared, no more than leads to the words beside it: it is read in the core."""
    last = len(pieces) - 1
    return [piece if piece.is_own else Piece(_shortened(piece.text, has_before=place > 0, has_after=place < last), False)
            for place, piece in enumerate(pieces)]


def _shortened(text: str, *, has_before: bool, has_after: bool) -> str:
    if len(text) <= 3 * CONTEXT:
        return text
    before, after = text[:CONTEXT].rsplit(None, 1)[0] if has_before else "", text[-CONTEXT:].split(None, 1)[-1] if has_after else ""
    return f"{before} … {after}"


def pieces_of(text: str, core: str) -> list[Piece]:
    """The whole text, own words and shared ones in turn; what stands between two own words is own."""
    found, done = [], 0
    for start, end in _joined(text, folding.own_words(text, core)):
        found += [Piece(text[done:start], False), Piece(text[start:end], True)]
        done = end
    return [piece for piece in (*found, Piece(text[done:], False)) if piece.text]


def _joined(text: str, spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    begin, end = None, 0
    for start, stop in spans:
        if begin is not None and not any(sign.isalnum() for sign in text[end:start]):
            end = stop
            continue
        if begin is not None:
            yield begin, end
        begin, end = start, stop
    if begin is not None:
        yield begin, end


def get_fold_of(actor: Actor, contribution: Contribution) -> Fold | None:
    require(actor, Action.GROUPING_VIEW, contribution)
    return session.scalar(sa.select(Fold).join(FoldMember, FoldMember.fold_id == Fold.id).where(
        FoldMember.contribution_id == contribution.id))


def resemblances_of(actor: Actor, chapter: Chapter, ids: Collection[int]) -> dict[int, list[Resemblance]]:
    """By contribution id, what it resembles and what resembles it, nearly the same words first; one query."""
    require(actor, Action.GROUPING_VIEW, chapter)

    def seen(own: Any, their: Any) -> sa.Select:
        return (
            sa.select(own.label("of"), Contribution.ref, FoldLink.reason, FoldLink.words, FoldLink.resemblance)
            .join(Contribution, Contribution.id == their).where(own.in_(ids)))
    found: dict[int, list[Resemblance]] = {}
    both = seen(FoldLink.contribution_id, FoldLink.other_id), seen(FoldLink.other_id, FoldLink.contribution_id)
    for of, *told in session.execute(sa.union_all(*both)):
        found.setdefault(of, []).append(Resemblance(*told))
    for there in found.values():
        there.sort(key=lambda one: (not one.reason.is_same_words, -one.resemblance, one.ref))
        del there[LINKS:]
    return found


def get_fold(actor: Actor, chapter: Chapter, number: int) -> Fold:
    """:class:`NotFound` for a number that the chapter never gave, or whose fold is nobody's any more."""
    require(actor, Action.GROUPING_VIEW, chapter)
    has_any = sa.exists().where(FoldMember.fold_id == Fold.id)
    found = session.scalar(sa.select(Fold).where(Fold.chapter_id == chapter.id, Fold.number == number, has_any))
    if found is None:
        raise NotFound(_("There is no such fold in this chapter."), _("It may have been taken apart. Go back to the workbench."))
    return found


def get_said(actor: Actor, consultation: Consultation, ref: str) -> Contribution:
    """A contribution by its reference, for whoever works on its chapter; :class:`NotFound` when there is none."""
    found = session.scalar(
        sa.select(Contribution).join(Chapter, Chapter.id == Contribution.chapter_id)
        .where(Chapter.consultation_id == consultation.id, Contribution.ref == ref.upper()))
    if found is None:
        raise NotFound(_("There is no contribution with this reference."), _("Check the reference."))
    require(actor, Action.GROUPING_VIEW, found)
    return found


def list_members(actor: Actor, fold: Fold, *, after: Cursor | None = None) -> Page[Member]:
    """In the order in which they were lodged, each with what its entry shows."""
    require(actor, Action.GROUPING_VIEW, fold)
    core = shown([fold.core_id])[fold.core_id]
    page = get_page(sa.select(FoldMember).where(FoldMember.fold_id == fold.id), rising(FoldMember.id), after=after, size=WORK_PAGE_SIZE)
    said = shown([row.contribution_id for row in page.rows])
    return Page([Member(said[row.contribution_id], row, core) for row in page.rows], page.after, page.older)


def shown(ids: Collection[int]) -> dict[int, Contribution]:
    found = session.scalars(sa.select(Contribution).where(Contribution.id.in_(ids)).options(
        joinedload(Contribution.organisation), joinedload(Contribution.amendment), lazyload(Contribution.chapter),
        joinedload(Contribution.author).lazyload(User.appointments)))
    return {said.id: said for said in found}
