"""What one page costs the process that makes it: CPU, time in the database, questions, bytes."""

import statistics
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask

from consult.accounts.service import open_session
from consult.core.db import db, session, unit_of_work
from consult.core.pages import pages
from tests.visits import Visit, reader, subjects

ROUNDS = 5
ENOUGH = 4.0  # seconds for one page: one that takes longer is opened less often
PAGES = {
    "home": Visit("visitor", "/"),
    "chapter, visitor, made anew": Visit("visitor", "/chapters/{number}"),
    "chapter, signed in, made anew": Visit("participant", "/chapters/{number}"),
    "discussion of the largest passage": Visit("visitor", "/contributions/discussion/{number}/{key}"),
    "page of the largest passage": Visit("visitor", "/chapters/{number}/provisions/{key}"),
    "register of decisions": Visit("visitor", "/moderation/register"),
    "… of one chapter": Visit("visitor", "/moderation/register?chapter={number}"),
    "public list": Visit("visitor", "/contributions/"),
    "… of one position": Visit("visitor", "/contributions/?position=opposed"),
    "… of a rare filter": Visit("visitor", "/contributions/?chapter={number}&category=trade_union&language_of=ar&comment_type=editorial"),
    "… from the middle on": Visit("visitor", "/contributions/?after={later}"),
    "one contribution": Visit("visitor", "/contributions/{ref}"),
    "search for a frequent word": Visit("visitor", "/search/?q=indicateur"),
    "… for a rare one": Visit("visitor", "/search/?q=tomographie"),
    "… for three frequent ones": Visit("visitor", "/search/?q=co%C3%BBt+calendrier+entreprises"),
    "… for exact words": Visit("visitor", "/search/?q=%22indicateur+annuel%22"),
    "… in Arabic": Visit("visitor", "/search/?q=%D8%A7%D9%84%D9%85%D9%82%D8%A7%D9%88%D9%84%D8%A7%D8%AA"),
    "… with a rare filter": Visit("visitor", "/search/?q=indicateur&chapter={number}&category=trade_union&kind=comment&position=opposed"),
    "… in text order": Visit("visitor", "/search/?q=indicateur&sort=text"),
    "… misspelt": Visit("visitor", "/search/?q=indicateru"),
    "own contributions": Visit("participant", "/contributions/mine"),
    "moderation queue": Visit("secretariat", "/moderation/"),
    "one contribution in moderation": Visit("rapporteur", "/moderation/{waiting}"),
    "review of places": Visit("rapporteur", "/contributions/anchors/{number}"),
    "workbench, to gather": Visit("rapporteur", "/synthesis/workbench/{number}"),
    "… all": Visit("rapporteur", "/synthesis/workbench/{number}?answer=all"),
    "… all, from the middle on": Visit("rapporteur", "/synthesis/workbench/{number}?answer=all&after={place}"),
    "… largest passage": Visit("rapporteur", "/synthesis/workbench/{number}?answer=all&block={key}"),
    "… a rare filter": Visit("rapporteur", "/synthesis/workbench/{number}?answer=undecided&category=trade_union&language_of=ar"),
    "overview of a synthesis": Visit("chair", "/synthesis/overview/{number}"),
    "synthesis to read": Visit("visitor", "/synthesis/read/{public}"),
    "largest item": Visit("rapporteur", "/synthesis/edit-item/{item}"),
    "next version in preparation": Visit("rapporteur", "/chapters/{number}/working-draft/fr"),
    "dashboard": Visit("secretariat", "/consultations/dashboard"),
    "exports": Visit("secretariat", "/exports"),
    "open data": Visit("visitor", "/exports/open-data"),
}


@dataclass
class Opened:
    """Milliseconds, of which ``sql`` pass while the database is asked (SQLite does so in this process: they are in ``cpu`` too)."""

    cpu: float
    sql: float
    questions: int
    size: int


class Clock:
    """Counts what an engine is asked and how long it takes."""

    def __init__(self, engine: sa.Engine) -> None:
        self.reset()
        sa.event.listen(engine, "before_cursor_execute", self.begin)
        sa.event.listen(engine, "after_cursor_execute", self.end)

    def reset(self) -> None:
        self.sql, self.questions, self.began = 0.0, 0, 0.0

    def begin(self, *_of_statement: Any) -> None:
        self.began = time.perf_counter()

    def end(self, _connection, _cursor, statement: str, *_rest: Any) -> None:
        self.sql += time.perf_counter() - self.began
        self.questions += not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "COMMIT"))


def opened(app: Flask) -> dict[str, Opened]:
    """Each page of :data:`PAGES`, warmed, made anew each time: the median of some rounds."""
    with app.app_context():
        found, clock = subjects(), Clock(db.engine)
        with unit_of_work():
            people = {role: open_session(person) if (person := reader(role)) else "" for role in {visit.role for visit in PAGES.values()}}
        session.remove()
    return {name: measured(app, clock, visit.path(found), people[visit.role]) for name, visit in PAGES.items()}


def measured(app: Flask, clock: Clock, path: str, key: str) -> Opened:
    client = app.test_client()
    if key:
        with client.session_transaction() as cookies:
            cookies["_user_id"], cookies["_fresh"] = key, True
    found: list[Opened] = []
    until = time.perf_counter() + ENOUGH
    while len(found) <= ROUNDS and (len(found) < 2 or time.perf_counter() < until):
        pages.clear()
        clock.reset()
        began = time.process_time()
        with client.get(path) as answer:
            cpu = time.process_time() - began
            if answer.status_code != 200:
                raise RuntimeError(f"{path}: {answer.status_code}")
            found.append(Opened(cpu * 1000, clock.sql * 1000, clock.questions, len(answer.data)))
    warm = found[1:]
    return Opened(statistics.median(one.cpu for one in warm), statistics.median(one.sql for one in warm), warm[-1].questions, warm[-1].size)
