"""What is made once a run, by whichever of its processes needs it first, and copied by all; and what is kept once a process."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


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


class KeptTemplates(BytecodeCache):
    """Compiled templates by their names; Jinja asks itself whether one is of the source as it stands."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


templates = KeptTemplates()
