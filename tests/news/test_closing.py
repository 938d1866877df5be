"""Two weeks and two days before the closing, whoever has something to lose is told, once for each date."""

from datetime import timedelta

import pytest

from consult.consultations import service as consultations
from consult.contributions import service as contributions
from consult.core import jobs
from consult.core.db import session
from consult.core.i18n import clock_at, when
from consult.news import jobs as news_jobs
from consult.news import service as news
from tests import factories
from tests.letters import letters_to
from tests.news.telling import choose, work


@pytest.fixture
def closes_at(chapter):
    """Far from now, to the second."""
    current = chapter.consultation.rounds[0]
    current.closes_at = current.closes_at.replace(microsecond=0) + timedelta(days=20)
    session.flush()
    return current.closes_at


@pytest.fixture
def people(chapter, block, closes_at):
    """Who follows something, who has a draft, who has neither, and who follows and wants no such letter."""
    follower, drafting, neither, silent = (factories.a_user(language="en") for _n in range(4))
    news.follow(follower, chapter, key=block.key)
    news.follow(silent, chapter)
    choose(silent, deadlines="never")
    contributions.keep_draft(drafting, block, token="x" * 32, fields={"body": "Commencé.", "block_id": str(block.id)})
    return follower, drafting, neither, silent


def told(people) -> list[int]:
    return [len([letter for letter in letters_to(person) if "The consultation closes on" in letter.body]) for person in people]


def look(at) -> None:
    with clock_at(at):
        news_jobs.look_at_the_closing()
        session.commit()
        jobs.run_pending()
    work(at)


def test_they_are_told_two_weeks_and_two_days_before_and_once_each(people, closes_at):
    look(closes_at - timedelta(days=15))
    assert told(people) == [0, 0, 0, 0]
    for days, count in ((14, 1), (13, 1), (2, 2), (1, 2)):
        look(closes_at - timedelta(days=days))
        assert told(people) == [count, count, 0, 0]
    with clock_at(closes_at):
        assert when(closes_at) in letters_to(people[0])[0].body


def test_a_closing_that_was_moved_is_told_again_and_the_former_date_no_more(people, closes_at, secretary, chapter):
    look(closes_at - timedelta(days=2))
    assert told(people) == [1, 1, 0, 0]
    with clock_at(closes_at - timedelta(days=1)):
        consultations.extend(secretary, chapter.consultation, closes_at=closes_at + timedelta(days=30), reason="Plus de temps.")
    look(closes_at)
    assert told(people) == [1, 1, 0, 0]
    look(closes_at + timedelta(days=16))
    assert told(people) == [2, 2, 0, 0]


def test_what_waits_is_not_told_once_the_date_was_moved(people, closes_at, secretary, chapter):
    choose(people[0], deadlines="daily")
    moment = closes_at - timedelta(days=14)
    with clock_at(moment):
        news_jobs.look_at_the_closing()
        session.commit()
        consultations.extend(secretary, chapter.consultation, closes_at=closes_at + timedelta(days=30), reason="Plus de temps.")
    work(moment + timedelta(days=1, hours=1))
    assert told(people)[0] == 0


def test_whoever_waits_for_monday_is_told_before_it_is_too_late(people, closes_at):
    choose(people[0], deadlines="weekly")
    look(closes_at - timedelta(days=2))
    work(closes_at - timedelta(days=1))
    assert told(people)[0] == 1


def test_a_worker_that_was_down_tells_the_nearer_alone(people, closes_at):
    look(closes_at - timedelta(hours=30))
    assert told(people) == [1, 1, 0, 0]


def test_nothing_is_told_once_it_is_closed(people, closes_at):
    look(closes_at)
    assert told(people) == [0, 0, 0, 0]
