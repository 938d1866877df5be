import email
import email.policy
from types import SimpleNamespace

import jinja2
import pytest
import sqlalchemy as sa

from consult.core import jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.jobs import Job, JobState
from consult.core.mail import OutgoingMail
from consult.core.news import Topic
from tests.receiving import mail_server

ARABIC = "المصادقة على السياسة الوطنية للجودة"


class Postman:
    """Keeps what the server received; may take its time or refuse."""

    def __init__(self) -> None:
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's own name
        self.letters.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"


@pytest.fixture
def postman(own_app):
    """A real mail server on the loopback, to which the application is turned."""
    postman = Postman()
    with mail_server(postman) as url:
        turn(own_app, url)
        yield postman


def turn(app, url: str) -> None:
    app.config.pop("MAIL_BACKEND")
    mail.init_app(app, url, "consultation@example.ma")


def posted(*args) -> int:
    with unit_of_work():
        letter = mail.post(*args)
    return letter.id


def letter_of(mail_id: int) -> OutgoingMail:
    session.rollback()
    session.expire_all()
    return session.get(OutgoingMail, mail_id)


def test_arabic_arrives_as_it_was_written(own_app, postman):
    posted("lecteur@example.org", ARABIC, f"{ARABIC}\n\nÉtalonnage — 2026\n")
    assert jobs.run_pending() == 1
    ((recipients, letter),) = postman.letters
    assert recipients == ["lecteur@example.org"]
    assert letter["Subject"] == ARABIC
    assert letter["From"] == "consultation@example.ma"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter.get_content().splitlines() == [ARABIC, "", "Étalonnage — 2026"]


@pytest.mark.parametrize("subject", [
    " — ".join([ARABIC] * 4), "Ce qu’il est advenu de vos contributions au chapitre 1, « Métrologie », et à celui des laboratoires",
    "What became of your contributions to chapter 1, “Metrology”, and of those that others have made to it since",
])
def test_a_long_subject_begins_where_it_begins(own_app, postman, subject):
    posted("lecteur@example.org", subject, "x")
    jobs.run_pending()
    assert postman.letters[0][1]["Subject"] == subject


def test_a_letter_is_delivered_once(own_app, postman):
    mail_id = posted("lecteur@example.org", "Accusé", "Bonjour")
    jobs.run_pending()
    assert mail.deliver(mail_id) is None
    assert len(postman.letters) == 1
    assert letter_of(mail_id).sent_at


def test_a_letter_that_is_gone_is_no_error(own_app, postman):
    assert mail.deliver(999) is None
    assert postman.letters == []


def test_a_second_form_in_html_goes_along(own_app, postman):
    posted("lecteur@example.org", "Accusé", "Bonjour", "<p>Bonjour</p>")
    jobs.run_pending()
    letter = postman.letters[0][1]
    assert letter.get_body(("html",)).get_content().strip() == "<p>Bonjour</p>"
    assert letter.get_body(("plain",)).get_content().strip() == "Bonjour"


@pytest.mark.parametrize("subject", ["Sujet\r\nBcc: tous@example.org", "Sujet\nBcc: tous@example.org", "  Sujet \t Bcc: tous@example.org "])
def test_a_newline_in_the_subject_adds_no_header(own_app, postman, subject):
    posted("lecteur@example.org", subject, "x")
    jobs.run_pending()
    recipients, letter = postman.letters[0]
    assert letter["Subject"] == "Sujet Bcc: tous@example.org"
    assert letter["Bcc"] is None
    assert recipients == ["lecteur@example.org"]


def test_an_unreachable_server_is_tried_again(own_app):
    turn(own_app, "smtp://127.0.0.1:1")
    mail_id = posted("lecteur@example.org", "Accusé", "Bonjour")
    jobs.run_pending()
    assert letter_of(mail_id).sent_at is None
    promise = session.scalars(sa.select(Job)).one()
    assert (promise.state, promise.attempts) == (JobState.WAITING, 1)
    assert "ConnectionRefusedError" in promise.error


def test_a_slow_server_holds_no_writer_up(own_app, monkeypatch):
    """While the letter is on its way another act is written."""
    def send(_message):
        with own_app.app_context(), unit_of_work():
            mail.post("autre@example.org", "Autre", "x")

    monkeypatch.setattr(mail.EmailMultiAlternatives, "send", send)
    mail_id = posted("lecteur@example.org", "Accusé", "Bonjour")
    conclude = mail.deliver(mail_id)
    with unit_of_work():
        conclude()
    assert letter_of(mail_id).sent_at
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 2


def test_letters_may_be_files(own_app, tmp_path):
    turn(own_app, f"file://{tmp_path}/mail")
    posted("lecteur@example.org", ARABIC, f"{ARABIC}\n")
    jobs.run_pending()
    (path,) = (tmp_path / "mail").iterdir()
    letter = email.message_from_bytes(path.read_bytes().split(b"\n---")[0], policy=email.policy.default)
    assert letter["Subject"] == ARABIC
    assert ARABIC in letter.get_content()


def test_a_letter_is_rolled_back_with_its_act(own_app):
    with pytest.raises(RuntimeError), unit_of_work():
        mail.post("lecteur@example.org", "Accusé", "Bonjour")
        raise RuntimeError
    assert session.scalar(sa.select(sa.func.count()).select_from(OutgoingMail)) == 0


def test_a_letter_is_written_in_its_readers_language(own_app, monkeypatch):
    text = "{{ language }} {{ direction }} {{ name }}\n\n{{ link('chapters.home', language=language) }}\n"
    monkeypatch.setattr(own_app.jinja_env, "loader", jinja2.DictLoader({"emails/hello.txt": text}))
    with unit_of_work():
        letter = mail.write(SimpleNamespace(email="x@example.org", language="ar"), "hello", topic=Topic.ACCOUNT, name="فاطمة")
    assert letter.subject == "ar rtl فاطمة"
    assert letter.body == "http://consult.test/ar/\n"


def test_tests_send_nothing(app, outbox):
    posted("lecteur@example.org", "Accusé", "Bonjour")
    jobs.run_pending()
    assert [letter.subject for letter in outbox()] == ["Accusé"]
