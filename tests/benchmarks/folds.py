"""Folds as the worker keeps them, in a filled database: one contribution in five says what others say, four of them each time."""

import random
from typing import Any

import sqlalchemy as sa

from consult.core.db import session
from consult.grouping.models import Apart, Choice, Fold, FoldChoice, FoldLink, FoldMember, FoldRun
from tests.benchmarks.bulk import Bulk

EACH, SIZE = 5, 4
RUNS = 8  # of those that others are compared with


class Folds:
    """Of all chapters."""

    def __init__(self, bulk: Bulk, seed: int) -> None:
        self.bulk, self.dice = bulk, random.Random(seed)  # noqa: S311 - sample data, no secrets
        self.before = 0  # the contribution before
        self.open: dict[int, tuple[int, int, int, int]] = {}  # by chapter: number, id, core and size of the fold that grows

    def add(self, said: Any, number: int, rapporteur_id: int) -> None:
        """The place of contribution ``number`` of the database among folds."""
        fold_id = self.fold_of(said, number, rapporteur_id) if number % EACH == 0 else None
        self.bulk.add(
            FoldMember, contribution_id=said.id, chapter_id=said.chapter_id, fold_id=fold_id, own_words=20 if number % 15 == 0 else 0,
            is_representative=number % 2 == 0)
        if self.before and number % 2:
            self.bulk.add(FoldLink, contribution_id=said.id, other_id=self.before, reason=Apart.LESS, resemblance=0.2, words=[])
        self.before = said.id
        if number % 2 == 0:
            for _run in range(RUNS):
                self.bulk.add(FoldRun, chapter_id=said.chapter_id, run=self.dice.getrandbits(62), contribution_id=said.id)

    def fold_of(self, said: Any, number: int, rapporteur_id: int) -> int:
        last, fold_id, core_id, size = self.open.get(said.chapter_id) or (self.last_of(said.chapter_id), 0, 0, SIZE)
        if size == SIZE:
            last, core_id, size = last + 1, said.id, 0
            fold_id = self.bulk.add(Fold, chapter_id=said.chapter_id, number=last, core_id=core_id)
        elif number % 50 == 0:
            self.bulk.add(FoldChoice, contribution_id=said.id, choice=Choice.JOIN, fold_id=fold_id, chosen_by_id=rapporteur_id,
                          chosen_at=said.submitted_at)
        self.open[said.chapter_id] = last, fold_id, core_id, size + 1
        return fold_id

    def last_of(self, chapter_id: int) -> int:
        """The number that an earlier filling gave last."""
        return session.scalar(sa.select(sa.func.max(Fold.number)).where(Fold.chapter_id == chapter_id)) or 0
