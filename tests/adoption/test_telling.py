"""Whoever contributed to a chapter learns what the Council decided on it, and whoever follows it, or what is published."""

import pytest
import sqlalchemy as sa

from consult.adoption import jobs, service
from consult.adoption.models import CouncilOutcome, DecisionNotice
from consult.contributions.models import Contribution, ContributionState
from consult.core.db import session
from consult.core.jobs import run_pending
from consult.core.mail import OutgoingMail
from consult.core.news import Frequency, Topic
from consult.news import jobs as news_jobs
from consult.news import service as news
from tests import factories
from tests.adoption import cases

WORDS = "Le Conseil demande que le calendrier soit précisé."


@pytest.fixture
def submission(consultation, secretary):
    return cases.submitted(consultation, secretary)


@pytest.fixture
def decide(consultation, secretary, submission):
    def decide(outcome: CouncilOutcome, words: str = "", number: int = 1):
        chapter = next(chapter for chapter, _synthesis in service.list_syntheses(consultation) if chapter.number == number)
        made = service.decide(secretary, submission, chapter=chapter, outcome=outcome, words=words, decided_on=cases.today())
        session.commit()
        before = letters()
        run_pending()
        news_jobs.send_what_is_due()
        session.commit()
        run_pending()
        return made, [letter for letter in letters() if letter not in before]
    session.commit()
    run_pending()  # what the submission tells
    return decide


def letters() -> list[OutgoingMail]:
    return list(session.scalars(sa.select(OutgoingMail).order_by(OutgoingMail.id)))


def told(decision) -> list[Contribution]:
    of_chapter = Contribution.chapter_id == decision.chapter_id
    return list(session.scalars(sa.select(Contribution).where(
        of_chapter, Contribution.state.in_(ContributionState.where(is_told_of_answer=True)))))


def test_each_author_of_the_chapter_has_one_letter_with_each_of_their_contributions(decide):
    decision, written = decide(CouncilOutcome.ADOPTED_WITH_CHANGES, WORDS)
    said = told(decision)
    assert sorted(letter.recipient for letter in written) == sorted({one.author.email for one in said})
    for letter in written:
        assert WORDS in letter.body
        assert all((one.ref in letter.body) == (one.author.email == letter.recipient) for one in said)
    jobs.tell_authors(decision.id, lambda _percent: None)
    assert session.scalar(sa.select(sa.func.count()).select_from(DecisionNotice)) == len(written)
    assert len(letters()) == len({letter.id for letter in letters()})


def test_the_answers_and_the_words_as_they_read_stand_in_the_letter(decide):
    decision, written = decide(CouncilOutcome.ADOPTED)
    synthesis = cases.synthesis_of(decision.chapter)
    bodies = "\n".join(letter.body for letter in written)
    for item in synthesis.items:
        assert item.rationale in bodies
        assert all(change.wording in bodies for change in item.changes)
    assert any(item.changes for item in synthesis.items)


def test_an_author_of_another_chapter_is_not_told(decide):
    first, written = decide(CouncilOutcome.RETURNED, WORDS)
    second, elsewhere = decide(CouncilOutcome.ADOPTED, number=2)
    assert first.chapter_id != second.chapter_id
    for decision, there in ((first, written), (second, elsewhere)):
        assert there
        assert {letter.recipient for letter in there} == {one.author.email for one in told(decision)}


def test_whoever_follows_the_chapter_is_told_of_the_decision(decide, submission):
    reader = factories.a_user(language="en")
    chapter = next(chapter for chapter, _synthesis in service.list_syntheses(submission.consultation) if chapter.number == 1)
    news.follow(reader, chapter)
    news.choose(reader, reader, frequencies={Topic.FOLLOWED: Frequency.IMMEDIATELY})
    _decision, written = decide(CouncilOutcome.ADOPTED)
    theirs, = (letter for letter in written if letter.recipient == reader.email)
    assert "The Council decided on chapter 1" in theirs.body
    assert "/adoption/submission" in theirs.body
