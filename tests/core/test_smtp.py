"""Addresses with letters beyond ASCII, with a real mail server that knows them (SMTPUTF8) and with one that does not."""

import email
import email.policy
import socket

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from consult.accounts import service as accounts
from consult.core import jobs, mail
from consult.core.db import session, unit_of_work
from consult.core.errors import Invalid
from consult.core.jobs import Job, JobState
from consult.core.permissions import SYSTEM
from tests import factories
from tests.core.test_mail import ARABIC, letter_of, posted, turn

BEYOND = ["réda@exemple.ma", "محمد@exemple.ma", "ⵎⵓⵃⴰⵏⴷ@exemple.ma", "réda@bücher.example"]


class Postman:
    """Keeps each letter as it came, and the addresses and options of its envelope."""

    def __init__(self) -> None:
        self.letters = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's own name
        self.letters.append((envelope.rcpt_tos, envelope.smtp_utf8, envelope.content))
        return "250 OK"


@pytest.fixture
def server(own_app):
    """Starts a server that knows such letters, or does not, and turns the application to it."""
    started = []

    def start(*, knows: bool) -> Postman:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        postman = Postman()
        controller = Controller(postman, hostname="127.0.0.1", port=port, enable_SMTPUTF8=knows)
        controller.start()
        started.append(controller)
        turn(own_app, f"smtp://127.0.0.1:{port}")
        return postman
    yield start
    for controller in started:
        controller.stop()


@pytest.mark.parametrize("recipient", BEYOND)
def test_a_server_that_knows_such_letters_gets_them_as_they_are(server, recipient):
    postman = server(knows=True)
    mail_id = posted(recipient, ARABIC, f"{ARABIC}\n")
    jobs.run_pending()
    ((recipients, is_utf8, content),) = postman.letters
    wanted = recipient.replace("bücher", "xn--bcher-kva")
    assert (recipients, is_utf8) == ([wanted], True)
    assert f"To: {wanted}".encode() in content
    letter = email.message_from_bytes(content, policy=email.policy.SMTPUTF8)
    assert (letter["Subject"], letter["Auto-Submitted"]) == (ARABIC, "auto-generated")
    assert letter.get_content().strip() == ARABIC
    assert letter_of(mail_id).sent_at


@pytest.mark.parametrize("recipient", [BEYOND[0], "amina@exemple.ma"])
def test_the_address_that_stops_letters_is_one_that_mail_programs_read(server, recipient):
    postman, stop = server(knows=True), f"https://consultation.exemple.ma/fr/news/stop/{'a' * 120}"
    with unit_of_work():
        mail.post(recipient, "Nouvelles", "Bonjour", stop_url=stop)
    jobs.run_pending()
    ((_recipients, _is_utf8, content),) = postman.letters
    head, _end, _body = content.partition(b"\r\n\r\n")
    assert f"<{stop}>" in head.replace(b"\r\n ", b" ").decode()


@pytest.mark.parametrize("recipient", BEYOND)
def test_a_server_that_does_not_gets_nothing_and_nothing_is_noted_as_sent(server, recipient):
    postman = server(knows=False)
    mail_id = posted(recipient, "Accusé", "Bonjour")
    jobs.run_pending()
    assert postman.letters == []
    assert letter_of(mail_id).sent_at is None
    promise = session.scalars(sa.select(Job)).one()
    assert promise.state is JobState.WAITING
    assert "SMTPUTF8" in promise.error


@pytest.mark.parametrize("knows", [True, False])
@pytest.mark.parametrize(("recipient", "written"), [
    ("a@bücher.example", "a@xn--bcher-kva.example"), ("a@straße.example", "a@xn--strae-oqa.example"), ("a@exemple.ma", "a@exemple.ma"),
])
def test_a_domain_is_written_as_every_server_knows_it(server, knows, recipient, written):
    postman = server(knows=knows)
    posted(recipient, "Accusé", "Bonjour")
    jobs.run_pending()
    ((recipients, is_utf8, content),) = postman.letters
    assert (recipients, is_utf8) == ([written], False)
    assert f"To: {written}".encode() in content


# At the field


def add(address: str):
    with unit_of_work():
        return accounts.add(SYSTEM, None, email=address, name="Réda")


@pytest.mark.parametrize("address", BEYOND)
def test_an_account_has_an_address_that_letters_reach(server, address):
    server(knows=False)
    with pytest.raises(Invalid) as refusal:
        add(address)
    assert refusal.value.field == "email"
    server(knows=True)
    assert add(address).email == address


@pytest.mark.parametrize(("knows", "status"), [(True, 302), (False, 422)])
def test_it_is_told_where_one_registers(own_app, server, knows, status):
    postman = server(knows=knows)
    with unit_of_work():
        factories.a_consultation()
    values = {"name": "Réda", "email": "réda@exemple.ma", "language": "fr", "password": ""}
    answer = own_app.test_client().post("/en/accounts/register", data=values)
    assert answer.status_code == status
    assert answer.text.count("with such letters before the @") == (0 if knows else 2)
    jobs.run_pending()
    assert [recipients for recipients, _utf8, _content in postman.letters] == ([["réda@exemple.ma"]] if knows else [])


@pytest.mark.parametrize(("page", "field"), [("reset", "email"), ("confirm", "email"), ("us-signin/send-code", "identity")])
def test_it_is_told_where_a_letter_is_asked_for(own_app, server, page, field):
    server(knows=False)
    with unit_of_work():
        factories.a_consultation()
    answer = own_app.test_client().post(f"/en/accounts/{page}", data={field: "réda@exemple.ma", "submit_send_code": "1"})
    assert answer.status_code == 422
    assert answer.text.count("with such letters before the @") == 2
    assert session.scalar(sa.select(sa.func.count()).select_from(mail.OutgoingMail)) == 0


def test_the_server_is_asked_once_in_a_while_and_not_for_plain_addresses(own_app, server, monkeypatch):
    server(knows=False)
    asked = []
    monkeypatch.setattr(mail, "_knows_utf8", lambda: bool(asked.append(True)))
    assert mail.is_reachable("a@bücher.example")
    assert asked == []
    assert [mail.is_reachable("réda@exemple.ma") for _ in range(3)] == [False] * 3
    assert asked == [True]


def test_a_server_that_does_not_answer_is_left_to_the_letter(own_app):
    turn(own_app, "smtp://127.0.0.1:1")
    assert mail.is_reachable("réda@exemple.ma")


def test_letters_that_go_to_files_show_the_address(own_app, tmp_path):
    turn(own_app, f"file://{tmp_path}/mail")
    assert mail.is_reachable("réda@exemple.ma")
    posted("réda@exemple.ma", ARABIC, "x")
    jobs.run_pending()
    (path,) = (tmp_path / "mail").iterdir()
    assert "To: réda@exemple.ma" in path.read_text("utf-8")
