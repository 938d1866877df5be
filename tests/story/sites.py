"""The real thing for browser tests: server and worker on a data folder, and a mail server that keeps letters."""

import email
import email.policy
import os
import re
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

from aiosmtpd.controller import Controller

from tests.waiting import PATIENCE, until


class Letters:
    """A mail server of our own; what it receives is read as its reader would."""

    def __init__(self) -> None:
        self.received: list[tuple[str, str, str]] = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())
        self.controller.start()

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - the name that aiosmtpd calls
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.received += [(to, message["Subject"], message.get_body(("plain",)).get_content()) for to in envelope.rcpt_tos]
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.controller.port}"

    def to(self, address: str, containing: str = "") -> list[str]:
        return [f"{subject}\n\n{body}" for to, subject, body in list(self.received) if to == address and containing in subject + body]

    def wait(self, address: str, containing: str = "") -> str:
        """The newest letter to this address that contains these words."""
        return until(lambda: self.to(address, containing), f"no letter to {address} with “{containing}”")[-1]

    def link(self, address: str, part: str) -> str:
        """The address in the newest letter whose path contains ``part``."""
        return re.findall(rf"http://\S*{re.escape(part)}\S*", self.wait(address, part))[-1]

    def stop(self) -> None:
        self.controller.stop()


class Site:
    """One data folder, its server and its worker."""

    def __init__(self, data: Path, mail_url: str) -> None:
        self.data, self.port = data, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CONSULT_")}
        self.environment = {
            **kept, "CONSULT_DATA_DIR": str(data), "CONSULT_BASE_URL": self.base, "CONSULT_MAIL_URL": mail_url, "CONSULT_WORKERS": "1",
        }
        self.programme = ["-m", "consult"]
        self.server = self.worker = None

    def start(self, *, with_worker: bool = True) -> "Site":
        self.server = self.spawn("serve", "--port", str(self.port), *(["--work"] if with_worker else []))
        until(self.answers, "the server does not answer")
        return self

    def start_worker(self) -> None:
        self.worker = self.spawn("work")

    def spawn(self, *arguments: str) -> subprocess.Popen:
        """A programme in a group of its own, so that it can be killed with all its children."""
        with open(self.data / "log", "ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own programme
                [sys.executable, *self.programme, *arguments], env=self.environment, start_new_session=True, stdout=log, stderr=log
            )

    def answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.base}/healthz", timeout=5) as response:  # noqa: S310 - our own server
            return response.status == 200
        return False

    def kill(self, process: subprocess.Popen) -> None:
        """At once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(PATIENCE)

    def stop(self) -> None:
        """At once: nobody looks at what it leaves behind."""
        for process in filter(None, (self.server, self.worker)):
            self.kill(process)

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        """A command of the operator."""
        return subprocess.run(  # noqa: S603 - our own programme
            [sys.executable, "-m", "consult", *arguments],
            env=self.environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )

    def ask(self, query: str, *values) -> list[tuple]:
        """What stands in the database, read beside the platform."""
        with closing(sqlite3.connect(self.data / "consult.sqlite", timeout=PATIENCE)) as database:
            return database.execute(query, values).fetchall()

    def tell(self, statement: str, *values) -> None:
        """Arrange the database behind the platform's back."""
        with closing(sqlite3.connect(self.data / "consult.sqlite", timeout=PATIENCE)) as database, database:
            database.execute(statement, values)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

