"""Two hundred slips typed by two clerks while the platform is killed: none is lost, none stands twice, and the batch balances."""

import random
import re
import threading
import time
import urllib.parse

import pytest
import sqlalchemy as sa

from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.core.db import session, unit_of_work
from consult.core.permissions import SYSTEM
from tests import factories
from tests.conftest import app_on
from tests.contributions.browsing import form_of
from tests.reception.typing import a_batch
from tests.senders import Page, Sender, a_site, verified
from tests.test_kills import kill_one
from tests.waiting import PATIENCE, until

SLIPS, EACH, KILLS = 200, 100, 3
LAST = re.compile(r"[?&]last=(\d+)")


class TypingClerk(Sender):
    """Types so many slips of one batch, each sent again until it is acknowledged."""

    def run(self) -> None:
        with self.ask() as page:
            self.cookie = page.headers.get("Set-Cookie", self.cookie).partition(";")[0]
            token = form_of(Page(page.read()))["csrf_token"]
        for number in range(EACH):
            body = f"Bulletin {number} de {self.called}."
            self.sent[body] = urllib.parse.urlencode({
                "csrf_token": token, "form_key": f"slip-{self.called}-{number}", "passage": "C1-A1-P1-a1", "body": body,
                "position": "neutral", "kind": "comment", "comment_type": "general", "written_in": "fr", "name": f"Auteur {number}",
                "category": "", "organisation": "", "contact": "", "same_as": ""}).encode()
            while not (answer := self.lodge(body)):
                time.sleep(0.1)
            self.acknowledged[body] = [LAST.findall(answer)[0]]


def a_pile(url: str, folder) -> list[str]:
    """A batch of two hundred, and the cookies of two clerks."""
    cookies = []
    with app_on(url, folder) as app:
        with unit_of_work():
            consultation = factories.a_chapter(factories.a_consultation()).consultation
            clerks = [accounts.add(SYSTEM, None, email=f"clerk{n}@example.org", name=f"Agent {n}", language="fr") for n in range(2)]
        for clerk in clerks:
            with unit_of_work():
                consultations.appoint(SYSTEM, session.merge(consultation), user=session.merge(clerk), role=Role.CLERK)
        with unit_of_work():
            clerks = [session.get_one(User, clerk.id) for clerk in clerks]
            a_batch(clerks[0], session.merge(consultation), announced=SLIPS)
        for clerk in clerks:
            client = app.test_client().sign_in(clerk)
            cookies.append(f"consult={client.get_cookie('consult').value}")
        session.remove()
    return cookies


@pytest.mark.longest
def test_two_clerks_lose_no_slip_whatever_is_killed(databases, migrated, tmp_path):
    if databases.kind != "sqlite":
        pytest.skip("once is enough")
    url = databases.new_database(migrated)
    cookies = a_pile(url, tmp_path)
    site, chance = a_site(tmp_path, url), random.Random(SLIPS)  # noqa: S311 - which is killed, the same each time
    site.start()
    try:
        clerks = [TypingClerk(f"c{n}", f"{site.base}/en/reception/1/enter", cookie, threading.Event()) for n, cookie in enumerate(cookies)]
        for clerk in clerks:
            clerk.start()
        for kill in range(1, KILLS + 1):
            wanted = kill * SLIPS // (KILLS + 1)
            until(lambda wanted=wanted: sum(len(clerk.acknowledged) for clerk in clerks) >= wanted, f"fewer than {wanted} are acknowledged")
            kill_one(site, chance)
        for clerk in clerks:
            clerk.join(PATIENCE)
            assert not clerk.is_alive(), "it is never acknowledged"
        file = f"sqlite:///{tmp_path}/consult.sqlite"
        balances(file, {body: int(numbers[0]) for clerk in clerks for body, numbers in clerk.acknowledged.items()})
        verified(file, site)
    finally:
        site.stop()


def balances(url: str, told: dict[str, int]) -> None:
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        kept = connection.execute(sa.text(
            "SELECT c.body, e.number FROM entry e JOIN contribution c ON c.id = e.contribution_id ORDER BY e.number")).all()
        assert dict(kept) == told
        assert [number for _body, number in kept] == list(range(1, SLIPS + 1))
        assert connection.scalar(sa.text("SELECT count(*) FROM contribution")) == SLIPS
        assert connection.scalar(sa.text("SELECT count(DISTINCT contribution_id) FROM receipt")) == SLIPS
        assert connection.execute(sa.text("SELECT last_number, set_aside, announced FROM batch")).one() == (SLIPS, 0, SLIPS)
        assert connection.scalar(sa.text("SELECT count(*) FROM entry WHERE is_sampled")) == SLIPS // 10
        assert connection.scalar(sa.text('SELECT count(*) FROM "user" WHERE is_entered')) == SLIPS
    engine.dispose()
