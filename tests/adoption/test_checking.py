"""A dossier is looked at in pieces, whatever it claims to be; what agrees with itself is still not what was sealed."""

import hashlib
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from consult.adoption import archive, checking
from consult.cli import cli


def bag(folder: Path, members: dict[str, bytes]) -> Path:
    """A dossier with these files and a journal of no event."""
    for name, content in {archive.JOURNAL: b"", **members}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    archive.seal(folder, identifier="pnq", day="2026-11-01", position=0, digest="0" * 64)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with path.open("wb") as out:
        archive.pack(folder, "pnq-dossier", out)
    return path


def verify(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["verify", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.output


def test_thousands_of_folders_beside_and_within_each_other_are_read(tmp_path):
    folder = bag(tmp_path / "wide", {f"data/{n}/{n}.txt": b"x" for n in range(5_000)})
    assert checking.verify_archive(folder) == []
    deep, name = bag(tmp_path / "deep", {}), "data/" + "d/" * 1_200 + "x.txt"
    packed = zipped(deep)
    with zipfile.ZipFile(packed, "a") as out:
        out.writestr(f"pnq-dossier/{name}", "x")
    for slash in [at for at, letter in enumerate(name) if letter == "/"]:  # one by one: of so many, mkdir(parents=True) gives up
        os.makedirs(f"{deep}/{name[:slash]}", exist_ok=True)
    with open(f"{deep}/{name}", "w", encoding="utf-8") as out:
        out.write("x")
    try:
        for path in (deep, packed):
            assert checking.verify_archive(path) == [f"{name} is not in the manifest"]
    finally:  # what removes the folders of tests would give up on these
        os.remove(f"{deep}/{name}")
        for slash in [at for at, letter in enumerate(name) if letter == "/"][:0:-1]:
            os.rmdir(f"{deep}/{name[:slash]}")


@pytest.mark.parametrize("shape", ["folder", "zip"])
def test_more_names_than_a_dossier_can_have_are_refused(tmp_path, monkeypatch, shape):
    monkeypatch.setattr(checking, "MAX_NAMES", 20)
    path = bag(tmp_path / "many", {f"data/{n}.txt": b"x" for n in range(30)})
    (fault,) = checking.verify_archive(path if shape == "folder" else zipped(path))
    assert "more files" in fault


def test_a_line_without_end_is_not_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "MAX_LINE", 1_000)
    folder = bag(tmp_path / "long", {archive.JOURNAL: b"[" * 10_000})
    assert checking.verify_archive(folder) == [f"long: {archive.JOURNAL} has a line that is longer than any of ours"]
    monkeypatch.setattr(checking, "MAX_LIST", 100)
    assert "is larger than any of ours" in checking.verify_archive(folder)[0]


def test_a_journal_that_nests_without_end_is_a_fault(tmp_path):
    folder = bag(tmp_path / "nested", {archive.JOURNAL: b"[" * 100_000 + b"\n"})
    assert checking.verify_archive(folder) == [f"{archive.JOURNAL}, line 1: cannot be read"]


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = bag(tmp_path / "links", {"data/a.txt": b"x"})
    (folder / "data" / "passwords.txt").symlink_to("/etc/passwd")
    assert checking.verify_archive(folder) == ["links: passwords.txt leads elsewhere: a dossier holds no links"]


def test_a_document_rewritten_with_its_manifests_has_another_digest(tmp_path):
    sealed = bag(tmp_path / "sealed", {"data/answer.md": b"Accepted."})
    original, contents = zipped(sealed), hashlib.sha256((sealed / archive.TAG_MANIFEST).read_bytes()).hexdigest()
    whole = hashlib.sha256(original.read_bytes()).hexdigest()
    for digest in (whole, contents, contents.upper()):
        assert verify(original, "--digest", digest) == (0, "All is well.\n")
    assert verify(sealed, "--digest", contents)[0] == 0
    status, said = verify(original)
    assert (status, whole in said, contents in said) == (0, True, True)
    rewritten = bag(Path(shutil.copytree(sealed, tmp_path / "rewritten")), {"data/answer.md": b"Refused."})
    assert checking.verify_archive(zipped(rewritten)) == [], "it agrees with itself"
    for path in (rewritten, zipped(rewritten)):
        for digest in (whole, contents):
            status, said = verify(path, "--digest", digest)
            assert status == 1, said
            assert f"not {digest}" in said


def test_what_is_of_the_database_is_not_asked_of_a_file(tmp_path):
    status, said = verify(bag(tmp_path / "bag", {}), "--since", "1:" + "0" * 64)
    assert (status, "leave the file away" in said) == (2, True)


def test_a_zip_whose_files_stand_in_no_folder_is_read(tmp_path):
    folder = bag(tmp_path / "flat", {"data/a.txt": b"x"})
    with zipfile.ZipFile(tmp_path / "flat.zip", "w") as out:
        for name in archive.names_in(folder):
            out.write(folder / name, name)
    assert checking.verify_archive(tmp_path / "flat.zip") == []
