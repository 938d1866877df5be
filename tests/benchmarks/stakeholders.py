"""Stakeholders: what a list of 5,000 costs, and 5,000 letters at a rate through a real mail server while workers are killed."""

import dataclasses
import io
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from email import message_from_bytes
from pathlib import Path
from typing import Any

import openpyxl
import sqlalchemy as sa

from consult import create_app
from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import Appointment, Role
from consult.core.config import Config
from consult.core.db import reading, scalar_count, session, unit_of_work
from consult.core.permissions import SYSTEM
from consult.outreach import jobs, service
from consult.outreach.models import RowState, Stakeholder, StakeholderList, StakeholderState
from consult.outreach.reading import ReadList, read_list
from consult.outreach.service import StakeholderFilter
from tests.receiving import mail_server

ROWS, KILLS, PATIENCE = 5000, 3, 1500
ASKED = "contact-"
RATE = 12_000  # letters in a minute
HEADINGS = ("Organisation", "Catégorie", "E-mail", "Langue", "Chapitres", "Région", "Contact")
KINDS = "Coopérative Société Laboratoire Fédération Association Centre Groupe Institut Comptoir Atelier".split()
TRADES = ("Agro Textile Bois Métal Chimie Eau Énergie Pêche Cuir Plasturgie Marbre Argan Safran Dattes Huile Lait Câblage Verre Papier"
          " Céramique").split()
CATEGORIES = ("Entreprise", "Laboratoire", "Fédération", "Ministère", "Université", "Association de consommateurs")


def book(rows: int) -> bytes:
    """A list as a secretary keeps it: names that have words in common, chapters and regions for some."""
    chance = random.Random(rows)  # noqa: S311 - the same each time
    whole, out = openpyxl.Workbook(write_only=True), io.BytesIO()
    sheet = whole.create_sheet()
    sheet.append(HEADINGS)
    for number in range(rows):
        first, second = chance.sample(TRADES, 2)
        sheet.append((f"{chance.choice(KINDS)} {first} {second} {number}", chance.choice(CATEGORIES), f"{ASKED}{number}@example.org",
                      chance.choice(("fr", "ar", "bilingue")), chance.choice(("", "1", "2, 3", "tous")),
                      "Souss-Massa" if number % 3 else "", f"Responsable {number}"))
    whole.save(out)
    return out.getvalue()


def bring(data: bytes) -> list[tuple[str, float, float]]:
    """(what, seconds of the processor, seconds) of each step, in this process; all rows are kept afterwards."""
    steps: list[tuple[str, float, float]] = []

    def timed(what: str, act: Callable[[], Any]) -> Any:
        began, used = time.perf_counter(), time.process_time()
        result = act()
        steps.append((what, time.process_time() - used, time.perf_counter() - began))
        return result

    read = timed("read", lambda: read_list(data, "liste.xlsx"))
    id_ = timed("written down", lambda: write_down(read, data))
    timed("looked at", lambda: jobs.go_through(id_, lambda _percent: None))
    with unit_of_work():
        service.take(SYSTEM, session.get_one(StakeholderList, id_))
    heard: list[int] = []
    timed("kept", lambda: jobs.go_through(id_, heard.append))
    with reading():
        counts = service.count_rows(SYSTEM, session.get_one(StakeholderList, id_))
    if counts[RowState.TAKEN] != ROWS or heard != sorted(heard) or len(set(heard)) < 10:
        raise RuntimeError(f"not all rows are kept, or their progress is not told: {counts}, {heard}")
    return steps


def write_down(read: ReadList, data: bytes) -> int:
    with unit_of_work():
        consultation = consultations.get_current()
        brought = service.import_list(SYSTEM, consultation, read=read, data=data, file_name="liste.xlsx", source="Annuaire")
        return brought.id


class Postman:
    """Keeps when each letter came, for whom, and its name."""

    def __init__(self) -> None:
        self.received: list[tuple[float, str, str]] = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's own name
        name = message_from_bytes(envelope.content)["Message-ID"]
        asked = [recipient for recipient in envelope.rcpt_tos if recipient.startswith(ASKED)]  # the demonstration has letters of its own
        self.received += [(time.monotonic(), recipient, name) for recipient in asked]
        return "250 OK"


def send_all(folder: Path, config: Config) -> tuple[Postman, int]:
    """The letters leave by a worker in a process of its own, killed some times; how often it was."""
    postman, killed = Postman(), 0
    with mail_server(postman) as url:
        environment = {**os.environ, "CONSULT_DATA_DIR": str(folder), "CONSULT_MAIL_URL": url, "CONSULT_LOG_LEVEL": "ERROR",
                       "CONSULT_LETTERS_PER_MINUTE": str(RATE), "CONSULT_DATABASE_URL": config.database_url}
        until, worker = time.monotonic() + PATIENCE, start(environment)
        try:
            while count_awaited():
                if time.monotonic() > until or worker.poll() is not None:
                    raise RuntimeError(f"{count_awaited()} letters have not left after {PATIENCE} s, or the worker ended")
                if killed < KILLS and len(postman.received) >= (killed + 1) * ROWS // (KILLS + 1):
                    worker.send_signal(signal.SIGKILL)
                    worker.wait()
                    killed, worker = killed + 1, start(environment)
                time.sleep(0.2)
        finally:
            worker.kill()
            worker.wait()
    return postman, killed


def start(environment: dict[str, str]) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "consult", "work"], env=environment, stdout=subprocess.DEVNULL,  # noqa: S603 - ours
                            stderr=subprocess.DEVNULL)


def count_awaited() -> int:
    with reading():
        return scalar_count(sa.select(sa.func.count()).select_from(Stakeholder).where(Stakeholder.state != StakeholderState.SENT))


def most_in(seconds: float, arrivals: list[float]) -> int:
    """Of all spans of so many seconds, what arrived in the fullest."""
    most = first = 0
    for last, moment in enumerate(arrivals):
        while arrivals[first] <= moment - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def checked(postman: Postman) -> tuple[int, int]:
    """How many came again under the same name, and how many in the fullest minute; raises where a letter is lost, or written twice."""
    names: dict[str, set[str]] = {}
    for _moment, recipient, name in postman.received:
        names.setdefault(recipient, set()).add(name)
    if len(names) != ROWS or any(len(each) > 1 for each in names.values()):
        raise RuntimeError(f"{len(names)} people got letters; several: {[who for who, each in names.items() if len(each) > 1]}")
    again = sum(number - 1 for number in Counter(recipient for _moment, recipient, _name in postman.received).values())
    return again, most_in(60, sorted(moment for moment, _recipient, _name in postman.received))


def sections(folder: Path) -> list[tuple[str, list[str], list[list]]]:
    """(title, head, rows) for the page; ``folder`` holds the demonstration, and is written to."""
    config = Config(data_dir=str(folder), log_level="ERROR")
    app = create_app(dataclasses.replace(config, letters_per_minute=str(RATE)))
    with app.app_context():
        steps = bring(book(ROWS))
        with unit_of_work():
            newest = sa.select(sa.func.max(StakeholderList.id)).scalar_subquery()
            session.execute(sa.delete(Stakeholder).where(Stakeholder.list_id != newest))  # those that the demonstration asked
            secretary = session.scalars(sa.select(User).join(Appointment).where(Appointment.role == Role.SECRETARIAT)).first()
            service.send(secretary, consultations.get_current(), chosen=StakeholderFilter())
        began = time.perf_counter()
        postman, killed = send_all(folder, config)
        seconds = time.perf_counter() - began
    again, fullest = checked(postman)
    cpu, wall = (sum(step[place] for step in steps) for place in (1, 2))
    return [("Stakeholders", ["", ""], [
        [f"a list of {ROWS:,} rows read, looked at and kept: s, and of the processor (aim: under 10)", f"{wall:.1f}, {cpu:.1f}"],
        ["… " + ", ".join(what for what, *_ in steps) + ": s of the processor", ", ".join(f"{used:.1f}" for _what, used, _s in steps)],
        [f"{ROWS:,} letters through SMTP, worker killed {killed} times: people who got one letter, none, or two", f"{ROWS:,}, 0, 0"],
        ["… sent again under the same name, since the worker died before it was noted", str(again)],
        [f"… s, and in the fullest minute (at most {RATE:,})", f"{seconds:.0f}, {fullest:,}"],
    ])]
