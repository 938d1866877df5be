"""A version that more contributions speak of than can be given their places at once: the others wait, and everybody is told."""

import pytest
import sqlalchemy as sa

from consult.adoption import service as adoption
from consult.chapters import service as chapters
from consult.consultations.models import Role
from consult.contributions import service
from consult.contributions.models import Anchor, Anchoring, Contribution
from consult.contributions.service import placing, verify_places
from consult.core import jobs, tallies
from consult.core.audit import AuditEvent
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState
from consult.core.permissions import SYSTEM
from consult.exports import matrix
from tests import factories
from tests.adoption.cases import ready_to_submit
from tests.contributions.revising import A1, A2, DROP, ELSEWHERE, REWORDED, anchors_of, quoting, revise, tallies_kept, tallies_shown
from tests.contributions.test_service import lodge

NOTICE = "the contributions are still being given their places"


@pytest.fixture
def few(monkeypatch):
    """Two contributions are as many as are placed in one act."""
    monkeypatch.setattr(placing, "BATCH", 2)


@pytest.fixture
def said(chapter, few):
    """Seven published contributions on an action, of which three quote words, and two on the other."""
    blocks = [factories.block_of(chapter, key) for key in (A1, A2)]
    quoted = [quoting(blocks[0], words, body=f"Sur {words}.") for words in ("chaque année", "la liste", "étalons nationaux")]
    return [*quoted, *(factories.a_published_contribution(block=blocks[0]) for _n in range(4)),
            *(factories.a_published_contribution(block=blocks[1]) for _n in range(2))]


def work() -> None:
    session.commit()
    jobs.run_pending()
    session.expire_all()


def anchoring_of(revision) -> Anchoring:
    return session.scalars(sa.select(Anchoring).where(Anchoring.revision_id == revision.id).execution_options(populate_existing=True)).one()


def places(contributions: list[Contribution]) -> list[tuple]:
    session.expire_all()
    return [(said.current_key, said.row_counter, [(a.anchor_class, a.confidence, a.quote, a.exact, a.state) for a in anchors_of(said)])
            for said in contributions]


def test_what_waits_is_shown_as_before_and_finds_the_place_that_it_would_have_had_at_once(chapter, said, monkeypatch):
    before = [(one.current_key, one.row_counter) for one in said]
    revision = revise(chapter, DROP)
    assert [len(anchors_of(one)) for one in said] == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert [(one.current_key, one.row_counter) for one in said[2:]] == before[2:]
    assert [one.current_key for one in said[:2]] == [None, None]
    assert (anchoring_of(revision).reached, anchoring_of(revision).finished_at) == (said[1].id, None)
    assert ([*verify_places()], tallies.faults()) == ([], [])
    work()
    assert anchoring_of(revision).finished_at is not None
    behind, (again, undone) = places(said), (said, revision.id)
    assert [key for key, _counter, _anchors in behind] == [None] * 7 + [A2] * 2
    assert tallies_kept(chapter) == tallies_shown(chapter) == {A2: 2}
    session.execute(sa.delete(Job))
    monkeypatch.setattr(placing, "BATCH", 100)
    revise(chapter)
    revise(chapter, DROP)
    assert [anchors[0] for _key, _counter, anchors in places(again)] == [anchors[0] for _key, _counter, anchors in behind]
    assert [anchors[2][0] for _key, _counter, anchors in places(again)[7:]] == [anchors[0][0] for _key, _counter, anchors in behind[7:]]
    assert session.scalars(sa.select(Anchoring.revision_id)).all() == [undone]


def test_as_many_as_delay_nobody_wait_for_nothing(chapter, block):
    factories.a_published_contribution(block=block)
    revise(chapter, REWORDED)
    assert session.scalars(sa.select(Anchoring)).all() == []
    of_ours = Job.name.startswith("contributions.")
    assert session.scalars(sa.select(Job.name).where(of_ours)).all() == ["contributions.tell_authors"]


def test_readers_are_told_while_places_are_looked_for(client, chapter, said, rapporteur):
    revise(chapter, REWORDED)
    session.commit()
    assert client.get("/en/chapters/1").text.count("its place is being looked for") == 5
    assert NOTICE in client.get("/en/chapters/1").text
    assert "The place of this contribution in it is being looked for" in client.get(f"/en/contributions/{said[-1].ref}").text
    assert "reads the same" not in client.get(f"/en/contributions/{said[0].ref}").text
    assert NOTICE in client.sign_in(rapporteur).get("/en/contributions/anchors/1").text
    work()
    for page in ("/en/chapters/1", f"/en/contributions/{said[-1].ref}", "/en/contributions/anchors/1"):
        assert "being looked for" not in client.get(page).text
        assert NOTICE not in client.get(page).text


def test_the_review_does_not_say_that_nobody_spoke_while_it_waits(client, chapter, said, rapporteur):
    revise(chapter, REWORDED)
    revise(chapter, DROP)
    session.commit()
    page = client.sign_in(rapporteur).get("/en/contributions/anchors/1").text
    assert NOTICE in page
    assert "Nobody had spoken" not in page


@pytest.mark.counts_are_wrong
def test_what_was_placed_already_is_not_said_to_be_looked_for(chapter, said, block):
    revise(chapter, REWORDED)
    late = lodge(factories.a_user(), block)
    late.state = "published"
    shown = [b.id for b in chapters.list_blocks(chapters.get_newest_revision(chapter, "fr"))]
    assert [(line.ref, line.is_sought) for line in service.list_margin_lines(chapter, "fr", shown)[A1]] == [
        (late.ref, False), (said[6].ref, True), (said[5].ref, True)]
    assert [service.get_last_place(one)[1] is not None for one in (said[0], said[1], said[2], late)] == [False, False, True, False]


def test_what_is_written_late_is_placed_at_once_and_once(chapter, said, block, participant):
    revision = revise(chapter, REWORDED)
    late = lodge(participant, block)
    assert [anchor.revision_id for anchor in anchors_of(late)] == [revision.id]
    work()
    assert [len(anchors_of(one)) for one in (*said, late)] == [1] * 10
    assert [*verify_places()] == []


def test_versions_that_follow_quickly_are_taken_in_their_order(chapter, said, few):
    first, second = revise(chapter, DROP), revise(chapter)
    assert [len(anchors_of(one)) for one in said] == [1, 1, 0, 0, 0, 0, 0, 0, 0]
    assert anchoring_of(second).reached == 0
    work()
    assert [[anchor.revision_id for anchor in anchors_of(one)] for one in said] == [[first.id, second.id]] * 9
    assert [*verify_places()] == []
    assert tallies_kept(chapter) == tallies_shown(chapter)


def test_the_authors_are_told_once_all_have_their_places(chapter, said):
    revision = revise(chapter, DROP)
    of_ours = Job.name.startswith("contributions.")
    names = sa.select(Job.name).where(of_ours, Job.subject_id == revision.id).order_by(Job.id)
    assert session.scalars(names).all() == ["contributions.service.placing.place_rest"]
    work()
    assert session.scalars(names).all()[:2] == ["contributions.service.placing.place_rest", "contributions.tell_authors"]
    events = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "contributions.find_places").order_by(AuditEvent.id)).all()
    assert [(event.actor, event.details["finished"]) for event in events] == [("system", False)] * 3 + [("system", True)]


def test_another_worker_that_wrote_the_same_is_noticed(chapter, said):
    revision = revise(chapter, REWORDED)
    before = chapters.get_previous_revision(revision)
    placed = placing.work_out(revision, before, placing.finder_for(revision), said[1].id)
    placing.find_places(SYSTEM, anchoring_of(revision), placed=placed)
    with pytest.raises(Conflict):
        placing.find_places(SYSTEM, anchoring_of(revision), placed=placed)
    work()
    assert [len(anchors_of(one)) for one in said] == [1] * 9


def test_a_synthesis_waits(chapter, said):
    revise(chapter, ELSEWHERE)
    assert service.count_undecided_places(chapter) == {"fr": 9}
    work()
    assert service.count_undecided_places(chapter) == {"fr": 9}


def test_a_submission_waits(consultation, monkeypatch):
    monkeypatch.setattr(placing, "BATCH", 1)
    chapter = ready_to_submit(consultation)[0]
    revise(chapter, ELSEWHERE)
    with pytest.raises(Conflict, match="still being given their places in a version that has just been published: chapters 1"):
        adoption.submit(factories.a_user(role=Role.SECRETARIAT), consultation)
    work()
    assert service.list_chapters_sought_in(consultation) == []


def test_a_file_says_what_is_looked_for(chapter, said):
    revise(chapter, REWORDED)
    changes = [row.anchor_class.value for row in matrix.rows(chapter.consultation, "fr")]
    assert changes.count("sought") == 7
    work()
    assert "sought" not in [row.anchor_class.value for row in matrix.rows(chapter.consultation, "fr")]


@pytest.mark.counts_are_wrong
def test_a_place_that_is_missing_is_told(chapter, said):
    revision = revise(chapter, REWORDED)
    session.execute(sa.update(Anchoring).values(finished_at=revision.published_at))
    assert [*verify_places()] == [f"7 contributions, {said[2].ref} first, have no place in version 2 of chapter 1 (fr)"]


@pytest.mark.counts_are_wrong
def test_a_rank_that_is_not_that_of_the_state_is_told(chapter, block):
    factories.a_published_contribution(block=block)
    revise(chapter, REWORDED)
    session.execute(sa.update(Anchor).values(rank=5))
    assert [*verify_places()] == ["1 places stand in the review as if they were decided, or were not"]


# When a worker dies


def test_a_worker_that_dies_between_two_batches_loses_nothing(own_app, monkeypatch):
    monkeypatch.setattr(placing, "BATCH", 2)
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
        ids = [factories.a_published_contribution(block=factories.block_of(chapter, A1)).id for _n in range(7)]
        tallies.recount_all()
    with unit_of_work():
        revision_id = revise(session.merge(chapter), DROP).id
    real, turns = placing.write, []

    def write(*args):
        real(*args)
        turns.append(1)
        if len(turns) == 2:
            raise SystemExit  # in the middle of its act

    monkeypatch.setattr(placing, "write", write)
    with pytest.raises(SystemExit):
        placing.place_rest(revision_id, lambda _percent: None)
    session.expire_all()
    kept = sa.select(Anchor.contribution_id).order_by(Anchor.contribution_id)
    assert session.scalars(kept).all() == ids[:4]
    assert [session.get_one(Contribution, one).current_key for one in ids] == [None] * 4 + [A1] * 3
    assert ([*verify_places()], tallies.faults()) == ([], [])
    monkeypatch.setattr(placing, "write", real)
    session.rollback()
    with unit_of_work():
        session.execute(sa.delete(Job))  # even its promise is gone
    jobs.tick()
    jobs.run_pending()
    assert session.scalars(kept).all() == ids
    assert ([*verify_places()], tallies.faults()) == ([], [])
    jobs.tick()
    assert session.scalars(sa.select(Job.state).where(Job.name.endswith("place_rest"))).all() == [JobState.DONE]


def test_what_failed_each_time_is_tried_again_after_an_hour(chapter, said, monkeypatch):
    revision = revise(chapter, DROP)
    waiting = sa.select(Job).where(Job.name.endswith("place_rest"), Job.state == JobState.WAITING)
    job = session.scalars(waiting).one()
    job.state, job.finished_at = JobState.FAILED, utcnow()
    session.flush()
    placing.see_to_forgotten()
    assert session.scalars(waiting).all() == []
    job.finished_at = utcnow() - placing.AGAIN
    session.flush()
    placing.see_to_forgotten()
    assert [again.subject_id for again in session.scalars(waiting)] == [revision.id]
