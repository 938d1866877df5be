"""Lodging over HTTP on both databases, on one chapter and on all five: how many a second, and how long each author waits."""

import shutil
import statistics
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import postgresql
from tests.benchmarks import many, servers, sessions

CLIENTS = (1, 8, 32)
CHAPTERS = (1, 5)
ROUNDS, SECONDS = 3, 4
HEAD = ["", *(f"{clients} client{'s' if clients > 1 else ''}" for clients in CLIENTS)]

Fill = Callable[[Path, str], object]


@contextmanager
def databases(fill: Fill) -> Iterator[dict[str, tuple[Path, str]]]:
    """By name: the data folder and the address of a database that holds the demonstration. Both wait for the disk."""
    server_folder = tempfile.mkdtemp(prefix="consult-benchmark-")
    try:
        with tempfile.TemporaryDirectory() as name, postgresql.lasting_server(server_folder) as server:
            found = {"SQLite": (Path(name) / "sqlite", ""), "PostgreSQL": (Path(name) / "postgresql", server.new_database())}
            for folder, database in found.values():
                folder.mkdir()
                fill(folder, database)
            yield found
    finally:
        shutil.rmtree(server_folder, ignore_errors=True)


def sections(fill: Fill) -> list[tuple[str, list[str], list[list]]]:
    """(title, head, rows) for the page: the rates, and what stands after many acts at once."""
    with databases(fill) as found:
        rates = [row for name, place in found.items() for row in rows(name, *place)]
        exact = [row for place in found.values() for row in many.rows(*place)]
    return [("Lodging over HTTP, worker running", HEAD, rates), ("Many acts at once", ["", ""], exact)]


def rows(name: str, folder: Path, database: str) -> list[list]:
    """What is lodged a second and how long it takes, by the number of clients, in turn."""
    port, server = servers.platform(folder, CONSULT_DATABASE_URL=database)
    runs: dict[tuple[int, int], list[servers.Measured]] = {}
    with server:
        for chapters in CHAPTERS:
            url, script = f"http://127.0.0.1:{port}/", sessions.scripts(folder, database=database, chapters=chapters)[1]
            servers.measured(url, 8, 2, script=script)
            for _round in range(ROUNDS):
                for clients in CLIENTS:
                    runs.setdefault((chapters, clients), []).append(servers.measured(url, clients, SECONDS, script=script))
    return [line for chapters in CHAPTERS for line in lines(name, chapters, [runs[chapters, clients] for clients in CLIENTS])]


def lines(name: str, chapters: int, found: list[list[servers.Measured]]) -> list[list]:
    on = "one chapter" if chapters == 1 else f"{chapters} chapters"
    rates, medians, slowest = ([statistics.median(run[part] for run in runs) for runs in found] for part in range(3))
    waits = [f"{median:,.0f} / {late:,.0f}" for median, late in zip(medians, slowest, strict=True)]
    return [[f"{name}, {on}: lodged a second", *rates], ["… milliseconds until the receipt, p50 / p99", *waits]]
