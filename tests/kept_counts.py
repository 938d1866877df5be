"""Watches, after each test in which something was done by a command, that every count that is kept is what counting anew finds.

What a test writes to rows by itself it counts itself (``factories.counted``), or says with ``counts_are_wrong`` that it does not.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from consult.core import commands, tallies
from consult.core.db import reading, session

ACTS: list[str] = []


def act_noted(perform: Callable) -> Callable:
    def run(action: Any, *args: Any, **values: Any) -> Any:
        ACTS.append(action.value)
        return perform(action, *args, **values)
    return run


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "counts_are_wrong: the test changes what is counted past the acts that keep the counts")
    commands.perform = act_noted(commands.perform)


@pytest.fixture
def counts_watched(request: pytest.FixtureRequest) -> AbstractContextManager[None]:
    """For the fixture of a database: what stands at the end of it."""
    return watched(request.node)


@contextmanager
def watched(node: pytest.Item) -> Iterator[None]:
    """For the fixture of a database: the rows as they stand at the end of the test."""
    ACTS.clear()
    yield
    if ACTS and session.is_active and not node.get_closest_marker("counts_are_wrong"):
        with reading():
            faults = tallies.faults()
        assert faults == [], f"the acts {', '.join(dict.fromkeys(ACTS))} do not keep the counts: see consult/core/tallies.py"
