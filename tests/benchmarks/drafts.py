"""Drafts: how long each of a hundred writers waits until their words are saved; how long two hundred drafts take to be lodged together."""

import http.client
import json
import secrets
import statistics
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer

from consult import create_app
from consult.accounts.models import User
from consult.accounts.service import open_session
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.consultations.models import Appointment, Consultation
from consult.contributions import service
from consult.core.config import Config
from consult.core.db import session, unit_of_work
from tests.benchmarks import servers, sessions
from tests.benchmarks.sessions import BROWSER, RAW_TOKEN

WRITERS, EVERY, SECONDS, TOGETHER, ROUNDS = 100, 2.5, 20, 200, 3
LOOKED_UP = 4  # saves from one look at what is near to the next
WORDS = "Nous partageons cette orientation ; il faudrait toutefois en dire le coût et le calendrier. "


class Writer(threading.Thread):
    """One open form: it saves every few seconds, a little more each time, as one who types without a pause, and once in a while what others
    said that is near is looked up beside.
    """

    def __init__(self, port: int, path: str, cookie: str, form: dict[str, str], place: int) -> None:
        super().__init__(daemon=True)
        self.port, self.path, self.cookie, self.form, self.place = port, path, cookie, form, place
        self.waits: list[float] = []
        self.looked_up = 0

    def run(self) -> None:
        time.sleep(EVERY * self.place / WRITERS)
        until, page, number = time.monotonic() + SECONDS, secrets.token_hex(8), 0
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": self.cookie, "Content-Type": "application/x-www-form-urlencoded"}
        while time.monotonic() < until:
            number += 1
            body = urlencode({**self.form, "saved_by": f"{page}:{number}", "body": WORDS * (1 + number % 20)})
            began = time.perf_counter()
            connection.request("POST", self.path, body, headers)
            answer = connection.getresponse()
            body = answer.read()
            told = json.loads(body) if answer.status == 200 else {}
            self.waits.append(1000 * (time.perf_counter() - began) if answer.status == 200 else float("inf"))
            if number % LOOKED_UP == self.place % LOOKED_UP and told.get("near"):
                connection.request("GET", told["near"], headers={"Cookie": self.cookie})
                near = connection.getresponse()
                near.read()
                self.looked_up += near.status == 200
            time.sleep(max(0.0, EVERY - (time.perf_counter() - began)))


def actions() -> list[tuple[int, str, int]]:
    """(chapter, key, id) of the passages on which people act, in French."""
    newest = sa.select(sa.func.max(Revision.id)).where(Revision.language == "fr").group_by(Revision.chapter_id)
    found = sa.select(Chapter.number, Block.key, Block.id).join(Block.revision).join(Revision.chapter)
    wanted = found.where(Revision.id.in_(newest), Block.kind == BlockKind.ACTION).order_by(Chapter.number, Block.position)
    return [(number, key, block) for number, key, block in session.execute(wanted)]


def people() -> list[User]:
    staff = sa.select(Appointment.user_id)
    return list(session.scalars(sa.select(User).where(User.id.not_in(staff)).order_by(User.id).limit(50)))


def waits(folder: Path, port: int) -> tuple[list[float], int]:
    """Milliseconds until each save was acknowledged, and how often what is near was looked up beside."""
    app = create_app(Config(data_dir=str(folder), log_level="ERROR"))
    sign = app.session_interface.get_signing_serializer(app).dumps
    token = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(RAW_TOKEN)
    with app.app_context(), unit_of_work():
        known = [(person.id, open_session(person)) for person in people()]
        passages = actions()
    writers = []
    for place in range(WRITERS):
        (person, key), (number, at, block) = known[place % len(known)], passages[place % len(passages)]
        cookie = f"consult={sign({'_id': BROWSER, '_user_id': key, '_fresh': True, 'csrf_token': RAW_TOKEN})}"
        form = {"csrf_token": token, "reader": str(person), "form_key": secrets.token_urlsafe(24), "block_id": str(block),
                "position": "opposed"}
        writers.append(Writer(port, f"/fr/contributions/save/{number}/{at}", cookie, form, place))
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return sorted(wait for writer in writers for wait in writer.waits), sum(writer.looked_up for writer in writers)


def together(folder: Path) -> float:
    """Seconds to lodge them, until they are on disk."""
    app = create_app(Config(data_dir=str(folder), log_level="ERROR"))
    with app.app_context(), unit_of_work():
        author = people()[0]
        consultation = session.scalars(sa.select(Chapter)).first().consultation
        passages, run = actions(), secrets.token_hex(4)
        shown = {}
        for place in range(TOGETHER):
            block = session.get_one(Block, passages[place % len(passages)][2])
            fields = {"body": f"{WORDS} ({run}-{place})", "position": "in_favour", "speak_as": "self"}
            draft = service.keep_draft(author, block, token=f"{run}-{place}", fields=fields)
            session.flush()
            shown[draft.id] = draft.row_counter
        author_id, consultation_id = author.id, consultation.id
    with app.app_context():
        began = time.perf_counter()
        with unit_of_work():
            author, asked = session.get_one(User, author_id), session.get_one(Consultation, consultation_id)
            service.lodge_position(author, asked, form_key=run, shown=shown)
        return time.perf_counter() - began


def lodging_alone_and_among(folder: Path, port: int) -> tuple[float, float]:
    """Milliseconds until the receipt, half of them less: with nobody else there, and while all writers save."""
    url, lodge = f"http://127.0.0.1:{port}/", sessions.scripts(folder)[1]
    alone = servers.measured(url, 1, SECONDS // 2, script=lodge).median
    writing = threading.Thread(target=waits, args=(folder, port), daemon=True)
    writing.start()
    time.sleep(EVERY)
    among = servers.measured(url, 1, SECONDS // 2, script=lodge).median
    writing.join()
    return alone, among


def told(found: list[float]) -> str:
    return f"{statistics.median(found):.0f} / {found[int(0.95 * len(found))]:.0f}"


def sections(folder: Path) -> list[tuple[str, list[str], list[list]]]:
    """(title, head, rows) for the page."""
    port, server = servers.platform(folder)
    with server:
        alone, among = lodging_alone_and_among(folder, port)
        found, looked_up = waits(folder, port)
        lodged = [together(folder) for _ in range(ROUNDS)]
        beside, _looked_up = waits(folder, port)  # while the worker compares all that was lodged
    return [("Drafts", ["", ""], [
        [f"{WRITERS} writers, each saved every {EVERY} s: saves acknowledged a second", len(found) / SECONDS],
        ["… what is near looked up beside, a second", looked_up / SECONDS],
        ["… milliseconds until the acknowledgement, p50 / p95 (aim: p95 under 100)", told(found)],
        [f"… the same while the worker compares {ROUNDS * TOGETHER} contributions that say almost the same", told(beside)],
        ["one client lodging one after the other: milliseconds until the receipt, p50 alone / among these writers",
         f"{alone:.0f} / {among:.0f}"],
        ["… how many times what it takes alone (aim: at most 1.5)", among / alone],
        [f"{TOGETHER} drafts lodged together, s (aim: under 3)", statistics.median(lodged)],
    ])]
