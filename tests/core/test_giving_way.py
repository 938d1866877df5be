"""Long work leaves to others as much of the time as it takes: whoever writes one after the other would keep everybody waiting."""

import pytest

from consult.core import jobs, turns
from consult.core.db import unit_of_work
from tests import factories


@pytest.fixture
def pauses(monkeypatch):
    """What was slept, in seconds, by a clock that goes on by two each time somebody looks at it."""
    seen, now = [], iter(range(0, 1000, 2))
    monkeypatch.setattr(turns.time, "monotonic", lambda: float(next(now)))
    monkeypatch.setattr(turns.time, "sleep", seen.append)
    monkeypatch.setattr(turns, "LONGEST_PAUSE", 5.0)
    return seen


def test_an_act_is_followed_by_no_pause(app, pauses):
    with turns.way_given():
        pass
    assert pauses == []


def test_long_work_pauses_as_long_as_it_held_the_others(app, pauses):
    with turns.giving_way(), turns.way_given():
        pass
    assert pauses == [2.0]


def test_no_pause_is_longer_than_the_longest(app, pauses, monkeypatch):
    monkeypatch.setattr(turns, "LONGEST_PAUSE", 1.0)
    with turns.giving_way(), turns.way_given():
        pass
    assert pauses == [1.0]


def test_work_that_failed_gives_way_too(app, pauses):
    with pytest.raises(ValueError, match="in the middle"), turns.giving_way(), turns.way_given():
        raise ValueError("in the middle")
    assert pauses == [2.0]


@pytest.fixture
def given(monkeypatch):
    """How often a unit of work gave way."""
    seen = []
    monkeypatch.setattr(turns.time, "sleep", seen.append)
    monkeypatch.setattr(turns, "PAUSE", 0)
    return seen


def test_each_unit_of_work_of_a_long_job_gives_way_and_no_other(app, given, monkeypatch):
    def twice(_subject_id, _progress):
        for _n in range(2):
            with unit_of_work():
                pass
    monkeypatch.setattr(jobs, "REGISTRY", {})
    jobs.long_job(twice)
    with unit_of_work():
        subject = factories.a_user()
    run, = jobs.REGISTRY.values()
    given.clear()
    run(0, subject.id)
    assert len(given) == 2, "those of the work; the note of its end is the job's own"


def test_the_clock_gives_way_after_each_of_its_parts(app, given, monkeypatch):
    monkeypatch.setattr(jobs, "clock_parts", lambda: [lambda: None, lambda: None])
    monkeypatch.setattr(jobs, "name_of", lambda _part: "part")
    jobs.tick()
    assert len(given) == 2
