"""Where files are kept that people brought."""

import hashlib

import pytest

from consult.core.stores import FolderStore, Missing


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "kept")


def test_what_is_put_is_there_once_under_its_digest(store):
    key = store.put(b"a note")
    assert key == hashlib.sha256(b"a note").hexdigest() == store.put(b"a note")
    with store.open(key) as file:
        assert file.read() == b"a note"
    assert [one for one, _moment in store.keys()] == [key]  # noqa: SIM118 - no mapping


def test_files_are_their_owner_s_alone(store):
    path = store.path(store.put(b"a note"))
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, "/etc/passwd", "", "a" * 64 + "\n", "a" * 64])
def test_no_other_name_leads_to_a_file(store, name):
    with pytest.raises(Missing):
        store.open(name)


def test_what_is_discarded_is_gone_and_twice_is_no_fault(store):
    key = store.put(b"a note")
    store.discard(key)
    store.discard(key)
    with pytest.raises(Missing):
        store.open(key)
    assert list(store.keys()) == []


def test_what_is_not_whole_is_not_there(store, monkeypatch):
    monkeypatch.setattr("consult.core.stores.os.replace", lambda *_paths: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        store.put(b"a note")
    assert list(store.keys()) == []
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []
