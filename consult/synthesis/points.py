"""Points: the requests within a contribution that somebody split, their words, and how far the answer to each is."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload

from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.moderation import service as moderation
from consult.moderation.models import Part
from consult.synthesis.models import Disposition, ItemContribution, Point, SynthesisItem
from consult.text import masking

PARTS = (Part.BODY, Part.JUSTIFICATION)  # that may be cut, in the order in which they are read
ANSWERABLE = ContributionState.where(is_answerable=True)
Start = tuple[Part, int]  # a text, and a character of it as its author says it
Hidden = Mapping[Part, Sequence[masking.Span]]
ITEM = (SynthesisItem.id, SynthesisItem.number, SynthesisItem.title, SynthesisItem.disposition)


# Inside of queries


def is_open() -> sa.ColumnElement[bool]:
    return Point.rejoined_at.is_(None)


def is_split(said: Any = Contribution) -> sa.ColumnElement[bool]:
    return sa.exists().where(Point.contribution_id == said.id, is_open()).correlate(said)


def is_whole_link(said: Any = Contribution, link: Any = ItemContribution) -> sa.ColumnElement[bool]:
    """Of a contribution and its item: it is not split, and so all of it is there; one row at most."""
    return sa.and_(link.contribution_id == said.id, link.point_id.is_(None))


def is_link_of(said: Any = Contribution) -> sa.ColumnElement[bool]:
    """Of a contribution that is joined to its points, if it has any: the item of each, or of the whole."""
    return sa.and_(ItemContribution.contribution_id == said.id, ItemContribution.point_id.is_not_distinct_from(Point.id))


def is_first_link() -> sa.ColumnElement[bool]:
    """Of several points of a contribution that an item holds, one: the contribution is counted and listed once there."""
    other = aliased(ItemContribution)
    return sa.or_(ItemContribution.point_id.is_(None), ~sa.exists().where(
        other.item_id == ItemContribution.item_id, other.contribution_id == ItemContribution.contribution_id,
        other.id < ItemContribution.id).correlate(ItemContribution))


def has_point_to(answer: str, said: Any = Contribution) -> sa.ColumnElement[bool]:
    """Whether a contribution that is split has a point in no item (``to_gather``), or without its answer (``unanswered``)."""
    link, item = aliased(ItemContribution), aliased(SynthesisItem)
    missing = {"to_gather": link.id.is_(None), "unanswered": item.disposition.is_(None)}[answer]
    return (
        sa.select(sa.literal(1)).select_from(Point).outerjoin(link, link.point_id == Point.id).outerjoin(item, item.id == link.item_id)
        .where(Point.contribution_id == said.id, is_open(), missing).correlate(said).exists())


def standings(*of: sa.ColumnElement[bool]) -> sa.Subquery:
    """Of each contribution that is split and owes an answer: its points, how many are in an item and in how many items, how many have
    their answer and from how many items. What a commission splits by hand is read, and nothing else.
    """
    decided = SynthesisItem.disposition.is_not(None)

    def number(what: Any) -> sa.ColumnElement[int]:
        return sa.func.count(sa.distinct(what))

    return (
        sa.select(
            Contribution.chapter_id, Contribution.provision_key.label("key"), number(Point.id).label("points"),
            number(ItemContribution.id).label("gathered"), number(ItemContribution.item_id).label("items"),
            number(sa.case((decided, Point.id))).label("answered"), number(sa.case((decided, SynthesisItem.id))).label("answering"))
        .select_from(Point).join(Contribution, Contribution.id == Point.contribution_id)
        .outerjoin(ItemContribution, ItemContribution.point_id == Point.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(is_open(), Contribution.state.in_(ANSWERABLE), *of)
        .group_by(Contribution.id, Contribution.chapter_id, Contribution.provision_key).subquery("standings"))


@dataclass(frozen=True)
class Corrected:
    """What is to be added to counts of what items gather, of which each counts a contribution once: to those in an item, those answered,
    and, to both numbers of contributions, what makes them numbers of points.
    """

    gathered: sa.ColumnElement[int]
    answered: sa.ColumnElement[int]
    points: sa.ColumnElement[int]
    answers: sa.ColumnElement[int]

    @classmethod
    def of(cls, standing: sa.Subquery) -> "Corrected":
        c = standing.c
        is_gathered, is_answered = ((sa.case((number == c.points, 1), else_=0)) for number in (c.gathered, c.answered))
        return cls(*(sa.func.sum(number) for number in (
            is_gathered - c["items"], is_answered - c.answering, c.points - 1, c.answered - is_answered)))


# Read


def list_points(contribution_ids: Iterable[int]) -> dict[int, list[Point]]:
    """By contribution id, of those that are split, in the order of their words; one query."""
    found: dict[int, list[Point]] = {}
    for some in contributions.in_chunks(list(contribution_ids)):
        for point in session.scalars(sa.select(Point).where(Point.contribution_id.in_(some), is_open())):
            found.setdefault(point.contribution_id, []).append(point)
    return {id_: in_order(points) for id_, points in found.items()}


def in_order(points: Iterable[Point]) -> list[Point]:
    return sorted(points, key=lambda point: (PARTS.index(point.part), point.begins))


def items_of(points: Collection[Point]) -> dict[int, int]:
    """Item id by point id, of those that are in an item."""
    return {point_id: item_id for some in contributions.in_chunks([point.id for point in points])
            for point_id, item_id in session.execute(
                sa.select(Point.id, ItemContribution.item_id).join(ItemContribution, ItemContribution.point_id == Point.id)
                .where(Point.id.in_(some)))}


@dataclass(frozen=True)
class Answerable:
    """A point as it is shown: its words as everybody reads them, and the item that it is in."""

    point: Point
    words: str
    support: str  # what of the justification goes with it and with others: what nobody cut
    change: str  # the proposed change that goes with it
    item_id: int | None = None
    item_number: int | None = None
    item_title: str | None = None
    disposition: Disposition | None = None

    @property
    def number(self) -> int:
        return self.point.number

    @property
    def mark(self) -> str:
        return self.point.mark


def list_answerable(said: Sequence[Contribution]) -> dict[int, list[Answerable]]:
    """By contribution id, the points of those that are split, with their items; one query, and one if words of them are hidden."""
    rows = session.execute(
        sa.select(Point, *ITEM).outerjoin(ItemContribution, ItemContribution.point_id == Point.id)
        .outerjoin(SynthesisItem, SynthesisItem.id == ItemContribution.item_id)
        .where(Point.contribution_id.in_([one.id for one in said]), is_open())) if said else ()
    return answerable(said, {point: item for point, *item in rows})


def answerable(said: Iterable[Contribution], items: Mapping[Point, Sequence[Any]]) -> dict[int, list[Answerable]]:
    """The same of all their points, of which it is known in which item each is."""
    of: dict[int, list[Point]] = {}
    for point in in_order(items):
        of.setdefault(point.contribution_id, []).append(point)
    split = [one for one in said if one.id in of]
    hidden = list_hidden(split)
    return {one.id: [Answerable(point, words, support_of(one, point, of[one.id], hidden.get(one.id, {})), change_of(one, point),
                                *items[point])
                     for point, words in words_of(one, of[one.id], hidden.get(one.id, {}))] for one in split}


def list_split(*of: sa.ColumnElement[bool]) -> dict[int, list[Answerable]]:
    """By contribution id, the points of all that are split of these chapters (``of``), for whoever reads on what somebody may read."""
    ids = session.scalars(sa.select(Point.contribution_id).where(is_open(), *of).distinct()).all()
    found: dict[int, list[Answerable]] = {}
    for some in contributions.in_chunks(ids):
        found |= list_answerable(list_said(some))
    return found


def list_said(contribution_ids: Sequence[int]) -> Sequence[Contribution]:
    """With their proposed change; one query if there are any."""
    chosen = sa.select(Contribution).where(Contribution.id.in_(contribution_ids)).options(joinedload(Contribution.amendment))
    return session.scalars(chosen).all() if contribution_ids else []


def list_hidden(said: Iterable[Contribution]) -> dict[int, Hidden]:
    """What moderators took out of the public's sight, where they did; one query if anywhere."""
    redacted = [one.id for one in said if one.is_redacted]
    return {**moderation.list_hidden(redacted)} if redacted else {}


def change_of(said: Contribution, point: Point) -> str:
    return said.amendment.replacement if point.has_change and said.amendment else ""


def support_of(said: Contribution, point: Point, points: Sequence[Point], hidden: Hidden) -> str:
    if point.part != Part.BODY:
        return ""
    cut = next((one.begins for one in points if one.part == Part.JUSTIFICATION), len(standing(said, Part.JUSTIFICATION)))
    return shown(said, Part.JUSTIFICATION, 0, cut, hidden)


def words_of(said: Contribution, points: Sequence[Point], hidden: Hidden) -> list[tuple[Point, str]]:
    """Each point with its words, in their order; what is hidden is a mark in each that it reaches into."""
    starts = [(point.part, point.begins) for point in points]
    return [(point, text) for point, (text, _begins) in zip(points, stretches(said, starts, hidden), strict=True)]


def stretches(said: Contribution, starts: Sequence[Start], hidden: Hidden) -> list[tuple[str, int]]:
    """The words from each of these on to the next of the same text, as everybody reads them, and where they begin in the whole."""
    ends = [after[1] if after is not None and after[0] == part else len(standing(said, part))
            for (part, _begins), after in zip(starts, [*starts[1:], None], strict=True)]
    return [(shown(said, part, begins, end, hidden), begins) for (part, begins), end in zip(starts, ends, strict=True)]


def standing(said: Contribution, part: Part) -> str:
    """As its author says it: as it was lodged, or as they rephrased it last. Of what is not hidden everybody reads it."""
    if said.rephrased_at is None:
        return getattr(said, f"lodged_{part.value}") or ""
    return (moderation.standing_texts(said)[part] if said.is_redacted else getattr(said, part.value)) or ""


def shown(said: Contribution, part: Part, begins: int, ends: int, hidden: Hidden) -> str:
    spans = [(max(begin, begins) - begins, min(end, ends) - begins) for begin, end in hidden.get(part, ())
             if begin < ends and end > begins]
    return masking.masked(standing(said, part)[begins:ends], spans, masking.mark_in(said.language)).strip()
