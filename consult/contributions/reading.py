"""Attached files, the worker's part: their words are read, and what no row names any more leaves the store. It stands beside the jobs
because it acts by a command of the service, as they do not.
"""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.files import words_apart
from consult.contributions.models import Attachment, AttachmentWords, Contribution, DraftFile
from consult.core.commands import on
from consult.core.db import reading, session, unit_of_work
from consult.core.errors import Invalid
from consult.core.i18n import utcnow
from consult.core.jobs import every_second, later, long_job
from consult.core.permissions import SYSTEM, Action, Actor
from consult.core.stores import Missing, store

REMAINS = timedelta(days=1)  # a file is in the store before the row that names it
LOOK_EVERY = timedelta(hours=1)
AT_ONCE = 500  # files that one question is asked of
_looked_at = [datetime.min.replace(tzinfo=UTC)]  # when this worker did last
log = logging.getLogger(__name__)


@on(Action.CONTRIBUTIONS_LODGE)
def read_later(_actor: Actor, contribution: Contribution, _target: object) -> None:
    if contribution.files_count:
        later(read_files, contribution)


@long_job
def read_files(contribution_id: int, progress: Callable[[int], None]) -> None:
    """What can be read of its files, in a process of its own; nothing of a confidential annex, nor of what was read already."""
    with reading():
        unread = ~sa.exists().where(AttachmentWords.attachment_id == Attachment.id)
        files = session.execute(sa.select(Attachment.id, Attachment.kind, Attachment.sha256).where(
            Attachment.contribution_id == contribution_id, Attachment.is_confidential.is_(False), unread)).all()
    words: dict[int, str] = {}
    for number, (attachment_id, kind, sha256) in enumerate(files):
        progress(100 * number // len(files))
        try:
            with store().open(sha256) as file:
                words[attachment_id] = words_apart(kind.value, file.read())
        except (Invalid, Missing) as error:  # a file that cannot be read is found by no word, and stays what was lodged
            log.info("nothing is read of attachment %s: %s", attachment_id, type(error).__name__)
            words[attachment_id] = ""
    if words:
        with unit_of_work():
            service.keep_file_words(SYSTEM, session.get_one(Contribution, contribution_id), words=words)


@every_second
def let_remainders_go() -> None:
    """Once an hour: what was attached to a draft that was lodged otherwise, thrown away, or went with its author."""
    if utcnow() - _looked_at[0] < LOOK_EVERY:
        return
    _looked_at[0] = utcnow()
    old = (key for key, moment in store().keys() if moment < utcnow() - REMAINS)  # noqa: SIM118 - no mapping
    while some := list(islice(old, AT_ONCE)):
        for key in list_unnamed(some):
            if is_remainder(key):
                store().discard(key)


def is_remainder(key: str) -> bool:
    """At this moment: the same bytes may have been put anew, and attached, since the list was made."""
    with suppress(Missing):
        return bool(list_unnamed([key])) and store().put_at(key) < utcnow() - REMAINS
    return False


def list_unnamed(keys: Sequence[str]) -> list[str]:
    """Of these files those that neither a contribution nor a draft has."""
    named: set[str] = set()
    for model in (Attachment, DraftFile):
        named.update(session.scalars(sa.select(model.sha256).where(model.sha256.in_(keys))))
    return [key for key in keys if key not in named]
