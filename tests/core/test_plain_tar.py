"""A backup that was made to take more memory than it has bytes is refused while its first kilobytes are read."""

import gzip
import io
import json
import tarfile

import pytest

from consult.core import backup, plain_tar
from consult.core.config import Config
from consult.core.errors import Conflict

HEAD = json.dumps({"platform": backup.PLATFORM, "format": backup.FORMAT, "revision": "0030", "made_at": ""}).encode()
MUCH = 1 << 26


def header(kind: bytes, size: int, name: str = "x") -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.USTAR_FORMAT)


def padded(content: bytes) -> bytes:
    return content + bytes(-len(content) % tarfile.BLOCKSIZE)



def holes(size: int) -> bytes:
    """A list of so many numbers stands before what the file holds."""
    words = b"22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n"
    return header(tarfile.XHDTYPE, len(words)) + padded(words) + header(tarfile.REGTYPE, size) + b"99999999\n" + b"0\n" * (size // 2)


BOMBS = {
    "a header of its own": lambda: header(tarfile.XHDTYPE, MUCH) + bytes(MUCH),
    "a header of Solaris": lambda: header(tarfile.SOLARIS_XHDTYPE, MUCH) + bytes(MUCH),
    "a header of all": lambda: header(tarfile.XGLTYPE, MUCH) + bytes(MUCH),
    "a long name": lambda: header(tarfile.GNUTYPE_LONGNAME, MUCH) + bytes(MUCH),
    "a long link": lambda: header(tarfile.GNUTYPE_LONGLINK, MUCH) + bytes(MUCH),
    "headers in a row": lambda: (header(tarfile.XHDTYPE, 0)) * 5_000 + bytes(MUCH),
    "holes": lambda: holes(MUCH),
    "a file with holes": lambda: header(tarfile.GNUTYPE_SPARSE, MUCH) + bytes(MUCH),
    "a link": lambda: header(tarfile.SYMTYPE, 0) + bytes(MUCH),
    "a folder": lambda: header(tarfile.DIRTYPE, 0) + bytes(MUCH),
    "a device": lambda: header(tarfile.CHRTYPE, 0) + bytes(MUCH),
    "one line": lambda: header(tarfile.REGTYPE, backup.LARGEST_PART + 1, "rows/user/000000.jsonl") + bytes(MUCH),
}


class Counting(io.BytesIO):
    """How much is read of an archive."""

    taken = 0

    def read(self, size=-1):
        data = super().read(size)
        self.taken += len(data)
        return data


@pytest.mark.parametrize("is_first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_headers_are_read_no_further_than_ours_reach(monkeypatch, tmp_path, bomb, is_first):
    first = b"" if is_first else header(tarfile.REGTYPE, len(HEAD), backup.HEAD) + padded(HEAD)
    plain = Counting(first + BOMBS[bomb]())
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(b""))
    monkeypatch.setattr(backup.gzip, "GzipFile", lambda **_how: plain)
    with pytest.raises(Conflict, match=r"is damaged, or no backup"):
        backup.look_through(Config(data_dir=str(tmp_path)), path)
    assert plain.taken < 1 << 20


@pytest.mark.parametrize("bomb", BOMBS)
def test_nor_to_tell_whether_a_file_is_one(tmp_path, monkeypatch, bomb):
    path = tmp_path / "bomb.tar.gz"
    path.write_bytes(gzip.compress(BOMBS[bomb](), 1))
    asked = []
    original = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda self, size=-1: asked.append(size) or original(self, size))
    assert not backup.is_backup(path)
    assert max(asked) <= plain_tar.LARGEST_HEADER


def test_members_are_forgotten_as_they_are_read():
    plain = io.BytesIO(b"".join(header(tarfile.REGTYPE, 0, f"rows/user/{number:06}.jsonl") for number in range(2_000)) + bytes(1024))
    with tarfile.open(fileobj=plain, mode="r|", tarinfo=plain_tar.member_type()) as archive:
        assert max(len(archive.members) for _member in plain_tar.each_member(archive)) == 0


def test_what_python_writes_of_a_file_of_ours_is_read(tmp_path):
    """With a name and a moment that take a header of their own."""
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for number in range(3):
            info = tarfile.TarInfo("files/exports/" + "é" * 150 + str(number))
            info.mtime = 12.5
            archive.addfile(info)
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|", tarinfo=plain_tar.member_type()) as archive:
        assert [member.name[-1] for member in plain_tar.each_member(archive)] == ["0", "1", "2"]


def test_words_within_words_without_end_are_no_head():
    with pytest.raises(Conflict, match="no backup of this platform"):
        backup.refuse_unknown(iter([(backup.HEAD, io.BytesIO(b"[" * 100_000))]))
    with pytest.raises(Conflict, match="cannot be read"):
        backup.contents_of(b"[" * 100_000)
