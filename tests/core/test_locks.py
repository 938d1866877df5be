"""What taking a row's lock gives and refuses; that every act keeps to the order is watched in every test (``tests/locking.py``)."""

import threading

import pytest
import sqlalchemy as sa

from consult.chapters.models import Chapter
from consult.contributions.models import Anchor, ChapterTally, Contribution, ContributionState
from consult.core import tallies
from consult.core.db import Base, db, session, unit_of_work
from consult.core.errors import Conflict
from consult.core.jobs import Job
from consult.core.locks import ORDER, list_locked, lock, lock_all
from consult.synthesis.models import Synthesis
from tests import factories, locking
from tests.core.test_db import is_sqlite
from tests.counting import queries


def first() -> Conflict:
    return Conflict("Lalla Nadia was first.")


def missing() -> Conflict:
    return Conflict("It is gone.")


def changed_elsewhere(contribution: Contribution, **values) -> None:
    """As another process would: what the session has loaded knows nothing of it."""
    table = Contribution.__table__
    session.connection().execute(
        sa.update(table).where(table.c.id == contribution.id).values(row_counter=table.c.row_counter + 1, **values))


def test_what_the_page_showed_is_held(contribution):
    with queries() as sent:
        lock(contribution, expected_counter=contribution.row_counter, overtaken=first)
    assert len(sent) == 1


def test_what_changed_since_the_page_was_shown_is_refused_in_the_words_of_the_act(contribution):
    shown = contribution.row_counter
    changed_elsewhere(contribution, current_key="C1-A1")
    with pytest.raises(Conflict, match="Lalla Nadia"):
        lock(contribution, expected_counter=shown, overtaken=first)
    assert contribution.current_key == "C1-A1", "the words may be about what stands now"
    with pytest.raises(Conflict, match="just changed"):
        lock(contribution, expected_counter=shown)


def test_a_row_whose_counter_has_grown_is_read_anew(contribution):
    changed_elsewhere(contribution, current_key="C1-A1")
    lock(contribution)
    assert contribution.current_key == "C1-A1"


def test_a_row_without_counter_is_read_where_the_act_says_so(chapter):
    session.flush()
    session.connection().execute(sa.update(Chapter.__table__).values(title_fr="Autre titre", activity=77))
    lock(chapter, "activity")
    assert (chapter.activity, chapter.title_fr) == (77, "Métrologie")
    (same,) = list_locked(Chapter, Chapter.id == chapter.id)
    assert same is chapter
    assert chapter.title_fr == "Autre titre"


def test_a_row_that_is_gone_is_said_to_be(app):
    work = factories.saved(Job(name="test", subject_id=1))
    session.connection().execute(sa.delete(Job.__table__))
    with pytest.raises(Conflict, match="gone"):
        lock(work, "state", gone=missing)
    assert list_locked(Job, Job.id > 0) == []


def test_a_row_that_is_not_written_yet_is_nobody_elses(chapter):
    with queries() as sent:
        lock(Synthesis(chapter=chapter), expected_counter=5)
    assert sent == []


def test_sqlite_is_asked_nothing_for_a_lock_alone(chapter, contribution):
    with queries() as sent:
        lock(chapter)
        lock_all(Contribution, Contribution.chapter_id == chapter.id)
    assert len(sent) == (0 if is_sqlite() else 2)
    assert all("FOR NO KEY UPDATE" in statement for statement in sent)


def test_who_comes_second_waits_and_reads_what_the_first_wrote(own_app):
    with unit_of_work():
        chapter_id = factories.a_chapter(factories.a_consultation()).id
    held, ends = threading.Event(), []

    def second() -> None:
        with own_app.app_context():
            held.wait(30)
            with unit_of_work():
                (chapter,) = list_locked(Chapter, Chapter.id == chapter_id)
                ends.append(chapter.title_fr)
            session.remove()
    thread = threading.Thread(target=second)
    thread.start()
    with unit_of_work():
        (chapter,) = list_locked(Chapter, Chapter.id == chapter_id)
        held.set()
        chapter.title_fr = "Écrit par le premier"
    thread.join(60)
    assert ends == ["Écrit par le premier"]


def test_who_points_to_a_held_row_need_not_wait(own_app):
    if is_sqlite():
        pytest.skip("on SQLite whoever writes holds everything")
    with unit_of_work():
        chapter = factories.a_chapter(factories.a_consultation())
    with unit_of_work():
        lock(session.merge(chapter))
        with db.engine.begin() as other:
            other.exec_driver_sql("SET lock_timeout = '2s'")
            other.execute(sa.insert(ChapterTally), {"chapter_id": chapter.id, "state": "submitted", "category": "own_name", "count": 0})


# The order


def test_every_table_whose_rows_change_has_its_place_once():
    """A table that is missing: put it into ``ORDER`` of consult/core/locks.py, where its lock is taken, or under the row that guards it."""
    changing = {mapper.local_table.name for mapper in Base.registry.mappers if mapper.class_.__append_only__ is not True}
    placed = [*ORDER, *(table for held in ORDER.values() for table in held)]
    assert sorted(placed) == sorted(changing)


@pytest.fixture
def faults():
    """What the watch found so far: these tests break the order on purpose."""
    yield locking.FAULTS
    locking.FAULTS.clear()


def words(faults) -> list[str]:
    return [fault.partition(": ")[0] for fault in faults]


def test_a_lock_taken_out_of_order_is_found(chapter, block, faults):
    synthesis = factories.a_synthesis(chapter)
    with locking.watched():
        lock(chapter)
        lock(synthesis)
        lock(chapter)
    assert faults == []
    with locking.watched():
        lock(synthesis)
        lock(chapter)
    assert words(faults) == ["chapter is locked after synthesis"]


def test_rows_of_one_table_are_locked_by_rising_id(consultation, faults):
    one, two = (factories.a_chapter(consultation, number=n) for n in (1, 2))
    with locking.watched():
        lock_all(Chapter, Chapter.id.in_([two.id, one.id]))
        lock(one)
    with locking.watched():
        lock(two)
        lock(one)
    assert words(faults) == [f"chapter {one.id} is locked after chapter {two.id}"]


def test_a_change_is_a_lock_too(chapter, contribution, faults):
    draft = factories.a_synthesis(chapter)
    with locking.watched():
        draft.last_number += 1
        session.flush()
        session.execute(sa.update(Chapter).where(Chapter.id == chapter.id).values(activity=5))
        session.execute(sa.update(Anchor).values(told_at=None))
    assert words(faults) == ["chapter is locked after synthesis"]


def test_rows_that_another_guards_are_changed_by_its_holder_alone(chapter, contribution, faults):
    with locking.watched():
        lock(chapter)
        contribution.current_key = None
        session.flush()
    assert faults == []
    with locking.watched():
        contribution.current_key = "C1-A1"
        session.flush()
    assert words(faults) == ["rows of contribution are held or changed without their chapter, which is to be locked first"]


def test_a_count_that_is_changed_is_a_row_of_its_chapter(chapter, faults):
    change = {(ChapterTally, (chapter.id, ContributionState.SUBMITTED, "own_name")): 1}
    with locking.watched():
        lock(chapter)
        tallies.add(change)
    assert faults == []
    with locking.watched():
        tallies.add(change)
    assert words(faults) == ["rows of chapter_tally are held or changed without their chapter, which is to be locked first"]


def test_ones_own_new_rows_are_no_matter(chapter, faults):
    with locking.watched():
        synthesis = factories.a_synthesis(chapter)
        item = factories.an_item(synthesis)
        work = factories.saved(Job(name="test", subject_id=item.id))
        work.progress, item.title = 5, "Autre titre"
        session.flush()
        work.progress, synthesis.last_number = 6, 9
        session.flush()
    assert faults == []


def test_an_unknown_table_is_found(app, faults):
    scope = locking.Scope()
    scope.take("revision", [1])
    assert words(faults) == ["revision has no place in the order of locks"]


def test_each_act_and_each_unit_has_its_own_order(rapporteur, contribution, faults):
    with unit_of_work():
        list_locked(Job)
        session.execute(sa.update(Chapter).where(Chapter.id == contribution.chapter_id).values(activity=5))
    assert words(faults) == ["chapter is locked after job"]
    assert "tests/core/test_locks.py" in faults[0]
    with unit_of_work():
        session.execute(sa.update(Chapter).where(Chapter.id == contribution.chapter_id).values(activity=6))
    assert len(faults) == 1
