"""Every kind of letter: whoever is to be told is told once, whatever dies, hurries or changes between wording and posting."""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.adoption import jobs as adoption_jobs
from consult.adoption import service as adoption
from consult.adoption.models import FailureCause, SubmissionRequest
from consult.chapters.models import Chapter
from consult.consultations.models import Phase, Role
from consult.contributions import jobs as contribution_jobs
from consult.contributions import service as contributions
from consult.contributions.models import Contribution
from consult.core import db, jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.i18n import utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.moderation import jobs as moderation_jobs
from consult.moderation import service as moderation
from consult.synthesis import jobs as synthesis_jobs
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.revising import A2, REWORDED, last_of, revise
from tests.contributions.test_service import lodge
from tests.house.source import modules
from tests.waiting import until


@dataclass
class News:
    """One kind of letter about what somebody wrote: on which row, how it is worded and marked, and whose business it stays after all is
    withdrawn.
    """

    subject_id: int
    work: Callable
    word: mail.Word
    mark: mail.Mark
    is_told_of_what_was_withdrawn: bool = False

    def run(self) -> None:
        """The whole work of one worker."""
        if self.work in (contribution_jobs.tell_authors, synthesis_jobs.tell_answers):
            self.work(self.subject_id, lambda _percent: None)
        elif conclude := self.work(self.subject_id):
            with unit_of_work():
                conclude()


def receipt(_chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    return News(said.id, contribution_jobs.send_receipt, contribution_jobs.word_receipt, contribution_jobs.mark_receipt, True)


def decision(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    made = moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    return News(made.id, moderation_jobs.tell_author, moderation_jobs.word_decision, moderation_jobs.mark_decision)


def revised(chapter: Chapter, _said: Contribution, _rapporteur: User) -> News:
    revision = revise(chapter, REWORDED)
    return News(revision.id, contribution_jobs.tell_authors, contribution_jobs.word_revised,
                partial(contribution_jobs.mark_revised, revision.id))


def moved(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    revise(chapter, REWORDED)
    anchor = contributions.reattach(rapporteur, last_of(said), key=A2)
    return News(anchor.id, contribution_jobs.tell_moved, contribution_jobs.word_moved, contribution_jobs.mark_moved)


def answers(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    synthesis = factories.a_synthesis(chapter, state=SynthesisState.SUBMITTED, validated_at=utcnow())
    factories.an_item(synthesis, said)
    return News(synthesis.id, synthesis_jobs.tell_answers, synthesis_jobs.word_answers, partial(synthesis_jobs.mark_answers, synthesis.id))


def called_off(chapter: Chapter, _said: Contribution, rapporteur: User) -> News:
    request = factories.saved(SubmissionRequest(consultation=chapter.consultation, requested_by_id=rapporteur.id))
    failure = adoption.call_off(SYSTEM, request, cause=FailureCause.DOCUMENT, details="no space")
    return News(failure.id, adoption_jobs.tell_failure, adoption_jobs.word_failure, adoption_jobs.mark_failure, True)


@pytest.fixture
def world(own_app):
    """Somebody's contribution, lodged as everybody lodges, where commits are real."""
    with unit_of_work(), jobs.muted():
        consultation = factories.a_consultation()
        chapter = factories.a_chapter(consultation)
        rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission)
        said = lodge(factories.a_user(), factories.block_of(chapter, "C1-A1-P1-a1"))
    return own_app, chapter, said, rapporteur


@pytest.fixture(params=[receipt, decision, revised, moved, answers, called_off], ids=lambda kind: kind.__name__)
def news(request, world) -> News:
    _app, chapter, said, rapporteur = world
    with unit_of_work(), jobs.muted():
        return request.param(session.merge(chapter), session.merge(said), session.merge(rapporteur))


def count_letters() -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail))


def worded(news: News) -> list[mail.Letter]:
    with db.reading():
        return list(news.word(news.subject_id))


def post(news: News, letters: list[mail.Letter]) -> None:
    with unit_of_work():
        mail.post_current(letters, news.mark)


def test_a_worker_that_dies_between_wording_and_posting_has_told_nobody(news, monkeypatch):
    held, word = [], mail.worded
    monkeypatch.setattr(mail, "worded", lambda *args, **values: held.append(db._writes.get()) or word(*args, **values))
    letters = worded(news)
    with pytest.raises(ZeroDivisionError), unit_of_work():
        mail.post_current(letters, news.mark)
        raise ZeroDivisionError
    assert count_letters() == 0
    news.run()
    news.run()
    assert count_letters() == 1
    assert held == [False, False], "a letter is worded before anybody has to wait"


def is_waited_for(others: int) -> bool:
    """Whether so many others wait for what this transaction holds; where one writes at a time, they have not even begun."""
    waiting = sa.text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
    if session.get_bind().dialect.name == "sqlite":
        return True
    session.execute(sa.text("SELECT pg_stat_clear_snapshot()"))  # or what was seen first in a transaction is seen to its end
    return session.scalar(waiting) == others


def test_workers_at_the_same_moment_write_one_letter(news, world, monkeypatch):
    letters, post_at_once, posted = worded(news), mail.post, []
    assert len(letters) == 1

    def post_when_the_others_wait(*letter):
        posted.append(letter)
        if len(posted) == 1:
            until(lambda: is_waited_for(2), "two others were to wait")
        return post_at_once(*letter)
    monkeypatch.setattr(mail, "post", post_when_the_others_wait)
    ends = all_at_once(world[0], *3 * [lambda: mail.post_current(letters, news.mark)])
    assert ends == [None] * 3
    assert count_letters() == 1
    post(news, letters)
    assert count_letters() == 1


def test_what_was_withdrawn_meanwhile_is_told_only_where_it_is_still_news(news, world):
    letters = worded(news)
    with unit_of_work(), jobs.muted():
        said = session.merge(world[2])
        said.consultation.phase = Phase.OPEN
        contributions.withdraw(said.author, said)
    post(news, letters)
    assert count_letters() == news.is_told_of_what_was_withdrawn
    news.run()
    assert count_letters() == news.is_told_of_what_was_withdrawn


def test_telling_many_goes_on_where_it_was_killed(world, monkeypatch):
    monkeypatch.setattr(mail, "BATCH", 2)
    with unit_of_work(), jobs.muted():
        chapter, rapporteur = session.merge(world[1]), session.merge(world[3])
        synthesis = factories.a_synthesis(chapter, state=SynthesisState.SUBMITTED, validated_at=utcnow())
        everybody = [factories.a_published_contribution(block=factories.block_of(chapter, A2)) for _n in range(5)]
        factories.an_item(synthesis, *everybody)
        revision = revise(chapter, ("Former les techniciens", "Former tous les techniciens"))
    for telling, subject_id in ((synthesis_jobs.tell_answers, synthesis.id), (contribution_jobs.tell_authors, revision.id)):
        before, heard = count_letters(), []

        def dies_at_the_second(percent: int, heard=heard) -> None:
            heard.append(percent)
            if len(heard) == 2:
                raise SystemExit
        with pytest.raises(SystemExit):
            telling(subject_id, dies_at_the_second)
        assert count_letters() - before == 4
        telling(subject_id, heard.append)
        assert heard == [40, 80, 100]
        assert count_letters() - before == len(everybody)
        assert len(set(session.scalars(sa.select(OutgoingMail.recipient).where(OutgoingMail.id > before)))) == len(everybody)
    assert rapporteur.email not in session.scalars(sa.select(OutgoingMail.recipient)).all()


def test_letters_are_posted_in_one_place():
    """A letter that a room posts by itself: word it for ``tell`` or ``tell_each`` of consult/core/mail.py. Those that hold a key which
    lets somebody in are written by the act that makes the key.
    """
    own = {
        path for path, tree in modules().items() for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("write", "post")
        and getattr(node.func.value, "id", "") == "mail"
    }
    assert own == {"consult/accounts/signin.py"}
