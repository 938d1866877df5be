"""Backups that only their reader can open, as `age` does it: https://age-encryption.org/v1, and its own programme opens them too.

Written for the public keys of a setting, read with the secret one of a file; a stream that is cut or changed is refused at its end.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyrage

from consult.core.errors import Conflict

MAGIC = b"age-encryption.org/v1"
OTHER_COPY = "Take another copy of the backup."


def recipients_of(setting: str) -> list[pyrage.x25519.Recipient]:
    """The public keys that a setting names; ValueError for what is none."""
    try:
        return [pyrage.x25519.Recipient.from_str(word) for word in setting.split()]
    except pyrage.RecipientError as error:
        raise ValueError(str(error)) from error


def identities_in(path: Path) -> list[pyrage.x25519.Identity]:
    """The secret keys of a file, one a line, as `age-keygen` writes them; :class:`Conflict` for a file without any."""
    lines = [line.strip() for line in path.read_text("utf-8", "replace").splitlines() if line.strip() and not line.startswith("#")]
    try:
        identities = [pyrage.x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError:
        identities = []
    if not identities:
        raise Conflict(f"{path} holds no key that reads backups.", "Name the file that “consult backup-key” wrote.")
    return identities


def make_key(path: Path) -> str:
    """A new secret key in a file of its owner's alone; the public one, which is no secret."""
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


@contextmanager
def encrypting(out: IO[bytes], recipients: Sequence[pyrage.x25519.Recipient]) -> Iterator[IO[bytes]]:
    """What is written here is in ``out`` when this ends well; as it is where there is no recipient."""
    if not recipients:
        yield out
        return
    (source, sink), written = pipe(), Written(out)
    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(closing_all, lambda: pyrage.encrypt_io(source, written, recipients), source)
        try:
            with sink:
                yield sink
        finally:
            done.exception()
            if written.error is not None:  # it tells what broke the pipe
                raise written.error
        done.result()


@contextmanager
def decrypting(path: Path, identity: str) -> Iterator[IO[bytes]]:
    """What such a file holds, or any other file as it is; ``identity`` names the file of the key."""
    with path.open("rb") as file:
        is_encrypted = file.read(len(MAGIC)) == MAGIC
        file.seek(0)
        if not is_encrypted:
            yield file
            return
        if not identity:
            raise Conflict("This backup is encrypted.", "Name the file of the key that reads it in CONSULT_BACKUP_IDENTITY.")
        identities = identities_in(Path(identity))
        source, sink = pipe()
        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(closing_all, lambda: pyrage.decrypt_io(file, sink, identities), sink)
            try:
                with source:
                    yield source
            except Conflict:
                refuse_undecrypted(done)
                raise
            refuse_undecrypted(done)


class Written:
    """A file that notes why it could not be written: the library says nothing of the last of it, and words it otherwise before."""

    def __init__(self, out: IO[bytes]) -> None:
        self.out = out
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            return self.out.write(data)
        except OSError as error:
            self.error = error
            raise

    def flush(self) -> None:
        self.out.flush()


def refuse_undecrypted(done: Future[None]) -> None:
    """What could not be decrypted tells more than what was missing of it."""
    error = done.exception()
    if isinstance(error, pyrage.DecryptError) and "matching keys" in str(error):
        raise Conflict("This backup was written for another key.", "Name the file of its key in CONSULT_BACKUP_IDENTITY.") from error
    if error is not None and not isinstance(error, BrokenPipeError):  # which is ours: nobody read on
        raise Conflict(f"This backup is damaged: {error}", OTHER_COPY) from error


def pipe() -> tuple[IO[bytes], IO[bytes]]:
    source, sink = os.pipe()
    return os.fdopen(source, "rb"), os.fdopen(sink, "wb")


def closing_all(work: Callable[[], None], end: IO[bytes]) -> None:
    """The other end waits until this one is closed."""
    with end:
        work()
