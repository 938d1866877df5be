"""What was published at once, where moderation comes afterwards: read by a moderator within what was promised, the oldest first."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import orm

from consult.accounts.models import User
from consult.chapters.models import Block, Chapter
from consult.consultations.models import Consultation
from consult.contributions.models import Contribution, Reply
from consult.core.commands import command
from consult.core.db import session
from consult.core.errors import Conflict
from consult.core.i18n import _
from consult.core.locks import lock
from consult.core.paging import PAGE_SIZE, Cursor, Page, get_page, rising
from consult.core.permissions import Action, Actor, require
from consult.moderation.service.redacting import Moderated


def list_unread(
    actor: Actor, chapters: Sequence[Chapter], *, after: Cursor | None = None, model: type[Moderated] = Contribution,
) -> Page[Any]:
    """Those of these chapters that nobody in charge has read yet, the oldest first."""
    for chapter in chapters:
        require(actor, Action.MODERATION_VIEW, chapter)
    author = orm.joinedload(model.author).lazyload(User.appointments)
    beside = orm.joinedload(Reply.contribution) if model is Reply else orm.joinedload(Contribution.block).lazyload(Block.revision)
    chosen = sa.select(model).where(*_unread(model, chapters)).options(author, orm.joinedload(model.organisation), beside)
    return get_page(chosen, rising(model.id), after=after, size=PAGE_SIZE)


def count_unread(actor: Actor, consultation: Consultation, chapters: Sequence[Chapter]) -> tuple[int, int]:
    """Contributions and replies of these chapters that nobody in charge has read yet."""
    require(actor, Action.MODERATION_VIEW, consultation)
    ids = {chapter.id for chapter in chapters}

    def count(model: Any) -> int:  # of all chapters: asked of some, or put together, another index would be gone through
        return sum(chapter_id in ids for chapter_id in session.scalars(sa.select(model.chapter_id).where(model.awaits_reading)))
    return count(Contribution), count(Reply)


def get_next_unread(actor: Actor, chapters: Sequence[Chapter], model: type[Moderated]) -> Any | None:
    return next(iter(list_unread(actor, chapters, model=model).rows), None)


@command
def mark_read(_actor: User, subject: Moderated, *, expected_counter: int) -> Moderated:
    """Read, and left as it is; :class:`Conflict` where it is not what the page showed, or waits for nobody's reading."""
    lock(subject.chapter)
    lock(subject, expected_counter=expected_counter)
    if not subject.awaits_reading:
        raise Conflict(_("%(ref)s waits for nobody’s reading any more.", ref=subject.ref),
                       _("Somebody read it, or decided on it, before you: open it again to see how it stands."))
    subject.awaits_reading = False
    return subject


def _unread(model: Any, chapters: Sequence[Chapter]) -> tuple[sa.ColumnElement[bool], ...]:
    return model.chapter_id.in_([chapter.id for chapter in chapters]), model.awaits_reading
