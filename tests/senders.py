"""People who lodge by HTTP, one text after the other, until what they sent is acknowledged, whatever happens to the platform meanwhile."""

import http.client
import json
import os
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from itertools import count

import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.contributions.models import CommentType
from consult.core.db import session, unit_of_work
from consult.core.permissions import SYSTEM
from tests import factories
from tests.conftest import app_on
from tests.contributions.browsing import FILLED, address, form_of
from tests.story.sites import Site
from tests.waiting import PATIENCE, until

READER = re.compile(rb'data-reader="(\d+)"')


class Unfollowed(urllib.request.HTTPRedirectHandler):
    """The answer itself: where it leads tells the reference."""

    def redirect_request(self, *_arguments):
        return None


class Page:
    """What a browser would read, for who reads its form."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def get_data(self, as_text: bool) -> str:
        return self.data.decode() if as_text else ""


class Sender(threading.Thread):
    """Each text is sent again, as it was, until it is acknowledged."""

    opener = urllib.request.build_opener(Unfollowed)

    def __init__(self, name: str, url: str, cookie: str, over: threading.Event) -> None:
        super().__init__(daemon=True)
        self.called, self.url, self.cookie, self.over = name, url, cookie, over
        self.sent: dict[str, bytes] = {}
        self.acknowledged: dict[str, list[str]] = {}

    def ask(self, data: bytes | None = None):
        return self.opener.open(urllib.request.Request(  # noqa: S310 - our own server
            self.url, data, {"Cookie": self.cookie, "Referer": self.url}), timeout=PATIENCE)

    def run(self) -> None:
        with self.ask() as page:
            self.cookie = page.headers.get("Set-Cookie", self.cookie).partition(";")[0]
            form = form_of(Page(page.read()))
        for number in count():
            body = f"Texte {number} de {self.called}."
            self.sent[body] = urllib.parse.urlencode({
                **form, **FILLED, "speak_as": "self", "comment_type": CommentType.GENERAL.value, "act": "submit",
                "form_key": f"killing-{self.called}-{number:06}", "body": body}).encode()
            while not (ref := self.lodge(body)):
                time.sleep(0.2)
            self.acknowledged.setdefault(body, []).append(ref)
            if self.over.is_set():
                return

    def lodge(self, body: str) -> str:
        """Its reference; nothing where it was not acknowledged."""
        try:
            self.ask(self.sent[body]).close()
        except urllib.error.HTTPError as answer:
            with answer:
                if answer.code == 303:
                    return answer.headers["Location"].rpartition("/")[2]
                if answer.code == 503:
                    self.refused(answer, body)
                    return ""
                raise
        except OSError as error:
            self.lost(error)
            return ""
        raise AssertionError("the form came back")

    def refused(self, answer: urllib.error.HTTPError, body: str) -> None:
        """Told that it is not possible now."""

    def lost(self, error: OSError) -> None:
        """No answer came."""


class Writer(Sender):
    """Writes three texts, each saved twice by itself, then lodges them together; each step is sent again until it is acknowledged."""

    AT_ONCE = 3

    def __init__(self, name: str, url: str, cookie: str, over: threading.Event) -> None:
        super().__init__(name, url, cookie, over)
        self.reader, self.drafts = "", dict[str, str]()

    def run(self) -> None:
        with self.ask() as page:
            self.cookie = page.headers.get("Set-Cookie", self.cookie).partition(";")[0]
            data = page.read()
        form, self.reader = form_of(Page(data)), READER.findall(data)[0].decode()
        for number in count():
            for part in range(self.AT_ONCE):
                self.save(form, number, part, "Un début", 1)
                body = f"Partie {part} de la position {number} de {self.called}."
                self.drafts[body] = self.shown(self.save(form, number, part, body, 2))
            self.lodge_together(form, number)
            if self.over.is_set():
                return

    @staticmethod
    def shown(told: dict) -> str:
        return f"{told['id']}-{told['counter']}"

    def post(self, path: str, values: list[tuple[str, str]], wanted: int):
        """The answer, once there is one."""
        address = f"{self.url.partition('/contributions/')[0]}/contributions/{path}"
        asked = urllib.request.Request(  # noqa: S310 - our own server
            address, urllib.parse.urlencode(values).encode(), {"Cookie": self.cookie, "Referer": self.url})
        while True:
            try:
                with self.opener.open(asked, timeout=PATIENCE) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as answer:
                with answer:
                    if answer.code == wanted:
                        return answer.headers["Location"]
                    if answer.code != 503:
                        raise
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.2)

    def save(self, form: dict[str, str], number: int, part: int, body: str, save: int) -> dict:
        place = self.url.partition("/contributions/lodge/")[2]
        values = {**form, **FILLED, "speak_as": "self", "comment_type": CommentType.GENERAL.value, "body": body, "reader": self.reader,
                  "form_key": f"writing-{self.called}-{number:05}-{part}", "saved_by": f"{self.called}:{10 * number + save}"}
        return self.post(f"save/{place}", list(values.items()), 200)

    def lodge_together(self, form: dict[str, str], number: int) -> None:
        ticked = [("drafts", shown) for shown in self.drafts.values()]
        values = [("csrf_token", form["csrf_token"]), ("form_key", f"position-{self.called}-{number:05}"), *ticked]
        position = self.post("position", values, 303).rpartition("/")[2]
        self.acknowledged.update(dict.fromkeys(self.drafts, [position]))
        self.drafts = {}


def a_site_with_people(url: str, folder, number: int) -> tuple[str, list[str]]:
    """(the address of a form, without its language; the cookie of each who may send it) on a migrated database."""
    cookies = []
    with app_on(url, folder) as app:
        with unit_of_work():
            block = factories.block_of(factories.a_chapter(factories.a_consultation()), "C1-A1-P1-a1")
            people = [accounts.add(SYSTEM, None, email=f"p{number}@example.org", name=f"Personne {number}", language="fr", password=None)
                      for number in range(number)]
            at = address(block, "").lstrip("/")
        for person in people:
            client = app.test_client().sign_in(person)
            cookies.append(f"consult={client.get_cookie('consult').value}")
        session.remove()
    return at, cookies


def a_site(folder, url: str = "") -> Site:
    """To be started on that database; a file is moved to where the platform looks for it."""
    site = Site(folder, f"file://{folder}/mail")
    site.environment["CONSULT_SECRET_KEY"] = "t" * 40
    if url.startswith("sqlite"):
        os.rename(url.removeprefix("sqlite:///"), folder / "consult.sqlite")
    elif url:
        site.environment["CONSULT_DATABASE_URL"] = url
    return site


def verified(url: str, site: Site) -> None:
    """Once the worker, which was hindered, has sealed what happened meanwhile."""
    engine = sa.create_engine(url)
    unsealed = sa.text("SELECT count(*) FROM audit_event WHERE id NOT IN (SELECT event_id FROM audit_seal)")

    def is_sealed() -> bool:
        with engine.connect() as connection:
            return not connection.scalar(unsealed)
    until(is_sealed, "the worker does not catch up")
    engine.dispose()
    said = site.run("verify")
    assert said.returncode == 0, said.stdout + said.stderr


def compare(url: str, senders: list[Sender]) -> int:
    """What was acknowledged is there, and there once, with its receipt, and nothing beside it; how much that is."""
    alone = {body: refs for sender in senders if not isinstance(sender, Writer) for body, refs in sender.acknowledged.items()}
    together = {body: refs for sender in senders if isinstance(sender, Writer) for body, refs in sender.acknowledged.items()}
    told = len(alone) + len(together)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        kept = connection.execute(sa.text("SELECT body, ref FROM contribution")).all()
        positions = connection.execute(sa.text(
            "SELECT c.body, p.ref FROM position_entry e JOIN position_receipt p ON p.id = e.position_receipt_id"
            " JOIN contribution c ON c.id = e.contribution_id")).all()
        assert {body: [ref] for body, ref in kept if body not in together} == alone
        assert {body: [ref] for body, ref in positions} == together
        assert len(kept) == told
        assert len(positions) == len(together)
        assert connection.scalar(sa.text("SELECT count(DISTINCT contribution_id) FROM receipt")) == told
        assert connection.scalar(sa.text("SELECT count(*) FROM contribution_draft")) == 0
        assert connection.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action = 'contributions.lodge'")) == told
    engine.dispose()
    return told
