"""Reading attached files: the worker's part. It stands beside the jobs because it acts by a command of the service, as they do not."""

import logging
from collections.abc import Callable

import sqlalchemy as sa

from consult.contributions import service
from consult.contributions.files import words_apart
from consult.contributions.models import Attachment, AttachmentWords, Contribution
from consult.core.commands import on
from consult.core.db import reading, session, unit_of_work
from consult.core.errors import Invalid
from consult.core.jobs import later, long_job
from consult.core.permissions import SYSTEM, Action, Actor
from consult.core.stores import Missing, store

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
