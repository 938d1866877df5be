"""The act without the web around it: ``contributions.lodge`` in units of work of its own, one writer."""

import itertools
import time
from pathlib import Path

import sqlalchemy as sa

from consult import create_app
from consult.accounts import service as accounts
from consult.accounts.models import User
from consult.chapters.models import Block, Revision
from consult.contributions import service
from consult.contributions.models import CommentType, Kind, Position
from consult.core.config import Config
from consult.core.db import session, unit_of_work

AT = (1, "C1-A1-P1-a1")
BODY = "Nous partageons cette orientation. Il faudrait toutefois en dire le coût et le calendrier ({})."
run = itertools.count(1)


def lodged(data: Path, seconds: float = 4) -> float:
    """Acts a second; each finds its author and its passage first, as a request does, and is on disk before the next."""
    app, key = create_app(Config(data_dir=str(data), log_level="ERROR")), f"act-{next(run)}-{{}}"
    with app.app_context(), unit_of_work():
        people = [accounts.open_session(person) for person in session.scalars(sa.select(User).order_by(User.id).limit(50)).all()]
        block_id = session.scalar(sa.select(Block.id).join(Block.revision).where(Block.key == AT[1], Revision.language == "fr"))
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        with app.app_context(), unit_of_work():
            author, *_session = accounts.get_user_of_session(people[count % len(people)])
            service.lodge(
                author, service.get_seen_block(*AT, block_id), form_key=key.format(count), body=BODY.format(key.format(count)),
                kind=Kind.COMMENT, comment_type=CommentType.GENERAL, position=Position.IN_FAVOUR,
            )
        count += 1
    return count / seconds
