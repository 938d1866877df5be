"""The head of a letter to a stakeholder: one click stops them, and a letter that is sent again has the name of the first."""

import email

import sqlalchemy as sa

from consult.core import mail
from consult.core.audit import AuditEvent
from consult.core.db import session
from consult.outreach import service
from consult.outreach.models import LetterLanguage, StakeholderState
from consult.outreach.service import StakeholderFilter
from tests.outreach.material import a_stakeholder, letters_to, tick
from tests.outreach.test_sending import states

ALL = StakeholderFilter()


def test_a_mail_program_stops_the_letters_for_its_reader_in_one_click(app, consultation, secretary, client, outbox, monkeypatch):
    a_stakeholder(consultation, language=LetterLanguage.AR)
    service.send(secretary, consultation, chosen=ALL)
    tick()
    (sent,) = outbox()
    head = email.message_from_bytes(sent.message().as_bytes())
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = head["List-Unsubscribe"].strip().strip("<>").removeprefix("http://consult.test")
    assert path.startswith("/ar/outreach/refuse/")
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    for method in ("get", "head"):
        assert getattr(client, method)(path).status_code == 200
    assert states() == [StakeholderState.SENT], "filters open the links of letters"
    for _twice in range(2):
        answer = client.post(path, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200, "a redirection would not be followed"
        assert "Set-Cookie" not in answer.headers
    assert states() == [StakeholderState.REFUSED]
    refused = sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "outreach.refuse")
    assert session.scalar(refused) == 1, "what is refused already is not refused again"
    assert client.post("/ar/outreach/refuse/unknown", data={"List-Unsubscribe": "One-Click"}).status_code == 404


def test_a_letter_that_is_sent_again_is_known_for_the_same(consultation, secretary, outbox):
    people = [a_stakeholder(consultation) for _n in range(2)]
    service.send(secretary, consultation, chosen=ALL)
    tick(2)
    (first,), (other,) = (letters_to(person.address) for person in people)
    names = [mail.compose(letter).message()["Message-ID"] for letter in (first, first, other)]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("<")
