"""Where a contribution may be cut: its texts by sentences, the points that begin there, and where another request seems to begin."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from consult.contributions.models import Contribution
from consult.core.db import session
from consult.core.errors import NotFound
from consult.core.i18n import _
from consult.core.permissions import Action, Actor, require
from consult.moderation.models import Part
from consult.synthesis.models import Point
from consult.synthesis.points import PARTS, Hidden, list_hidden, list_points, shown, standing
from consult.text.demands import list_demands, sentence_starts


@dataclass(frozen=True)
class Piece:
    """A sentence as everybody reads it, from a character of the text as its author says it; ``point`` begins there, or (``is_proposed``)
    another request seems to.
    """

    part: Part
    begins: int
    words: str
    point: Point | None
    is_proposed: bool
    may_begin: bool  # a point may begin there
    is_whole: bool  # no word of it is hidden: a point may begin within it too
    is_line: bool  # it begins a line

    @property
    def value(self) -> str:
        """As a form holds its place."""
        return f"{self.part.value}:{self.begins}"


def list_pieces(actor: Actor, said: Contribution) -> list[tuple[Part, list[Piece]]]:
    """Each text that may be cut, with its sentences."""
    require(actor, Action.SYNTHESIS_VIEW, said)
    points = {(point.part, point.begins): point for point in list_points([said.id]).get(said.id, ())}
    hidden = list_hidden([said]).get(said.id, {})
    return [(part, pieces_of(said, part, points, hidden)) for part in PARTS if standing(said, part)]


def pieces_of(said: Contribution, part: Part, points: dict[tuple[Part, int], Point], hidden: Hidden) -> list[Piece]:
    text = standing(said, part)
    spans = hidden.get(part, ())
    starts = sorted({*sentence_starts(text), *(begins for of, begins in points if of == part)})
    proposed = set(list_demands(text, said.language))
    pieces = []
    for begins, end in zip(starts, [*starts[1:], len(text)], strict=True):
        is_within = any(begin < begins < stop for begin, stop in spans)
        pieces.append(Piece(
            part, begins, shown(said, part, begins, end, hidden), points.get((part, begins)), begins in proposed and not is_within,
            not is_within and (begins > 0 or part != Part.BODY), not any(begin < end and stop > begins for begin, stop in spans),
            is_first_of_line(text, begins)))
    return pieces


def is_first_of_line(text: str, begins: int) -> bool:
    before = text[:begins].rstrip(" \t")
    return not before or before.endswith("\n")


def get_point(actor: Actor, point_id: int) -> Point:
    """For those who work on its chapter; :class:`NotFound` when there is none."""
    point = session.scalar(sa.select(Point).where(Point.id == point_id).options(joinedload(Point.contribution)))
    if point is None:
        raise NotFound(_("There is no such request."), _("Go back to the workbench."))
    require(actor, Action.SYNTHESIS_VIEW, point)
    return point


def count_proposed(pieces: Sequence[Piece]) -> int:
    return sum(piece.is_proposed and piece.point is None for piece in pieces)
