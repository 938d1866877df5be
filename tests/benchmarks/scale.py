"""``make bench ARGS=scale``: each page from a thousand to a million contributions, on both databases; writes docs/scale.md.

``ARGS="scale --sizes 1000,10000 --databases sqlite --parts pages"`` measures a part of it, and ``--keep FOLDER`` keeps what was filled for
SQLite: a database that stands there is brought up to date and measured again. All of it takes some hours.
"""

import argparse
import logging
import os
import platform as machine
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import flask_migrate
import sqlalchemy as sa
from flask import Flask

from consult import create_app
from consult.core import audit, tallies
from consult.core.config import Config
from consult.core.db import db, session, unit_of_work
from tests import postgresql
from tests.benchmarks import filling, servers
from tests.benchmarks.bulk import settle
from tests.benchmarks.holding import Held, held
from tests.benchmarks.opened import PAGES, Opened, opened

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DATABASES = ("sqlite", "postgresql")
PARTS = ("pages", "commands", "workers", "publishing")
DOCS = Path(__file__).parents[2] / "docs" / "scale.md"
EXPORTS = ("contributions.csv", "contributions.xlsx")
REQUESTS, SINCE = 20_000, 1_000
LOOK = 0.02  # seconds between two looks at the memory of a command
READ = ("/fr/chapters/1", "/fr/chapters/3", "/ar/chapters/5", "/fr/contributions/", "/fr/contributions/{ref}", "/fr/consultations/help")
MIX = """
local paths = {paths}
local n = 0
request = function()
  n = n + 1
  return wrk.format("GET", paths[n % #paths + 1])
end
"""
TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


class Ran(NamedTuple):
    """A command, with all its processes."""

    seconds: float
    computed: float  # seconds of processor time, which a busy machine lengthens less
    peak: float  # MB


@dataclass
class Measured:
    """Of one database at one size."""

    fill: float | None = None
    size: float = 0.0
    pages: dict[str, Opened] = field(default_factory=dict)
    events: int = 0  # of the journal
    commands: dict[str, "Ran"] = field(default_factory=dict)
    workers: list[float] = field(default_factory=list)
    held: Held | None = None


# One database


def measure(config: Config, number: int, spare: Config, parts: Sequence[str] = PARTS) -> Measured:
    """``spare``: where a backup may be restored. What is published comes last: it is there from then on."""
    app, result = create_app(config), Measured()
    with app.app_context():
        flask_migrate.upgrade()
        result.fill = fill(number)
        result.size = size_of()
    say(f"filled in {result.fill or 0:.0f} s, {result.size:.0f} MB")
    if "pages" in parts:
        result.pages = opened(app)
        say("pages opened")
    if "commands" in parts:
        with app.app_context():
            result.events, result.commands = count_events(), commands(config, spare)
        say("commands run")
    if "workers" in parts:
        result.workers = workers(app, config)
        say("workers measured")
    if "publishing" in parts:
        result.held = held(app, config)
    with app.app_context():
        db.engine.dispose()
    return result


def fill(number: int) -> float | None:
    """The seconds that it took; None where it was filled before, and only what is kept of it is made true."""
    with unit_of_work():
        present = session.scalar(sa.text("SELECT count(*) FROM contribution")) or 0
    if 0 < present < number:
        raise SystemExit(f"{db.engine.url}: its filling was broken off at {present:,}. Remove it and begin again.")
    if present:
        with unit_of_work():
            tallies.recount_all()
            settle()
        return None
    began = time.perf_counter()
    filling.tell_quietly()
    filling.fill(number)
    return time.perf_counter() - began


def size_of() -> float:
    """MB of the database."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            return connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one() / 1e6
        pages, size = (connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return pages * size / 1e6


def environment_of(config: Config) -> dict[str, str]:
    return {"CONSULT_DATA_DIR": config.data_dir, "CONSULT_DATABASE_URL": config.database_url, "CONSULT_LOG_LEVEL": "ERROR",
            "CONSULT_SECRET_KEY": config.secret_key}


def commands(config: Config, spare: Config) -> dict[str, Ran]:
    """Each command, in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), {}
        for export in EXPORTS:
            found[f"export {export}"] = run(config, "export", export, "--out", str(folder / export))
        found["verify"] = run(config, "verify")
        found[f"verify --since, {SINCE:,} events"] = run(config, "verify", "--since", head_before(SINCE))
        found["backup"] = run(config, "backup", str(folder / "backup.tar.gz"))
        found["restore"] = run(spare, "restore", str(folder / "backup.tar.gz"))
    return found


def count_events() -> int:
    return session.scalar(sa.text("SELECT count(*) FROM audit_event")) or 0


def head_before(number: int) -> str:
    """Where the journal stood so many events ago."""
    before = sa.text("SELECT position, digest FROM audit_seal ORDER BY position DESC LIMIT 1 OFFSET :number")
    last = session.execute(before, {"number": number}).first()
    session.remove()
    return f"{last[0]}:{last[1]}" if last else f"0:{audit.GENESIS}"


def run(config: Config, *arguments: str) -> Ran:
    began, before, peak = time.perf_counter(), computed_by_children(), 0.0
    command = [sys.executable, "-m", "consult", *arguments]
    running = subprocess.Popen(command, env={**os.environ, **environment_of(config)}, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
    # What the system says at the end counts this process too, from which that one was split.
    while running.poll() is None:
        peak = max(peak, servers.peak_of(running.pid) + sum(servers.memory_of_workers(running.pid)))
        time.sleep(LOOK)
    if running.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: ended with {running.returncode}")
    return Ran(time.perf_counter() - began, computed_by_children() - before, peak)


def computed_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def workers(app: Flask, config: Config) -> list[float]:
    """Peak MB of each process of the server after so many requests for public pages."""
    with app.app_context():
        ref = session.scalar(sa.text("SELECT ref FROM contribution WHERE state = 'published' ORDER BY id LIMIT 1"))
        session.remove()
    paths = "{" + ", ".join(f'"{path.format(ref=ref)}"' for path in READ) + "}"
    port, server = servers.platform(Path(config.data_dir), **environment_of(config))
    with tempfile.TemporaryDirectory() as name, server as process:
        script = Path(name) / "mix.lua"
        script.write_text(MIX.format(paths=paths))
        made = 0.0
        while made < REQUESTS:
            made += 4 * servers.wrk(f"http://127.0.0.1:{port}", 8, script=str(script))
        return sorted(servers.memory_of_workers(process.pid))


# All of them


@contextmanager
def places(kind: str, keep: Path | None) -> Iterator:
    """A function that gives (configuration, spare configuration) for a size."""
    with tempfile.TemporaryDirectory() as name, server_of(kind) as server:
        folder = keep or Path(name)

        def place(number: int) -> tuple[Config, Config]:
            data, spare = folder / f"{kind}-{number}", Path(name) / f"spare-{number}"
            for path in (data, spare):
                path.mkdir(parents=True, exist_ok=True)
            here = Config(data_dir=str(data), secret_key="s" * 40, log_level="ERROR", database_url=server.new_database() if server else "")
            return here, replace(here, data_dir=str(spare), database_url=server.new_database() if server else "")
        yield place


@contextmanager
def server_of(kind: str) -> Iterator[postgresql.Server | None]:
    if kind == "sqlite":
        yield None
        return
    folder = tempfile.mkdtemp(prefix="consult-postgresql-")
    os.environ[postgresql.FOLDER] = folder
    try:
        with postgresql.server() as server:
            os.environ["PATH"] = f"{server.programmes}:{os.environ['PATH']}"
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def say(what: str) -> None:
    sys.stderr.write(f"  {what}\n")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="make bench ARGS=scale")
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")], default=list(SIZES))
    parser.add_argument("--databases", type=lambda text: text.split(","), default=list(DATABASES))
    parser.add_argument("--parts", type=lambda text: text.split(","), default=list(PARTS))
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args(arguments)
    logging.disable(logging.WARNING)
    found: dict[str, dict[int, Measured]] = {}
    for kind in asked.databases:
        with places(kind, asked.keep if kind == "sqlite" else None) as place:
            for number in asked.sizes:
                say(f"{kind}, {number:,} contributions")
                here, spare = place(number)
                found.setdefault(kind, {})[number] = measure(here, number, spare, asked.parts)
    text = report(found)
    sys.stdout.write(text)
    DOCS.write_text(text, "utf-8")


# The page


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def report(found: dict[str, dict[int, Measured]]) -> str:
    parts = [
        "# From a thousand contributions to a million", "",
        "Made by `make bench ARGS=scale`: the same five chapters, staff and items at each size; what was said, decided and gathered grows",
        "(`tests/benchmarks/filling.py`). Each page is made anew by the test client, in French, warmed, and the median of some rounds is",
        "shown: milliseconds of CPU in the process + milliseconds that pass while the database is asked (SQLite works in the process:",
        "there they are among the first too). What grows is to be read, more than how much it is.", "",
        f"Machine: {machine.machine()}, {os.cpu_count()} cores, Python {machine.python_version()}, {machine.platform()};",
        f"at the end of the run {os.getloadavg()[2]:.1f} processes wanted to run at once.", "",
    ]
    for kind, by_size in found.items():
        parts += [f"## {TITLES[kind]}", "", *([pages_table(by_size), ""] if any(m.pages for m in by_size.values()) else []),
                  rest_table(by_size), ""]
    return "\n".join(parts)


def pages_table(by_size: dict[int, Measured]) -> str:
    sizes = list(by_size)
    first, last = by_size[sizes[0]], by_size[sizes[-1]]
    rows = []
    for name in PAGES:
        one, other = first.pages[name], last.pages[name]
        cells = [f"{m.pages[name].cpu:,.0f} + {m.pages[name].sql:,.0f}" for m in by_size.values()]
        rows.append([name, *cells, f"{other.cpu / one.cpu:.1f}", f"{other.sql / one.sql:.1f}" if one.sql else "–",
                     f"{one.questions}, {other.questions}", f"{other.size / 1000:,.0f} k"])
    ratio = f"{sizes[-1]:,} : {sizes[0]:,}"
    return table(["page", *(f"{size:,}" for size in sizes), f"CPU {ratio}", "SQL", "questions", "HTML at the last"], rows)


def rest_table(by_size: dict[int, Measured]) -> str:
    def row(name: str, cell) -> list[str]:
        return [name, *(cell(one) for one in by_size.values())]
    rows = [row("database, MB", lambda m: f"{m.size:,.0f}"), row("filled, s", lambda m: f"{m.fill:,.0f}" if m.fill else "–")]
    for name in next(iter(by_size.values())).commands:
        rows.append(row(f"{name}, s; CPU s (peak MB)", lambda m, name=name: "{:,.1f}; {:,.1f} ({:,.0f})".format(*m.commands[name])))
        if name == "verify":
            rows.append(row("… events of the journal", lambda m: f"{m.events:,}"))
            rows.append(row("… s for a million of them (aim 60)", lambda m: f"{m.commands['verify'].seconds * 1e6 / m.events:,.0f}"))
    rows += [
        row(f"peak MB of each process of the server after {REQUESTS:,} requests", lambda m: ", ".join(f"{one:.0f}" for one in m.workers)),
        row("a version published: contributions anchored", lambda m: f"{m.held.anchored:,}" if m.held else "–"),
        row("… the publication, s", lambda m: f"{m.held.publication:.2f}" if m.held else "–"),
        row("… until all of them had their places, s", lambda m: f"{m.held.places:.2f}" if m.held else "–"),
        row("… the slowest lodging on that chapter meanwhile, s (aim 0.5)", lambda m: f"{m.held.same_chapter:.2f}" if m.held else "–"),
        row("… on another chapter, s (aim 0.5)", lambda m: f"{m.held.other_chapter:.2f}" if m.held else "–"),
    ]
    return table(["", *(f"{size:,}" for size in by_size)], rows)
