"""Jobs that only read until their end: of many at once all ends are one unit of work."""

import pytest

from consult.core import jobs
from consult.core.db import session
from consult.core.jobs import JobState
from consult.organisations.models import Organisation
from tests.core.test_jobs import greet, promised, state_of

pytestmark = pytest.mark.rows_without_acts


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """What is registered here is known during one test."""
    for name in ("REGISTRY", "WORDED"):
        monkeypatch.setattr(jobs, name, dict(getattr(jobs, name)))
    monkeypatch.setattr(jobs, "BRIEF", set(jobs.BRIEF))


def test_what_is_only_worded_ends_in_one_unit_of_work(own_app):
    ends = []

    def word(organisation_id: int):
        assert not ends
        return lambda: (greet(organisation_id), ends.append(session.connection().get_transaction()))

    jobs.worded_job(word)
    pairs = [promised(word) for _ in range(3)]
    assert jobs.run_pending() == 3
    assert len(ends) == 3
    assert len(set(ends)) == 1
    assert [(state_of(job).state, session.get(Organisation, one).short) for one, job in pairs] == [(JobState.DONE, "A!")] * 3


@pytest.mark.parametrize("moment", ["worded", "noted"])
def test_one_that_fails_among_those_worded_together_stops_no_other(own_app, moment):
    def word(organisation_id: int):
        def note() -> None:
            greet(organisation_id)
            fail_if(moment == "noted" and organisation_id % 2)
        fail_if(moment == "worded" and organisation_id % 2)
        return note

    def fail_if(wrong: bool) -> None:
        if wrong:
            raise OSError

    jobs.worded_job(word)
    pairs = [promised(word) for _ in range(4)]
    assert jobs.run_pending() == 4
    for organisation_id, job_id in pairs:
        state, short = (JobState.WAITING, "A") if organisation_id % 2 else (JobState.DONE, "A!")
        assert (state_of(job_id).state, session.get(Organisation, organisation_id).short) == (state, short)
