"""What a backup may be packed in: plain files one after the other, each with one short header of its own at most.

Python's tarfile reads headers whole, however large they say they are, and keeps all of them: half a megabyte of zeros, packed, took two
gigabytes. Whatever our own writer does not write is refused before it is read.
"""

import tarfile
from collections.abc import Iterator
from typing import Any, ClassVar

LARGEST_HEADER = 1 << 16


class PlainMember(tarfile.TarInfo):
    """One of one archive; :class:`tarfile.ReadError` for what is neither a plain file nor a short header before one."""

    is_described: ClassVar[bool] = False  # by the header that came last

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "PlainMember":
        found = super().frombuf(buf, encoding, errors)
        is_header = found.type == tarfile.XHDTYPE
        if found.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.XHDTYPE) or found.size < 0:
            raise tarfile.ReadError("it holds something else than plain files")
        if is_header and (cls.is_described or found.size > LARGEST_HEADER):
            raise tarfile.ReadError("a header is longer than any of ours")
        cls.is_described = is_header
        return found

    def refuse(self, *_parts: Any) -> None:
        """A file with holes, of which a list without end may tell."""
        raise tarfile.ReadError("it holds something else than plain files")

    _proc_gnusparse_00 = _proc_gnusparse_01 = _proc_gnusparse_10 = refuse


def member_type() -> type[PlainMember]:
    """To be handed to one archive as its ``tarinfo``."""
    return type("Member", (PlainMember,), {})


def each_member(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Those of an archive that is read as it comes; none is kept."""
    while (member := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]  # where it keeps them
        yield member
