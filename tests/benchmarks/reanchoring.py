"""How long a new revision holds the chapter while ten thousand contributions find their places in it."""

import random
import time
from pathlib import Path

import flask_migrate
import sqlalchemy as sa

from consult import create_app
from consult.chapters import service as chapters
from consult.chapters.models import Block
from consult.contributions.models import CommentType, Contribution, ContributionState, Kind, Position
from consult.contributions.service import placing
from consult.core import tallies
from consult.core.commands import LISTENERS
from consult.core.config import Config
from consult.core.db import session, unit_of_work
from consult.core.permissions import SYSTEM, Action
from consult.text import quotes
from tests import factories
from tests.benchmarks.revisions import sources

SEED = 20261124
COMMISSION = 3
STATES = [ContributionState.PUBLISHED] * 7 + [ContributionState.SUBMITTED, ContributionState.WITHHELD]


def reanchor_seconds(data: Path, count: int = 10_000, *, database: str = "") -> dict[str, float]:
    """Seconds for ``count`` contributions on a text of 60 kB: to anchor them, and to publish the next revision with the first of them."""
    app = create_app(Config(data_dir=str(data), database_url=database, log_level="ERROR"))
    spent = []

    def timed(actor, revision, target) -> None:
        begun = time.perf_counter()
        placing.reanchor(actor, revision, target)
        session.flush()
        spent.append(time.perf_counter() - begun)
    listeners = LISTENERS[Action.CHAPTERS_IMPORT_CHAPTER]
    at = listeners.index(placing.reanchor)
    with app.app_context():
        flask_migrate.upgrade()
        old, new = sources("fr")
        with unit_of_work():
            consultation_id = filled(old, count)
        listeners[at] = timed
        try:
            begun = time.perf_counter()
            with unit_of_work():
                revision = chapters.import_chapter(SYSTEM, session.get(factories.Consultation, consultation_id), data=new.encode())
            whole = time.perf_counter() - begun
            placing.place_rest(revision.id, lambda _percent: None)
            rest = time.perf_counter() - begun - whole
        finally:
            listeners[at] = placing.reanchor
            session.remove()
    return {"anchors": spent[-1] + rest, "publication": whole}


def filled(source: str, count: int) -> int:
    """A consultation with one chapter and contributions everywhere on it, half of which quote words; its id."""
    chance = random.Random(SEED)  # noqa: S311 - the same text each time
    consultation = factories.a_consultation()
    factories.saved(factories.Commission(consultation=consultation, number=COMMISSION, title_fr="Commission 3"))
    revision = chapters.import_chapter(SYSTEM, consultation, data=source.encode())
    authors = [factories.a_user().id for _n in range(50)]
    blocks = [(block.id, block.key, block.text) for block in session.scalars(sa.select(Block).where(Block.revision_id == revision.id))]
    session.execute(sa.insert(Contribution), [
        said(number, revision.chapter_id, chance.choice(blocks), authors[number % 50], chance) for number in range(count)
    ])
    tallies.recount_all()
    return consultation.id


def said(number: int, chapter_id: int, block: tuple[int, str, str], author_id: int, chance: random.Random) -> dict:
    block_id, key, text = block
    start = chance.randrange(max(1, len(text) - 20))
    quote = quotes.at(text, start, start + chance.randint(12, 80)) if number % 2 else quotes.Quote("")
    return {
        "ref": f"PNQ-C3-{number:05}", "form_key": f"bench-{number}", "chapter_id": chapter_id, "block_id": block_id, "block_key": key,
        "current_key": key, "exact": quote.exact, "prefix": quote.prefix, "suffix": quote.suffix, "author_id": author_id, "language": "fr",
        "kind": Kind.COMMENT, "comment_type": CommentType.GENERAL, "position": Position.NEUTRAL, "body": f"Avis {number}.",
        "justification": "", "state": chance.choice(STATES), "row_counter": 1,
    }
