"""Files of others that stand in the project: ``static/vendor/manifest.json`` says which, whose, and what they must be."""

import hashlib
import json
from pathlib import Path

from packageurl import PackageURL

from tests.supply.locks import ROOT

FOLDERS = ("static/vendor", "static/fonts", "tests/vendor")
OURS = {"static/vendor/manifest.json", "static/vendor/vendor.py", "static/fonts/unifont.LICENSE"}
KEYS = {"file", "name", "version", "licence", "origin", "source", "sha256"}


def entries(root: Path = ROOT) -> list[dict[str, str]]:
    return json.loads((root / "static/vendor/manifest.json").read_text())


def standing(root: Path = ROOT) -> set[str]:
    """The files of those folders that are not ours, without what is made of them at the start."""
    files = (path for folder in FOLDERS for path in (root / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix() for path in files if path.suffix != ".gz"} - OURS


def faults(root: Path = ROOT) -> list[str]:
    """What is wrong, in words: not listed, not there, not what is listed, or of a version that is not locked."""
    listed = {entry["file"]: entry for entry in entries(root)}
    locked = json.loads((root / "package-lock.json").read_text())["packages"]
    there = standing(root)
    found = [f"{file}: whose is it? It is not in static/vendor/manifest.json" for file in sorted(there - set(listed))]
    found += [f"{file}: is in the manifest and not there" for file in sorted(set(listed) - there)]
    for file in sorted(there & set(listed)):
        entry = listed[file]
        if hashlib.sha256((root / file).read_bytes()).hexdigest() != entry["sha256"]:
            found.append(f"{file}: is not what the manifest says")
        if set(entry) != KEYS or not all(entry.values()):
            found.append(f"{file}: the manifest leaves something out")
        else:
            found += [f"{file}: {words}" for words in wrong_origin(entry, locked)]
    return found


def wrong_origin(entry: dict[str, str], locked: dict[str, dict]) -> list[str]:
    origin = PackageURL.from_string(entry["origin"])
    name = f"{origin.namespace}/{origin.name}" if origin.namespace and origin.type == "npm" else origin.name
    if (name, origin.version) != (entry["name"], entry["version"]):
        return [f"its origin {entry['origin']} is another package"]
    if origin.type != "npm":
        return []
    lock = locked.get(f"node_modules/{name}", {})
    same = (lock.get("version"), lock.get("license")) == (entry["version"], entry["licence"])
    return [] if same else ["package-lock.json has another version or licence"]
