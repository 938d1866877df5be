import pytest

from consult.core.db import session
from consult.search.service import indexing


@pytest.fixture(autouse=True)
def looked_to(app):
    """As a worker that has just begun."""
    indexing._looked_to.clear()


@pytest.fixture
def indexed(app):
    """Have the worker look after all that the factories put there without an act."""
    def look() -> None:
        session.flush()
        indexing._looked_to.clear()
        before: dict = {"": 0}
        while before != indexing._looked_to:
            before = dict(indexing._looked_to)
            indexing.see_to_missing()
    return look
