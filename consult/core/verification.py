"""Is what is kept still what was recorded? Each room registers the check of its own; ``consult verify`` asks them all."""

from collections.abc import Callable, Iterable
from pathlib import Path

from consult.core import audit
from consult.core.db import reading, unit_of_work
from consult.core.errors import RegistrationError

Check = Callable[[], Iterable[str]]
FileCheck = Callable[[Path], list[str]]
# The journal's own chain, then what the rooms keep, from the floor up.
checks: list[Check] = [audit.verify]
file_checks: list[FileCheck] = []


def verifies(check: Check) -> Check:
    """Have ``check`` asked what is wrong with the rows of its room, an English sentence for each fault, in one view of the database."""
    checks.append(check)
    return check


def verifies_files(check: FileCheck) -> FileCheck:
    """Have ``check`` asked what is wrong with a file or folder taken out of the platform: with no database, by one room alone."""
    if file_checks:
        raise RegistrationError(f"Files are verified by {file_checks[0].__qualname__} already: take {check.__qualname__} away.")
    file_checks.append(check)
    return check


def verify_database() -> list[str]:
    """Seal what waits, follow the chain, and compare what the journal and the receipts say with what is kept."""
    with unit_of_work():
        audit.seal_all()
    with reading():
        return [fault for check in checks for fault in check()]


def verify_file(path: Path) -> list[str]:
    (check,) = file_checks
    return check(path)
