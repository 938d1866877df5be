"""The workbench: a chapter's published contributions in text order, filtered, a page at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.chapters.models import Chapter
from consult.contributions import service as contributions
from consult.contributions.models import (
    CommentType,
    Contribution,
    ContributionState,
    Kind,
    PassagePlace,
    Position,
    ProvisionTally,
)
from consult.core.db import scalar_count, session
from consult.core.i18n import gettext
from consult.core.i18n import number as format_number
from consult.core.paging import WORK_PAGE_SIZE, Cursor, Page, cut, rising
from consult.core.permissions import Action, Actor, require
from consult.grouping.models import FoldMember
from consult.grouping.service import Piece, Resemblance, pieces_of, resemblances_of
from consult.organisations.models import Category, Organisation
from consult.synthesis.models import Disposition, ItemContribution, Point, Synthesis, SynthesisItem
from consult.synthesis.points import ITEM, Answerable, answerable, is_link_of, is_open, is_split, is_whole_link
from consult.synthesis.service.counting import count_told
from consult.synthesis.service.folds import BenchFold, count_repeated, has_come_to, has_come_whole_to, is_said_first, list_bench_folds
from consult.synthesis.service.gathered import count_all
from consult.synthesis.service.items import shown_whole
from consult.synthesis.service.text_order import LAST, beginnings, places, text_order

MAX_COUNTED = 1000  # of a filter that no count is kept of
LOOKED_FOR = MAX_COUNTED + 1


@dataclass(frozen=True)
class WorkbenchFilter:
    """What the rapporteur wants to see; empty: everything."""

    answer: str = "to_gather"
    block: str = ""
    position: Position | None = None
    category: Category | None = None
    own_name: bool = False
    kind: Kind | None = None
    comment_type: CommentType | None = None
    language: str = ""
    with_repeated: bool = False  # those too that say only what an earlier one says

    @property
    def is_plain(self) -> bool:
        """It asks for nothing but how far the answer is, and where: what an earlier one says is not shown again."""
        return replace(self, answer="", block="", with_repeated=False) == WorkbenchFilter(answer="")

    @property
    def is_folded(self) -> bool:
        return self.is_plain and not self.with_repeated

    def conditions(self) -> list:
        found: list[Any] = has_come_to(self.answer)
        if self.is_folded:
            found.append(is_said_first(self.answer))
        for value, column in ((self.block, Contribution.provision_key), (self.position, Contribution.position),
                              (self.category, Organisation.category), (self.kind, Contribution.kind),
                              (self.comment_type, Contribution.comment_type), (self.language, Contribution.language)):
            if value:
                found.append(column == value)
        return [*found, *([Contribution.organisation_id.is_(None)] if self.own_name else [])]


@dataclass(frozen=True)
class WorkbenchRow:
    """A contribution on the bench, its place in the text and the item it is in; of one that is split, its points with theirs."""

    contribution: Contribution
    label: str
    text: str
    item_id: int | None
    item_number: int | None
    item_title: str | None
    disposition: Disposition | None
    fold: BenchFold | None = None
    resembles: Sequence[Resemblance] = ()
    pieces: Sequence[Piece] = ()  # where it has words of its own to be read, all of them against those of its fold
    points: Sequence[Answerable] = ()


@dataclass(frozen=True)
class Passage:
    """A passage that was commented, with how many contributions, how many of them in an item, and how many answered there."""

    key: str
    label: str
    lead: str
    text: str
    total: int
    gathered: int
    answered: int

    @property
    def unanswered(self) -> int:
        return self.total - self.answered

    def count(self, answer: str) -> int:
        """How many have come as far as that: one of :data:`ANSWERS`."""
        return {"to_gather": self.total - self.gathered, "undecided": self.gathered - self.answered, "unanswered": self.unanswered,
                "answered": self.answered, "all": self.total}[answer]


@dataclass(frozen=True)
class ItemLine:
    """An item in a list."""

    id: int
    number: int
    title: str
    disposition: Disposition | None
    count: int


@dataclass(frozen=True)
class Number:
    """How many there are; ``is_more`` where they were counted no further than :data:`MAX_COUNTED`."""

    count: int
    is_more: bool = False

    def __str__(self) -> str:
        """As a form holds it."""
        return f"{self.count}+" if self.is_more else str(self.count)

    @property
    def label(self) -> str:
        shown = format_number(self.count)
        return gettext("more than %(count)s", count=shown) if self.is_more else shown


def list_commented_provisions(actor: Actor, synthesis: Synthesis) -> list[Passage]:
    """The passages that were commented, in text order."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chapter = synthesis.chapter
    counted, place = {key: told for key, told in count_told(chapter).items() if told.to_answer}, places(chapter)
    rows = session.execute(sa.select(place.c.key, place.c.label, place.c.lead, place.c.text).order_by(place.c.position))
    here = {key: (label or key, lead or "", text or "") for key, label, lead, text in rows if key in counted}
    gone = {key: (key, "", "") for key in sorted(counted.keys() - here.keys())}
    return [Passage(key, *words, counted[key].to_answer, counted[key].gathered, counted[key].answered)
            for key, words in (here | gone).items()]


def list_in_text_order(
    synthesis: Synthesis, wanted: WorkbenchFilter, keys: Sequence[str], *, after: Cursor | None, size: int,
) -> list[sa.Select]:
    """Position and id of what the filter holds behind the cursor, in parts that are each read in text order: what the text shows, passage
    by passage, as long as a page needs it; what was left on earlier versions; what stands on passages that the French text no longer has.

    ``keys`` are of the passages where something stands whose answer is as far as that: in others nothing is looked for.
    """
    chapter, place = synthesis.chapter, places(synthesis.chapter)
    gone = sa.select(ProvisionTally.key, sa.literal(LAST).label("position")).where(
        ProvisionTally.chapter_id == chapter.id, ProvisionTally.place == PassagePlace.SHOWN, ProvisionTally.count > 0,
        ProvisionTally.key.in_(keys), ProvisionTally.key.not_in(sa.select(place.c.key))).distinct().subquery("gone")

    def part(position: Any, *conditions: sa.ColumnElement[bool], start: Any) -> sa.Select:
        chosen = sa.select(position.label("position"), Contribution.id.label("id"), Contribution.ref).select_from(start)
        chosen = narrowed(chosen, wanted).where(Contribution.chapter_id == chapter.id, is_answerable(), *conditions)
        return rising(position, Contribution.id).after(chosen, after).limit(size)
    if session.get_bind().dialect.name == "postgresql":
        # SQLite reads a join in the order of both its indexes; PostgreSQL has to be told that no passage gives more than a page.
        there = part(place.c.position, Contribution.current_key == place.c.key, start=Contribution).lateral("there")
        shown = sa.select(*there.c).select_from(place.join(there, sa.true())).where(place.c.key.in_(keys)).order_by(
            place.c.position, there.c.id).limit(size)
    else:
        start = place.join(Contribution, Contribution.current_key == place.c.key)
        shown = part(place.c.position, place.c.key.in_(keys), start=start)
    return [
        shown,
        part(sa.func.coalesce(place.c.position, LAST), Contribution.current_key.is_(None), Contribution.block_key.in_(keys),
             start=sa.outerjoin(Contribution, place, Contribution.block_key == place.c.key)),
        part(gone.c.position, start=gone.join(Contribution, Contribution.current_key == gone.c.key)),
    ]


def is_answerable() -> sa.ColumnElement[bool]:
    """One value where one state is: of a list, an index gives no order."""
    states = ContributionState.where(is_answerable=True)
    return Contribution.state == states[0] if len(states) == 1 else Contribution.state.in_(states)


def keys_of(passages: Sequence[Passage], wanted: WorkbenchFilter) -> list[str]:
    return [passage.key for passage in passages if wanted.block in ("", passage.key) and passage.count(wanted.answer)]


def narrowed(chosen: sa.Select, wanted: WorkbenchFilter) -> sa.Select:
    return (
        chosen.outerjoin(Organisation, Organisation.id == Contribution.organisation_id)
        .outerjoin(ItemContribution, is_whole_link())
        .outerjoin(FoldMember, FoldMember.contribution_id == Contribution.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id).where(*wanted.conditions())
    )


def first(parts: Sequence[sa.Select], size: int) -> list[tuple[int, int, str]]:
    """(position, id, reference) of the first of all parts, in text order."""
    rows = session.execute(sa.union_all(*(sa.select(*part.subquery().c) for part in parts)))
    return sorted((position, id_, ref) for position, id_, ref in rows)[:size]


def list_workbench(
    actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter, *, after: Cursor | None = None,
    passages: Sequence[Passage] | None = None,
) -> Page[WorkbenchRow]:
    """One page in text order; ``passages`` are what :func:`list_commented_provisions` finds, where that was asked already."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    passages = list_commented_provisions(actor, synthesis) if passages is None else passages
    fitting = after if after and len(after.key) == 2 else None
    size = WORK_PAGE_SIZE + 1
    found = first(list_in_text_order(synthesis, wanted, keys_of(passages, wanted), after=fitting, size=size), size)
    page = cut(found, lambda row: row[:2], after=fitting, size=WORK_PAGE_SIZE)
    rows = rows_of(actor, synthesis, [id_ for _position, id_, _ref in page.rows], {passage.key: passage for passage in passages})
    return Page([rows[id_] for _position, id_, _ref in page.rows if id_ in rows], page.after, page.older)


def list_unanswered(actor: Actor, synthesis: Synthesis, *, limit: int = 50) -> list[str]:
    """The references of the first published contributions without an answer, in text order."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    keys = [key for key, told in count_told(synthesis.chapter).items() if told.to_answer > told.answered]
    parts = list_in_text_order(synthesis, WorkbenchFilter(answer="unanswered", with_repeated=True), keys, after=None, size=limit)
    return [ref for _position, _id, ref in first(parts, limit)]


def rows_of(actor: Actor, synthesis: Synthesis, ids: Sequence[int], here: Mapping[str, Passage]) -> dict[int, WorkbenchRow]:
    """Each with the passage that the present text has ``here``, or that it was written on; four queries at most."""
    rows = session.execute(
        sa.select(Contribution, Point, *ITEM)
        .outerjoin(Point, sa.and_(Point.contribution_id == Contribution.id, is_open())).outerjoin(ItemContribution, is_link_of())
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Contribution.id.in_(ids)).options(*shown_whole())).all()
    found = {c: item if point is None else (None,) * len(ITEM) for c, point, *item in rows}
    points = answerable(found, {point: item for _c, point, *item in rows if point is not None})
    folds, resembling = list_bench_folds(ids), resemblances_of(actor, synthesis.chapter, ids)
    pieces = {c.id: pieces_of(contributions.argument_of(c), folds[c.id].core_text)
              for c in found if c.id in folds and folds[c.id].adds_words}
    shown = {}
    for c, (item_id, number, title, disposition) in found.items():
        passage = here.get(c.provision_key)
        label, text = (passage.label, passage.text) if passage else (c.provision_key, "")
        shown[c.id] = WorkbenchRow(c, label, text or c.block.text, item_id, number, title, disposition,
                                  folds.get(c.id), resembling.get(c.id, ()), pieces.get(c.id, ()), points.get(c.id, ()))
    return shown


def count_matching(
    actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter, *, passages: Sequence[Passage] | None = None,
    page: Page[WorkbenchRow] | None = None,
) -> Number:
    """All of them where the counts that are kept, or a ``page`` that holds all, say so, else :data:`MAX_COUNTED` at most; ``passages``
    as of :func:`list_workbench`.
    """
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    passages = list_commented_provisions(actor, synthesis) if passages is None else passages
    if wanted.is_plain and (wanted.with_repeated or not wanted.block):
        repeated = 0 if wanted.with_repeated else count_repeated(synthesis, wanted.answer) or 0
        return Number(sum(passage.count(wanted.answer) for passage in passages if wanted.block in ("", passage.key)) - repeated)
    if page is not None and page.after is None and page.older is None:
        return Number(len(page.rows))
    parts = [sa.select(part.subquery().c.id) for part in list_in_text_order(
        synthesis, wanted, keys_of(passages, wanted), after=None, size=LOOKED_FOR)]
    found = scalar_count(sa.select(sa.func.count()).select_from(sa.union_all(*parts).limit(LOOKED_FOR).subquery()))
    return Number(min(found, MAX_COUNTED), found > MAX_COUNTED)


def count_whole(
    actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter, shown: Number, *, passages: Sequence[Passage] | None = None,
) -> Number:
    """What an act on the whole filter is on, of which so many are ``shown``: with those that say only what an earlier one says."""
    if not wanted.is_folded:
        return shown
    return count_matching(actor, synthesis, replace(wanted, with_repeated=True), passages=passages)


def list_matching(actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter) -> dict[Contribution, int | None]:
    """All that the filter holds and is not split, each with the id of the item it is in, for an act on the whole of it; what says only
    what an earlier one says belongs to it.
    """
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chosen = narrowed(sa.select(Contribution, ItemContribution.item_id), replace(wanted, with_repeated=True))
    found = session.execute(chosen.where(Contribution.chapter_id == synthesis.chapter.id, is_answerable(), ~is_split()))
    return dict(found.all())


def list_matching_points(actor: Actor, synthesis: Synthesis, wanted: WorkbenchFilter) -> dict[Point, int | None]:
    """Of those that are split, the points whose answer is as far as the filter asks, each with the id of the item it is in."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    of_it = narrowed(sa.select(Contribution.id), replace(wanted, with_repeated=True)).where(
        Contribution.chapter_id == synthesis.chapter.id, is_answerable(), is_split())
    rows = session.execute(
        sa.select(Point, ItemContribution.item_id).outerjoin(ItemContribution, ItemContribution.point_id == Point.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id).options(joinedload(Point.contribution))
        .where(Point.chapter_id == synthesis.chapter.id, is_open(), Point.contribution_id.in_(of_it),
               *has_come_whole_to(wanted.answer, ItemContribution, SynthesisItem)))
    return dict(rows.all())


def list_chosen(actor: Actor, synthesis: Synthesis, ids: Iterable[int]) -> list[Contribution]:
    """Those contributions of the chapter that were ticked."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chosen = sa.select(Contribution).where(Contribution.chapter_id == synthesis.chapter.id, Contribution.id.in_(list(ids)))
    return list(session.scalars(chosen.order_by(Contribution.id)))


def list_chosen_points(actor: Actor, synthesis: Synthesis, ids: Iterable[int]) -> list[Point]:
    """Those points of contributions to the chapter that were ticked, joined again meanwhile or not."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    chosen = sa.select(Point).where(Point.chapter_id == synthesis.chapter.id, Point.id.in_(list(ids)))
    return list(session.scalars(chosen.options(joinedload(Point.contribution)).order_by(Point.id)))


def list_item_lines(actor: Actor, synthesis: Synthesis) -> list[ItemLine]:
    """The items in text order, each with the number of contributions it gathers."""
    require(actor, Action.SYNTHESIS_VIEW, synthesis)
    begins = beginnings(Chapter.id == synthesis.chapter.id)
    found = (
        sa.select(SynthesisItem.id, SynthesisItem.number, SynthesisItem.title, SynthesisItem.disposition, count_all())
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id)
        .where(SynthesisItem.synthesis_id == synthesis.id).order_by(*text_order(begins))
    )
    return [ItemLine(*row) for row in session.execute(found)]
