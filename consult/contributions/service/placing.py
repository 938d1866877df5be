"""On publication every contribution on the text is given its place in the new revision: the first of them at once, the rest behind it.

To write an anchor for each of a hundred thousand contributions takes seconds, in which nobody could lodge. So the act places as many as
delay nobody, which are all of them in most consultations, and keeps how far it came (:class:`Anchoring`); a job does the rest, a batch
after the other, and holds the chapter for each batch alone. Until its turn comes a contribution stays shown under the key that it had,
its row untouched, and the pages of the chapter say so: what has not been looked at has not moved.

The rest can be worked out before the chapter is held, because nothing that it depends on can change any more: places are decided on in
the newest revision alone, and who lodges on an earlier one from now on finds the places of that contribution in the same act. Revisions
are taken in their order, each when the one before it is done. A worker that dies leaves whole batches; the next goes on after them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Chapter, Revision
from consult.consultations.models import Consultation
from consult.contributions import jobs
from consult.contributions.models import Anchor, Anchoring, Contribution
from consult.contributions.service.anchoring import Finder, Standing, finder_for, list_standings, look_up
from consult.contributions.service.counting import count_anchors, replaced
from consult.core import records, tallies
from consult.core.commands import command, on
from consult.core.db import Base, note_rows, reading, session, unit_of_work
from consult.core.errors import Conflict
from consult.core.i18n import _, utcnow
from consult.core.jobs import Job, JobState, every_second, later, long_job, name_of
from consult.core.locks import lock
from consult.core.permissions import SYSTEM, Action, Actor

BATCH = 250  # contributions that are placed in one act: a few hundredths of a second

AGAIN = timedelta(hours=1)  # after a job that failed each time


@dataclass(frozen=True)
class Placed:
    """Anchors of a revision that were worked out, for the contributions after ``since``, and where that changes what the text shows."""

    revision_id: int
    since: int
    reached: int
    rows: list[dict[str, Any]]
    places: list[dict[str, Any]]
    is_last: bool


# With the publication


@on(Action.CHAPTERS_IMPORT_CHAPTER, Action.CHAPTERS_PUBLISH)
def reanchor(_actor: Actor, revision: Revision, _target: Base) -> None:
    """Place the first contributions; keep that the others wait."""
    before = chapters.get_previous_revision(revision)
    if before is None:
        return
    placed = None if list_unfinished(revision.chapter_id, revision.language) else work_out(revision, before, finder_for(revision), 0)
    if placed is not None:
        write(revision, placed)
    if placed is None or not placed.is_last:
        session.add(Anchoring(revision=revision, chapter_id=revision.chapter_id, language=revision.language,
                              reached=placed.reached if placed else 0))
        later(place_rest, revision)
    elif placed.rows:
        later(jobs.tell_authors, revision)


def work_out(revision: Revision, before: Revision, finder: Finder, since: int) -> Placed:
    """The next batch of those that have no place in it yet; writes nothing."""
    standings = list_standings(before, but_in=revision, since=since, limit=BATCH)
    look_up(finder, standings)
    rows = [{**finder.row(standing), "revision_id": revision.id} for standing in standings]
    reached = standings[-1].contribution_id if standings else since
    return Placed(revision.id, since, reached, rows, list(changed_places(finder, standings, rows)), len(standings) < BATCH)


def changed_places(finder: Finder, standings: Iterable[Standing], rows: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for standing, row in zip(standings, rows, strict=True):
        key = finder.key_of(standing, row)
        if key != standing.current_key:
            yield {"of": standing.contribution_id, "key": key}


def write(revision: Revision, placed: Placed) -> None:
    if placed.rows:
        session.connection().execute(sa.insert(Anchor.__table__), placed.rows)
        new = [row["contribution_id"] for row in placed.rows]
        records.note(Anchor, Anchor.revision_id == revision.id, Anchor.contribution_id.in_(new))
        tallies.add(count_anchors(Anchor.revision_id == revision.id, Anchor.contribution_id.in_(new)))
        put_places(placed.places)
        chapters.mark_changed(revision.chapter)


def put_places(places: list[dict[str, Any]]) -> None:
    """Where the text shows each; whoever was about to decide on one of them has to look again."""
    if places:
        table = Contribution.__table__
        put = sa.update(table).where(table.c.id == sa.bindparam("of")).values(
            current_key=sa.bindparam("key"), row_counter=table.c.row_counter + 1)
        with replaced([place["of"] for place in places]):
            session.connection().execute(put, places)
        note_rows(Contribution, [place["of"] for place in places])
        for known in session.identity_map.values():
            if isinstance(known, Contribution):
                session.expire(known, ["current_key", "row_counter"])


# Behind it


@command
def find_places(_actor: User, anchoring: Anchoring, *, placed: Placed) -> Anchoring:
    """Write one batch; :class:`Conflict` where somebody else wrote it."""
    lock(anchoring.revision.chapter)
    session.refresh(anchoring)
    if anchoring.finished_at is not None or (anchoring.revision_id, anchoring.reached) != (placed.revision_id, placed.since):
        raise Conflict(_("The contributions have found these places already."))
    write(anchoring.revision, placed)
    anchoring.reached = placed.reached
    if placed.is_last:
        anchoring.finished_at = utcnow()
        chapters.mark_changed(anchoring.revision.chapter)
        later(jobs.tell_authors, anchoring.revision)
    return anchoring


@long_job
def place_rest(revision_id: int, progress: Callable[[int], None]) -> None:
    """All that waits in this revision, and before it in those that it follows."""
    finder: tuple[int, Finder] | None = None
    while True:
        with reading():
            asked = session.get_one(Revision, revision_id)
            first = next((one for one in list_unfinished(asked.chapter_id, asked.language) if one.revision_id <= revision_id), None)
            if first is None:
                return
            revision, before = first.revision, chapters.get_previous_revision(first.revision)
            if before is None:
                raise ValueError(f"revision {revision.id} follows none")
            if finder is None or finder[0] != revision.id:
                finder = (revision.id, finder_for(revision))
            placed, anchoring_id = work_out(revision, before, finder[1], first.reached), first.id
            percent = percent_of(revision.chapter, placed.reached)
        try:
            with unit_of_work():
                find_places(SYSTEM, session.get_one(Anchoring, anchoring_id), placed=placed)
        except Conflict:
            continue  # another worker took it for forgotten: what is left is looked at again
        progress(percent)


def percent_of(chapter: Chapter, reached: int) -> int:
    last = session.scalar(sa.select(sa.func.max(Contribution.id)).where(Contribution.chapter_id == chapter.id)) or 1
    return min(99, reached * 100 // last)


@every_second
def see_to_forgotten() -> None:
    """Whatever became of the promise that was made with the revision, its contributions find their places."""
    tried = sa.or_(Job.state.in_(JobState.where(is_under_way=True)), Job.finished_at > utcnow() - AGAIN)
    promised = sa.select(Job.id).where(Job.name == name_of(place_rest), Job.subject_id == Anchoring.revision_id, tried)
    unpromised = sa.select(Anchoring).where(Anchoring.finished_at.is_(None), ~promised.exists())
    for anchoring in session.scalars(unpromised):
        later(place_rest, anchoring.revision)


# What others ask


def list_unfinished(chapter_id: int, language: str) -> list[Anchoring]:
    """The revisions in which contributions still look for their place, oldest first."""
    return list(session.scalars(sa.select(Anchoring).where(
        Anchoring.chapter_id == chapter_id, Anchoring.language == language, Anchoring.finished_at.is_(None),
    ).order_by(Anchoring.revision_id)))


def list_languages_sought_in(chapter: Chapter) -> set[str]:
    """Of its texts, those in whose newest version contributions still look for their place."""
    return set(session.scalars(sa.select(Anchoring.language).where(Anchoring.chapter_id == chapter.id, Anchoring.finished_at.is_(None))))


def list_chapters_sought_in(consultation: Consultation) -> list[int]:
    """The numbers of its chapters in which contributions still look for their place."""
    numbers = sa.select(Chapter.number).join(Anchoring, Anchoring.chapter_id == Chapter.id).where(
        Chapter.consultation_id == consultation.id, Anchoring.finished_at.is_(None))
    return sorted(set(session.scalars(numbers)))


def sought_in(stands_in: sa.ColumnElement[int]) -> sa.Select:
    """Inside of a query over contributions and the revisions that they were written on: ids of the revisions in which each still looks for
    its place. ``stands_in`` is the last one that has it.
    """
    return sa.select(Anchoring.revision_id).where(
        Anchoring.finished_at.is_(None), Anchoring.chapter_id == Contribution.chapter_id, Anchoring.language == Revision.language,
        Anchoring.reached < Contribution.id, Anchoring.revision_id > stands_in).correlate_except(Anchoring)


def unplaced(chapter: Chapter) -> sa.Select:
    """(language, how many contributions look for their place) of its texts; nothing is counted where none does."""
    there = sa.select(Anchor.id).where(Anchor.contribution_id == Contribution.id, Anchor.revision_id == Anchoring.revision_id)
    return (
        sa.select(Anchoring.language, sa.func.count()).select_from(Anchoring)
        .join(Contribution, sa.and_(Contribution.chapter_id == Anchoring.chapter_id, Contribution.id > Anchoring.reached))
        .join(Block, Block.id == Contribution.block_id)
        .join(Revision, sa.and_(Revision.id == Block.revision_id, Revision.language == Anchoring.language,
                                Revision.id < Anchoring.revision_id))
        .where(Anchoring.chapter_id == chapter.id, Anchoring.finished_at.is_(None), ~there.exists()).group_by(Anchoring.language)
    )
