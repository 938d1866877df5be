"""Where files are kept that people brought."""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime

import boto3
import pytest
from minio.error import S3Error

from consult.core.config import Config, ConfigError
from consult.core.stores import FolderStore, Missing, S3Store, store_of


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


def test_when_it_was_put_is_asked_anew(store):
    key = store.put(b"a note")
    os.utime(store.path(key), (0, 0))
    assert store.put_at(key) == datetime.fromtimestamp(0, UTC)
    assert store.put(b"a note") == key
    assert [(key, store.put_at(key))] == list(store.keys())
    with pytest.raises(Missing):
        store.put_at("a" * 64)


def test_what_is_not_whole_is_not_there(store, monkeypatch):
    monkeypatch.setattr("consult.core.stores.os.replace", lambda *_paths: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        store.put(b"a note")
    assert list(store.keys()) == []
    assert [path for path in store.folder.rglob("*") if path.is_file()] == []


# A server that speaks S3


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """moto's, of which each request after the first three is refused unless its signature (AWS4-HMAC-SHA256) is that of its keys."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    process = subprocess.Popen(  # noqa: S603 - in a process of its own, as a server is
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log,
        env={**os.environ, "INITIAL_NO_AUTH_ACTION_COUNT": "4"})
    try:
        deadline = time.monotonic() + 60
        while not is_listening(port) and time.monotonic() < deadline:
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}", *keys_of(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait()
        log.close()


def is_listening(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def keys_of(endpoint: str) -> tuple[str, str]:
    """Of somebody who may do everything with the one bucket that there is."""
    given = {"endpoint_url": endpoint, "aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    iam = boto3.client("iam", **given)
    iam.create_user(UserName="consult")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    iam.put_user_policy(UserName="consult", PolicyName="files", PolicyDocument=json.dumps(everything))
    key = iam.create_access_key(UserName="consult")["AccessKey"]
    boto3.client("s3", **given).create_bucket(Bucket="files")
    return key["AccessKeyId"], key["SecretAccessKey"]


@pytest.fixture
def s3(server) -> S3Store:
    endpoint, access_key, secret_key = server
    store = store_of(Config(files_url=f"s3://files/consult?endpoint={endpoint}", files_access_key=access_key, files_secret_key=secret_key))
    for key, _moment in list(store.keys()):  # noqa: SIM118 - no mapping
        store.discard(key)
    return store


def test_s3_keeps_hands_out_lists_and_discards(s3):
    key = s3.put(b"a note")
    assert key == hashlib.sha256(b"a note").hexdigest() == s3.put(b"a note")
    with s3.open(key) as file:
        assert file.read() == b"a note"
    ((one, moment),) = list(s3.keys())
    assert (one, moment.replace(microsecond=0)) == (key, s3.put_at(key))
    s3.discard(key)
    s3.discard(key)
    with pytest.raises(Missing):
        s3.put_at(key)
    with pytest.raises(Missing):
        s3.open(key)
    assert list(s3.keys()) == []


def test_s3_keeps_the_largest_file_byte_for_byte(s3):
    data = bytes(range(256)) * 40_960
    assert s3.open(s3.put(data)).read() == data


def test_a_wrong_secret_opens_nothing(s3, server):
    key = s3.put(b"a note")
    stranger = S3Store(f"s3://files/consult?endpoint={server[0]}", server[1], "another secret")
    with pytest.raises(S3Error):
        stranger.open(key)
    with pytest.raises(S3Error):
        stranger.put(b"mine")
    assert [one for one, _moment in s3.keys()] == [key]  # noqa: SIM118 - no mapping


@pytest.mark.parametrize(("url", "said"), [
    ("s3://files/consult", "endpoint"), ("s3:///x?endpoint=https://s3.example", "endpoint"), ("ftp://files", "begin it with"),
    ("s3://files/consult?endpoint=http://s3.example.com", "https"), ("s3://files/consult?endpoint=https://s3.example", "FILES_ACCESS_KEY"),
])
def test_what_no_store_can_be_made_of_stops_the_start(url, said):
    with pytest.raises(ConfigError, match=said):
        Config.from_environment({"CONSULT_FILES_URL": url})
