"""What the lock files hold, and what is wrong with them; nothing is fetched."""

import configparser
import json
import re
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
# Each file, and what needs it: a package is named after the first that holds it.
LOCKS = {
    "requirements.lock": "platform", "requirements-test.lock": "tests", "requirements-mutants.lock": "mutants",
    "requirements-audit.lock": "audit",
}
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;\\]+)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:([0-9a-f]{64})(?: \\)?$")
VIA = re.compile(r"^    #(?: via(?: |$)|   )(.*)$")
ADDRESS = re.compile(r"://|^ *-[a-zA-Z]|^ *--(?:index|extra|find)")


@dataclass(frozen=True)
class Pinned:
    """One version of a Python package, as it is locked; ``required_by`` holds names of packages, of files and of settings."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    required_by: frozenset[str]
    needed_for: str

    @property
    def installs_here(self) -> bool:
        return not self.marker or Marker(self.marker).evaluate()


def blocks(text: str) -> list[list[str]]:
    """The lines of each pin; comments at the beginning belong to none."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            found.append([])
        if found:
            found[-1].append(line)
    return found


def read_pin(lines: list[str], needed_for: str) -> Pinned:
    """Raises :class:`ValueError` for a line that is no part of a pin with its hashes."""
    head = PIN.match(lines[0])
    hashes = [found[1] for line in lines[1:] if (found := HASH.match(line))]
    via = [found[1].strip() for line in lines[1:] if (found := VIA.match(line))]
    if head is None or not hashes or len(hashes) + len(via) + 1 != len(lines):
        raise ValueError(f"{lines[0]}: no version with its hashes")
    names = frozenset(name.removesuffix(" (setup.cfg)") for name in via if name and not name.startswith("-c "))
    return Pinned(head["name"], head["version"], head["marker"] or "", tuple(hashes), names, needed_for)


def pinned(root: Path = ROOT) -> list[Pinned]:
    """Every package of every lock file once, by name."""
    found: dict[tuple[str, str], Pinned] = {}
    for file, needed_for in LOCKS.items():
        for lines in blocks((root / file).read_text()):
            pin = read_pin(lines, needed_for)
            known = found.get((pin.name, pin.version))
            found[pin.name, pin.version] = pin if known is None else replace(known, required_by=known.required_by | pin.required_by)
    return sorted(found.values(), key=lambda pin: (pin.name, pin.version))


def installed_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def asked(root: Path = ROOT) -> list[Requirement]:
    """What setup.cfg asks for itself."""
    parser = configparser.ConfigParser()
    parser.read(root / "setup.cfg")
    lines = [parser["options"]["install_requires"], *parser["options.extras_require"].values()]
    return [Requirement(line) for text in lines for line in text.splitlines() if line.strip() and not line.startswith("#")]


def faults(root: Path = ROOT) -> list[str]:
    """What is wrong, in words; empty where everything is locked, and what is installed is what is locked."""
    found, pins = [], []
    for file in LOCKS:
        lines = (root / file).read_text().splitlines()
        found += [f"{file}: names an address or an index: {line}" for line in lines if ADDRESS.search(line)]
    try:
        pins = pinned(root)
    except ValueError as error:
        return [*found, str(error)]
    return [*found, *loose(pins, root), *disagreeing(pins), *otherwise_installed(pins), *faults_of_assets(root)]


def loose(pins: list[Pinned], root: Path) -> list[str]:
    versions = {(pin.name, pin.version) for pin in pins}
    return [f"setup.cfg asks for {wish}, which is not locked: run “make lock”" for wish in asked(root)
            if not any(name == canonicalize_name(wish.name) and wish.specifier.contains(version) for name, version in versions)]


def disagreeing(pins: list[Pinned]) -> list[str]:
    """One package in two versions that could be meant at once."""
    here = [pin for pin in pins if pin.installs_here]
    return [f"{pin.name} is locked as {pin.version} and otherwise" for pin in here
            if any(other.name == pin.name and other.version != pin.version for other in here)]


def otherwise_installed(pins: list[Pinned]) -> list[str]:
    return [f"{pin.name} {version} is installed, {pin.version} is locked: run “make env-test”" for pin in pins
            if pin.installs_here and (version := installed_version(pin.name)) not in (None, pin.version) and pin.name != "pip"]


def faults_of_assets(root: Path) -> list[str]:
    """package.json asks for exact versions, and package-lock.json holds each with its digest and no address."""
    package, text = json.loads((root / "package.json").read_text()), (root / "package-lock.json").read_text()
    entries = json.loads(text)["packages"]
    found = ["package-lock.json: names where its packages are fetched"] if '"resolved"' in text else []
    for name, version in package["devDependencies"].items():
        if entries.get(f"node_modules/{name}", {}).get("version") != version:
            found.append(f"package.json asks for {name} {version}, which is not locked")
    return found + [f"package-lock.json: {name.removeprefix('node_modules/')} has no digest" for name, entry in entries.items()
                    if name and not entry.get("integrity", "").startswith("sha512-")]
