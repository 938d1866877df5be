"""Time stamps of a real authority (openssl's) on the published places of the journal."""

import subprocess
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import sqlalchemy as sa

from consult.consultations.models import Consultation
from consult.core import audit, jobs, verification
from consult.core.audit import Checkpoint
from consult.core.config import Config, ConfigError
from consult.core.db import session, unit_of_work
from consult.core.jobs import Job, JobState
from consult.core.permissions import SYSTEM, Action
from consult.journal import stamping
from consult.journal.models import CheckpointStamp
from tests import factories
from tests.tampering import by_hand

CONFIGURATION = """
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_chain = no
"""


class Authority:
    """Root and signer made with openssl, behind a server that answers as it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.answers = folder, self.reply
        new = ("-newkey", "rsa:2048", "-nodes")
        self.openssl("req", "-x509", *new, "-keyout", "root.key", "-out", "root.pem", "-days", "9", "-subj", "/CN=Root")
        self.openssl("req", *new, "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Stamps")
        (folder / "extensions").write_text("extendedKeyUsage=critical,timeStamping\nkeyUsage=critical,digitalSignature\n")
        self.openssl("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem",
                     "-days", "9", "-extfile", "extensions")
        (folder / "serial").write_text("01")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == stamping.QUERY
                answer = authority.answers(query)
                self.send_response(200 if answer else 503)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_words) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)  # noqa: S603, S607

    def reply(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-out", "reply.tsr")
        return (self.folder / "reply.tsr").read_bytes()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    authority = Authority(tmp_path_factory.mktemp("authority"))
    yield authority
    authority.server.shutdown()
    authority.server.server_close()


@pytest.fixture
def authority(made, own_app):
    """An authority that the settings name; one act is sealed and published."""
    made.answers = made.reply
    own_app.extensions["consult_config"] = replace(
        own_app.extensions["consult_config"], timestamp_url=made.url, timestamp_roots=str(made.folder / "root.pem"))
    with unit_of_work():
        factories.a_consultation()
    act()
    return made


def act() -> None:
    with unit_of_work():
        audit.record(SYSTEM, Action.CONSULTATIONS_EDIT, session.scalars(sa.select(Consultation)).one())
    jobs.tick()


def stamps() -> list[CheckpointStamp]:
    session.rollback()
    return list(session.scalars(sa.select(CheckpointStamp).order_by(CheckpointStamp.id)))


def faults() -> list[str]:
    return list(stamping.verify_stamps())


def test_a_published_place_is_stamped_once(authority):
    jobs.tick()
    jobs.run_pending()
    (one,) = stamps()
    assert one.response is not None
    assert one.checkpoint.chain_position == 1
    assert faults() == []
    jobs.tick()
    assert jobs.run_pending() == 0


def test_anybody_checks_a_stamp_with_openssl(authority, own_app):
    jobs.run_pending()
    client = own_app.test_client()
    page = client.get("/en/journal").text
    assert "/en/journal/stamps/1" in page
    answer = client.get("/en/journal/stamps/1")
    assert answer.mimetype == stamping.REPLY
    (authority.folder / "1.tsr").write_bytes(answer.data)
    place = session.scalars(sa.select(Checkpoint)).one()
    (authority.folder / "place").write_text(f"{place.chain_position}:{place.chain_digest}")
    authority.openssl("ts", "-verify", "-data", "place", "-in", "1.tsr", "-CAfile", "root.pem")
    assert client.get("/en/journal/stamps/2").status_code == 404


def test_without_an_authority_nothing_is_asked(authority, own_app):
    own_app.extensions["consult_config"] = replace(own_app.extensions["consult_config"], timestamp_url="")
    with by_hand() as connection:
        connection.execute(sa.delete(CheckpointStamp))
    jobs.tick()
    assert stamps() == []
    assert "Time stamp" not in own_app.test_client().get("/en/journal").text


@pytest.mark.parametrize(("answers", "said"), [
    (lambda query: b"", "cannot be asked: HTTP Error 503"), (lambda query: b"<html>", "no answer of an authority"),
    (lambda query: b"x" * 200_000, "more than a stamp"),
])
def test_what_is_no_stamp_is_asked_for_again(authority, answers, said):
    authority.answers = answers
    jobs.run_pending()
    promise = session.scalars(sa.select(Job).where(Job.name == "journal.stamping.stamp")).one()
    assert promise.state == JobState.WAITING
    assert said in promise.error
    assert stamps()[0].response is None
    assert faults() == []


def test_the_answer_to_another_question_is_refused(authority):
    jobs.run_pending()
    earlier = stamps()[0].response
    authority.answers = lambda query: earlier
    with pytest.raises(stamping.Unstamped, match="another question"):
        stamping.ask(authority.url, b"1:0", [])


def test_an_authority_that_nobody_trusts_is_refused(authority, own_app, tmp_path):
    stranger = Authority(tmp_path)
    own_app.extensions["consult_config"] = replace(own_app.extensions["consult_config"], timestamp_url=stranger.url)
    jobs.run_pending()
    assert stamps()[0].response is None
    promise = session.scalars(sa.select(Job).where(Job.name == "journal.stamping.stamp")).one()
    assert "not signed by an authority that is trusted here" in promise.error
    stranger.server.shutdown()
    stranger.server.server_close()


def test_a_stamp_of_something_else_and_a_spoilt_one_are_named(authority):
    jobs.run_pending()
    (one,) = stamps()
    good = one.response
    other = stamping.ask(authority.url, b"1:0", stamping.roots())[0]
    spoilt = bytes([*good[:-9], good[-9] ^ 1, *good[-8:]])
    for response, said in ((other, "is on something else"), (good[:40], "cannot be read"), (spoilt, "is not signed by")):
        with by_hand() as connection:
            connection.execute(sa.update(CheckpointStamp).values(response=response))
        session.rollback()
        (fault,) = faults()
        assert fault.startswith("the time stamp of the checkpoint at 1 ")
        assert said in fault
        assert fault in verification.verify_database()


def test_a_file_without_certificates_is_refused(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="CONSULT_TIMESTAMP_ROOTS"):
        Config.from_environment({"CONSULT_TIMESTAMP_ROOTS": str(tmp_path / "empty.pem")})
