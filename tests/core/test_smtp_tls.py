"""A mail server that shows the certificate of somebody else gets neither a letter nor the password; by real TLS, whichever way."""

import ssl
import subprocess

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from consult.core import jobs
from tests.core.test_mail import letter_of, posted, turn
from tests.story.sites import free_port

USER = "consult:secret@"
CERTIFICATES = ["ours", "of another name", "of nobody"]


class Postman:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.letters, self.passwords = [], []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's own name
        self.letters.append(envelope.rcpt_tos)
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, said):
        self.passwords.append(said.password)
        return AuthResult(success=True)


def openssl(folder, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)  # noqa: S603, S607 - our own words


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """A root that the machine trusts, and a certificate of each kind."""
    folder = tmp_path_factory.mktemp("certificates")
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    openssl(folder, "req", "-x509", *key, "-keyout", "root.key", "-out", "root.pem", "-days", "9", "-subj", "/CN=Root")
    for name, host in (("ours", "127.0.0.1"), ("of another name", "127.0.0.9")):
        (folder / "extension").write_text(f"subjectAltName=IP:{host}\n")
        openssl(folder, "req", *key, "-keyout", f"{name}.key", "-out", "asked", "-subj", "/CN=mail")
        openssl(folder, "x509", "-req", "-in", "asked", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", f"{name}.pem",
                "-extfile", "extension", "-days", "9")
    openssl(folder, "req", "-x509", *key, "-keyout", "of nobody.key", "-out", "of nobody.pem", "-days", "9", "-subj", "/CN=x",
            "-addext", "subjectAltName=IP:127.0.0.1")
    return folder


@pytest.fixture
def server(own_app, certificates, monkeypatch):
    """Starts one with this certificate, and turns the application to it; None: it knows no STARTTLS."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "root.pem"))
    started = []

    def start(scheme: str, name: str | None) -> Postman:
        postman, port, options = Postman(), free_port(), {}
        if name is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
            options = {"ssl_context" if scheme == "smtps" else "tls_context": context}
        controller = Controller(postman, hostname="127.0.0.1", port=port, authenticator=postman.authenticate,
                                auth_require_tls=name is not None and scheme == "smtp", **options)
        started.append(controller)
        try:
            controller.start()
        except OSError:  # it looks at itself, and does not trust what it sees
            assert name != "ours"
        turn(own_app, f"{scheme}://{USER}127.0.0.1:{port}" + ("?starttls=1" if scheme == "smtp" else ""))
        return postman
    yield start
    for controller in started:
        controller.stop()


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
@pytest.mark.parametrize("name", CERTIFICATES)
def test_only_who_shows_a_certificate_of_its_name_gets_letters(server, scheme, name):
    postman = server(scheme, name)
    mail_id = posted("a@example.org", "Accusé", "Bonjour")
    jobs.run_pending()
    is_ours = name == "ours"
    assert postman.letters == [["a@example.org"]] * is_ours
    assert postman.passwords == [b"secret"] * is_ours
    assert bool(letter_of(mail_id).sent_at) == is_ours


def test_who_knows_no_tls_gets_nothing_where_it_is_asked_for(server):
    postman = server("smtp", None)
    mail_id = posted("a@example.org", "Accusé", "Bonjour")
    jobs.run_pending()
    assert (postman.letters, postman.passwords, letter_of(mail_id).sent_at) == ([], [], None)
