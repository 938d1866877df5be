"""What waits for people in charge is told them by mail: one letter a day at most, in the morning, none where nothing waits."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.adoption import service as adoption
from consult.adoption.models import CouncilOutcome, FailureCause, Submission, SubmissionRequest
from consult.consultations import clock, service
from consult.consultations import jobs as letters
from consult.consultations.models import Appointment, Phase, Role, StaffLetter
from consult.contributions.models import ContributionState
from consult.core import jobs, mail
from consult.core.db import session
from consult.core.i18n import MOROCCO, clock_at, force_locale, utcnow
from consult.core.jobs import Job
from consult.core.permissions import SYSTEM
from consult.moderation import service as moderation
from consult.synthesis import service as synthesis
from consult.synthesis.models import SynthesisState
from tests import factories
from tests.contributions.revising import REWORDED, revise
from tests.letters import letters_to
from tests.own_data import own_data

TODAY = utcnow().astimezone(MOROCCO).date() + timedelta(days=2)


def at(hour: float, *, days: int = 0):
    return clock_at(datetime.combine(TODAY + timedelta(days=days), datetime.min.time(), MOROCCO) + timedelta(hours=hour))


def work() -> None:
    """One second of the worker, and all that it promises."""
    session.commit()
    clock.tell_staff()
    session.commit()
    while jobs.run_pending():
        pass
    session.expire_all()


def in_charge(chapter, role=Role.RAPPORTEUR, **over):
    """Somebody who has known of it for long."""
    commission = None if role in (Role.SECRETARIAT, Role.ADMINISTRATOR) else chapter.commission
    person = factories.a_user(role=role, commission=commission, **{"language": "en", **over})
    person.appointments[0].appointed_at = utcnow() - timedelta(days=30)
    session.flush()
    return person


def lines(person) -> list[str]:
    with force_locale("en"):
        return [thing.words for thing in letters.list_waiting(person)]


# When


def test_one_letter_in_the_morning_of_each_day_while_something_waits(chapter, contribution):
    person = in_charge(chapter)
    with at(6.99):
        work()
        assert letters_to(person) == []
    with at(7):
        work()
        work()
    with at(23.9):
        factories.a_contribution(block=contribution.block)
        work()
    (letter,) = letters_to(person)
    assert letter.subject == "What waits for you in the public consultation"
    assert "2 contributions to chapter 1 await moderation." in letter.body
    assert "/en/moderation/?chapter=1" in letter.body
    assert "/en/accounts/profile" in letter.body
    with at(7, days=1):
        work()
    assert len(letters_to(person)) == 2
    assert "3 contributions" in letters_to(person)[1].body


def test_whose_worker_was_down_in_the_morning_is_told_later_that_day(chapter, contribution):
    person = in_charge(chapter)
    with at(15):
        work()
        work()
    assert len(letters_to(person)) == 1


@pytest.mark.parametrize("hour", [6, 9])
def test_a_mail_server_that_was_away_overnight_is_given_one_letter_a_day(chapter, contribution, monkeypatch, hour):
    """The letter of yesterday leaves with what waits now; that of today is written only where none has left today."""
    person, given = in_charge(chapter), []

    def away(_message):
        raise ConnectionRefusedError
    monkeypatch.setattr(mail.Message, "send", away)
    for days in (0, 1):
        with at(hour if days else 7, days=days):
            work()
    monkeypatch.setattr(mail.Message, "send", lambda message: given.extend(message.to))
    with at(hour + 0.5, days=1):
        work()
    with at(12, days=1):
        work()
    assert given == [person.email]
    with at(7, days=2):
        work()
    assert given == [person.email] * 2


def test_nothing_is_written_where_nothing_waits(chapter, contribution):
    person = in_charge(chapter)
    session.execute(sa.delete(Appointment).where(Appointment.user_id != person.id))
    factories.change(*session.scalars(sa.select(type(contribution))), state=ContributionState.PUBLISHED)
    with at(7):
        work()
    assert letters_to(person) == []
    with at(8):
        factories.a_contribution(block=contribution.block)
        work()
    assert letters_to(person) == []  # it waits for tomorrow
    with at(7, days=1):
        work()
    assert len(letters_to(person)) == 1


@pytest.mark.parametrize("over", [{"active": False}, {"confirmed_at": None}, {"is_told_of_work": False}, None])
def test_only_who_holds_a_role_can_sign_in_and_wants_it_is_written_to(chapter, contribution, over):
    person = in_charge(chapter, **(over or {}))
    if over is None:
        session.execute(sa.delete(Appointment).where(Appointment.user_id == person.id))
    with at(9):
        work()
        session.add(Job(name="consultations.tell_waiting", subject_id=person.id, run_at=utcnow(), queued_at=utcnow()))
        work()
    assert letters_to(person) == []


def test_looking_every_second_costs_one_question(chapter, contribution, count_queries):
    for _n in range(3):
        in_charge(chapter)
    with at(9):
        work()
        assert count_queries(clock.tell_staff) == 1
    with at(5):
        assert count_queries(clock.tell_staff) == 0


def test_the_count_of_letters_is_kept_with_what_is_known_of_a_person(client, chapter, contribution):
    person = in_charge(chapter)
    with at(7):
        work()
    assert own_data(client.sign_in(person))["letters_of_work"] == [TODAY.isoformat()]
    assert session.scalars(sa.select(StaffLetter.day)).one() == TODAY


# Who was appointed


def test_who_is_appointed_is_told_at_once_and_once(chapter, contribution):
    factories.change(*session.scalars(sa.select(type(contribution))), state=ContributionState.PUBLISHED)
    person = factories.a_user(language="en")
    with at(3):
        service.appoint(SYSTEM, chapter.consultation, user=person, role=Role.CHAIR, commission=chapter.commission)
        work()
    (letter,) = letters_to(person)
    assert letter.subject == "News for you in the public consultation"
    assert f"Chair of the commission ({chapter.commission.title('en')})." in letter.body
    with at(9), at(12, days=1):
        work()
    assert len(letters_to(person)) == 1


def test_who_is_appointed_after_the_letter_of_the_day_is_told_in_the_next(chapter, contribution):
    person = in_charge(chapter)
    with at(7):
        work()
    with at(14):
        service.appoint(SYSTEM, chapter.consultation, user=person, role=Role.SECRETARIAT)
        work()
    assert len(letters_to(person)) == 1
    for days in (1, 2):
        with at(7, days=days):
            work()
    assert [": Secretariat." in letter.body for letter in letters_to(person)] == [False, True, False]


def test_who_was_appointed_and_dismissed_before_anybody_wrote_hears_of_neither(chapter):
    person = factories.a_user(language="en")
    factories.a_user(role=Role.SECRETARIAT)
    held = service.appoint(SYSTEM, chapter.consultation, user=person, role=Role.SECRETARIAT)
    service.dismiss(SYSTEM, chapter.consultation, appointment=held)
    work()
    assert letters_to(person) == []


# What


def test_ones_own_and_ones_organisations_contributions_do_not_wait_for_oneself(chapter, block):
    organisation = factories.an_organisation()
    person = in_charge(chapter, organisation=organisation)
    factories.a_contribution(block=block, author=person)
    factories.a_contribution(block=block, author=factories.a_user(organisation=organisation))
    assert lines(person) == []
    factories.a_contribution(block=block, author=factories.a_user())
    assert lines(person) == ["1 contribution to chapter 1 awaits moderation."]
    chapter.consultation.phase = Phase.SUBMITTED  # nothing can be moderated any more
    assert moderation.count_awaiting(person, chapter.consultation) == {}


def test_places_wait_for_who_confirms_them(chapter, block):
    factories.a_published_contribution(block=block)
    revise(chapter, REWORDED)
    place = "1 place in the newest version of chapter 1 waits to be confirmed."
    assert place in lines(in_charge(chapter))
    assert place not in lines(in_charge(chapter, Role.MODERATOR))


def test_a_translation_waits_for_who_checks_it(chapter):
    revise(chapter, REWORDED)
    assert "1 passage of chapter 1 changed in one language alone: its translation waits to be checked." in lines(in_charge(chapter))
    assert lines(in_charge(chapter, Role.MODERATOR)) == []


@pytest.fixture
def concluding(chapter, block):
    """(chapter, its rapporteur, its chair, the secretariat) while the answers are concluded; one contribution is answered."""
    chapter.consultation.phase = Phase.SYNTHESIS
    rapporteur, chair, secretary = in_charge(chapter), in_charge(chapter, Role.CHAIR), in_charge(chapter, Role.SECRETARIAT)
    factories.an_item(factories.a_synthesis(chapter), factories.a_published_contribution(block=block))
    return chapter, rapporteur, chair, secretary


def draft(chapter):
    return synthesis.get_or_new(chapter)


def test_what_is_complete_waits_for_the_chair_alone(concluding, block):
    chapter, *people = concluding
    ready = ["The synthesis of chapter 1 is complete: it waits for you to validate it."]
    assert [lines(person) for person in people] == [[], ready, []]
    factories.a_published_contribution(block=block)
    unanswered = ["1 contribution to chapter 1 has no reasoned answer yet."]
    assert [lines(person) for person in people] == [unanswered, unanswered, []]


def test_what_is_validated_waits_for_the_secretariat_and_what_is_returned_for_the_rapporteurs(concluding):
    chapter, rapporteur, chair, secretary = concluding
    synthesis.validate(chair, draft(chapter))
    assert [lines(person) for person in (rapporteur, chair)] == [[], []]
    assert lines(secretary) == ["Every synthesis is validated: they wait to be submitted to the Council."]
    synthesis.reopen(chair, draft(chapter), reason="Relire le point 1.")
    (line,) = lines(rapporteur)
    assert line.startswith("The synthesis of chapter 1 was taken up again on ")
    assert "Relire le point 1." in line
    assert [lines(person) for person in (chair, secretary)] == [[], []]
    (item,) = draft(chapter).items
    with clock_at(utcnow() + timedelta(minutes=1)):
        synthesis.edit_item(rapporteur, item, expected_counter=item.row_counter, title=item.title, summary="Relu.",
                            disposition=item.disposition, ground=item.ground, rationale=item.rationale, changes={})
    assert lines(rapporteur) == []
    assert len(lines(chair)) == 1


def test_a_submission_that_was_asked_for_or_called_off_is_told_to_the_secretariat(concluding):
    chapter, rapporteur, chair, secretary = concluding
    synthesis.validate(chair, draft(chapter))
    request = factories.saved(SubmissionRequest(consultation=chapter.consultation, requested_by_id=secretary.id))
    (line,) = lines(secretary)
    assert "it was asked" in line
    assert secretary.name not in line, "others keep this letter when whoever asked is forgotten"
    adoption.call_off(SYSTEM, request, cause=FailureCause.CHANGE, details="")
    (line,) = lines(secretary)
    assert "did not take place. Something changed while the documents were being made." in line
    assert [lines(person) for person in (rapporteur, chair)] == [[], []]


def test_what_the_council_returned_is_news_for_its_commission(concluding):
    chapter, rapporteur, _chair, secretary = concluding
    chapter.consultation.phase = Phase.SUBMITTED
    draft(chapter).validated_at = utcnow()
    draft(chapter).state = SynthesisState.SUBMITTED
    sent = factories.saved(Submission(
        consultation=chapter.consultation, submitted_by_id=secretary.id, chain_position=1, chain_digest="0" * 64))
    adoption.decide(secretary, sent, chapter=chapter, outcome=CouncilOutcome.RETURNED, words="À revoir.",
                    decided_on=utcnow().astimezone(MOROCCO).date())
    submitted, decided = lines(rapporteur)
    assert submitted.startswith("The syntheses were submitted to the Council on ")
    assert decided.endswith(": Returned to the commission.")
    work_at = utcnow() + timedelta(days=3)
    with clock_at(work_at):
        session.commit()
        session.add(Job(name="consultations.tell_waiting", subject_id=rapporteur.id, run_at=work_at, queued_at=work_at))
        work()
    assert len(letters_to(rapporteur)) == 1
    for days in (1, 9):
        with at(8, days=days + 3):
            work()
    assert len(letters_to(rapporteur)) == 1  # news is told once


@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_the_letter_is_in_its_readers_language(chapter, contribution, language):
    person = in_charge(chapter, language=language)
    with at(7):
        work()
    (letter,) = letters_to(person)
    assert f"/{language}/moderation/" in letter.body
    with force_locale(language):
        (waiting,) = letters.list_waiting(person)
    assert waiting.words in letter.body
    assert (language == "en") == ("contributions to chapter" in letter.body)


def test_a_synthesis_is_judged_by_few_questions_however_much_was_said(chapter, block, count_queries):
    person = in_charge(chapter, Role.SECRETARIAT)
    factories.a_contribution(block=block)
    lines(person)  # what is read once
    few = count_queries(lambda: lines(person))
    for _n in range(5):
        factories.a_contribution(block=block)
        factories.a_published_contribution(block=block)
    assert count_queries(lambda: lines(person)) == few


# The switch


def test_who_is_in_charge_may_have_no_such_letter(client, chapter):
    person = in_charge(chapter)
    page = client.sign_in(person).get("/en/accounts/profile").text
    assert "Tell me by mail what waits for me" in page
    form = {"name": person.name, "language": "en"}
    assert client.post("/en/accounts/profile", data=form).status_code == 303
    assert not session.get(type(person), person.id).is_told_of_work
    client.post("/en/accounts/profile", data={**form, "is_told_of_work": "y"})
    assert session.get(type(person), person.id).is_told_of_work


def test_whoever_is_not_in_charge_is_not_asked(client, citizen):
    page = client.sign_in(citizen).get("/en/accounts/profile").text
    assert "Tell me by mail what waits for me" not in page
    client.post("/en/accounts/profile", data={"name": citizen.name, "language": "en"})
    assert session.get(type(citizen), citizen.id).is_told_of_work  # as long as nobody asked
    assert accounts.get_data(citizen, citizen)["is_told_of_work"]
