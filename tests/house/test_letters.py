"""Every kind of letter: whoever is to be told is told once, whatever dies, hurries or changes between wording and posting."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.adoption import jobs as adoption_jobs
from consult.adoption import service as adoption
from consult.adoption.models import AdoptionDecision, CouncilOutcome, FailureCause, Submission, SubmissionRequest
from consult.chapters.models import Chapter
from consult.consultations import jobs as consultation_jobs
from consult.consultations import service as consultations
from consult.consultations.models import Appointment, Phase, Role
from consult.contributions import jobs as contribution_jobs
from consult.contributions import offered_letters
from consult.contributions import service as contributions
from consult.contributions.models import Contribution, ContributionState, PositionEntry, PositionReceipt, Reply
from consult.core import db, jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.i18n import clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.moderation import jobs as moderation_jobs
from consult.moderation import service as moderation
from consult.moderation.models import Reason
from consult.outreach import jobs as outreach_jobs
from consult.outreach.models import LetterKind, StakeholderLetter, StakeholderState
from consult.privacy import jobs as privacy_jobs
from consult.synthesis import jobs as synthesis_jobs
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.at_once import all_at_once
from tests.contributions.revising import A2, REWORDED, last_of, revise
from tests.contributions.test_service import lodge
from tests.house.told import News, answered, asked, flagged, gathered
from tests.outreach.material import a_stakeholder
from tests.waiting import until


def receipt(_chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    return News(said.id, contribution_jobs.send_receipt, contribution_jobs.RECEIPT, True)


def position(chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    lodged = factories.saved(PositionReceipt(
        ref=f"PNQ-P-{said.id}", form_key=f"position-{said.id}", consultation_id=chapter.consultation_id, author_id=said.author_id,
        digest="a" * 64, chain_position=0, chain_digest="b" * 64))
    factories.saved(PositionEntry(position_receipt=lodged, contribution=said))
    return News(lodged.id, contribution_jobs.send_position_receipt, contribution_jobs.POSITION, True)


def decision(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    made = moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    return News(made.id, moderation_jobs.tell_author, moderation_jobs.DECISION)


def revised(chapter: Chapter, _said: Contribution, _rapporteur: User) -> News:
    return News(revise(chapter, REWORDED).id, contribution_jobs.tell_authors, contribution_jobs.REVISED)


def moved(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    revise(chapter, REWORDED)
    return News(contributions.reattach(rapporteur, last_of(said), key=A2).id, contribution_jobs.tell_moved, contribution_jobs.MOVED)


def answers(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    synthesis = factories.a_synthesis(chapter, state=SynthesisState.SUBMITTED, validated_at=utcnow())
    factories.an_item(synthesis, said)
    return News(synthesis.id, synthesis_jobs.tell_answers, synthesis_jobs.ANSWERS)


def decided(chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    answers(chapter, said, rapporteur)
    sent = factories.saved(Submission(
        consultation=chapter.consultation, submitted_by_id=rapporteur.id, chain_position=0, chain_digest="c" * 64))
    made = factories.saved(AdoptionDecision(
        submission=sent, chapter=chapter, outcome=CouncilOutcome.ADOPTED, decided_on=utcnow().date(), recorded_by_id=rapporteur.id))
    return News(made.id, adoption_jobs.tell_authors, adoption_jobs.DECIDED)


def called_off(chapter: Chapter, _said: Contribution, rapporteur: User) -> News:
    request = factories.saved(SubmissionRequest(consultation=chapter.consultation, requested_by_id=rapporteur.id))
    failure = adoption.call_off(SYSTEM, request, cause=FailureCause.DOCUMENT, details="no space")
    return News(failure.id, adoption_jobs.tell_failure, adoption_jobs.CALLED_OFF, True)


def waiting(_chapter: Chapter, _said: Contribution, rapporteur: User) -> News:
    return News(rapporteur.id, consultation_jobs.tell_waiting, consultation_jobs.WAITING)


def idle(_chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    said.author.signed_in_at = utcnow() - privacy_jobs.DORMANT - timedelta(days=1)
    return News(said.author_id, privacy_jobs.tell_idle, privacy_jobs.IDLE, True)


def a_reply(said: Contribution, rapporteur: User) -> Reply:
    moderation.publish(rapporteur, said, expected_counter=said.row_counter)
    return contributions.reply(factories.a_user(language=said.author.language), said, form_key="reply", body="Je le pense aussi.")


def replied(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    reply = a_reply(said, rapporteur)
    moderation.publish(rapporteur, reply, expected_counter=reply.row_counter)
    return News(reply.id, contribution_jobs.tell_of_reply, contribution_jobs.REPLIED)


def reply_decision(_chapter: Chapter, said: Contribution, rapporteur: User) -> News:
    reply = a_reply(said, rapporteur)
    made = moderation.publish(rapporteur, reply, expected_counter=reply.row_counter)
    return News(made.id, moderation_jobs.tell_reply_author, moderation_jobs.REPLY_DECISION)


def offered(_chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    reader = factories.a_user(organisation=factories.an_organisation(), language=said.author.language)
    made = contributions.offer(reader, said.block, form_key="offer", fields={"body": "Un avis.", "position": "opposed"})
    return News(made.organisation_id, offered_letters.tell_representatives, offered_letters.OFFERED, True)


def invitation(chapter: Chapter, said: Contribution, _rapporteur: User) -> News:
    person = a_stakeholder(chapter.consultation, state=StakeholderState.QUEUED)
    letter = factories.saved(StakeholderLetter(stakeholder=person, kind=LetterKind.INVITATION))
    return News(letter.id, outreach_jobs.write_to, outreach_jobs.INVITING, True)


NEWS = (receipt, position, offered, decision, revised, moved, answers, decided, called_off, waiting, idle, replied, reply_decision, asked,
        gathered, answered, flagged, invitation)


def a_world(language: str) -> tuple[Chapter, Contribution, User]:
    with unit_of_work(), jobs.muted():
        consultation = factories.a_consultation()
        chapter = factories.a_chapter(consultation)
        rapporteur = factories.a_user(role=Role.RAPPORTEUR, commission=chapter.commission, language=language)
        rapporteur.appointments[0].appointed_at = utcnow() - timedelta(days=30)  # which is no news to them
        said = lodge(factories.a_user(language=language), factories.block_of(chapter, "C1-A1-P1-a1"))
    return chapter, said, rapporteur


@pytest.fixture
def world(own_app):
    """Somebody's contribution, lodged as everybody lodges, where commits are real."""
    return own_app, *a_world("en")


@pytest.fixture(params=NEWS, ids=lambda kind: kind.__name__)
def news(request, world) -> News:
    _app, chapter, said, rapporteur = world
    with unit_of_work(), jobs.muted():
        return request.param(session.merge(chapter), session.merge(said), session.merge(rapporteur))


def count_letters() -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail))


def worded(news: News) -> list[mail.Letter]:
    with db.reading():
        return list(news.kind.word(news.subject_id))


def post(news: News, letters: list[mail.Letter]) -> None:
    with unit_of_work():
        mail.post_current(news.kind, news.subject_id, letters)


def test_a_worker_that_dies_between_wording_and_posting_has_told_nobody(news, monkeypatch):
    held, word = [], mail.worded
    monkeypatch.setattr(mail, "worded", lambda *args, **values: held.append(db._writes.get()) or word(*args, **values))
    letters = worded(news)
    with pytest.raises(ZeroDivisionError), unit_of_work():
        mail.post_current(news.kind, news.subject_id, letters)
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

    def post_when_the_others_wait(*letter, **noted):
        posted.append(letter)
        if len(posted) == 1:
            until(lambda: is_waited_for(2), "two others were to wait")
        return post_at_once(*letter, **noted)
    monkeypatch.setattr(mail, "post", post_when_the_others_wait)
    ends = all_at_once(world[0], *3 * [lambda: mail.post_current(news.kind, news.subject_id, letters)])
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


# While the mail server is away


@pytest.fixture
def relay(world, monkeypatch):
    """A mail server that is away; called, it is back, and says what it is given: (subject, body) of each letter."""
    given = []

    def away(_message):
        raise ConnectionRefusedError
    monkeypatch.setattr(mail.Message, "send", away)

    def back() -> list[tuple[str, str]]:
        monkeypatch.setattr(mail.Message, "send", lambda message: given.append((message.subject, message.body)))
        with clock_at(utcnow() + timedelta(hours=3)):
            while jobs.run_pending():
                pass
        return given
    return back


def posted_in_vain(news: News) -> None:
    news.run()
    while jobs.run_pending():
        pass


def drop_reasons() -> list[str | None]:
    session.rollback()
    return list(session.scalars(sa.select(OutgoingMail.drop_reason).order_by(OutgoingMail.id)))


def changed(act: Callable[[], object]) -> None:
    with unit_of_work():
        act()


def withdraw(world) -> None:
    with unit_of_work(), jobs.muted():
        said = session.merge(world[2])
        said.consultation.phase = Phase.OPEN
        contributions.withdraw(said.author, said)


def test_what_is_still_so_leaves_once(news, relay):
    posted_in_vain(news)
    assert len(relay()) == 1
    assert drop_reasons() == [None]
    assert len(relay()) == 1


def test_what_is_no_longer_so_never_leaves(news, relay, world):
    posted_in_vain(news)
    withdraw(world)
    given = relay()
    assert len(given) == news.is_told_of_what_was_withdrawn
    told = ("adoption.called_off", "outreach.invitation", "privacy.idle", "contributions.offered", "organisations.asked",
            "moderation.answered", "moderation.flagged")
    replaced = dict.fromkeys(("contributions.receipt", "contributions.position_receipt"), "replaced")
    told_otherwise = {**dict.fromkeys(told), **replaced}
    assert drop_reasons()[0] == told_otherwise.get(news.kind.name, "outdated")
    assert [body for _subject, body in given if "What happens next" in body] == []


@pytest.mark.parametrize("make", [revised, answers, waiting])
def test_of_several_facts_those_that_still_stand_are_told(make, relay, world):
    with unit_of_work(), jobs.muted():
        chapter, said, rapporteur = map(session.merge, world[1:])
        state = ContributionState.PUBLISHED if make is answers else ContributionState.SUBMITTED
        other = factories.a_contribution(block=said.block, author=said.author, body="Autre chose.", state=state)
        news = make(chapter, said, rapporteur)
        if make is waiting:
            factories.saved(Appointment(user=rapporteur, role=Role.CHAIR, commission=chapter.consultation.commissions[1]))
    posted_in_vain(news)
    withdraw(world)
    if make is waiting:
        changed(lambda: contributions.withdraw(other.author, session.merge(other)))
    ((_subject, body),) = relay()
    assert drop_reasons() == ["replaced", None]
    if make is waiting:
        assert "awaits moderation" not in body
        assert "Chair of the commission" in body
    else:
        assert [ref in body for ref in (said.ref, other.ref)] == [False, True]


def test_of_two_workers_at_the_same_moment_one_words_anew(relay, world):
    with unit_of_work(), jobs.muted():
        news = receipt(*map(session.merge, world[1:]))
    posted_in_vain(news)
    withdraw(world)
    (mail_id,) = session.scalars(sa.select(OutgoingMail.id))
    assert all_at_once(world[0], *3 * [mail.deliver(mail_id)]) == [None] * 3
    assert len(relay()) == 1
    assert drop_reasons() == ["replaced", None]


def test_a_decision_that_was_reversed_meanwhile_is_not_told(relay, world):
    with unit_of_work(), jobs.muted():
        news = decision(*map(session.merge, world[1:]))
    posted_in_vain(news)
    said, rapporteur = session.merge(world[2]), session.merge(world[3])
    changed(lambda: moderation.withhold(rapporteur, said, reason=Reason.INSULT, words="Non.", expected_counter=said.row_counter))
    while jobs.run_pending():
        pass
    changed(lambda: moderation.restore(rapporteur, said, reason=Reason.MISTAKE, words="Si.", expected_counter=said.row_counter))
    assert [subject for subject, _body in relay()] == [f"Your contribution {said.ref} is published again"]
    assert drop_reasons() == ["outdated", "outdated", None]


def test_a_place_that_was_decided_anew_meanwhile_is_told_as_it_is(relay, world):
    with unit_of_work(), jobs.muted():
        news = moved(*map(session.merge, world[1:]))
    posted_in_vain(news)
    changed(lambda: contributions.leave(session.merge(world[3]), last_of(session.merge(world[2]))))
    ((_subject, body),) = relay()
    assert "Its rapporteur leaves it" in body
    assert drop_reasons() == ["outdated", None]


def test_what_was_asked_for_again_meanwhile_is_not_said_to_have_failed(relay, world):
    with unit_of_work(), jobs.muted():
        news = called_off(*map(session.merge, world[1:]))
    posted_in_vain(news)
    with unit_of_work(), jobs.muted():
        consultation = session.merge(world[1]).consultation
        factories.saved(SubmissionRequest(consultation=consultation, requested_by_id=world[3].id))
    assert relay() == []
    assert drop_reasons() == ["outdated"]


@pytest.mark.parametrize("change", ["dismissed", "closed", "unwanted"])
def test_who_is_no_longer_in_charge_hears_no_more_of_it(change, relay, world):
    with unit_of_work(), jobs.muted():
        news = waiting(*map(session.merge, world[1:]))
    posted_in_vain(news)
    with unit_of_work():
        person = session.merge(world[3])
        if change == "dismissed":
            consultations.dismiss(SYSTEM, session.merge(world[1]).consultation, appointment=person.appointments[0])
        person.active, person.is_told_of_work = change != "closed", change != "unwanted"
    assert relay() == []
    assert drop_reasons() == ["outdated"]


def test_every_kind_of_letter_is_tried_here(own_app):
    """A kind of letter that is not among the parameters of ``news``: add one that makes its news."""
    assert set(mail.KINDS) == {
        "adoption.called_off", "adoption.decision", "consultations.waiting", "contributions.moved", "contributions.offered",
        "contributions.position_receipt", "contributions.receipt", "contributions.replied", "contributions.revised", "moderation.answered",
        "moderation.decision", "moderation.flagged", "moderation.reply_decision", "news.gathered", "organisations.asked",
        "outreach.invitation", "privacy.idle", "synthesis.answers",
    }
