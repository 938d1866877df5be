"""The last digest that the journal tells of each row, in files that are gone afterwards: a journal of a million events asks for no more
memory than one of ten.

Each stretch of the journal has a file of its own, which one process writes; whoever compares the rows afterwards reads all of them.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from consult.core.taking_over import TAKE_OVER

SHOWN = 200  # rows of one table that are named; the others are counted
WAITING = 10_000
ALL_KEYS = (-2**63, 2**63 - 1)
TABLE = ("CREATE TABLE latest (name TEXT, key INTEGER, digest TEXT, event INTEGER, times INTEGER, by_act INTEGER, PRIMARY KEY (name, key)) "
         "WITHOUT ROWID")
# How often acts tell of a row is counted: what an upgrade takes over is told of once more, and counts when nothing told of it before.
TELL = ("INSERT INTO latest VALUES (?1, ?2, ?3, ?4, 1, ?5) "
        "ON CONFLICT DO UPDATE SET digest = excluded.digest, event = excluded.event, times = times + excluded.by_act")
# Of one stretch, in the order of all of them: by_act says who told of the row there first.
OF_STRETCH = "SELECT key, {number}, digest, event, times, by_act FROM s{number}.latest WHERE name = ?1 AND key BETWEEN ?2 AND ?3"


class Told(NamedTuple):
    """What the journal says of a row: its digest (None: it was taken away), the last event that tells of it, how many acts do."""

    key: int
    digest: str | None
    event: int
    times: int


class Stretch:
    """Told of the events of one stretch in their order."""

    def __init__(self, path: Path) -> None:
        self.file = sqlite3.connect(path, isolation_level=None)
        for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", TABLE, "BEGIN"):
            self.file.execute(line)
        self.waiting: list[tuple[str, int, str | None, int, bool]] = []

    def tell(self, event: Any) -> None:
        """What an event says of the rows that its act changed."""
        if not event.records:
            return
        number, by_act = event.id, event.action != TAKE_OVER
        for name, digests in event.records.items():
            self.waiting += [(name, int(key), digest, number, by_act) for key, digest in digests.items()]
        if len(self.waiting) > WAITING:
            self.write()

    def write(self) -> None:
        try:
            self.file.executemany(TELL, self.waiting)
        finally:
            self.waiting.clear()

    def close(self) -> None:
        try:
            self.write()
        finally:
            self.file.execute("COMMIT")
            self.file.close()


class Latest:
    """All of it, once each stretch is written."""

    def __enter__(self) -> "Latest":
        self.folder = tempfile.TemporaryDirectory(prefix="consult-")
        self.file: sqlite3.Connection | None = None
        self.numbers: list[int] = []
        return self

    def __exit__(self, *_error: object) -> None:
        if self.file is not None:
            self.file.close()
        self.folder.cleanup()

    @contextmanager
    def stretch(self, number: int = 0) -> Iterator[Stretch]:
        stretch = Stretch(self._path(number))
        try:
            yield stretch
        finally:
            stretch.close()

    def _path(self, number: int) -> Path:
        return Path(self.folder.name) / f"{number}.sqlite"

    def _opened(self) -> sqlite3.Connection:
        if self.file is None:
            self.file = sqlite3.connect(":memory:", isolation_level=None)
            self.numbers = sorted(int(path.stem) for path in Path(self.folder.name).glob("*.sqlite"))
            for number in self.numbers:
                self.file.execute(f"ATTACH ? AS s{number}", (str(self._path(number)),))
        return self.file

    def of(self, name: str, keys: tuple[int, int] = ALL_KEYS) -> Iterator[Told]:
        """Each row of a table that was told of, by rising key; only those between two keys."""
        file = self._opened()
        if not self.numbers:
            return
        each = " UNION ALL ".join(OF_STRETCH.format(number=number) for number in self.numbers)
        for key, parts in groupby(file.execute(f"{each} ORDER BY 1, 2", (name, *keys)), itemgetter(0)):
            (*_key, digest, event, times, _by_act), *later = parts
            if later:
                digest, event = later[-1][2:4]
                times += sum(more - 1 + by_act for *_told, more, by_act in later)
            yield Told(key, digest, event, times)

    def names(self) -> list[str]:
        file = self._opened()
        return sorted({name for number in self.numbers for name, in file.execute(f"SELECT DISTINCT name FROM s{number}.latest")})  # noqa: S608
