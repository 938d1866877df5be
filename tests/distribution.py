"""A plugin: on which database a run works, which tests, in which order, and which process of the run takes them.

Each process is given its share of the longest tests and begins with them; whoever has finished takes over from the others, so that
none is left alone at the end. The others keep the order of their files, whose fixtures they share.
"""

import os
import shutil
import tempfile

import pytest
from xdist.scheduler.worksteal import WorkStealingScheduling

from tests import postgresql

FIRST = ("longest", "browser")


def begins_the_run(config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_configure(config) -> None:
    if begins_the_run(config) and os.environ.get("CONSULT_TEST_DATABASE") == "postgresql":
        os.environ[postgresql.FOLDER] = tempfile.mkdtemp(prefix="consult-postgresql-")


def pytest_unconfigure(config) -> None:
    if begins_the_run(config) and postgresql.FOLDER in os.environ:
        shutil.rmtree(os.environ.pop(postgresql.FOLDER), ignore_errors=True)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items) -> None:
    if os.environ.get("CONSULT_TEST_DATABASE") == "postgresql":
        leave_out_the_same(config, items)
    items[:] = dealt(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def leave_out_the_same(config, items) -> None:
    """On another database what asks none does the same again; the servers that the browser visits keep files of their own."""
    left_out = {item for item in items if item.get_closest_marker("browser") or "databases" not in item.fixturenames}
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def dealt(items: list, hands: int) -> list:
    """One equal share after the other, as xdist hands them out: some of the longest, then some of the others."""
    rank = {item: next((place for place, mark in enumerate(FIRST) if item.get_closest_marker(mark)), len(FIRST)) for item in items}
    first = sorted((item for item in items if rank[item] < len(FIRST)), key=rank.get)
    others = iter([item for item in items if rank[item] == len(FIRST)])
    order = []
    for hand in range(hands):
        share = first[hand::hands]
        order += share
        order += [item for _place, item in zip(range(len(items) // hands - len(share)), others, strict=False)]
    return [*order, *others]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Unless another way was asked for with ``--dist``."""
    return WorkStealingScheduling(config, log) if config.getvalue("dist") == "load" else None
