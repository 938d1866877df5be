"""Nothing is submitted that cannot be sealed: the documents come first, and what stops them leaves everything as it was."""

import pytest
import sqlalchemy as sa

from consult.adoption import archive, checking, sealing, service
from consult.adoption.models import FailureCause, Submission, SubmissionArchive
from consult.consultations.models import Phase
from consult.contributions.models import Contribution, ContributionState
from consult.core import audit, jobs
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict, NotFound
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.exports import files
from consult.exports.documents import pdf
from consult.synthesis.models import SynthesisNotice, SynthesisState
from tests import factories
from tests.adoption import cases


@pytest.fixture
def request_(consultation, secretary):
    cases.ready_to_submit(consultation)
    return service.submit(secretary, consultation)


def states(consultation) -> set[SynthesisState]:
    return {synthesis.state for _chapter, synthesis in service.list_syntheses(consultation)}


def count(model) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model))


def acts() -> list[str]:
    return list(session.scalars(sa.select(AuditEvent.action).where(AuditEvent.action.startswith("adoption.")).order_by(AuditEvent.id)))


def broken(*_args, **_values):
    raise RuntimeError("no glyph")


def assert_nothing_was_submitted(consultation):
    assert consultation.phase == Phase.SYNTHESIS
    assert states(consultation) == {SynthesisState.VALIDATED}
    assert count(Submission) == count(SubmissionArchive) == count(SynthesisNotice) == 0
    with pytest.raises(NotFound):
        service.get_submission(consultation)


def test_nothing_is_submitted_before_its_archive_is_sealed(consultation, secretary, request_):
    assert_nothing_was_submitted(consultation)
    with pytest.raises(Conflict):
        service.submit(secretary, consultation)
    cases.settled()
    assert consultation.phase == Phase.SUBMITTED
    assert states(consultation) == {SynthesisState.SUBMITTED}
    assert count(SynthesisNotice) > 0
    submission = service.get_submission(consultation)
    sealed, path = service.get_archive_file(secretary, submission)
    assert (sealed.size, sealed.sha256) == files.measure(path)
    assert checking.verify_archive(path) == []
    assert f"Journal-Digest: {submission.chain_digest}" in archive_text(path, "bag-info.txt")
    assert '"adoption.submit"' in archive_text(path, "data/journal/journal.jsonl")
    assert "accepted" in archive_text(path, "data/open-data/contributions.csv")
    assert acts() == ["adoption.submit", "adoption.seal"]
    assert audit.head()[0] >= submission.chain_position > 0


def archive_text(path, name: str) -> str:
    with archive.zipfile.ZipFile(path) as opened:
        return opened.read(next(n for n in opened.namelist() if n.endswith(name))).decode()


def test_a_request_is_done_once(consultation, request_):
    cases.settled()
    sealing.make_submission(request_.id, lambda _percent: None)
    assert count(Submission) == count(SubmissionArchive) == 1


def test_what_cannot_be_made_is_called_off_at_once_and_can_be_asked_for_again(consultation, secretary, request_, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(pdf, "typeset", broken)
        cases.settled()
    assert_nothing_was_submitted(consultation)
    failure = service.get_request(consultation).failure
    assert failure.cause == FailureCause.DOCUMENT
    assert failure.details.splitlines() == ["RuntimeError: no glyph", "while chapter-1.fr.pdf was written"]
    assert acts() == ["adoption.submit", "adoption.call_off"]
    (letter,) = session.scalars(sa.select(OutgoingMail).where(OutgoingMail.recipient == secretary.email))
    assert failure.details in letter.body
    service.submit(secretary, consultation)
    cases.settled()
    assert consultation.phase == Phase.SUBMITTED
    assert acts()[2:] == ["adoption.submit", "adoption.seal"]


def test_an_archive_that_is_not_whole_is_not_submitted(consultation, request_, monkeypatch):
    monkeypatch.setattr(checking, "verify_archive", lambda _path: ["a.pdf is missing"])
    cases.settled()
    assert_nothing_was_submitted(consultation)
    assert "a.pdf is missing" in service.get_request(consultation).failure.details


def changing(monkeypatch, change, times: int) -> list[int]:
    """Something changes while the archive is made, so many times; how often it was made."""
    make, made = archive.make, []

    def make_and_change(*args) -> None:
        made.append(1)
        make(*args)
        if len(made) <= times:
            change()
    monkeypatch.setattr(archive, "make", make_and_change)
    return made


def touch() -> None:
    """As any act does that changes a contribution."""
    session.execute(sa.update(Contribution).values(row_counter=Contribution.row_counter + 1))
    session.commit()


def test_what_changed_meanwhile_is_in_the_archive(consultation, request_, monkeypatch):
    made = changing(monkeypatch, touch, 1)
    cases.settled()
    assert consultation.phase == Phase.SUBMITTED
    assert len(made) == 2


def test_what_never_stays_still_is_called_off(consultation, request_, monkeypatch):
    made = changing(monkeypatch, touch, 99)
    cases.settled()
    assert_nothing_was_submitted(consultation)
    assert len(made) == sealing.TRIES
    assert service.get_request(consultation).failure.cause == FailureCause.CHANGE


def test_a_synthesis_that_is_reopened_meanwhile_is_not_submitted(consultation, request_, monkeypatch):
    def reopen() -> None:
        cases.synthesis_of(service.list_syntheses(consultation)[0][0]).state = SynthesisState.DRAFT
        session.commit()
    changing(monkeypatch, reopen, 1)
    cases.settled()
    assert consultation.phase == Phase.SYNTHESIS
    assert service.get_request(consultation).failure.cause == FailureCause.CHANGE


def test_a_contribution_that_comes_back_is_found_before_anything_is_made(consultation, secretary):
    chapter = cases.ready_to_submit(consultation)[0]
    withheld = session.scalars(sa.select(Contribution).where(
        Contribution.chapter_id == chapter.id, Contribution.state == ContributionState.WITHHELD)).one()
    factories.change(withheld, state=ContributionState.PUBLISHED)
    with pytest.raises(Conflict, match="not complete"):
        service.submit(secretary, consultation)


def test_what_takes_its_worker_down_each_time_is_called_off(consultation, request_):
    work = sealing.get_preparation(request_)
    work.state, work.error = JobState.FAILED, jobs.KILLED
    session.flush()
    sealing.call_off_interrupted()
    failure = service.get_request(consultation).failure
    assert (failure.cause, failure.details) == (FailureCause.WORKER, jobs.KILLED)
    sealing.call_off_interrupted()
    assert acts() == ["adoption.submit", "adoption.call_off"]


def test_what_was_called_off_is_sealed_no_more(consultation, request_):
    made = service.MadeArchive(stamp=service.get_archive_stamp(consultation), position=1, digest="0" * 64, file_name="none.zip", size=1,
                               sha256="0" * 64)
    service.call_off(SYSTEM, request_, cause=FailureCause.WORKER, details="")
    with pytest.raises(Conflict):
        service.seal(SYSTEM, request_, archive=made)
    with pytest.raises(Conflict):
        service.call_off(SYSTEM, request_, cause=FailureCause.WORKER, details="")


def test_a_submission_of_before_that_has_no_archive_gets_one(consultation, secretary):
    cases.ready_to_submit(consultation)
    consultation.phase = Phase.SUBMITTED
    submission = Submission(consultation=consultation, submitted_by_id=secretary.id, chain_position=0, chain_digest=audit.GENESIS)
    session.add(submission)
    session.flush()
    session.add(Job(name="adoption.seal_submission", subject_id=submission.id, run_at=utcnow(), queued_at=utcnow()))
    cases.settled()
    assert checking.verify_archive(service.get_archive_file(secretary, submission)[1]) == []
