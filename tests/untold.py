"""Watches that no request and no job changes a row of the public record without an act whose event tells of it."""

import sys
from collections.abc import Iterator

import flask
import pytest

from consult.core import db, jobs

UNTOLD: list[str] = []


def told() -> None:
    noted = db.session.info.pop(db.NOTED, {})
    if flask.has_request_context() or is_in_job():
        UNTOLD.extend(f"{model.__tablename__}: {len(keys)} rows" for model, keys in noted.items())


def is_in_job() -> bool:
    frame = sys._getframe()
    while frame is not None:
        if frame.f_code.co_filename == jobs.__file__:
            return True
        frame = frame.f_back
    return False


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "rows_without_acts: jobs of the test itself write rows of the public record by no act")
    db.tell_untold = told


@pytest.fixture(autouse=True)
def nothing_untold(request: pytest.FixtureRequest) -> Iterator[None]:
    UNTOLD.clear()
    yield
    if request.node.get_closest_marker("rows_without_acts"):
        return
    assert UNTOLD == [], "rows of the public record were changed by no act: see consult/core/records.py"
