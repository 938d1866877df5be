"""Files in the data folder: written whole or not at all, under names of our own making."""

import hashlib
import os
import tempfile
import time
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from flask import current_app

PIECE = 1 << 20
UNFINISHED = ".making-"
ABANDONED_AFTER = 3600


def folder() -> Path:
    """Where exports and sealed archives are kept."""
    path = current_app.extensions["consult_config"].folder / "exports"
    path.mkdir(exist_ok=True)
    return path


def path_of(name: str) -> Path:
    return folder() / Path(name).name


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that takes its name once it is complete and on disk: a crash leaves the old one, or none."""
    sweep(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "w+b") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sweep(kept: Path) -> None:
    """Remove what a worker that was killed left unfinished."""
    _drop_old(kept.glob(f"{UNFINISHED}*"))


def drop(pattern: str, kept: Container[str | None]) -> int:
    """Remove the files of this pattern that are none of these, unless they may be somebody's yet; how many."""
    return _drop_old(path for path in folder().glob(pattern) if path.name not in kept)


def _drop_old(paths: Iterable[Path]) -> int:
    """Those to which nobody has written for an hour."""
    count = 0
    for left in paths:
        with suppress(FileNotFoundError):
            if left.stat().st_mtime < time.time() - ABANDONED_AFTER:
                left.unlink()
                count += 1
    return count


def measure(path: Path) -> tuple[int, str]:
    """Size and SHA-256 of what is on disk."""
    with path.open("rb") as file:
        return path.stat().st_size, digest_of(file)


def digest_of(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
