"""When links were made and checkpoints published, which no digest covers: they follow each other as sealing writes them.

A checkpoint is put with the first link of each day (in Morocco) and after each :data:`~consult.core.audit.BATCH` of them
(:func:`~consult.core.audit.put_checkpoint`); a day, or as many links, without one shows that it was taken away.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from consult.core import audit
from consult.core.audit import AuditSeal, Checkpoint
from consult.core.db import session
from consult.core.i18n import MOROCCO, utcnow

ASTRAY = timedelta(minutes=10)  # how far the clocks of several machines may be from each other
SHOWN = 200


def next_day(moment: datetime) -> datetime:
    """When the day after it begins, in Morocco."""
    return datetime.combine(moment.astimezone(MOROCCO).date() + timedelta(days=1), time(), MOROCCO).astimezone(UTC)


class Times:
    """Told of each link in order, from the one after ``since`` on."""

    def __init__(self, since: int = 0) -> None:
        told = sa.select(Checkpoint.chain_position, Checkpoint.at).order_by(Checkpoint.chain_position)
        former = session.execute(told.where(Checkpoint.chain_position <= since).order_by(None).order_by(
            Checkpoint.chain_position.desc()).limit(1)).first()
        self.coming = iter(session.execute(told.where(Checkpoint.chain_position > since)).all())  # one for a thousand links
        self.following: Any = next(self.coming, None)
        self.sealed_at: datetime | None = session.scalar(sa.select(AuditSeal.sealed_at).where(AuditSeal.position == since))
        self.latest = utcnow() + ASTRAY  # what is read was written by now
        self.due: int | None = None  # the last link that may stand before the next checkpoint
        self.shown = 0
        self.last: tuple[int, datetime] | None = None
        self.day_ends, self.calm_until = self.latest, 0
        if former:
            self._stands((former.chain_position, former.at))

    def tell(self, link: Any) -> Iterator[str]:
        """What is wrong with one link: a row with ``position``, ``sealed_at``, and ``at`` and ``records`` of its event."""
        if self.shown < SHOWN and not self._is_calm(link):
            for fault in (*self._moment(link), *self._checkpoint(link)):
                self.shown += 1
                yield fault
        self.sealed_at = link.sealed_at

    def end(self) -> Iterator[str]:
        if self.due is not None:
            yield self._missing()

    def _is_calm(self, link: Any) -> bool:
        """In order, the same day, and neither beside a checkpoint nor where one is due: nearly all are."""
        return (self.due is None and self.sealed_at is not None and self.last is not None
                and self.last[0] + 1 < link.position < self.calm_until
                and self.sealed_at <= link.sealed_at < self.day_ends and link.at <= link.sealed_at <= self.latest)

    def _moment(self, link: Any) -> Iterator[str]:
        earliest = link.at if self.sealed_at is None or link.at > self.sealed_at else self.sealed_at
        if link.sealed_at < earliest and link.sealed_at < earliest - ASTRAY or link.sealed_at > self.latest:
            yield f"link {link.position} is said to be of {link.sealed_at.isoformat(timespec='seconds')}, out of the order of the chain"

    def _checkpoint(self, link: Any) -> Iterator[str]:
        if self.last is not None and self.last[0] == link.position - 1 and self.last[1] > link.sealed_at + ASTRAY:
            yield self._misplaced(*self.last)
        if self.due is None:
            self.due = self._due(link)
        if self.following is not None and self.following.chain_position <= link.position:
            told = (self.following.chain_position, self.following.at)
            self.following = next(self.coming, None)
            self._stands(told)
            if told[1] < link.sealed_at - ASTRAY or told[1] > self.latest:
                yield self._misplaced(*told)
        elif self.due is not None and link.position >= self.due:
            yield self._missing()
            self._stands((link.position, link.sealed_at))

    def _stands(self, checkpoint: tuple[int, datetime]) -> None:
        self.last, self.due, self.day_ends = checkpoint, None, next_day(min(checkpoint[1], self.latest))
        self.calm_until = checkpoint[0] + audit.BATCH
        if self.following is not None:
            self.calm_until = min(self.calm_until, self.following.chain_position)

    def _due(self, link: Any) -> int | None:
        if self.last is None:  # of before there were checkpoints, until events began to tell of rows
            return link.position + audit.BATCH if link.records is not None else None
        if link.sealed_at >= self.day_ends:
            return link.position + audit.BATCH
        return link.position + audit.BATCH if link.position >= self.last[0] + audit.BATCH else None

    def _missing(self) -> str:
        after = f"after link {self.last[0]}" if self.last else "at the beginning"
        return f"the journal has no checkpoint {after}, where one was published"

    def _misplaced(self, position: int, at: datetime) -> str:
        return f"the checkpoint at {position} is said to be of {at.isoformat(timespec='seconds')}, which is not when it was published"
