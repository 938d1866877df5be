"""Telling the secretariat what became of its request, and everybody what the Council decided; sealing what an earlier version of this
program submitted before it was sealed.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from consult.adoption import archive
from consult.adoption.models import (
    AdoptionDecision,
    DecisionNotice,
    Submission,
    SubmissionArchive,
    SubmissionFailure,
    SubmissionRequest,
)
from consult.chapters.models import Chapter
from consult.core import mail
from consult.core.commands import command
from consult.core.db import reading, session, unit_of_work
from consult.core.i18n import gettext, utcnow
from consult.core.jobs import job, long_job, outbound_job
from consult.core.mail import Letter
from consult.core.news import Line, Topic
from consult.core.permissions import SYSTEM, Actor
from consult.exports import files
from consult.news import service as news
from consult.synthesis import service as synthesis


@outbound_job
def tell_failure(failure_id: int) -> Callable[[], None] | None:
    """Write to whoever asked that nothing was submitted, and why."""
    return mail.tell(CALLED_OFF, failure_id)


def word_failure(failure_id: int) -> list[Letter[int]]:
    failure = session.get_one(SubmissionFailure, failure_id)
    if failure.told_at or not is_last(failure_id):
        return []
    request = failure.request
    worded = mail.worded(request.requested_by, "adoption/called_off", failure=failure, consultation=request.consultation)
    return [Letter(worded, frozenset([failure_id]))]


def is_last(failure_id: int) -> bool:
    """Whether nobody has asked again since: what became of that is told then."""
    later = aliased(SubmissionRequest)
    asked_again = sa.exists().where(later.consultation_id == SubmissionRequest.consultation_id, later.id > SubmissionRequest.id)
    last = sa.select(SubmissionFailure.id).join(SubmissionRequest).where(SubmissionFailure.id == failure_id, ~asked_again)
    return session.scalar(last) is not None


def mark_failure(failure_id: int, letters: Sequence[Letter[int]]) -> Sequence[Letter[int]]:
    failure = SubmissionFailure.__table__
    told = sa.update(failure).where(failure.c.id == failure_id, failure.c.told_at.is_(None)).values(told_at=utcnow())
    return letters if is_last(failure_id) and session.connection().execute(told).rowcount else ()


def standing(failure_id: int, facts: frozenset[int]) -> frozenset[int]:
    return facts if is_last(failure_id) else frozenset()


CALLED_OFF = mail.Kind("adoption.called_off", word_failure, mark_failure, standing, topic=Topic.CHARGE)


# What the Council decided


def find(decision_id: int) -> tuple[Chapter, dict[str, Any]]:
    decision = session.get_one(AdoptionDecision, decision_id)
    return decision.chapter, {"decision": decision, "chapter": decision.chapter}


AUTHORS = synthesis.AuthorsTold(DecisionNotice.decision_id, DecisionNotice.author_id, "adoption/decided", find)
DECIDED = mail.Kind("adoption.decision", AUTHORS.word, AUTHORS.mark, AUTHORS.standing, AUTHORS.again, topic=Topic.DECISION)


@long_job
def tell_authors(decision_id: int, progress: Callable[[int], None]) -> None:
    AUTHORS.tell(decision_id, DECIDED, progress)


@job
def tell_of_decision(decision_id: int) -> None:
    """Whoever follows the chapter, or what is published."""
    news.keep(PUBLISHED, decision_id)


def list_followers(decision_id: int) -> sa.Select:
    chapter = sa.select(AdoptionDecision.chapter_id).where(AdoptionDecision.id == decision_id).scalar_subquery()
    return news.followers(chapter, news.WHOLE, sa.literal(decision_id))


def list_lines(ids: Sequence[int]) -> dict[int, Line]:
    found = session.scalars(sa.select(AdoptionDecision).where(AdoptionDecision.id.in_(ids)))
    return {one.id: Line(gettext("The Council decided on chapter %(number)s: %(outcome)s.", number=one.chapter.number,
                                 outcome=one.outcome.label), "adoption.submission", {}, one.chapter.number) for one in found}


PUBLISHED = news.Matter("adoption.decided", [
    news.Readers(Topic.FOLLOWED, list_followers), news.Readers(Topic.PUBLICATIONS, news.everybody)], list_lines)


# Before archives were sealed with the submission


@long_job
def seal_submission(submission_id: int, progress) -> None:
    """Make the archive of a submission that has none, once."""
    with reading():
        if session.get(SubmissionArchive, submission_id):
            return
        consultation_id = session.get_one(Submission, submission_id).consultation_id
    name = f"submission-{submission_id}.zip"
    with files.replacing(files.path_of(name)) as out:
        archive.build(consultation_id, out, progress)
    size, digest = files.measure(files.path_of(name))
    with unit_of_work():
        if session.get(SubmissionArchive, submission_id) is None:
            keep_archive(SYSTEM, session.get_one(Submission, submission_id), file_name=name, size=size, sha256=digest)


@command
def keep_archive(_actor: Actor, submission: Submission, *, file_name: str, size: int, sha256: str) -> None:
    """The archive of a submission that was made before archives were sealed with it."""
    session.add(SubmissionArchive(submission_id=submission.id, file_name=file_name, size=size, sha256=sha256))
