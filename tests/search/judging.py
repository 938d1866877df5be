"""How often the right thing stands among the first five, of what people would type: over the demonstration, as a visitor finds it."""

from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from consult.consultations import service as consultations
from consult.contributions.models import Contribution
from consult.core.actors import VISITOR
from consult.core.db import session
from consult.demonstration import read
from consult.search import service

FIRST = 5


class Judged(NamedTuple):
    """A question and what answers it; ``is_held_out``: nothing is tuned by it."""

    language: str
    words: str
    right: frozenset[str]
    is_held_out: bool


def list_judged() -> list[Judged]:
    lines = [line for line in Path(__file__).with_name("judged.txt").read_text("utf-8").splitlines() if line and not line.startswith("#")]
    return [Judged(language, words, frozenset(right.split()), number % 3 == 0)
            for number, (language, words, right) in enumerate((map(str.strip, line.split("|")) for line in lines), 1)]


def names_of_contributions() -> dict[str, str]:
    """By reference, how the demonstration calls each contribution."""
    bodies = dict(session.execute(sa.select(Contribution.body, Contribution.ref)).all())
    return {ref: one["id"] for number in range(1, 6) for one in read(f"chapter_{number}")["contributions"]
            if (ref := bodies.get(one["body"].strip())) or (ref := bodies.get(one["body"]))}


def list_missed() -> tuple[list[Judged], list[tuple[Judged, list[str]]]]:
    """All that is asked, and of what was not answered what came instead."""
    names, judged, missed = names_of_contributions(), list_judged(), []
    for one in judged:
        found = service.search(VISITOR, consultations.get_current(), service.get_asked(one.words), service.SearchFilter(),
                               language=one.language)
        first = [names.get(hit.ref, hit.ref) for hit in (shown.hit for shown in found.page.rows[:FIRST])]
        if one.right.isdisjoint(first):
            missed.append((one, first))
    return judged, missed
