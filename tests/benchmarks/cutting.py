"""Which items hold what, for databases that are filled: contributions, and points of some that a rapporteur split."""

from datetime import timedelta
from typing import Any

from consult.moderation.models import Part
from consult.synthesis.models import ItemContribution, Point
from tests.benchmarks.bulk import Bulk

SPLIT = 10  # so many of the first ones: people do it by hand, and do no more of it as more is said


def gather(bulk: Bulk, said: Any, number: int, section: Any, place: int) -> None:
    """Into the item of this place; of contribution ``number`` that is split, each point into one of its own."""
    for point_id in split(bulk, said, section.rapporteur_id) if number < SPLIT else [None]:
        bulk.add(ItemContribution, item_id=section.items[place % len(section.items)], contribution_id=said.id,
                 attached_at=said.submitted_at + timedelta(hours=30), point_id=point_id)
        place += point_id is not None


def split(bulk: Bulk, said: Any, rapporteur_id: int) -> list[int]:
    """Two points, of which each has its item: their ids."""
    middle = said.body.index(" ", len(said.body) // 2) + 1
    return [
        bulk.add(Point, contribution_id=said.id, chapter_id=said.chapter_id, number=number, part=Part.BODY, begins=begins,
                 has_change=number == 1, place_key=None, made_by_id=rapporteur_id, made_at=said.submitted_at + timedelta(hours=29),
                 rejoined_at=None, row_counter=1)
        for number, begins in enumerate((0, middle), 1)]
