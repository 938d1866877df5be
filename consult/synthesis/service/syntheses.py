"""The synthesis as a whole: how far it is, what stands in the way of validating it, and its steps."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter
from consult.consultations.models import Consultation
from consult.contributions import service as contributions
from consult.contributions.models import ContributionState
from consult.core import states
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict, Invalid
from consult.core.i18n import _, gettext, ngettext, utcnow
from consult.core.jobs import later
from consult.core.locks import lock
from consult.synthesis import jobs
from consult.synthesis.models import (
    BlockChange,
    ItemTally,
    Synthesis,
    SynthesisItem,
    SynthesisReopening,
    SynthesisState,
)
from consult.synthesis.service.counting import count_answers, count_told, present, to_answer
from consult.synthesis.service.text_order import beginnings, text_order
from consult.synthesis.service.wordings import has_outdated
from consult.text.normalising import is_blank, validated_text

Faulty = dict[str, list[tuple[int, int, str]]]  # id, number and title of the items that have each fault


@dataclass(frozen=True)
class Progress:
    """Every contribution of a chapter by its state; those that are to be answered, by how far their answer is: one that is split is in an
    item, or answered, when all its points are. ``points`` counts the requests, and ``points_answered`` those with their answer.
    """

    states: Mapping[ContributionState, int]
    to_gather: int
    undecided: int
    answered: int
    points: int = 0
    points_answered: int = 0

    @property
    def is_split(self) -> bool:
        """Some of those that are to be answered are split into points."""
        return self.points > self.to_gather + self.undecided + self.answered

    @property
    def unanswered(self) -> int:
        return self.to_gather + self.undecided

    @property
    def published(self) -> int:
        return sum(self.having(is_public=True).values())

    @property
    def awaiting_moderation(self) -> int:
        return sum(self.having(awaits_moderation=True).values())

    @property
    def awaiting_author(self) -> int:
        """Whom moderators asked for other words."""
        return sum(self.having(awaits_author=True).values())

    @property
    def silent(self) -> dict[ContributionState, int]:
        return self.having(is_silent=True)

    def having(self, **meaning: Any) -> dict[ContributionState, int]:
        """How many there are in each of the states that mean this."""
        return {state: self.states.get(state, 0) for state in ContributionState.where(**meaning)}


@dataclass(frozen=True)
class Obstacle:
    """One thing that keeps a synthesis from being validated; ``kind`` tells the page where to send the reader."""

    kind: str
    count: int
    message: str
    items: tuple[tuple[int, int, str], ...] = ()
    state: ContributionState | None = None
    language: str = ""  # of the text, where places in it wait


def of_chapter(chapter: Chapter) -> Synthesis | None:
    return session.scalar(sa.select(Synthesis).where(Synthesis.chapter_id == chapter.id))


def get_or_new(chapter: Chapter) -> Synthesis:
    """The chapter's synthesis as its commission works on it; a new one is written with its first item. What is in it asks who reads."""
    return of_chapter(chapter) or Synthesis(chapter=chapter, state=SynthesisState.DRAFT, last_number=0)


def list_syntheses(consultation: Consultation) -> list[Synthesis]:
    """Those that exist, in the order of the chapters."""
    of_consultation = sa.select(Synthesis).join(Chapter).where(Chapter.consultation_id == consultation.id)
    return list(session.scalars(of_consultation.order_by(Chapter.number)))


def get_return(synthesis: Synthesis) -> SynthesisReopening | None:
    """Why it was taken up again, while no item of it was recorded since."""
    past = sa.select(SynthesisReopening).where(SynthesisReopening.synthesis_id == synthesis.id)
    reopening = session.scalar(past.order_by(SynthesisReopening.id.desc()).limit(1)) if synthesis.state.is_editable else None
    worked_on = sa.select(sa.func.max(SynthesisItem.edited_at)).where(SynthesisItem.synthesis_id == synthesis.id)
    if reopening is None or (session.scalar(worked_on) or reopening.reopened_at) > reopening.reopened_at:
        return None
    return reopening


def count_progress(chapter: Chapter) -> Progress:
    counted: Counter[ContributionState] = Counter()
    told = count_told(chapter).values()
    for there in told:
        counted.update(there.states)
    gathered, answered = sum(there.gathered for there in told), sum(there.answered for there in told)
    points = to_answer(counted) + sum(there.more_points for there in told)
    return Progress(counted, to_answer(counted) - gathered, gathered - answered, answered, points,
                    answered + sum(there.more_answers for there in told))


def count_unanswered(consultation: Consultation) -> dict[Chapter, tuple[int, SynthesisState | None]]:
    """Published contributions without a reasoned answer, and the state of the synthesis once there is one: each chapter, in their order."""
    found = chapters.list_chapters(consultation)
    counted, answers = contributions.count_by_state([chapter.id for chapter in found]), count_answers(consultation)
    none = None, 0, 0
    return {
        chapter: (to_answer(counted[chapter.id]) - decided, state)
        for chapter in found for state, _gathered, decided in [answers.get(chapter.id, none)]
    }


def list_obstacles(synthesis: Synthesis, progress: Progress | None = None, faulty: Faulty | None = None) -> list[Obstacle]:
    """Everything that keeps the synthesis from being validated, each with its number."""
    progress = progress or count_progress(synthesis.chapter)
    found = []
    if n := progress.unanswered:
        found.append(Obstacle("unanswered", n, unanswered_words(progress)))
    found += [
        Obstacle("state", n, state_words(state, n), state=state) for state, n in progress.states.items() if n and state.blocks_validation
    ]
    found += [
        Obstacle("places", n, ngettext("%(num)s contribution waits for its place in the newest version to be confirmed.",
                                       "%(num)s contributions wait for their places in the newest version to be confirmed.", n),
                 language=language)
        for language, n in contributions.count_undecided_places(synthesis.chapter).items()
    ]
    for kind, items in (faulty_items(synthesis) if faulty is None else faulty).items():
        if items:
            found.append(Obstacle(kind, len(items), obstacle_words(kind, len(items)), tuple(items)))
    return found


def unanswered_words(progress: Progress) -> str:
    """In requests too, where contributions are split into points."""
    n, points = progress.unanswered, progress.points - progress.points_answered
    words = ngettext("%(num)s published contribution has no reasoned answer yet.",
                     "%(num)s published contributions have no reasoned answer yet.", n)
    if not progress.is_split:
        return words
    return f"{words} " + ngettext("Counted by request: %(num)s has none.", "Counted by request: %(num)s have none.", points)


def state_words(state: ContributionState, n: int) -> str:
    if state.awaits_moderation:
        return ngettext("%(num)s contribution is awaiting moderation.", "%(num)s contributions are awaiting moderation.", n)
    if state.awaits_author:
        return ngettext("%(num)s contribution is to be rephrased by its author.",
                        "%(num)s contributions are to be rephrased by their authors.", n)
    return gettext("Neither answered nor taken down: %(count)s %(what)s.", count=n, what=state.counted(n))


def obstacle_words(kind: str, n: int) -> str:
    if kind == "empty":
        return ngettext("%(num)s item gathers no contribution.", "%(num)s items gather no contribution.", n)
    if kind == "undecided":
        return ngettext("%(num)s item has no disposition.", "%(num)s items have no disposition.", n)
    if kind == "outdated":
        return ngettext("%(num)s item gives new wording to a passage that a later version changed.",
                        "%(num)s items give new wording to passages that a later version changed.", n)
    return ngettext("%(num)s item gives new wording to a passage that another item changes too.",
                    "%(num)s items give different new wordings to the same passages.", n)


def faults(synthesis: Synthesis) -> dict[str, sa.ColumnElement[bool]]:
    """Of an item, inside of a query: it gathers nothing, it is undecided, its new wording is contradicted by another item, or was written
    on words that a later version changed.
    """
    competing = (
        sa.select(Block.key).select_from(BlockChange).join(Block).join(SynthesisItem)
        .where(SynthesisItem.synthesis_id == synthesis.id).group_by(Block.key).having(sa.func.count() > 1)
    )
    return {
        "empty": ~present(ItemTally.item_id).where(ItemTally.item_id == SynthesisItem.id).exists(),
        "undecided": SynthesisItem.disposition.is_(None),
        "competing": sa.exists().where(
            BlockChange.item_id == SynthesisItem.id, BlockChange.block_id == Block.id, Block.key.in_(competing)),
        "outdated": has_outdated(),
    }


def faulty_items(synthesis: Synthesis) -> Faulty:
    begins, wrong = beginnings(Chapter.id == synthesis.chapter.id), faults(synthesis)
    rows = session.execute(
        sa.select(SynthesisItem.id, SynthesisItem.number, SynthesisItem.title, *wrong.values())
        .outerjoin(begins, begins.c.item_id == SynthesisItem.id).where(SynthesisItem.synthesis_id == synthesis.id)
        .order_by(*text_order(begins)))
    return by_fault((item_id, number, title, dict(zip(wrong, found, strict=True))) for item_id, number, title, *found in rows)


def by_fault(items: Iterable[tuple[int, int, str, Mapping[str, Any]]]) -> Faulty:
    """(id, number, title) of the items that have each fault, in their order."""
    told: Faulty = {}
    for item_id, number, title, found in items:
        for kind, is_faulty in found.items():
            if is_faulty:
                told.setdefault(kind, []).append((item_id, number, title))
    return {kind: told[kind] for kind in ("empty", "undecided", "competing", "outdated") if kind in told}


def hold(synthesis: Synthesis, *, gathers: bool = False) -> None:
    """Nobody validates what somebody is changing; :class:`Conflict` when it is no draft any more.

    Who ``gathers`` contributions holds the chapter first, as do those who publish or withdraw them: both change the same counts.
    """
    if gathers:
        lock(synthesis.chapter)
    lock(synthesis)
    if not synthesis.state.is_editable:
        raise Conflict(
            _("This synthesis is not a draft any more (%(state)s): its items cannot be changed.", state=synthesis.state.label),
            _("The chair of the commission can reopen it, with a reason, until it is submitted."),
        )


@command
def validate(actor: User, synthesis: Synthesis) -> Synthesis:
    """The chair's word that every contribution has its reasoned answer; :class:`Conflict` while one has none, or when it is no draft."""
    hold(synthesis)
    refuse_incomplete(synthesis)
    session.add(synthesis)
    states.move(synthesis, SynthesisState.VALIDATED)
    synthesis.validated_by_id, synthesis.validated_at = actor.id, utcnow()
    return synthesis


def refuse_incomplete(synthesis: Synthesis) -> None:
    """Raises :class:`Conflict`, which tells all that is missing."""
    if obstacles := list_obstacles(synthesis):
        raise Conflict(
            _("The synthesis of chapter %(number)s is not complete: %(what)s", number=synthesis.chapter.number,
              what=" ".join(obstacle.message for obstacle in obstacles)),
            _("Open the overview of this synthesis: each point there leads to what is missing."),
        )


@command
def reopen(actor: User, synthesis: Synthesis, *, reason: str) -> SynthesisReopening:
    """Take a validated synthesis up again; the reason is kept.

    :class:`Invalid` for a reason that is empty or cannot be kept; :class:`Conflict` for one that is a draft, or submitted.
    """
    reason = validated_text("reason", reason, max_length=2000).strip()
    if is_blank(reason):
        raise Invalid("reason", _("Say why: the reason is kept with the synthesis."))
    lock(synthesis)
    states.move(synthesis, SynthesisState.DRAFT)
    synthesis.validated_by_id = synthesis.validated_at = None
    reopening = SynthesisReopening(synthesis=synthesis, reason=reason, reopened_by_id=actor.id)
    session.add(reopening)
    return reopening


def refuse_to_submit(syntheses: Iterable[Synthesis]) -> None:
    """Raises :class:`Conflict` when something came back since the validation (a contribution restored by moderation, for instance)."""
    for synthesis in syntheses:
        refuse_incomplete(synthesis)


def submit_all(syntheses: Iterable[Synthesis]) -> None:
    """Part of submitting the consultation: each synthesis becomes public and its contributors are told what became of their words.

    Raises :class:`Conflict` as :func:`refuse_to_submit` does.
    """
    for synthesis in syntheses:
        refuse_incomplete(synthesis)
        states.move(synthesis, SynthesisState.SUBMITTED)
        later(jobs.tell_answers, synthesis)
        later(jobs.tell_of_synthesis, synthesis)


def record_council_outcome(synthesis: Synthesis, state: SynthesisState) -> None:
    """Part of the Council's decision: adopted, adopted with changes, or returned; :class:`Conflict` unless it was submitted."""
    states.move(synthesis, state)
