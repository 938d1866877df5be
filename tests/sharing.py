"""What is made once a run, by whichever of its processes needs it first, and copied by all."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path


def folder_of_run(tmp_path_factory) -> Path:
    """One folder for all processes of the run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(folder: Path, name: str, make: Callable[[], str]) -> str:
    """What ``make()`` said; whoever comes while it is at work waits for it. A failure is no success: the next one tries again."""
    with open(folder / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = folder / f"{name}.made"
        if not said.exists():
            said.write_text(make())
        return said.read_text()
