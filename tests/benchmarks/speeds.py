"""How long a new revision of a long chapter takes: read, aligned and published; its contributions set again; compared with the last."""

import statistics
import tempfile
import time
from pathlib import Path

from consult import create_app
from consult.chapters import service as chapters
from consult.chapters.aligning import align
from consult.consultations import service as consultations
from consult.core.config import Config, resource_dir
from consult.core.db import unit_of_work
from consult.core.permissions import SYSTEM
from tests.benchmarks import edits, reanchoring, revisions, searching

CHAPTER = "2-certification.fr.md"
HEAD = ["", "seconds"]


def rows(data: Path) -> list[list]:
    """(what, seconds); ``data`` holds the demonstration, and is written to."""
    with tempfile.TemporaryDirectory() as name:
        again = reanchoring.reanchor_seconds(Path(name))
    return [
        ["a chapter of 60 kB imported: read, aligned, published, its contributions set again (median of 3; aim 0.5)", imported(data)],
        ["… its blocks aligned alone (aim 0.1)", aligned()],
        ["10,000 contributions anchored again on a text of 60 kB (aim 3)", again["anchors"]],
        ["… the publication itself, with the first of them", again["publication"]],
        *([f"two revisions of 60 kB compared ({language}; aim 0.5)", taken] for language, taken in revisions.comparison_seconds().items()),
        ["… the page of their comparison, whole and made anew", revisions.page_seconds(data)],
        *searching.rows(),
    ]


def imported(data: Path) -> float:
    app, times = create_app(Config(data_dir=str(data), log_level="ERROR")), []
    source = revisions.grown((resource_dir("policy_drafts") / CHAPTER).read_text("utf-8"))
    for turn in range(3):
        source = revisions.revised(source.replace("révisé", f"revu {turn}"), "fr")
        with app.app_context():
            began = time.perf_counter()
            with unit_of_work():
                chapters.import_chapter(SYSTEM, consultations.get_current(), data=source.encode())
            times.append(time.perf_counter() - began)
    return statistics.median(times)


def aligned() -> float:
    """The slowest of the deep revisions of all texts of the benchmark."""
    slowest = 0.0
    for text in edits.TEXTS:
        script = edits.played(text, "a deep revision", 0)
        began = time.perf_counter()
        align(script.old, script.pieces)
        slowest = max(slowest, time.perf_counter() - began)
    return slowest
