"""Asking somebody outside while a request is answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from consult.core.db import begin_afresh, session


@contextmanager
def nothing_held() -> Iterator[None]:
    """However long they take, no transaction is open meanwhile, no lock held and no connection taken; what was read is asked for again.

    For views that have written nothing yet: what they wrote would be gone.
    """
    session.rollback()
    try:
        yield
    finally:
        begin_afresh()
