"""Is what is kept still what was recorded? The journal's chain is followed, and every row of the public record compared with its digest
in the last event that tells of it. Each room adds what only it knows (``core/events.py``). Nothing is written.

It is done in parts, which several processes may share (``core/sharing.py``).
"""

import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import groupby, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from consult.core import append_only, audit, events, records, schema, sharing, tallies
from consult.core.audit import AuditEvent, AuditSeal, Checkpoint
from consult.core.chain_times import Times
from consult.core.db import Base, session
from consult.core.errors import Invalid
from consult.core.i18n import _, utcnow
from consult.core.latest import ALL_KEYS, SHOWN, Latest, Stretch, Told
from consult.core.permissions import Action
from consult.core.records import Layout, layouts
from consult.core.sharing import FIRST, LAST, THEN, Work, one_view
from consult.core.taking_over import TAKE_OVER, list_stale_layouts, list_taken_over_twice

SEALED_WITHIN = timedelta(minutes=10)
HEAD = re.compile(r"\b(\d{1,18}):([0-9a-f]{64})\b")
FORMER_TABLES = {"stale_twin"}  # of which events of earlier versions tell
KNOWN_ACTS = {TAKE_OVER, *(name for action in Action for name in audit.names_of(action))}
EVENT = tuple(column for column in AuditEvent.__table__.columns)
LONG, MOST_PROCESSES = 20_000, 4  # events of a journal that is worth several processes
PIECE, PIECES = 50_000, 32  # of a table: keys, at least, and how many
# What reading fails with where somebody wrote what no version writes.
UNREADABLE = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError, RecursionError, sqlite3.Error, sa.exc.SQLAlchemyError)


class Head(NamedTuple):
    """Where somebody was told that the journal stood."""

    position: int
    digest: str


BEGINNING = Head(0, audit.GENESIS)


def heads_in(text: str) -> list[Head]:
    """Those that a receipt, or any text, tells; :class:`Invalid` (field ``head``) for one without any."""
    found = [Head(int(position), digest) for position, digest in HEAD.findall(text)]
    if not found:
        raise Invalid("head", _("No place in the journal is named here."),
                      _("It is a number, a colon and 64 letters and digits, as a receipt shows it."))
    return found


class Part(NamedTuple):
    """Of all that is looked at: what tells of its faults; parts of one table are told together."""

    name: str
    check: Callable[[], Iterable[str]]
    turn: int = THEN
    table: str = ""

    def outcome(self) -> tuple[list[str], int]:
        """Its faults; of a table the first ones, and how many more."""
        faults = _faults_of(self.name, self.check)
        return (list(islice(faults, SHOWN)), sum(1 for _fault in faults)) if self.table else (list(faults), 0)


def verify_database(heads: Iterable[Head] = (), processes: int = 1) -> list[str]:
    """Everything that is wrong, an English sentence each; ``heads`` are places that the journal must hold."""
    with Latest() as latest:
        with one_view():
            parts = _parts(heads, latest, processes)
            if processes == 1:
                return _told(parts, sharing.in_turn(_works(parts)))
        return _told(parts, sharing.shared(_works(parts), processes))


def enough_processes() -> int:
    """By how many a whole check is best shared here: by one alone where the journal is short, and where other threads run."""
    with one_view():
        return min(sharing.cores(), MOST_PROCESSES) if audit.head()[0] >= LONG and sharing.is_alone() else 1


def _parts(heads: Iterable[Head], latest: Latest, processes: int) -> list[Part]:
    def with_connection(check: Callable[[sa.Connection], Iterable[str]]) -> Callable[[], Iterable[str]]:
        return lambda: check(session.connection())
    return [
        Part("the heads given", partial(_lost, heads)), Part("the heads told", _lost_heads), *_journal(latest, processes),
        *_record(latest, processes), Part("what was taken over", with_connection(list_taken_over_twice)),
        Part("the triggers", with_connection(append_only.faults)), Part("the rules", with_connection(schema.faults)),
        *(Part("the counts", partial(tallies.faults_of, tally)) for tally in tallies.all_in_order()),
        *(Part(getattr(told, "__qualname__", "a room"), partial(iter, told)) for told in events.faults()),
    ]


def verify_journal() -> list[str]:
    """The chain alone, from its first link."""
    with one_view(), Latest() as latest:
        faults = _alone(_journal(latest))
        return [*faults, *(fault for layout in layouts().values() for fault in islice(_told_again(layout, latest), SHOWN))]


def verify_since(head: Head) -> list[str]:
    """Only what happened after a place in the journal: whether it is still there, the chain from there, and the rows told of since."""
    with one_view(), Latest() as latest:
        if lost := list(_lost([head])):
            return lost
        return _alone([Part("the journal", partial(_follow, latest, head), FIRST), *_record(latest, whole=False)])


def _alone(parts: Sequence[Part]) -> list[str]:
    return _told(parts, sharing.in_turn(_works(parts)))


def _works(parts: Sequence[Part]) -> list[Work]:
    return [Work(part.outcome, part.turn) for part in parts]


def _told(parts: Sequence[Part], outcomes: Sequence[tuple[list[str], int]]) -> list[str]:
    told: list[str] = []
    for table, some in groupby(zip(parts, outcomes, strict=True), lambda pair: pair[0].table):
        together = [outcome for _part, outcome in some]
        faults = [fault for found, _more in together for fault in found]
        shown = faults[:SHOWN] if table else faults
        told += shown
        if more := len(faults) - len(shown) + sum(more for _found, more in together):
            told.append(f"and {more} more rows of that table")
    return told


def _faults_of(name: str, check: Callable[[], Iterable[str]]) -> Iterator[str]:
    """What no version could have written makes reading fail: a fault like the others, and the other checks go on."""
    try:
        with session.begin_nested():  # PostgreSQL answers nothing more after a refusal, but outside of where it was refused
            yield from check()
    except UNREADABLE as error:
        yield f"{name} cannot be read: {type(error).__name__}: {' '.join(str(error).split())[:300]}"


def verify_file(path: Path) -> list[str]:
    """What is wrong with a file or folder taken out of the platform."""
    return events.faults_of_file(path)


# The chain


def _lost(heads: Iterable[Head]) -> Iterator[str]:
    for head in heads:
        yield from audit.list_lost_heads(sa.select(sa.literal(head.position), sa.literal(head.digest)))


def _lost_heads() -> Iterator[str]:
    """Every row that says where the journal stood, of whatever model, is a witness of it."""
    for name, table in sorted(Base.metadata.tables.items()):
        columns = table.columns
        if "chain_position" in columns and "chain_digest" in columns:
            told = sa.select(columns.chain_position, columns.chain_digest).where(columns.chain_position > 0).distinct()
            for lost in islice(audit.list_lost_heads(told), SHOWN):
                yield f"{name}: {lost}"


def _journal(latest: Latest, processes: int = 1) -> list[Part]:
    """The chain in as many stretches; each begins where a checkpoint says that it stood."""
    last, begins = audit.head()[0], [BEGINNING]
    for number in range(1, processes):
        before = sa.select(AuditSeal.position, AuditSeal.digest).join(Checkpoint, Checkpoint.chain_position == AuditSeal.position).where(
            AuditSeal.position <= last * number // processes, AuditSeal.position > begins[-1].position)
        found = session.execute(before.order_by(AuditSeal.position.desc()).limit(1)).first()
        begins += [Head(*found)] if found else []
    return [Part("the journal", partial(_follow, latest, since, until, number), FIRST)
            for number, (since, until) in enumerate(pairwise([*begins, None])) if since is not None]


def _follow(latest: Latest, since: Head = BEGINNING, until: Head | None = None, number: int = 0) -> Iterator[str]:
    """Every link of a stretch; at the chain's end, what awaits its seal. ``latest`` is told of each."""
    with latest.stretch(number) as stretch:
        if number == 0:
            yield from _strange_seals()
        times, (position, digest) = Times(since.position), since
        with session.connection().execute(_links(since, until)) as links:
            for row in links:
                if row.position != position + 1:
                    yield f"link {position + 1} is missing (next one found: {row.position})"
                if audit.link(digest, audit.content_of(row)) != row.digest:
                    yield f"link {row.position} does not match event {row.id} ({row.action}): it or the link before was changed"
                position, digest = row.position, row.digest
                yield from _strange(row)
                yield from times.tell(row)
                stretch.tell(row)
        yield from times.end()
        if until is None:
            yield from _unsealed(stretch)
        elif (position, digest) != until:
            yield f"link {until.position} is missing, at which the journal was said to stand"


def _links(since: Head, until: Head | None) -> sa.Select[Any]:
    links = sa.select(AuditSeal.position, AuditSeal.digest, AuditSeal.sealed_at, *EVENT).join(
        AuditEvent, AuditEvent.id == AuditSeal.event_id).where(AuditSeal.position > since.position)
    if until is not None:
        links = links.where(AuditSeal.position <= until.position)
    return links.order_by(AuditSeal.position).execution_options(yield_per=audit.BATCH)


def _strange_seals() -> Iterator[str]:
    """Seals that stand in no chain: before its beginning, or of no event."""
    outside = sa.select(AuditSeal.position, AuditSeal.event_id).outerjoin(AuditEvent, AuditEvent.id == AuditSeal.event_id).where(
        sa.or_(AuditSeal.position < 1, AuditEvent.id.is_(None)))
    for position, event_id in session.execute(outside.order_by(AuditSeal.position).limit(SHOWN)):
        yield f"the seal at {position} (event {event_id}) is no link of the chain"


def _strange(event: Any) -> Iterator[str]:
    """What no version of the platform writes into an event."""
    if event.action not in KNOWN_ACTS:
        yield f"event {event.id} tells of “{event.action}”, which is no act"
    if event.subject not in Base.metadata.tables and event.subject not in FORMER_TABLES:
        yield f"event {event.id} ({event.action}) is about “{event.subject}”, of which there is nothing"
    if event.action == TAKE_OVER and set(event.records or {}) != {event.subject}:
        yield f"event {event.id} ({event.action}) tells of other rows than those that it takes over"


def _unsealed(stretch: Stretch) -> Iterator[str]:
    waiting = sa.select(*EVENT).outerjoin(AuditSeal, AuditSeal.event_id == AuditEvent.id).where(AuditSeal.position.is_(None))
    late, oldest = 0, None
    with session.connection().execute(waiting.order_by(AuditEvent.id).execution_options(yield_per=audit.BATCH)) as unsealed:
        for event in unsealed:
            yield from _strange(event)
            stretch.tell(event)
            if event.at > utcnow() + SEALED_WITHIN:
                yield f"event {event.id} ({event.action}) is of {event.at.isoformat(timespec='seconds')}, which has not come yet"
            if event.at < utcnow() - SEALED_WITHIN:
                late, oldest = late + 1, oldest or event
    if oldest is not None:
        yield (f"{late} events have no seal, the first of {oldest.at.isoformat(timespec='seconds')} (event {oldest.id}, {oldest.action}): "
               "either no worker is running (consult work), or seals were taken away")


# The rows


def _record(latest: Latest, processes: int = 1, *, whole: bool = True) -> list[Part]:
    """Each row of the record with what the journal says of it; all rows, or only those that ``latest`` was told of."""
    stale = set(list_stale_layouts(session.connection()))
    parts = [Part("the record", partial(_unknown, latest, sorted(stale)), LAST)]
    for name, layout in layouts().items():
        if name in stale:
            parts.append(Part(name, partial(_told_again, layout, latest), LAST, name))
        else:
            parts += [Part(name, partial(_differences, layout, latest, whole, keys), LAST, name)
                      for keys in (_pieces(layout) if processes > 1 else [ALL_KEYS])]
    return parts


def _pieces(layout: Layout) -> list[tuple[int, int]]:
    """Keys of a table, from and to, that are about as many."""
    last = session.scalar(sa.select(sa.func.max(layout.key))) or 0
    number = max(1, min(PIECES, last // PIECE))
    begins = [ALL_KEYS[0], *(last * place // number for place in range(1, number))]
    return [(begin, (end or ALL_KEYS[1] + 1) - 1) for begin, end in pairwise([*begins, None]) if begin is not None]


def _unknown(latest: Latest, stale: Sequence[str]) -> Iterator[str]:
    for name in stale:
        yield f"{name}: its rows were recorded as another version kept them; run: consult db upgrade"
    for name in latest.names():
        if name not in layouts():
            yield f"{name}: the journal tells of its rows, and this version records none"


def _told_again(layout: Layout, latest: Latest) -> Iterator[str]:
    """Rows that never change, and that two acts tell of: one of them is nobody's."""
    for said in latest.of(layout.table.name) if layout.is_kept else ():
        yield from _again(layout, said)


def _again(layout: Layout, said: Told) -> Iterator[str]:
    if said.times > 1 and layout.is_kept:
        yield f"{layout.table.name} {said.key} never changes, and event {said.event} tells of it once more"


def _differences(layout: Layout, latest: Latest, whole: bool, keys: tuple[int, int]) -> Iterator[str]:
    """Two lists by rising key, told and kept, walked beside each other."""
    told, kept = latest.of(layout.table.name, keys), _kept(layout, latest, whole, keys)
    said, row = next(told, None), next(kept, None)
    while said is not None or row is not None:
        if row is None or said is not None and said.key < row[0]:
            if said is not None and said.digest is not None:
                yield f"{layout.table.name} {said.key} is gone: {_event(said.event)} left it there"
        elif said is None or row[0] < said.key:
            yield f"{layout.called(row[2])} is in no event: nobody's act made it"
            row = next(kept, None)
            continue
        elif said.digest != row[1]:
            yield f"{layout.called(row[2])} is " + (
                f"not as {_event(said.event)} left it" if said.digest is not None else f"there again: {_event(said.event)} took it away")
        if said is not None:
            yield from _again(layout, said)
            if row is not None and row[0] == said.key:
                row = next(kept, None)
        said = next(told, None)


def _kept(layout: Layout, latest: Latest, whole: bool, keys: tuple[int, int]) -> Iterator[tuple[int, str, Sequence[Any]]]:
    if whole:
        yield from records.digests(session.connection(), layout, *([layout.key.between(*keys)] if keys != ALL_KEYS else []))
        return
    for some in records.chunks([said.key for said in latest.of(layout.table.name, keys)]):
        yield from records.digests(session.connection(), layout, layout.key.in_(some))


def _event(event_id: int) -> str:
    action, at = session.execute(sa.select(AuditEvent.action, AuditEvent.at).where(AuditEvent.id == event_id)).one()
    return f"event {event_id} ({action}, {at.isoformat(timespec='seconds')})"
