"""What others wrote: locked, listed, under licences that we take, and told in a bill of materials; each check bites."""

import json
import shutil
import sys
from datetime import UTC, datetime

import pytest

from tests.supply import __main__ as commands
from tests.supply import bill, licences, locks, vendored
from tests.supply.locks import ROOT

HASH = f"    --hash=sha256:{'0' * 64}"


@pytest.fixture
def copied(tmp_path):
    """The files that say what is locked, to be changed."""
    for name in (*locks.LOCKS, "setup.cfg", "package.json", "package-lock.json"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def change(path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_all_is_as_locked_and_listed(capsys):
    assert commands.main([]) == 0, capsys.readouterr().out


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    ("requirements.lock", "flask==", "flask>=", "no version with its hashes"),
    ("requirements.lock", "    --hash=sha256:", "    --hash=md5:", "no version with its hashes"),
    ("requirements-test.lock", "# ", "--index-url https://packages.example/simple\n# ", "names an address or an index"),
    ("setup.cfg", "    Flask>=3.1.3,<4", "    Flask>=4", "which is not locked"),
    ("setup.cfg", "    XlsxWriter>=3.2.9", "    XlsxWriter>=3.2.9\n    left-pad>=1", "which is not locked"),
    ("requirements.lock", "whitenoise==", "whitenoise==0", "is installed"),
    ("package.json", '"bootstrap": "', '"bootstrap": "9', "which is not locked"),
    ("package-lock.json", '"integrity"', '"resolved": "https://a.example/a.tgz",\n      "integrity"', "where its packages are fetched"),
    ("package-lock.json", '"integrity": "sha512-', '"integrity": "sha1-', "has no digest"),
])
def test_what_is_locked_loosely_is_told(copied, file, old, new, words):
    change(copied / file, old, new)
    assert any(words in fault for fault in locks.faults(copied))


def test_one_package_is_locked_once(copied):
    with open(copied / "requirements-audit.lock", "a") as file:
        file.write(f"flask==1.0 \\\n{HASH}\n    # via pip-audit\n")
    assert "flask is locked as 1.0 and otherwise" in locks.faults(copied)


@pytest.fixture
def standing(copied):
    """The same with the files of others."""
    for folder in vendored.FOLDERS:
        shutil.copytree(ROOT / folder, copied / folder)
    return copied


def test_files_of_others_are_what_their_list_says(standing):
    assert vendored.faults(standing) == []
    (standing / "static/vendor/bootstrap/LICENSE").unlink()
    (standing / "static/fonts/new.woff2").write_bytes(b"who knows")
    with open(standing / "tests/vendor/axe.min.js", "a") as file:
        file.write("/* one sign more */")
    change(standing / "static/vendor/manifest.json", '"origin": "pkg:npm/bootstrap@', '"origin": "pkg:npm/bootstrop@')
    change(standing / "static/vendor/manifest.json", '"source": "LICENSE"', '"source": ""')
    faults = "\n".join(vendored.faults(standing))
    for words in ("bootstrap/LICENSE: is in the manifest and not there", "new.woff2: whose is it",
                  "axe.min.js: is not what the manifest says", "is another package"):
        assert words in faults
    change(standing / "package-lock.json", '"version": "5.3.9"', '"version": "5.3.8"')
    assert "package-lock.json has another version" in "\n".join(vendored.faults(standing))


@pytest.mark.parametrize(("old", "new", "words"), [
    ("| BSD-3-Clause |", "| AGPL-3.0-only |", "is no licence that we take"), ("| alembic |", "| alambic |", "is not in"),
    ("| alembic |", "| alambic |", "not locked"), ("| alembic | ", "| alembic | 0", "is not in"),
    ("| platform | MIT |", "| platform | ISC |", "is under MIT"),
])
def test_a_licence_is_the_one_that_is_said_and_one_that_we_take(tmp_path, old, new, words):
    copy = tmp_path / "licences.md"
    shutil.copy(licences.DOCUMENT, copy)
    assert licences.faults(copy) == []
    change(copy, old, new)
    assert any(words in fault for fault in licences.faults(copy))


def test_what_is_taken_for_one_package_is_not_taken_for_others():
    assert licences.is_allowed("pypandoc-binary", "MIT AND GPL-2.0-or-later")
    assert not licences.is_allowed("other", "MIT AND GPL-2.0-or-later")
    assert licences.is_allowed("other", "GPL-2.0-or-later OR MIT")


def test_the_bill_of_materials_holds_everything_and_is_the_same_each_time():
    """Its own schema takes it, or it is not written."""
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    text = bill.written(moment)
    assert bill.written(moment) == text
    told = json.loads(text)
    assert {(one["name"], one["version"]) for one in told["components"]} \
        == {(pin.name, pin.version) for pin in locks.pinned()} | {(entry["name"], entry["version"]) for entry in vendored.entries()}
    files = {inner["name"]: inner["hashes"][0]["content"] for one in told["components"] for inner in one.get("components", ())}
    assert files == {entry["file"]: entry["sha256"] for entry in vendored.entries()}
    assert all(one["licenses"] for one in told["components"])
    reached = {other for one in told["dependencies"] for other in one.get("dependsOn", ())}
    assert {one["bom-ref"] for one in told["components"]} <= reached, "nobody needs it"
    assert "://" not in text.replace(told["$schema"], ""), "an address of somebody"
    assert bill.wrong_with(text.replace('"scope": "required"', '"scope": "perhaps"', 1))


@pytest.mark.parametrize(("status", "errors", "expected", "words"), [
    (0, "No known vulnerabilities found", 0, "No known"),
    (1, "requests.exceptions.ConnectionError: no such host", 0, "Not audited"),
    (1, "Found 1 known vulnerability in 1 package", 1, "Found 1"),
    (1, "ValueError: a lock file is broken", 1, "ValueError"),
])
def test_an_audit_that_asked_nobody_says_so(capsys, status, errors, expected, words):
    command = (sys.executable, "-c", f"import sys; print({errors!r}, file=sys.stderr); sys.exit({status})")
    assert commands.audit(command) == expected
    assert words in capsys.readouterr().out
