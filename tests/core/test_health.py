"""What whoever watches the platform is told, machine or person."""

from datetime import timedelta

import pytest

from consult.consultations.models import Role
from consult.core import beats, health, jobs
from consult.core.db import session
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from tests import factories

LONG_AGO = timedelta(hours=2)


@pytest.fixture(autouse=True)
def started_long_ago(monkeypatch):
    monkeypatch.setattr(health, "STARTED", utcnow() - LONG_AGO)
    monkeypatch.setattr(beats, "_noted", [-1e9])
    monkeypatch.setattr(beats, "_ended", set())


@pytest.fixture
def beating(app):
    """A worker that has just done all of its second."""
    jobs.tick()


def told(client) -> tuple[int, str]:
    answer = client.get("/healthz")
    return answer.status_code, answer.json["status"]


@pytest.mark.usefixtures("beating")
def test_all_is_well(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json["status"]) == (200, "ok")
    assert {part: answer.json[part]["status"] for part in ("worker", "queue", "mail", "disk")} == dict.fromkeys(
        ("worker", "queue", "mail", "disk"), "ok")


def test_a_worker_that_never_ran(client):
    assert told(client) == (503, "trouble: worker")


def test_a_worker_that_has_just_been_started_has_time(client, monkeypatch):
    monkeypatch.setattr(health, "STARTED", utcnow())
    assert told(client) == (200, "ok")


@pytest.mark.usefixtures("beating")
def test_a_worker_that_died(client):
    for beat in session.query(beats.Beat):
        beat.at -= LONG_AGO
    assert told(client) == (503, "trouble: worker")


@pytest.mark.usefixtures("app")
def test_one_part_that_fails_each_second_is_a_worker_in_trouble(client, monkeypatch):
    """The clock of the dates, say: all else of the worker goes on."""
    def broken() -> None:
        raise ValueError
    monkeypatch.setattr(jobs, "EVERY_SECOND", [*jobs.EVERY_SECOND, broken])
    jobs.tick()
    assert told(client) == (503, "trouble: worker")


@pytest.mark.usefixtures("beating")
def test_what_waits_for_long(client):
    session.add(Job(name="core.unknown", subject_id=1, run_at=utcnow() - LONG_AGO, state=JobState.WAITING))
    assert told(client) == (503, "trouble: queue")


@pytest.mark.usefixtures("beating")
def test_a_letter_that_does_not_leave(client):
    session.add(OutgoingMail(recipient="a@example.org", subject="S", body="B", created_at=utcnow() - LONG_AGO))
    assert told(client) == (503, "trouble: mail")


@pytest.mark.usefixtures("beating")
def test_a_disk_that_is_nearly_full(client, monkeypatch):
    monkeypatch.setattr(health, "free_room", lambda: 12)
    assert told(client) == (503, "trouble: disk")


@pytest.mark.usefixtures("beating")
def test_the_secretariat_is_told_on_its_desk_and_nobody_where_all_is_well(client, consultation, monkeypatch):
    client.sign_in(factories.a_user(role=Role.SECRETARIAT))
    assert "needs its operator" not in client.get("/en/consultations/dashboard").text
    monkeypatch.setattr(health, "free_room", lambda: 12)
    assert "The disk is nearly full" in client.get("/en/consultations/dashboard").text
