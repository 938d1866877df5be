"""``python -m tests.supply``: what the platform is made of, looked at offline; ``licences``, ``sbom`` and ``audit`` for the rest."""

import argparse
import os
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.supply import bill, licences, locks, vendored

AUDIT = (sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "--vulnerability-service", "osv",
         "--progress-spinner", "off")
OUT_OF_REACH = re.compile(r"^\S*(?:Connection|ConnectTimeout|ReadTimeout|Proxy|Service)\w*(?:Error)?: ", re.MULTILINE)


def check() -> int:
    """Pins, digests, licences, files of others. Says nothing of weaknesses that became known: a list of these is old the next day."""
    faults = [*locks.faults(), *vendored.faults(), *licences.faults()]
    print("\n".join(faults) or f"{len(locks.pinned())} packages and {len(vendored.entries())} files of others are as locked and listed.")
    return 1 if faults else 0


def write_licences() -> int:
    licences.DOCUMENT.write_text(licences.document(licences.rows()), "utf-8")
    return check()


def write_bill(place: str) -> int:
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(bill.written(datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), UTC)), "utf-8")
    print(f"{path}: {path.stat().st_size} bytes")
    return 0


def audit(command: tuple[str, ...] = AUDIT) -> int:
    """Ask the public service of known weaknesses about each locked version; where it cannot be reached, say that nothing was asked."""
    asked = [option for file in locks.LOCKS for option in ("--requirement", str(locks.ROOT / file))]
    done = subprocess.run([*command, *asked], capture_output=True, text=True, check=False)  # noqa: S603 - fixed arguments
    if done.returncode and OUT_OF_REACH.search(done.stderr):
        print("Not audited: the service that knows of weaknesses cannot be reached from here; nothing was looked up.")
        return 0
    print(done.stdout + done.stderr, end="")
    return done.returncode


def main(arguments: list[str]) -> int:
    acts = {"check": check, "licences": write_licences, "sbom": write_bill, "audit": audit}
    parser = argparse.ArgumentParser(prog="python -m tests.supply", description=__doc__)
    parser.add_argument("act", choices=acts, nargs="?", default="check")
    parser.add_argument("place", nargs="?", default="dist/sbom.cdx.json", help="where the bill of materials is written")
    chosen = parser.parse_args(arguments)
    return write_bill(chosen.place) if chosen.act == "sbom" else acts[chosen.act]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
