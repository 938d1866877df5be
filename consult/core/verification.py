"""Is what is kept still what was recorded? Each room checks its own (``core/events.py``); ``consult verify`` asks them all."""

from pathlib import Path

from consult.core import append_only, audit, events, tallies
from consult.core.db import reading, session, unit_of_work
from consult.core.extension_points import flat


def verify_database() -> list[str]:
    """Seal what waits, follow the chain, and compare what the journal and the receipts say with what is kept.

    A database that no longer refuses to rewrite the past is told too: nothing may have been rewritten yet.
    """
    with unit_of_work():
        audit.seal_all()
    with reading():
        return [*audit.verify(), *append_only.faults(session.connection()), *tallies.faults(), *flat(events.faults())]


def verify_file(path: Path) -> list[str]:
    """What is wrong with a file or folder taken out of the platform."""
    return events.faults_of_file(path)
