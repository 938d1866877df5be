"""Many who lodge while the consultation closes, by its date and by hand: who began before it is in time, who began after it is not."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from consult.accounts.models import User
from consult.chapters.models import Block
from consult.consultations import service as consultations
from consult.consultations.models import Consultation, Phase, Role, Round
from consult.contributions.models import Contribution
from consult.core.audit import AuditEvent
from consult.core.db import db, reading_first, session, unit_of_work
from consult.core.errors import NotAllowed
from consult.core.i18n import arrived, arrived_at, utcnow
from tests import factories
from tests.contributions.test_service import lodge
from tests.waiting import PATIENCE

CLIENTS, EACH = 64, 4


class Race:
    """What each of many began, and what became of it."""

    def __init__(self, app, block_id: int, people: list[int]) -> None:
        self.app, self.block_id, self.people = app, block_id, people
        self.start = threading.Barrier(CLIENTS + 1)
        self.accepted: list[tuple[object, str]] = []  # when it began, its reference
        self.refused: list[object] = []
        self.faults: list[Exception] = []

    def lodge(self, person: int) -> None:
        self.start.wait(PATIENCE)
        for number in range(EACH):
            time.sleep(0.03 * (person % 8))
            with arrived():  # as the server notes of each request before it waits for anything
                self.try_to_lodge(person, number)

    def try_to_lodge(self, person: int, number: int) -> None:
        began = arrived_at()
        try:
            with self.app.app_context(), reading_first():
                ref = lodge(session.get_one(User, person), session.get_one(Block, self.block_id), f"form-{person}-{number}",
                            body=f"Texte {number} de {person}.").ref
            self.accepted.append((began, ref))
        except NotAllowed:
            self.refused.append(began)
        except Exception as error:
            self.faults.append(error)
        finally:
            with self.app.app_context():
                session.remove()

    def run(self, meanwhile: Callable[[], None]) -> None:
        threads = [threading.Thread(target=self.lodge, args=[person]) for person in self.people]
        for thread in threads:
            thread.start()
        self.start.wait(PATIENCE)
        meanwhile()
        for thread in threads:
            thread.join(PATIENCE)
        session.expire_all()


@pytest.fixture
def race(own_app):
    with unit_of_work():
        block = factories.block_of(factories.a_chapter(factories.a_consultation(opened_days_ago=20)), "C1-A1-P1-a1")
        people = [factories.a_user().id for _n in range(CLIENTS)]
        block_id = block.id
    session.remove()
    return Race(own_app, block_id, people)


def look_at(race: Race) -> None:
    """Who is in and who is out agrees with the closing to the microsecond, and so does what is written down."""
    closes_at = session.scalar(sa.select(Round.closes_at))
    assert race.faults == []
    assert race.accepted, "nobody was in time"
    assert race.refused, "nobody was late"
    assert [ref for began, ref in race.accepted if began >= closes_at] == []
    assert [began for began in race.refused if began < closes_at] == []
    lodged = dict(session.execute(sa.select(Contribution.ref, Contribution.submitted_at)).all())
    assert sorted(lodged) == sorted(ref for _began, ref in race.accepted)
    assert [ref for ref, at in lodged.items() if at >= closes_at] == []
    assert session.scalar(sa.select(Consultation.phase)) == Phase.CLOSED
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent).where(AuditEvent.action == "consultations.close")) == 1


def test_by_hand(race):
    with unit_of_work():
        secretary = factories.a_user(role=Role.SECRETARIAT).id
    session.remove()

    def close() -> None:
        time.sleep(0.2)
        with unit_of_work():
            consultations.close(session.get_one(User, secretary), session.scalars(sa.select(Consultation)).one(), reason="Assez reçu.")
    race.run(close)
    look_at(race)


def test_by_its_date(race):
    """The clock writes the closing down while those who began before it still wait for their turn."""
    closes_at = utcnow() + timedelta(seconds=1.5)
    with db.engine.begin() as connection:
        connection.execute(sa.update(Round).values(closes_at=closes_at))

    def follow_the_clock() -> None:
        time.sleep(max(0, (closes_at - utcnow()).total_seconds() - 0.3))
        while True:
            with unit_of_work():
                consultation = session.scalars(sa.select(Consultation)).one()
                consultations.settle(consultation)
                if consultation.phase == Phase.CLOSED:
                    break
            time.sleep(0.01)
    race.start = threading.Barrier(CLIENTS + 1)
    race.run(follow_the_clock)
    late_enough(race, closes_at)
    look_at(race)


def late_enough(race: Race, closes_at) -> None:
    """On a quick machine all may have ended before: those who come now are late."""
    if not race.refused:
        race.start = threading.Barrier(1)
        time.sleep(max(0, (closes_at - utcnow()).total_seconds()))
        race.lodge(race.people[0])
