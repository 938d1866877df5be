"""Letters that did not arrive: the secretariat sees to whom and why, sends them again, or notes that their recipient was told otherwise."""

import smtplib
from datetime import timedelta

import lxml.html
import pytest
import sqlalchemy as sa
import time_machine

from consult.consultations import service, undelivered
from consult.consultations.undelivered import Obstacle
from consult.core import health, jobs, mail
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.core.errors import Conflict
from consult.core.i18n import utcnow
from consult.core.jobs import Job, JobState
from consult.core.mail import DropReason, OutgoingMail
from tests import factories

TO = "personne@example.org"
LIST = "/en/consultations/letters"


@pytest.fixture
def refusing(monkeypatch):
    """A mail server that refuses with the error that a test sets."""
    said: dict[str, Exception] = {"error": smtplib.SMTPRecipientsRefused({TO: (550, b"no such user")})}

    def send(_message) -> None:
        raise said["error"]
    monkeypatch.setattr(mail.Message, "send", send)
    return said


def given_up(to: str = TO, **noted) -> OutgoingMail:
    """After all of its tries."""
    letter = mail.post(to, "Votre accusé de réception", "Corps", **noted)
    letter.created_at = utcnow() - timedelta(hours=5)
    job = session.scalars(sa.select(Job).order_by(Job.id.desc())).first()
    job.attempts, job.run_at = len(jobs.DELAYS), utcnow() - timedelta(minutes=1)
    session.flush()
    jobs.run(job.id)
    session.expire_all()
    assert job.state is JobState.FAILED
    return letter


def rows(client) -> list[str]:
    return [" ".join(row.text_content().split()) for row in lxml.html.fromstring(client.get(LIST).text).xpath("//tbody/tr")]


@pytest.mark.parametrize(("error", "obstacle"), [
    (smtplib.SMTPRecipientsRefused({TO: (550, b"no")}), Obstacle.ADDRESS), (smtplib.SMTPAuthenticationError(535, b"no"), Obstacle.PLATFORM),
    (smtplib.SMTPSenderRefused(550, b"no", "x"), Obstacle.PLATFORM), (smtplib.SMTPDataError(554, b"spam"), Obstacle.LETTER),
    (ConnectionRefusedError(111, "no"), Obstacle.UNREACHABLE), (smtplib.SMTPServerDisconnected("gone"), Obstacle.UNREACHABLE),
])
def test_what_the_mail_server_said_is_told_in_words(client, secretary, refusing, error, obstacle):
    refusing["error"] = error
    given_up()
    mail.post("autre@example.org", "À l’instant", "Corps")  # noise: it is on its way
    (row,) = rows(client.sign_in(secretary))
    assert row.startswith(TO)
    assert str(obstacle.label) in row
    assert "550" not in row


def test_a_letter_is_sent_again_once_and_leaves(client, secretary, refusing, outbox, monkeypatch):
    letter = given_up()
    client.sign_in(secretary)
    address = f"/en/consultations/send-again/{letter.id}"
    assert TO in client.get(address).text
    assert client.get(LIST).text.count("Send again") == 1, "opening it changed something"
    assert client.post(address).status_code == 303
    assert client.post(address).status_code == 409, "it is on its way"
    monkeypatch.undo()
    jobs.run_pending()
    session.expire_all()
    assert letter.sent_at is not None
    assert [message.to for message in outbox()] == [[TO]]
    assert rows(client) == []
    assert client.post(address).status_code == 404


def test_one_that_was_told_otherwise_is_kept_and_never_sent(client, secretary, refusing, monkeypatch):
    letter = given_up()
    jobs.tick()
    assert "mail" in health.measure().troubles
    client.sign_in(secretary)
    assert LIST in client.get("/en/consultations/dashboard").text
    assert client.post(f"/en/consultations/let-go/{letter.id}").status_code == 303
    session.expire_all()
    assert (letter.drop_reason, letter.sent_at) == (DropReason.OTHERWISE, None)
    assert rows(client) == []
    assert "mail" not in health.measure().troubles
    monkeypatch.undo()
    mail.deliver(letter.id)
    session.expire_all()
    assert letter.sent_at is None
    event = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event.action == "consultations.let_go"
    assert TO not in str(event.details), "the journal is for ever"


def test_a_link_that_expired_is_not_sent_again(client, secretary, consultation, refusing):
    letter = given_up(expires_at=utcnow() + timedelta(hours=1))
    with time_machine.travel(utcnow() + timedelta(hours=2)):
        client.sign_in(secretary)
        assert "Its link has expired." in rows(client)[0]
        with pytest.raises(Conflict, match="has expired"):
            service.send_again(secretary, consultation, letter=letter)


def test_of_two_at_one_moment_one_sees_to_it(secretary, consultation, refusing):
    letter = given_up()
    service.let_go(secretary, consultation, letter=letter)
    session.flush()
    for act in (service.send_again, service.let_go):
        with pytest.raises(Conflict, match="somebody else saw to it"):
            act(secretary, consultation, letter=letter)


@pytest.mark.parametrize("who", ["participant", "rapporteur", "chair"])
@pytest.mark.usefixtures("chapter")
def test_nobody_else_sees_whom_letters_were_for(client, request, refusing, who):
    letter = given_up()
    client.sign_in(request.getfixturevalue(who))
    for path in (LIST, f"/en/consultations/send-again/{letter.id}", f"/en/consultations/let-go/{letter.id}"):
        answer = client.get(path)
        assert (answer.status_code, TO in answer.text) == (403, False)


def test_many_stand_on_several_pages(client, secretary):
    for number in range(undelivered.ENTRY_PAGE_SIZE + 2):
        factories.saved(OutgoingMail(recipient=f"p{number}@example.org", subject="S", body="B", created_at=utcnow() - timedelta(days=1)))
    client.sign_in(secretary)
    assert len(rows(client)) == undelivered.ENTRY_PAGE_SIZE
    older = lxml.html.fromstring(client.get(LIST).text).xpath("//a[@rel='next']/@href")[0]
    assert len(lxml.html.fromstring(client.get(older).text).xpath("//tbody/tr")) == 2
