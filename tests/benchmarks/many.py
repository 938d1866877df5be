"""Processes that lodge, withdraw and decide at the same moment, on the same passages: whether all of it is counted exactly afterwards.

``python -m tests.benchmarks.many FOLDER DATABASE ACTS NUMBER`` is one of them.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import sqlalchemy as sa

from consult import create_app
from consult.accounts.models import User
from consult.chapters.models import Block, BlockKind, Chapter, Revision
from consult.consultations.models import Appointment, Role
from consult.contributions import service as contributions
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position, Receipt
from consult.core import tallies
from consult.core.audit import AuditEvent
from consult.core.config import Config
from consult.core.db import reading, reading_first, session
from consult.core.errors import Conflict
from consult.moderation import service as moderation
from consult.moderation.models import ModerationDecision

ACTS, PROCESSES = 10_000, 8
CHOSEN = ("lodge", "lodge", "lodge", "withdraw", "decide")  # in these shares


def application(folder: Path, database: str):
    return create_app(Config(data_dir=str(folder), database_url=database, log_level="ERROR"))


def rows(folder: Path, database: str, acts: int = ACTS) -> list[list]:
    """(what, how it ended); raises where anything is not counted exactly. ``folder`` holds the demonstration, and is written to."""
    app = application(folder, database)
    with app.app_context():
        before = counted()
        done = all_at_once(folder, database, acts)
        faults = [*miscounted(before, done), *untrue()]
    checked = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "consult", "verify"], capture_output=True, text=True, check=False,
        env={**os.environ, "CONSULT_DATA_DIR": str(folder), "CONSULT_DATABASE_URL": database, "CONSULT_LOG_LEVEL": "ERROR"})
    if faults or checked.returncode:
        raise RuntimeError("\n".join([*faults, checked.stdout, checked.stderr]))
    share = ", ".join(f"{done[act]:,} {act}" for act in ("lodged", "withdrawn", "decided"))
    kind = "PostgreSQL" if database else "SQLite"
    return [[f"{kind}: {share}, by {PROCESSES} processes at once", "counted exactly, verified"]]


def all_at_once(folder: Path, database: str, acts: int) -> Counter[str]:
    """What each process says that it did, added up."""
    running = [
        subprocess.Popen([sys.executable, "-m", __name__, str(folder), database, str(acts // PROCESSES), str(number)],  # noqa: S603 - ourselves
                         stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    said = [process.communicate()[0] for process in running]
    if any(process.returncode for process in running):
        raise RuntimeError(f"of {PROCESSES} processes these ended badly: {[p.args for p in running if p.returncode]}")
    return Counter(act for words in said for act in words.split())


# One process


def main(folder: str, database: str, acts: str, number: str) -> None:
    chance = random.Random(int(number))  # noqa: S311 - the same acts each time
    with application(Path(folder), database).app_context():
        with reading():
            authors = list(session.scalars(
                sa.select(User.id).where(User.id.not_in(sa.select(Appointment.user_id))).order_by(User.id).limit(50)))
            secretary = session.scalars(sa.select(Appointment.user_id).where(Appointment.role == Role.SECRETARIAT)).first()
            blocks = list(session.scalars(sa.select(Block.id).join(Revision).where(
                Block.kind == BlockKind.ACTION, Revision.language == "fr").order_by(Block.position, Block.id).limit(20)))
        done: list[str] = []
        while len(done) < int(acts):
            act = chance.choice(CHOSEN)
            try:
                with reading_first():
                    if act == "lodge":
                        done.append(lodge(chance.choice(authors), chance.choice(blocks), f"{number}-{len(done)}"))
                    elif (contribution := any_contribution(chance)) is not None:
                        done.append(withdraw(contribution) if act == "withdraw" else decide(secretary, contribution))
            except Conflict:
                continue  # somebody else was first
    sys.stdout.write(" ".join(done))


def lodge(author: int, block: int, name: str) -> str:
    contributions.lodge(
        session.get_one(User, author), session.get_one(Block, block), form_key=f"many-{name}-{time.time_ns()}",
        body=f"Une remarque parmi beaucoup d’autres ({name}, {time.time_ns()}).", kind=Kind.COMMENT, comment_type=CommentType.GENERAL,
        position=Position.NEUTRAL)
    return "lodged"


def any_contribution(chance: random.Random) -> Contribution | None:
    """One of the last that wait for a decision: the others choose among the same."""
    waiting = sa.select(Contribution).where(Contribution.state == ContributionState.SUBMITTED).order_by(Contribution.id.desc()).limit(20)
    found = session.scalars(waiting).all()
    return chance.choice(found) if found else None


def withdraw(contribution: Contribution) -> str:
    contributions.withdraw(contribution.author, contribution)
    return "withdrawn"


def decide(secretary: int, contribution: Contribution) -> str:
    moderation.publish(session.get_one(User, secretary), contribution, expected_counter=contribution.row_counter)
    return "decided"


# What stands afterwards


def counted() -> Counter[str]:
    """Rows by what made them; events by their act."""
    with reading():
        return Counter({
            "lodged": count(Contribution), "receipts": count(Receipt), "decided": count(ModerationDecision),
            "withdrawn": count(Contribution, Contribution.state == ContributionState.WITHDRAWN), "events": count(AuditEvent),
        })


def count(model, *which) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model).where(*which)) or 0


def miscounted(before: Counter[str], done: Counter[str]) -> list[str]:
    expected = {**done, "receipts": done["lodged"], "events": sum(done.values())}
    added = counted()
    added.subtract(before)
    return [f"{what}: {added[what]} rows of {number}" for what, number in expected.items() if added[what] != number]


def untrue() -> list[str]:
    """Counts that are kept and are not what they count, and numbers given out that nobody has."""
    with reading():
        lodged = dict(session.execute(sa.select(Contribution.chapter_id, sa.func.count()).group_by(Contribution.chapter_id)).all())
        numbered = {chapter.id: chapter.last_ref for chapter in session.scalars(sa.select(Chapter)) if chapter.last_ref}
        return [*tallies.faults(), *differing("chapter", numbered, lodged)]


def differing(what: str, kept: dict, true: dict) -> list[str]:
    wrong = [key for key in kept.keys() | true.keys() if kept.get(key) != true.get(key)]
    return [f"{what} {key}: {kept.get(key)} kept, {true.get(key)} there" for key in wrong]


if __name__ == "__main__":
    main(*sys.argv[1:])
