"""Letters to stakeholders: each once, at a rate, three to one address at most, and none to whoever wants none."""

import dataclasses
import email
import email.policy
import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.consultations.models import Phase
from consult.contributions import service as contributions
from consult.core import jobs as core_jobs
from consult.core import mail
from consult.core.db import session, unit_of_work
from consult.core.errors import Conflict, NotAllowed
from consult.core.i18n import clock_at, utcnow
from consult.core.mail import OutgoingMail
from consult.core.permissions import SYSTEM
from consult.outreach import clock, jobs, service
from consult.outreach.models import (
    AddressMark,
    LetterKind,
    LetterLanguage,
    LetterOutcome,
    Stakeholder,
    StakeholderLetter,
    StakeholderState,
)
from consult.outreach.service import StakeholderFilter
from consult.privacy import retention
from tests import factories
from tests.outreach.material import a_letter_to, a_list, a_stakeholder, bring, csv_of, go_through, letters_to, tick
from tests.receiving import mail_server

ALL = StakeholderFilter()
DAY = timedelta(days=1)


@pytest.fixture
def rate(app):
    """Letters in a minute."""
    kept = app.extensions["consult_config"]

    def put(number: int) -> None:
        app.extensions["consult_config"] = dataclasses.replace(kept, letters_per_minute=str(number))
    yield put
    app.extensions["consult_config"] = kept


def states() -> list[StakeholderState]:
    session.expire_all()
    return list(session.scalars(sa.select(Stakeholder.state).order_by(Stakeholder.id)))


def test_an_invitation_leaves_and_is_noted_when_the_mail_server_took_it(consultation, secretary, outbox):
    person = a_stakeholder(consultation, contact="Mme Alaoui")
    service.send(secretary, consultation, chosen=ALL)
    assert states() == [StakeholderState.QUEUED]
    tick()
    assert states() == [StakeholderState.SENT]
    (letter,) = letters_to(person.address)
    assert len(outbox()) == 1
    assert "Mme Alaoui" in letter.body
    assert "Annuaire" in letter.body, "where the address comes from is told (law 09-08, article 5)"
    assert re.search(r"http://\S+/fr/outreach/invitation/\S{40,}", letter.body)
    assert re.search(r"http://\S+/fr/outreach/refuse/\S{40,}", letter.body)
    tick(3)
    assert len(letters_to(person.address)) == 1


@pytest.mark.parametrize(("language", "words"), [
    (LetterLanguage.FR, ["Bonjour"]), (LetterLanguage.AR, ["تحية"]), (LetterLanguage.BOTH, ["Bonjour", "تحية"])])
def test_the_letter_is_in_its_language_or_in_both(consultation, secretary, language, words):
    person = a_stakeholder(consultation, language=language)
    service.send(secretary, consultation, chosen=ALL)
    tick()
    (letter,) = letters_to(person.address)
    assert [word in letter.body for word in ("Bonjour", "تحية")] == [word in words for word in ("Bonjour", "تحية")]
    assert "\n" not in letter.subject


def test_only_those_of_the_choice_are_written_to(consultation, secretary):
    a_stakeholder(consultation, category="laboratory")
    a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=StakeholderFilter(category="laboratory"))
    assert states() == [StakeholderState.QUEUED, StakeholderState.LISTED]
    with pytest.raises(Conflict, match="nobody left"):
        service.send(secretary, consultation, chosen=StakeholderFilter(category="laboratory"))


def test_whoever_lodged_before_they_were_listed_is_not_asked(chapter, block, secretary):
    said = factories.a_contribution(block=block)
    a_stakeholder(chapter.consultation, address=said.author.email)
    person = a_stakeholder(chapter.consultation)
    service.send(secretary, chapter.consultation, chosen=ALL)
    tick(2)
    assert states() == [StakeholderState.LODGED, StakeholderState.SENT]
    assert letters_to(said.author.email) == []
    assert len(letters_to(person.address)) == 1


def test_what_waits_is_held_back(consultation, secretary, rate):
    rate(60)
    for _n in range(3):
        a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=ALL)
    tick()
    service.hold(secretary, consultation)
    tick(3)
    assert sorted(states()) == ["listed", "listed", "sent"]


def test_letters_leave_at_their_rate(consultation, secretary, rate):
    rate(120)
    for _n in range(10):
        a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=ALL)
    now = utcnow()
    with clock_at(now):
        tick()
        assert states().count("sent") == 2
        rate(3)
        tick(3)
        assert states().count("sent") == 3, "those of this minute count, whatever the rate was"
    with clock_at(now + timedelta(seconds=61)):
        tick(5)
        assert states().count("sent") == 6


def test_nothing_leaves_while_the_consultation_is_closed(consultation, secretary):
    a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=ALL)
    consultation.phase = Phase.CLOSED
    with pytest.raises(NotAllowed):
        service.send(secretary, consultation, chosen=ALL)
    tick(2)
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0


def test_a_letter_that_was_promised_before_the_closing_does_not_leave_after_it(consultation, secretary):
    person = a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=ALL)
    session.commit()
    clock.promise_letters()
    consultation.phase = Phase.CLOSED
    session.commit()
    core_jobs.run_pending()
    clock.note_outcomes()
    assert letters_to(person.address) == []
    assert states() == [StakeholderState.LISTED]
    assert session.scalars(sa.select(StakeholderLetter.outcome)).all() == [LetterOutcome.DROPPED]


# How far somebody has come


def test_who_writes_is_known_by_their_draft_however_it_was_saved(consultation, block):
    person, other = (a_letter_to(consultation, f"key-{n}", state=StakeholderState.REGISTERED).stakeholder for n in range(2))
    writer = factories.a_user(email=person.address)
    factories.a_user(email=other.address)
    assert clock.note_progress() == 0
    contributions.save(writer, block, token="t" * 32, fields={"body": "Un début"}, expected_counter=None, saved_by="page:1")
    assert clock.note_progress() == 1
    assert (person.state, other.state) == (StakeholderState.DRAFTED, StakeholderState.REGISTERED)
    factories.a_contribution(block=block, author=writer)
    assert clock.note_progress() == 1
    assert person.state == StakeholderState.LODGED
    assert clock.note_progress() == 0


# Reminders


def test_reminders_go_by_themselves_once_to_those_who_have_not_lodged(consultation, secretary):
    consultation.rounds[0].closes_at = utcnow() + 20 * DAY
    people = [a_letter_to(consultation, f"key-{n}", state=state, promised_at=utcnow() - 5 * DAY).stakeholder for n, state in enumerate(
        StakeholderState)]
    now = utcnow()
    with clock_at(now + 5 * DAY):
        tick(6)
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0
    for when in (6 * DAY + timedelta(minutes=1), 7 * DAY, 18 * DAY + timedelta(minutes=1), 19 * DAY):
        with clock_at(now + when):
            tick(10)
    reminded = {person.state for person in people if letters_to(person.address)}
    assert reminded == {"sent", "opened", "registered", "drafted"}
    for person in people:
        assert len(letters_to(person.address)) in (0, 2)
    kinds = session.scalars(sa.select(StakeholderLetter.kind).where(StakeholderLetter.stakeholder_id == people[2].id)
                            .order_by(StakeholderLetter.id)).all()
    assert kinds == [LetterKind.INVITATION, LetterKind.TWO_WEEKS, LetterKind.TWO_DAYS]


def test_no_reminder_comes_right_after_the_invitation(consultation, secretary):
    consultation.rounds[0].closes_at = utcnow() + 14 * DAY - timedelta(hours=1)
    person = a_stakeholder(consultation)
    service.send(secretary, consultation, chosen=ALL)
    tick(5)
    assert len(letters_to(person.address)) == 1
    with clock_at(utcnow() + 4 * DAY):
        tick(5)
    assert len(letters_to(person.address)) == 2


def test_an_address_gets_three_letters_at_most_whatever_is_put_off(consultation, secretary):
    consultation.rounds[0].closes_at = utcnow() + 20 * DAY
    person = a_letter_to(consultation, promised_at=utcnow() - 5 * DAY).stakeholder
    now = utcnow()
    for later in (7, 19):
        with clock_at(now + later * DAY):
            tick(3)
    consultation.rounds[0].closes_at = now + 60 * DAY
    for later in (47, 59):
        with clock_at(now + later * DAY):
            tick(3)
    assert session.scalar(sa.select(sa.func.count()).where(StakeholderLetter.stakeholder_id == person.id)) == 3


def test_letters_of_an_earlier_list_count_once_the_address_was_let_go(consultation, secretary):
    consultation.rounds[0].closes_at = utcnow() - 91 * DAY
    consultation.rounds[0].opens_at = utcnow() - 121 * DAY
    person = a_letter_to(consultation, promised=2).stakeholder
    address = person.address
    answered = a_stakeholder(consultation, state=StakeholderState.LODGED)
    session.flush()
    assert retention.end_silent() == 1
    assert list(session.scalars(sa.select(Stakeholder.id))) == [answered.id]
    assert address not in str(session.execute(sa.select(AddressMark.__table__)).all())
    consultation.rounds[0].closes_at = utcnow() + 20 * DAY
    consultation.phase = Phase.OPEN
    session.commit()
    brought = bring(secretary, consultation, csv_of(("Coopérative", "Entreprise", address)))
    service.take(secretary, brought)
    go_through(brought)
    service.send(secretary, consultation, chosen=ALL)
    now = utcnow()
    for later in (0, 7, 19):
        with clock_at(now + later * DAY):
            tick(3)
    assert len(letters_to(address)) == 1, "two were written before"


# Refusing


def test_a_refusal_calls_back_what_has_not_left_and_outlives_the_row(consultation, secretary, client, monkeypatch):
    consultation.rounds[0].closes_at = utcnow() + 13 * DAY
    letter = a_letter_to(consultation, "refusing", promised_at=utcnow() - 5 * DAY)
    address = letter.address
    session.commit()
    clock.promise_letters()
    session.commit()
    monkeypatch.setattr(mail.Message, "send", lambda _message: pytest.fail("it left"))
    ours = sa.select(StakeholderLetter.id).where(StakeholderLetter.kind == LetterKind.TWO_WEEKS)
    conclude = jobs.write_to(session.scalar(ours))
    with unit_of_work():
        conclude()
    assert len(letters_to(address)) == 1
    assert client.post("/fr/outreach/refuse/refusing").status_code == 200
    core_jobs.run_pending()
    assert [one.sent_at for one in letters_to(address)] == [None]
    session.execute(sa.delete(StakeholderLetter))
    session.execute(sa.delete(Stakeholder))
    brought = bring(secretary, consultation, csv_of(("Coopérative", "Entreprise", address.upper())))
    service.take(secretary, brought)
    go_through(brought)
    assert session.scalar(sa.select(sa.func.count()).select_from(Stakeholder)) == 0


def test_a_refusal_stays_when_the_person_makes_an_account(consultation, client):
    letter = a_letter_to(consultation, "refusing", promised_at=utcnow() - 5 * DAY)
    assert client.post("/fr/outreach/refuse/refusing").status_code == 200
    assert client.post("/fr/outreach/invitation/refusing", data={"name": "Nora", "language": "fr", "speaks_for": "self"}).status_code == 303
    consultation = session.merge(letter.consultation)
    consultation.rounds[0].closes_at = utcnow() + 13 * DAY
    tick(3)
    assert states() == [StakeholderState.REFUSED]
    assert letters_to(letter.address) == []


# What did not arrive


class Postman:
    """Keeps what it received; refuses some addresses for ever."""

    def __init__(self) -> None:
        self.received: list[str] = []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's own name
        if "gone" in address:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's own name
        email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def postman(own_app):
    """A real mail server on the loopback, to which the application is turned."""
    postman = Postman()
    own_app.config.pop("MAIL_BACKEND")
    own_app.extensions["consult_config"] = dataclasses.replace(own_app.extensions["consult_config"], letters_per_minute="6000")
    with mail_server(postman) as url:
        mail.init_app(own_app, url, "consultation@example.ma")
        yield postman


def a_crowd(number: int, *more: str) -> None:
    with unit_of_work(), core_jobs.muted():
        consultation = factories.a_consultation()
        brought = a_list(consultation)
        for address in (*(f"person-{n}@example.org" for n in range(number)), *more):
            a_stakeholder(consultation, list=brought, address=address, state=StakeholderState.QUEUED)


def work(stop_after: int | None = None, deaths: tuple[type[BaseException], ...] = ()) -> None:
    """The clock and the workers until nothing is left to do; jobs that died are taken back as the sweep would."""
    for _second in range(40):
        with unit_of_work():
            clock.promise_letters()
        try:
            core_jobs.run_pending()
        except deaths:
            with unit_of_work():
                session.execute(sa.update(core_jobs.Job).where(core_jobs.Job.state == core_jobs.JobState.RUNNING).values(state="waiting"))
        with unit_of_work():
            clock.note_outcomes()


def test_a_hundred_letters_leave_once_each_though_workers_are_killed(postman, monkeypatch):
    a_crowd(100)
    marking, count = jobs.INVITING.mark, [0]

    def dying(letter_id, letters):
        count[0] += 1
        told = marking(letter_id, letters)
        if count[0] in (3, 30, 77):
            raise SystemExit  # in the midst of posting, before anything of it is on disk
        return told
    monkeypatch.setitem(jobs.INVITING.__dict__, "mark", dying)
    work(deaths=(SystemExit,))
    assert sorted(postman.received) == sorted(f"person-{n}@example.org" for n in range(100))
    session.rollback()
    assert set(states()) == {StakeholderState.SENT}


def test_an_address_that_the_mail_server_refuses_did_not_arrive(postman):
    a_crowd(1, "gone@example.org")
    work()
    session.rollback()
    assert states() == [StakeholderState.SENT, StakeholderState.QUEUED], "it is tried again for some hours"
    with clock_at(utcnow() + timedelta(hours=1)):
        for _try in range(6):
            with unit_of_work():
                session.execute(sa.update(core_jobs.Job).values(run_at=utcnow() - timedelta(hours=2)))
            core_jobs.run_pending()
    with unit_of_work():
        clock.note_outcomes()
    assert states() == [StakeholderState.SENT, StakeholderState.UNDELIVERED]
    assert postman.received == ["person-0@example.org"]


def test_a_letter_that_came_back_is_noted_by_hand_and_nobody_is_reminded(consultation, secretary):
    person = a_letter_to(consultation, promised_at=utcnow() - 5 * DAY).stakeholder
    consultation.rounds[0].closes_at = utcnow() + 13 * DAY
    session.commit()
    service.note_returned(secretary, person)
    tick(2)
    assert states() == [StakeholderState.UNDELIVERED]
    assert letters_to(person.address) == []
    with pytest.raises(Conflict):
        service.note_returned(secretary, person)
    with pytest.raises(NotAllowed):
        service.note_returned(SYSTEM, person)
