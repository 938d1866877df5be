"""``python -m tests.benchmarks``: every measure in one run, three rounds, medians; prints the tables and writes docs/benchmarks.md.

``scale`` behind it measures what grows instead: see ``scale.py``.
"""

import os
import platform as machine
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from tests.benchmarks import acts, anchors, drafts, folding, lodging, scale, servers, sessions, similar, speeds, stakeholders

ROUNDS = 3
CLIENTS = (1, 8, 32)
PATH = "/fr/chapters/1"
DOCS = Path(__file__).parents[2] / "docs" / "benchmarks.md"
EXPORTS = (("contributions.csv", "fr"), ("contributions.xlsx", "fr"), ("contributions.xlsx", "ar"), ("synthesis", "fr"),
           ("synthesis", "ar"), ("dossier", "fr"))


def median(measure, *arguments, **options) -> float:
    return statistics.median(measure(*arguments, **options) for _ in range(ROUNDS))


def fill(folder: Path, database: str = "") -> float:
    began = time.perf_counter()
    consult(folder, "demo", database=database)
    return time.perf_counter() - began


def consult(folder: Path, *arguments: str, database: str = "") -> None:
    environment = {**os.environ, "CONSULT_DATA_DIR": str(folder), "CONSULT_DATABASE_URL": database, "CONSULT_LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-m", "consult", *arguments]
    subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command


def pages(port: int, folder: Path, read: str) -> tuple[list[list], int]:
    """Rows of (what, requests per second at each number of clients), and the size of the page."""
    url = f"http://127.0.0.1:{port}{PATH}"
    with urllib.request.urlopen(url) as answer:
        size = len(answer.read())
    rows = []
    with ExitStack() as stack:
        targets = [("chapter page, visitor", url, ""), ("chapter page, signed-in readers (50 in turn)", url, read)]
        for name, which in (("bare Flask view, same bytes", "flask_app"), ("bare WSGI application, same bytes", "wsgi_app")):
            bare_port, server = servers.bare(which, size)
            stack.enter_context(server)
            targets.append((name, f"http://127.0.0.1:{bare_port}/", ""))
        for name, target, script in targets:
            servers.wrk(target, 8, 2, script=script)
            rows.append([name, *(median(servers.wrk, target, clients, script=script) for clients in CLIENTS)])
    return rows, size


def inserts(folder: Path, seconds: float = 4) -> float:
    """Bare single-row inserts a second: one writer, WAL, synchronous=FULL, one commit each."""
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (id INTEGER PRIMARY KEY, body TEXT)")
    count, until = 0, time.perf_counter() + seconds
    while time.perf_counter() < until:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO bare (body) VALUES (?)", ("Une remarque de cent caractères. " * 3,))
        connection.execute("COMMIT")
        count += 1
    connection.close()
    return count / seconds


def exports(folder: Path) -> list[list]:
    """(name, seconds of the whole command, peak MB) of each export, in a process of its own."""
    rows = []
    for name, language in EXPORTS:
        out = folder / "out" / f"{name}-{language}"
        out.parent.mkdir(exist_ok=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        began = time.perf_counter()
        consult(folder, "export", name, "--out", str(out), "--language", language)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        rows.append([f"{name} ({language})", time.perf_counter() - began, peak / 1024 if peak > before else None])
    return rows


def second_start(folder: Path) -> float:
    """Seconds from `consult demo --if-empty && consult serve` to the first answer, on a database that is there already."""
    began = time.perf_counter()
    consult(folder, "demo", "--if-empty")
    _port, server = servers.platform(folder)
    with server:
        return time.perf_counter() - began


def share(value: float, ceiling: float) -> str:
    return f"{100 * value / ceiling:.0f} %"


def table(head: list[str], rows: list[list]) -> str:
    def cell(value) -> str:
        if isinstance(value, float):
            return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"
        return str(value or "–")
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows])


def main() -> None:
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: on Debian, apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        filled = fill(folder)
        start = second_start(folder)
        exported = exports(folder)  # before anything is lodged: of the demonstration, as the page says
        port, server = servers.platform(folder)
        with server as process:
            read, lodge = sessions.scripts(folder)
            rows, size = pages(port, folder, read)
            lodged = {clients: median(servers.wrk, f"http://127.0.0.1:{port}/", clients, script=lodge) for clients in (1, 8)}
            memory = servers.memory_of_workers(process.pid)
        bare, act = median(inserts, folder), median(acts.lodged, folder)
        text = report(filled, start, rows, size, {**lodged, "act": act}, bare, memory, exported)
        alike = [*similar.sections(), *folding.sections()]
        text += written_out([*drafts.sections(folder), *alike, *lodging.sections(fill), *stakeholders.sections(folder)]) + revising(folder)
    sys.stdout.write(text)
    DOCS.parent.mkdir(exist_ok=True)
    DOCS.write_text(text, "utf-8")


def report(filled, start, rows, size, lodged, bare, memory, exported) -> str:
    visitor, signed_in, flask, wsgi = rows
    shares = [
        ["visitor, of the bare Flask view (aim 60 %)", *(share(a, b) for a, b in zip(visitor[1:], flask[1:], strict=True))],
        ["visitor, of the bare WSGI application (aim 50 %)", *(share(a, b) for a, b in zip(visitor[1:], wsgi[1:], strict=True))],
        ["signed in, of the bare Flask view (aim 25 %)", *(share(a, b) for a, b in zip(signed_in[1:], flask[1:], strict=True))],
    ]
    clients = [f"{n} client{'s' if n > 1 else ''}" for n in CLIENTS]
    lodging = [
        ["bare single-row insert, WAL, synchronous=FULL, 1 writer", bare, "–"],
        *([what, lodged[key], share(lodged[key], bare)] for what, key in (
            ("contribution lodged, without the web, 1 writer", "act"), ("the same over HTTP, worker running, 1 client", 1),
            ("the same over HTTP, worker running, 8 clients", 8),
        )),
    ]
    return "\n".join([
        "# Benchmarks", "",
        "Made by `make bench` on the demonstration (400 contributions), SQLite, two web processes; medians of three rounds of 4 s",
        "with wrk, on the same machine and server (granian) in one run. A signed-in reader's account part and the age of a page are",
        "asked of the database at most every half second.", "",
        f"Machine: {machine.machine()}, {os.cpu_count()} cores, Python {machine.python_version()}, {machine.platform()}.", "",
        f"## Pages ({size:,} bytes of HTML), requests per second", "", table(["", *clients], rows), "",
        table(["share", *clients], shares), "",
        "## A contribution lodged, per second", "", table(["", "per second", "share (aim 15 %)"], lodging), "",
        "## Memory and start", "",
        table(["", ""], [
            ["peak memory of each process of the server, MB (aim: under 200)", ", ".join(f"{m:.0f}" for m in sorted(memory))],
            ["second start to the first answer, s (aim 5)", start], ["demonstration made, s", filled],
        ]), "",
        "## Exports, whole command", "", table(["", "seconds", "peak MB, where it rose"], exported), "",
    ])


def revising(folder: Path) -> str:
    """A text that changes: how fast, and how rightly each passage is followed."""
    return written_out([("A new revision", speeds.HEAD, speeds.rows(folder)), *anchors.sections()])


def written_out(sections: list[tuple[str, list[str], list[list]]]) -> str:
    return "\n" + "\n".join(f"## {title}\n\n{table(head, rows)}\n" for title, head, rows in sections)


if __name__ == "__main__":
    if sys.argv[1:2] == ["scale"]:
        scale.main(sys.argv[2:])
    else:
        main()
