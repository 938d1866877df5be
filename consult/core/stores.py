"""Where files that people brought are kept, byte for byte, beside the database and outside of whatever the web server hands out by itself.

A store knows bytes by their SHA-256 and nothing else: whoever asks for them, under which name, stands in the database, and a file is there
before the row that says so. So the same bytes are kept once, nothing is ever written over, and a file that no row names any more is a
remainder, which goes after a while.
"""

import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Protocol
from urllib.parse import parse_qs, urlsplit

import minio
from minio.error import S3Error

from consult.core.config import Config, this_app

KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
PIECE = 1 << 20


class Missing(LookupError):
    """The store has no such file."""


class Store(Protocol):
    """What keeps files: a folder, or a server that speaks S3."""

    def put(self, data: bytes) -> str:
        """Keep them, for good once this returns; their key. What is there already is marked as wanted anew."""

    def open(self, key: str) -> IO[bytes]:
        """:class:`Missing` where it is not there."""

    def keys(self) -> Iterator[tuple[str, datetime]]:
        """All that is kept, with when it was put last."""

    def put_at(self, key: str) -> datetime:
        """When it was put last, as of this moment; :class:`Missing` where it is not there."""

    def discard(self, key: str) -> None:
        """For what no row names any more, and for nothing else; what is not there is no fault."""


class FolderStore:
    """Files of a folder, their owner's alone, in subfolders of two signs; each appears when it is whole and on the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, key: str) -> Path:
        """Raises :class:`Missing` for what is no key: no name that somebody else chose becomes a path."""
        if not KEY.fullmatch(key):
            raise Missing(key)
        return self.folder / key[:2] / key

    def put(self, data: bytes) -> str:
        key = hashlib.sha256(data).hexdigest()
        path = self.path(key)
        with suppress(FileNotFoundError):
            os.utime(path)
            return key
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
        sync(path.parent)
        return key

    def open(self, key: str) -> IO[bytes]:
        try:
            return self.path(key).open("rb")
        except FileNotFoundError as error:
            raise Missing(key) from error

    def keys(self) -> Iterator[tuple[str, datetime]]:
        for path in sorted(self.folder.glob("??/*")):
            if KEY.fullmatch(path.name):
                with suppress(FileNotFoundError):
                    yield path.name, datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def put_at(self, key: str) -> datetime:
        try:
            return datetime.fromtimestamp(self.path(key).stat().st_mtime, UTC)
        except FileNotFoundError as error:
            raise Missing(key) from error

    def discard(self, key: str) -> None:
        self.path(key).unlink(missing_ok=True)


class S3Store:
    """Objects of one bucket of a server that speaks S3, under a prefix: ``s3://bucket/prefix?endpoint=https://host&region=name``.

    The endpoint is asked for nothing else: no bucket is made, and none is listed but under the prefix.
    """

    def __init__(self, url: str, access_key: str, secret_key: str) -> None:
        parts = urlsplit(url)
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        endpoint = urlsplit(asked.get("endpoint", ""))
        self.bucket, self.prefix = parts.netloc, parts.path.strip("/")
        self.client = minio.Minio(endpoint.netloc, access_key=access_key, secret_key=secret_key, secure=endpoint.scheme == "https",
                                  region=asked.get("region", "us-east-1"))

    def name(self, key: str) -> str:
        """Raises :class:`Missing` for what is no key."""
        if not KEY.fullmatch(key):
            raise Missing(key)
        return f"{self.prefix}/{key}".lstrip("/")

    def put(self, data: bytes) -> str:
        """Put again, what is there is as new."""
        key = hashlib.sha256(data).hexdigest()
        self.client.put_object(self.bucket, self.name(key), io.BytesIO(data), len(data))
        return key

    def open(self, key: str) -> IO[bytes]:
        try:
            answer = self.client.get_object(self.bucket, self.name(key))
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject"):
                raise Missing(key) from error
            raise
        with closing(answer):
            try:
                return io.BytesIO(answer.read())
            finally:
                answer.release_conn()

    def keys(self) -> Iterator[tuple[str, datetime]]:
        for found in self.client.list_objects(self.bucket, prefix=f"{self.prefix}/".lstrip("/"), recursive=True):
            key = (found.object_name or "").rpartition("/")[2]
            if KEY.fullmatch(key) and found.last_modified is not None:
                yield key, found.last_modified

    def put_at(self, key: str) -> datetime:
        try:
            moment = self.client.stat_object(self.bucket, self.name(key)).last_modified
        except S3Error as error:
            if error.code in ("NoSuchKey", "NoSuchObject"):
                raise Missing(key) from error
            raise
        if moment is None:
            raise Missing(key)
        return moment

    def discard(self, key: str) -> None:
        self.client.remove_object(self.bucket, self.name(key))


def sync(folder: Path) -> None:
    """That a file has its name outlasts a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_of(config: Config) -> Store:
    if config.files_url.startswith("s3:"):
        return S3Store(config.files_url, config.files_access_key, config.files_secret_key)
    return FolderStore(Path(urlsplit(config.files_url).path) if config.files_url else config.folder / "attachments")


def store() -> Store:
    """That of the application."""
    known: dict[str, Store] = this_app().extensions
    if "consult_store" not in known:
        known["consult_store"] = store_of(this_app().extensions["consult_config"])
    return known["consult_store"]


def digest_of_file(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
