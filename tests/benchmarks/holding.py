"""How long others wait who lodge while a version is published, and while every contribution on that text finds its place in it."""

import multiprocessing
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event

import sqlalchemy as sa
from flask import Flask

from consult import create_app
from consult.accounts.models import User
from consult.chapters import service as chapters
from consult.chapters.models import Block, Revision
from consult.consultations import service as consultations
from consult.consultations.models import Role
from consult.contributions import service as contributions
from consult.contributions.models import Anchor, CommentType, Kind, Position
from consult.contributions.service.placing import place_rest
from consult.core.config import Config
from consult.core.db import reading, reading_first, session, unit_of_work
from tests.benchmarks.filling import REVISED, in_charge
from tests.benchmarks.revisions import revised

PAUSE = 0.01  # seconds between two lodgings


@dataclass
class Held:
    """Seconds: the publication, then until all have their places, and the longest that one lodging took meanwhile, on that chapter and on
    another.
    """

    anchored: int
    publication: float
    places: float
    same_chapter: float
    other_chapter: float


def held(app: Flask, config: Config) -> Held:
    context = multiprocessing.get_context("spawn")
    begun, ended, waits = context.Barrier(3), context.Event(), context.Queue()
    writers = [context.Process(target=lodge, args=(config, number, begun, ended, waits)) for number in (REVISED, 1)]
    for writer in writers:
        writer.start()
    with app.app_context():
        draft_id = prepared()
        begun.wait(120)
        time.sleep(0.5)
        began = time.perf_counter()
        revision_id = published(draft_id)
        publication = time.perf_counter() - began
        place_rest(revision_id, lambda _percent: None)
        places = time.perf_counter() - began - publication
        time.sleep(0.5)
        ended.set()
        found = dict(waits.get(timeout=300) for _writer in writers)
        for writer in writers:
            writer.join(60)
        with reading():
            anchored = session.scalar(sa.select(sa.func.count()).select_from(Anchor).where(Anchor.revision_id == revision_id)) or 0
    return Held(anchored, publication, places, found[REVISED], found[1])


def prepared() -> int:
    """The id of the next version in preparation: one word of fifteen is another."""
    with unit_of_work():
        chapter = chapters.get_chapter(consultations.get_current(), REVISED)
        source = chapters.get_revisions(chapter, "fr")[0].source
        data = revised(source, "fr").encode()
        return chapters.keep_working_draft(in_charge(chapter, Role.CHAIR), chapter.consultation, data=data, may_replace=True).id


def published(draft_id: int) -> int:
    with reading_first():  # as its page does
        chapter = chapters.get_chapter(consultations.get_current(), REVISED)
        draft = chapters.find_working_draft(chapter.consultation, REVISED, "fr")
        if draft is None or draft.id != draft_id:
            raise RuntimeError("the draft is gone")
        return chapters.publish(
            in_charge(chapter, Role.CHAIR), draft, expected_counter=draft.row_counter, note="Un mot sur quinze.", may_shrink=True).id


def lodge(config: Config, number: int, begun, ended: Event, waits) -> None:
    """Lodge one contribution after the other until the end; tell how long the slowest took."""
    app, slowest, count = create_app(config), 0.0, 0
    with app.app_context(), reading():
        author_id = session.scalar(sa.select(sa.func.max(User.id)))
        block = session.scalars(sa.select(Block).join(Block.revision).where(
            Revision.chapter.has(number=number), Revision.language == "ar").order_by(Revision.number.desc(), Block.position)).first()
        at = (number, block.key, block.id)
    begun.wait(120)
    while not ended.is_set():
        began = time.perf_counter()
        with app.app_context(), unit_of_work():
            contributions.lodge(
                session.get(User, author_id), contributions.get_seen_block(*at), form_key=f"holding-{number}-{began}",
                body=f"Une remarque pendant la publication ({count}, {began}).", kind=Kind.COMMENT, comment_type=CommentType.GENERAL,
                position=Position.NEUTRAL)
        slowest, count = max(slowest, time.perf_counter() - began), count + 1
        time.sleep(PAUSE)
    waits.put((number, slowest))
