"""From which categories, sectors and regions nothing came, in each chapter and in all, and how many of them were asked."""

from collections import Counter
from typing import Any, NamedTuple

from consult.chapters import service as chapters
from consult.chapters.models import Chapter
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.core.i18n import LabelledEnum
from consult.core.permissions import Action, Actor, require
from consult.outreach.service.stakeholders import KINDS, StateCount, count_by_kind


class Line(NamedTuple):
    """One category, sector or region: contributions of its organisations, in all and by chapter, and who was asked."""

    kind: LabelledEnum
    asked: StateCount
    lodged: int
    by_chapter: list[int]

    @property
    def is_silent(self) -> bool:
        return not self.lodged


class Scan(NamedTuple):
    """All lines of one kind, those from which nothing came first."""

    name: str  # of the filter
    lines: list[Line]

    @property
    def silent_count(self) -> int:
        return sum(line.is_silent for line in self.lines)


class Radar(NamedTuple):
    chapters: list[Chapter]
    scans: list[Scan]


def get_radar(actor: Actor, consultation: Consultation, number: int | None = None) -> Radar:
    """By the counts that are kept. With the ``number`` of a chapter, silent is whoever said nothing on that one."""
    require(actor, Action.OUTREACH_VIEW, consultation)
    all_chapters = chapters.list_chapters(consultation)
    shown = [one for one in all_chapters if one.number == number] or all_chapters
    ids = [chapter.id for chapter in shown]
    spoken = contributions.count_of_organisations(ids)
    scans = []
    for place, kind in enumerate(KINDS):
        counted: Counter[tuple[Any, int]] = Counter()
        for chapter_id, *of, lodged in spoken:
            counted[of[place], chapter_id] += lodged
        lines = [Line(asked.kind, asked, sum(counted[asked.kind, id_] for id_ in ids), [counted[asked.kind, id_] for id_ in ids])
                 for asked in count_by_kind(actor, consultation, kind) if asked.kind is not None]
        scans.append(Scan(kind.__name__.lower(), sorted(lines, key=lambda line: bool(line.lodged))))
    return Radar(shown, scans)
